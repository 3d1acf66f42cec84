//! Commits and what follows from them.
//!
//! Owns the moment at which an event becomes known: seen-set, notice, broadcast, receipts and
//! telling on all begin here. Must never do any of that before the store said so.

use std::{collections::BTreeMap, iter, mem};

use kukuri_domain::{
    EventId, EventOrder, Now, PeerId, SignedEvent, VerifiedEvent,
    event::{Meaning, Reply},
    limits::IDS_PER_FRAME_MAX,
    wire::GossipFrame,
};

use super::{Arrival, CommitToken, Effect, PostRefused, PostToken, Session};
use crate::{
    ports::{Origin, PostState, StoreTrouble},
    views::{PostView, TopicEvent},
};

/// A genuine, admitted event of a peer.
pub(super) struct Taken {
    pub(super) event: VerifiedEvent,
    pub(super) from: PeerId,
    pub(super) arrival: Arrival,
    /// Whether it came from who may have written it.
    pub(super) is_direct: bool,
}

/// A commit that is under way.
pub(super) enum PendingCommit {
    /// An own post.
    Post {
        token: PostToken,
        event: VerifiedEvent,
    },
    /// Events of peers.
    Taken {
        events: Vec<Taken>,
        /// Whose newest events they are, if they were fetched as such.
        newest_of: Option<PeerId>,
    },
}

impl Session {
    /// Has events of peers stored in one transaction.
    pub(super) fn commit_taken(&mut self, events: Vec<Taken>, newest_of: Option<PeerId>) {
        if events.is_empty() {
            return;
        }
        let stored = events.iter().map(|taken| taken.event.clone()).collect();
        self.commit(
            stored,
            Origin::Peer,
            PendingCommit::Taken { events, newest_of },
        );
    }

    pub(super) fn commit(
        &mut self,
        events: Vec<VerifiedEvent>,
        origin: Origin,
        pending: PendingCommit,
    ) -> CommitToken {
        let commit = self.token();
        self.commits.insert(commit, pending);
        self.push(Effect::Commit {
            commit,
            events,
            origin,
        });
        commit
    }

    /// A commit succeeded.
    pub(super) fn committed(&mut self, commit: CommitToken, is_new: &[bool], now: Now) {
        match self.commits.remove(&commit) {
            Some(PendingCommit::Post { token, event }) => {
                let is_new = is_new.first().copied().unwrap_or(false);
                self.note_stored(event.id(), is_new);
                self.post_stored(token, event, is_new, now);
            }
            Some(PendingCommit::Taken { events, newest_of }) => {
                self.taken_stored(events, is_new, newest_of, now);
            }
            None => {}
        }
        if !self.written.is_empty() {
            let written = mem::take(&mut self.written);
            self.push(Effect::ShowEntries(written));
        }
        self.took(commit, now);
    }

    /// A commit failed; peers may send its events again.
    pub(super) fn commit_failed(&mut self, commit: CommitToken, trouble: StoreTrouble, now: Now) {
        match self.commits.remove(&commit) {
            Some(PendingCommit::Post { token, event }) => {
                self.in_flight.release(event.id());
                self.counters.not_stored += 1;
                self.push(Effect::PostDone {
                    token,
                    result: Err(PostRefused::NotStored),
                });
            }
            Some(PendingCommit::Taken { events, .. }) => {
                self.counters.not_stored += events.len() as u64;
                for taken in &events {
                    self.in_flight.release(taken.event.id());
                }
                self.not_taken(commit, events, trouble, now);
            }
            None => {}
        }
    }

