//! Own posts on their way out.
//!
//! Owns the answer to whoever posts, and the sending of what was written while nobody was there.
//! Must never hand to gossip what the store has not.

use bytes::Bytes;
use kukuri_domain::{
    EventId, Now, SignedEvent, VerifiedEvent, event::admit, limits::GOSSIP_PAYLOAD_BYTES_MAX,
    wire::GossipFrame,
};

use super::{Arrival, Effect, PostRefused, PostToken, Session, Timer, storing::PendingCommit};
use crate::{
    ports::{Origin, PostState},
    views::TopicEvent,
};

/// Own events that [`Effect::LoadUnsent`] loads at once: a quarter second of broadcasts, paced
/// so that the neighbours' buckets are not overrun.
pub const UNSENT_PER_LOAD_MAX: u32 = 256;

/// Milliseconds between two such loads. 256 a second stay below what a peer accepts unasked
/// ([`kukuri_domain::limits::PEER_EVENTS_PER_SECOND`]).
const UNSENT_EVERY_MS: u64 = 1_000;

/// Own events that are remembered as broadcast, some loads' worth: the store's note of it may
/// come later than the next load.
pub(super) const SENT_REMEMBERED_MAX: usize = 4_096;

impl Session {
    /// Takes an own post.
    pub(super) fn post(&mut self, token: PostToken, event: VerifiedEvent, now: Now) {
        if let Err(reason) = admit(&event, &self.topic.name, now.unix) {
            let result = Err(PostRefused::NotAdmitted(reason));
            self.push(Effect::PostDone { token, result });
            return;
        }
        let fingerprint = self.in_flight.fingerprint(&event.clone().into_signed());
        self.in_flight.accept(event.id(), fingerprint);
        let pending = PendingCommit::Post {
            token,
            event: event.clone(),
        };
        self.commit(vec![event], Origin::Local, pending);
    }

    /// An own post is in the store.
    pub(super) fn post_stored(
        &mut self,
        token: PostToken,
        event: VerifiedEvent,
        is_new: bool,
        now: Now,
    ) {
        let state = PostState {
            sent_to: self.neighbour_count(),
            held_by: 0,
        };
        self.push(Effect::PostDone {
            token,
            result: Ok(state),
        });
        self.wrote(event.order().at());
        let event = event.into_signed();
        let frame = announcing(&event);
        let id = event.id();
        if is_new {
            self.show(event, Arrival::Local, now);
        }
        if state.sent_to > 0 {
            self.broadcast_own(id, frame);
            self.push(Effect::NoteSent {
                ids: vec![id],
                neighbours: state.sent_to,
            });
        }
    }

    /// Asks for own events that nobody was sent yet.
    pub(super) fn load_unsent(&mut self) {
        if !self.is_loading_unsent && !self.neighbours.is_empty() {
            self.is_loading_unsent = true;
            self.push(Effect::LoadUnsent);
        }
    }

    /// Sends own stored events that nobody was sent yet.
    pub(super) fn unsent(&mut self, events: Vec<SignedEvent>) {
        self.is_loading_unsent = false;
        let neighbours = self.neighbour_count();
        if neighbours == 0 {
            return;
        }
        let may_be_more = events.len() >= UNSENT_PER_LOAD_MAX as usize;
        let mut ids = Vec::new();
        for event in events {
            let id = event.id();
            // A commit that is about to be announced broadcasts by itself.
            if self.sent.contains(&id) || self.in_flight.is_accepted(&id) {
                continue;
            }
            self.seen.insert(id);
            self.broadcast_own(id, announcing(&event));
            ids.push(id);
        }
        if ids.is_empty() {
            return;
        }
        self.push(Effect::NoteSent {
            ids: ids.clone(),
            neighbours,
        });
        let state = PostState {
            sent_to: neighbours,
            held_by: 0,
        };
        self.held(ids.into_iter().map(|id| (id, state)).collect());
        if may_be_more {
            self.push(Effect::StartTimer {
                timer: Timer::Unsent,
                after_ms: UNSENT_EVERY_MS,
            });
        }
    }

    /// Own posts came further.
    pub(super) fn held(&mut self, held: Vec<(EventId, PostState)>) {
        for (id, state) in held {
            self.push(Effect::Emit(TopicEvent::PostState { id, state }));
        }
    }

    fn broadcast_own(&mut self, id: EventId, frame: Bytes) {
        self.sent.insert(id);
        self.push(Effect::Broadcast(frame));
    }
}

/// The frame that announces a stored event: the event itself where it fits, its id otherwise.
fn announcing(event: &SignedEvent) -> Bytes {
    let bytes = GossipFrame::Event(event.to_wire()).encode();
    if bytes.len() <= GOSSIP_PAYLOAD_BYTES_MAX {
        bytes.into()
    } else {
        GossipFrame::Have(vec![event.id()]).encode().into()
    }
}