    fn taken_stored(
        &mut self,
        events: Vec<Taken>,
        is_new: &[bool],
        newest_of: Option<PeerId>,
        now: Now,
    ) {
        let (mut new, mut learned, mut own) = (0, Vec::new(), BTreeMap::<_, Vec<_>>::new());
        let is_new = is_new.iter().copied().chain(iter::repeat(false));
        for (
            Taken {
                event,
                from,
                arrival,
                is_direct,
            },
            is_new,
        ) in events.into_iter().zip(is_new)
        {
            self.note_stored(event.id(), is_new);
            if !is_new {
                if arrival == Arrival::Live {
                    // Whoever repeats what somebody wrote long ago does not make them wait.
                    self.author_buckets.give_back(&event.author(), now.mono_ms);
                }
                if arrival == Arrival::Fetched && event.author() == self.author {
                    own.entry(from).or_default().push(event.id());
                }
                continue;
            }
            new += 1;
            self.acknowledge((event.id(), event.author()), from, is_direct);
            let event = event.into_signed();
            if arrival == Arrival::Fetched {
                learned.push((event.order(), from));
            }
            self.show(event, arrival, now);
        }
        for (peer, ids) in own {
            self.gave_own(peer, ids);
        }
        if let Some(peer) = newest_of.filter(|_| new > 0) {
            self.push(Effect::Emit(TopicEvent::Fetched { peer, new }));
        }
        if let Some(newest) = learned.iter().map(|(order, _)| order.at()).max() {
            self.learned(newest, now);
        }
        let stranger = learned
            .iter()
            .filter(|(_, from)| !self.neighbours.contains_key(from))
            .min();
        if let Some((oldest, from)) = stranger {
            self.learned_of_stranger(*from, oldest.at(), now);
        }
        self.tell_on(learned, now);
    }

    fn note_stored(&mut self, id: EventId, is_new: bool) {
        self.in_flight.release(id);
        self.seen.insert(id);
        if is_new {
            self.counters.stored += 1;
        } else {
            self.counters.duplicates += 1;
        }
    }

    /// Tells the screen of an event that was committed just now, and of what it says about others.
    pub(super) fn show(&mut self, event: SignedEvent, arrival: Arrival, now: Now) {
        match event.meaning() {
            Meaning::Post { reply } => {
                let changed = reply.map(|Reply { root, parent }| [root, parent]);
                let post = PostView::bare(event, now.unix, PostState::default());
                self.push(Effect::Emit(TopicEvent::Post { post, arrival }));
                let mut changed = changed.into_iter().flatten().collect::<Vec<_>>();
                changed.dedup();
                self.show_changed(changed);
            }
            Meaning::Reaction { target, .. } => self.show_changed([target]),
            Meaning::Deletion { targets } => {
                // A stranger may name thousands of posts that are not theirs.
                self.show_changed(targets.iter().copied().take(IDS_PER_FRAME_MAX));
                self.push(Effect::ShowTakenBack(targets));
            }
            Meaning::Profile(_) => {
                let author = event.author();
                self.push(Effect::ShowProfile(author));
            }
            // Whether it counts the store knows; it is asked once for the whole commit.
            Meaning::Entry(entry) => self.written.push((entry.key, event.id())),
            Meaning::Endpoint(_) | Meaning::Other => {}
        }
    }

    fn show_changed(&mut self, posts: impl IntoIterator<Item = EventId>) {
        for id in posts {
            self.push(Effect::Emit(TopicEvent::PostChanged { id }));
        }
    }

    /// Tells the other neighbours of what one of them gave over a stream: gossip does not carry
    /// it on. Of a long answer only the newest, and that there is more.
    fn tell_on(&mut self, mut learned: Vec<(EventOrder, PeerId)>, now: Now) {
        let is_giver = |peer: &PeerId| learned.iter().all(|(_, from)| from == peer);
        if learned.is_empty() || self.neighbours.keys().all(is_giver) {
            return;
        }
        learned.sort();
        let first = learned.len().saturating_sub(IDS_PER_FRAME_MAX);
        let ids = learned[first..].iter().map(|(order, _)| order.id).collect();
        self.push(Effect::BroadcastNeighbours(
            GossipFrame::Have(ids).encode().into(),
        ));
        if first > 0 {
            self.tell_that_it_changed(now);
        }
    }
}
