//! The actor of one topic: turns whatever happens into inputs of the two machines, and their
//! effects into tasks (`super::tasks`).
//!
//! Owns the tasks and timers of the topic. It never awaits anything but "what happens next", so
//! that a slow disk, a hanging source or a silent peer cannot hold it up.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use kukuri_domain::{
    EntryKey, EventId, PeerId, SignedEvent, TopicKeys, UnixMs,
    event::Verifier,
    peer::{ConnectionState, SourceKind},
};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Ports,
    audience::Audience,
    tasks::{
        Done, Outgoing, answer, ask_author, call, failed_note, failure, find_partner, load_unsent,
        none_of, reconcile, rejoin, search, send_in_order, show_entries, show_profile,
        show_taken_back, summarise, with_addresses,
    },
    timers::{Timer, Timers},
    topic::{Command, PostError, Snapshot, TopicHandle},
};
use crate::{
    discovery::{self, Discovery, Failure},
    ports::{
        Announcement, Candidate, NetworkError, NetworkEvent, PostState, Query, StoreError,
        StoreTrouble, TopicLink,
    },
    session::{self, PostRefused, PostToken, Session, VerifyToken},
    views::TopicEvent,
};

/// Commands that may wait: posts of many clients at once; further ones wait in their callers.
const COMMANDS_CAPACITY: usize = 64;

/// Candidates that may wait: a search waits when the topic is busy.
const FOUND_CAPACITY: usize = 64;

/// Messages to gossip that may wait. What comes beyond was stored and is found by its id later.
const OUTBOX_CAPACITY: usize = 1_024;

/// Events that a subscriber may lag behind before it is told to read again.
const SUBSCRIBER_CAPACITY: usize = 4_096;

/// Tasks of one topic; beyond that, messages wait in the network's channel.
const TASKS_MAX: usize = 256;

/// Signature checks under way at once: one per core of a small machine; what arrives meanwhile
/// forms the next batch.
const VERIFICATIONS_MAX: usize = 2;

/// Events in one batch: about 15 ms of work, so that a large answer does not hold up the live ones.
const VERIFY_BATCH_EVENTS: usize = 256;

/// Events that are checked among other tasks: a thread for so few takes longer to wake than they
/// take.
const VERIFY_HERE_EVENTS: usize = 2;

/// Attempts of an announcement that a source may make before it counts as hanging.
const ANNOUNCE_ATTEMPTS: u32 = 5;

/// Genuine events that wait for their commit from which on only one check runs at once: the
/// database is behind and gets a core for itself. It would otherwise have everything to do when
/// the checks are done.
const UNCOMMITTED_MANY: usize = 2_048;

/// As many as may wait before further events are checked.
const UNCOMMITTED_MAX: usize = 8_192;

/// How long a dial may take.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Events that wait for their signatures to be checked.
struct Unverified {
    verify: VerifyToken,
    events: Vec<SignedEvent>,
}

/// What the actor of a topic begins with.
pub(super) struct Setup {
    pub(super) keys: Arc<TopicKeys>,
    pub(super) link: TopicLink,
    pub(super) horizon: watch::Receiver<UnixMs>,
    pub(super) seed: u64,
    /// The time of this author's latest post.
    pub(super) last_own_at: u64,
}

pub(super) struct Actor {
    ports: Ports,
    keys: Arc<TopicKeys>,
    session: Session,
    discovery: Discovery,
    link: TopicLink,
    horizon: watch::Receiver<UnixMs>,
    commands: mpsc::Receiver<Command>,
    finders: mpsc::Sender<(SourceKind, Candidate)>,
    found: mpsc::Receiver<(SourceKind, Candidate)>,
    outbox: mpsc::Sender<Outgoing>,
    outgoing: Option<mpsc::Receiver<Outgoing>>,
    events: broadcast::Sender<TopicEvent>,
    audience: Arc<Audience>,
    tasks: JoinSet<Done>,
    timers: Timers,
    unverified: VecDeque<Unverified>,
    verifier: Arc<Verifier>,
    verifications: usize,
    uncommitted: usize,
    /// Writes to entries that those who listen were not told of yet.
    written: Vec<(EntryKey, EventId)>,
    is_showing_written: bool,
    posts: HashMap<PostToken, oneshot::Sender<Result<PostState, PostError>>>,
    next_post: PostToken,
    store_error: Option<StoreError>,
    /// The topic is being left and joined anew on the network.
    is_rejoining: bool,
    shown_state: ConnectionState,
}

impl Actor {
    pub(super) fn new(
        ports: Ports,
        settings: discovery::Settings,
        topic: Setup,
        audience: Arc<Audience>,
    ) -> (Self, TopicHandle) {
        let Setup {
            keys,
            link,
            horizon,
            seed,
            last_own_at,
        } = topic;
        let (commands_tx, commands) = mpsc::channel(COMMANDS_CAPACITY);
        let (outbox, outgoing) = mpsc::channel(OUTBOX_CAPACITY);
        let (finders, found) = mpsc::channel(FOUND_CAPACITY);
        let (events, _) = broadcast::channel(SUBSCRIBER_CAPACITY);
        let local = ports.network.local_peer();
        let handle = TopicHandle {
            ports: ports.clone(),
            keys: keys.clone(),
            commands: commands_tx,
            events: events.downgrade(),
            last_own_at: Arc::new(last_own_at.into()),
            entry_writing: Arc::default(),
            audience: audience.clone(),
        };
        let actor = Self {
            session: Session::new(keys.clone(), local, ports.identity.author(), seed),
            discovery: Discovery::new(local, settings, seed.rotate_left(32)),
            ports,
            keys,
            link,
            horizon,
            commands,
            finders,
            found,
            outbox,
            outgoing: Some(outgoing),
            events,
            audience,
            tasks: JoinSet::new(),
            timers: Timers::default(),
            unverified: VecDeque::new(),
            verifier: Arc::default(),
            verifications: 0,
            uncommitted: 0,
            written: Vec::new(),
            is_showing_written: false,
            posts: HashMap::new(),
            next_post: 0,
            store_error: None,
            is_rejoining: false,
            shown_state: ConnectionState::Starting,
        };
        (actor, handle)
    }

    pub(super) async fn run(mut self, cancel: CancellationToken) {
        let mut sending = JoinSet::new();
        if let Some(outgoing) = self.outgoing.take() {
            sending.spawn(send_in_order(
                self.ports.clone(),
                self.keys.clone(),
                outgoing,
            ));
        }
        self.tell_horizon();
        self.tell_discovery(discovery::Input::Start);
        loop {
            let next_timer = self.timers.next();
            let has_room = self.tasks.len() < TASKS_MAX;
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                Some(command) = self.commands.recv(), if has_room => self.on_command(command),
                // Before the tasks, so that what a search found is known before its end is.
                Some((source, candidate)) = self.found.recv() => {
                    self.tell_discovery(discovery::Input::Found { source, candidate });
                }
                Some(done) = self.tasks.join_next() => self.on_done(done),
                event = self.link.events.recv(), if has_room && !self.is_rejoining => match event {
                    Some(event) => self.on_network(event),
                    None => break,
                },
                Ok(()) = self.horizon.changed() => self.tell_horizon(),
                () = sleep_until(next_timer.unwrap_or_else(Instant::now)), if next_timer.is_some() => {
                    self.on_timers();
                }
            }
        }
        self.finish().await;
    }

    /// Acknowledges what was accepted, then leaves.
    async fn finish(mut self) {
        self.commands.close();
        while !self.posts.is_empty() {
            let Some(done) = self.tasks.join_next().await else {
                break;
            };
            self.on_done(done);
        }
        if let Err(error) = self.ports.network.leave(self.keys.id).await {
            tracing::debug!(%error, "leaving a topic of a closed network");
        }
    }

    // --- what happens ----------------------------------------------------------------------

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Post { event, reply } => {
                let token = self.next_post;
                self.next_post += 1;
                self.posts.insert(token, reply);
                self.tell_session(session::Input::Post { token, event });
            }
            Command::Snapshot {
                with_attempts,
                reply,
            } => {
                let (sources, attempts) = if with_attempts {
                    (self.discovery.sources(), self.discovery.attempts())
                } else {
                    Default::default()
                };
                let neighbours = self
                    .discovery
                    .neighbours()
                    .iter()
                    .map(|(p, n)| (*p, *n))
                    .collect();
                let snapshot = Snapshot {
                    state: self.shown_state,
                    neighbours,
                    agreements: self.session.agreements().clone(),
                    summary: self.session.summary(),
                    counters: self.session.counters(),
                    stalled: self.session.stalled(),
                    sources,
                    attempts,
                };
                // The asker may have gone; then nobody misses the answer.
                let _ = reply.send(snapshot);
            }
            Command::NetworkChanged => self.tell_discovery(discovery::Input::NetworkChanged),
        }
    }

    fn on_network(&mut self, event: NetworkEvent) {
        match event {
            NetworkEvent::NeighborUp { peer, inbound } => {
                self.tell_discovery(discovery::Input::NeighborUp { peer, inbound });
                self.tell_session(session::Input::NeighborUp(peer));
                if let Some(author) = self.audience.author_of(peer) {
                    let author = author.pubkey;
                    self.tell_session(session::Input::NeighborIs { peer, author });
                } else {
                    self.tasks.spawn(ask_author(
                        self.ports.clone(),
                        self.keys.clone(),
                        self.audience.clone(),
                        peer,
                    ));
                }
            }
            NetworkEvent::NeighborDown(peer) => {
                self.tell_discovery(discovery::Input::NeighborDown(peer));
                self.tell_session(session::Input::NeighborDown(peer));
            }
            NetworkEvent::Message {
                from,
                is_direct,
                payload,
            } => self.tell_session(session::Input::Message {
                from,
                is_direct,
                payload,
            }),
            NetworkEvent::Call(call) => {
                self.tasks
                    .spawn(answer(self.ports.clone(), self.keys.clone(), call));
            }
            NetworkEvent::Lagged => self.tell_session(session::Input::Lagged),
        }
    }

    fn on_done(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Session(input)) => self.tell_session(input),
            Ok(Done::Verified(inputs)) => {
                self.verifications -= 1;
                // First, so that the next checks go on while these outcomes are looked at.
                self.verify_next();
                for input in inputs {
                    self.tell_session(input);
                }
            }
            Ok(Done::Discovery(input)) => self.tell_discovery(input),
            Ok(Done::Stored {
                commit,
                events,
                outcome,
            }) => {
                self.uncommitted -= events;
                match outcome {
                    Ok(commits) => {
                        let is_new = commits.iter().map(|c| c.is_new).collect();
                        self.tell_session(session::Input::Committed { commit, is_new });
                    }
                    Err(error) => {
                        self.log_not_stored(&error);
                        let trouble = StoreTrouble::from(&error);
                        self.store_error = Some(error);
                        self.tell_session(session::Input::CommitFailed { commit, trouble });
                        self.store_error = None;
                    }
                }
                self.verify_next();
            }
            Ok(Done::Rejoined(link)) => self.rejoined(link),
            Ok(Done::Entries(events)) => {
                self.is_showing_written = false;
                for event in events {
                    self.emit(event);
                }
                self.show_written();
            }
            Ok(Done::Tell(events)) => {
                for event in events {
                    if let TopicEvent::PeerAuthor { peer, author } = &event {
                        let (peer, author) = (*peer, author.pubkey);
                        self.tell_session(session::Input::NeighborIs { peer, author });
                    }
                    self.emit(event);
                }
            }
            Ok(Done::Nothing) => {}
            Err(error) => tracing::error!(%error, "a task of a topic failed"),
        }
    }

    /// Once for each time that the store refuses: on a full disk every event fails.
    fn log_not_stored(&self, error: &StoreError) {
        let topic = self.keys.id.short();
        if self.session.stalled().is_none() {
            tracing::error!(%error, %topic, "events were not stored");
        } else {
            tracing::debug!(%error, %topic, "events were not stored again");
        }
    }

    fn on_timers(&mut self) {
        for timer in self.timers.take_due() {
            match timer {
                Timer::Session(timer) => self.tell_session(session::Input::Timer(timer)),
                Timer::Discovery(timer) => self.tell_discovery(discovery::Input::Timer(timer)),
            }
        }
    }

    // --- what is to be done ----------------------------------------------------------------

    fn tell_session(&mut self, input: session::Input) {
        let now = self.ports.clock.now();
        for effect in self.session.handle(input, now) {
            self.do_session(effect);
        }
        self.show_state();
    }

    fn tell_horizon(&mut self) {
        let horizon = *self.horizon.borrow_and_update();
        self.tell_session(session::Input::Horizon(horizon));
    }

    fn tell_discovery(&mut self, input: discovery::Input) {
        let now = self.ports.clock.now();
        for effect in self.discovery.handle(input, now) {
            self.do_discovery(effect);
        }
    }

    fn do_session(&mut self, effect: session::Effect) {
        use session::Effect;
        let topic = self.keys.id;
        match effect {
            Effect::Verify { verify, events, .. } => {
                self.unverified.push_back(Unverified { verify, events });
                self.verify_next();
            }
            Effect::Commit {
                commit,
                events,
                origin,
            } => {
                let store = self.ports.store.clone();
                self.uncommitted += events.len();
                self.tasks.spawn(async move {
                    Done::Stored {
                        commit,
                        events: events.len(),
                        outcome: store.commit(topic, events, origin).await,
                    }
                });
            }
            Effect::PostDone { token, result } => self.finish_post(token, result),
            Effect::Broadcast(payload) => self.hand_out(Outgoing::All(payload)),
            Effect::BroadcastNeighbours(payload) => self.hand_out(Outgoing::Neighbours(payload)),
            Effect::NoteSent { ids, neighbours } => {
                let store = self.ports.store.clone();
                self.spawn_note(async move { store.note_sent(topic, ids, neighbours).await });
            }
            Effect::NoteHeld { peer, ids } => {
                let store = self.ports.store.clone();
                self.tasks.spawn(async move {
                    let held = store.note_held(topic, peer, ids).await;
                    Done::Session(session::Input::Held(held.unwrap_or_else(none_of)))
                });
            }
            Effect::FindMissing { from, ids } => {
                let store = self.ports.store.clone();
                self.tasks.spawn(async move {
                    let ids = store.missing(topic, ids).await.unwrap_or_else(none_of);
                    Done::Session(session::Input::Missing { from, ids })
                });
            }
            Effect::Call { peer, request } => {
                self.tasks
                    .spawn(call(self.ports.clone(), self.keys.clone(), peer, request));
            }
            Effect::Summarise {
                purpose,
                cut,
                since,
            } => {
                let store = self.ports.store.clone();
                self.tasks
                    .spawn(summarise(store, topic, purpose, cut, since));
            }
            Effect::Reconcile {
                peer,
                since,
                answer,
            } => {
                let store = self.ports.store.clone();
                self.tasks
                    .spawn(reconcile(store, topic, peer, since, answer));
            }
            Effect::NoteComplete {
                peer,
                since,
                before,
            } => {
                let store = self.ports.store.clone();
                self.tasks.spawn(async move {
                    let held = store.note_complete(topic, peer, since..before).await;
                    Done::Session(session::Input::Held(held.unwrap_or_else(none_of)))
                });
            }
            Effect::FindPartner => {
                let neighbours = self.session.neighbours();
                self.tasks
                    .spawn(find_partner(self.ports.clone(), topic, neighbours));
            }
            Effect::Meet(peer) => self.tell_discovery(discovery::Input::Apart(peer)),
            Effect::Rejoin => self.rejoin(),
            Effect::LoadUnsent => {
                let store = self.ports.store.clone();
                self.tasks.spawn(load_unsent(store, topic));
            }
            Effect::Emit(event) => self.emit(event),
            Effect::ShowProfile(author) => {
                let (store, audience) = (self.ports.store.clone(), self.audience.clone());
                self.tasks.spawn(show_profile(store, audience, author));
            }
            Effect::ShowTakenBack(ids) => {
                let store = self.ports.store.clone();
                self.tasks.spawn(show_taken_back(store, topic, ids));
            }
            Effect::ShowEntries(written) => {
                self.written.extend(written);
                self.show_written();
            }
            Effect::StartTimer { timer, after_ms } => {
                self.timers.start(Timer::Session(timer), after_ms);
            }
        }
    }

    /// One look at a time: of two at once the older could end last, and what it tells would be
    /// out of date.
    fn show_written(&mut self) {
        if !self.is_showing_written && !self.written.is_empty() {
            self.is_showing_written = true;
            let written = std::mem::take(&mut self.written);
            let (ports, topic) = (self.ports.clone(), self.keys.id);
            self.tasks.spawn(show_entries(ports, topic, written));
        }
    }

    /// Whoever stays deaf leaves the topic on the network and joins it through others.
    fn rejoin(&mut self) {
        if self.is_rejoining {
            return;
        }
        tracing::info!(topic = %self.keys.id.short(), "no message comes through: joining anew");
        self.is_rejoining = true;
        self.tell_discovery(discovery::Input::Deaf);
        for peer in self.session.neighbours() {
            self.tell_discovery(discovery::Input::NeighborDown(peer));
            self.tell_session(session::Input::NeighborDown(peer));
        }
        self.tasks
            .spawn(rejoin(self.ports.clone(), self.keys.clone()));
    }

    /// Without a link the network is closed, and the topic is left soon.
    fn rejoined(&mut self, link: Option<TopicLink>) {
        self.is_rejoining = false;
        if let Some(link) = link {
            self.link = link;
            self.tell_discovery(discovery::Input::NetworkChanged);
        }
    }

    fn do_discovery(&mut self, effect: discovery::Effect) {
        use discovery::Effect;
        match effect {
            Effect::Search { source, timeout_ms } => self.search(source, timeout_ms),
            Effect::Announce {
                minute,
                neighbours,
                timeout_ms,
            } => {
                self.announce(minute, neighbours, timeout_ms);
            }
            Effect::Dial {
                peer,
                addresses,
                is_member,
            } => {
                let (network, topic) = (self.ports.network.clone(), self.keys.id);
                self.tasks.spawn(async move {
                    let dial = network.dial(topic, peer, addresses, is_member);
                    let outcome = match timeout(DIAL_TIMEOUT, dial).await {
                        Ok(Ok(report)) => Ok(report),
                        Ok(Err(NetworkError::Unreachable { reason, .. })) => Err(reason),
                        Ok(Err(error)) => Err(error.to_string()),
                        Err(_) => Err("no answer in 10 s".to_owned()),
                    };
                    Done::Discovery(discovery::Input::DialEnded { peer, outcome })
                });
            }
            Effect::Remember { peer, contact } => {
                let (ports, topic) = (self.ports.clone(), self.keys.id);
                let at = ports.clock.now().unix;
                self.spawn_note(async move {
                    let contact = with_addresses(&ports, peer, contact).await;
                    ports.book.note_contact(topic, peer, contact, at).await
                });
            }
            Effect::StartTimer { timer, after_ms } => {
                self.timers.start(Timer::Discovery(timer), after_ms);
            }
            Effect::Emit(TopicEvent::State { .. }) => self.show_state(),
            Effect::Emit(event) => self.emit(event),
        }
    }

    fn search(&mut self, source: SourceKind, timeout_ms: Option<u64>) {
        let Some(port) = self
            .ports
            .sources
            .iter()
            .find(|s| s.kind() == source)
            .cloned()
        else {
            return;
        };
        let query = Query {
            topic: self.keys.clone(),
            now: self.ports.clock.now().unix,
            timeout_ms: timeout_ms.unwrap_or(u64::MAX),
        };
        self.tasks
            .spawn(search(port, query, timeout_ms, self.finders.clone()));
    }

    fn announce(&mut self, minute: u64, neighbours: Vec<PeerId>, timeout_ms: u64) {
        let dht = self
            .ports
            .sources
            .iter()
            .find(|s| s.kind() == SourceKind::Dht)
            .cloned();
        let Some(port) = dht else { return };
        let topic = self.keys.clone();
        self.tasks.spawn(async move {
            let announcement = Announcement {
                topic,
                neighbours,
                minute,
                timeout_ms,
            };
            // The limit is that of one attempt, and the source repeats it by itself.
            let limit = Duration::from_millis(timeout_ms) * ANNOUNCE_ATTEMPTS;
            let outcome = match timeout(limit, port.announce(announcement)).await {
                Ok(result) => result.map_err(failure),
                Err(_) => Err(Failure::TimedOut),
            };
            Done::Discovery(discovery::Input::AnnounceEnded { minute, outcome })
        });
    }

    /// Checks what waits, in one batch per free place.
    fn verify_next(&mut self) {
        let at_once = match self.uncommitted {
            ..UNCOMMITTED_MANY => VERIFICATIONS_MAX,
            UNCOMMITTED_MANY..UNCOMMITTED_MAX => 1,
            UNCOMMITTED_MAX.. => 0,
        };
        while self.verifications < at_once && !self.unverified.is_empty() {
            let (batch, verifier) = (self.take_batch(), self.verifier.clone());
            self.verifications += 1;
            let events: usize = batch.iter().map(|next| next.events.len()).sum();
            let check = move || {
                let check =
                    |next: Unverified| session::Input::checked(next.verify, next.events, &verifier);
                Done::Verified(batch.into_iter().map(check).collect())
            };
            match events {
                ..=VERIFY_HERE_EVENTS => self.tasks.spawn(async { check() }),
                _ => self.tasks.spawn_blocking(check),
            };
        }
    }

    fn take_batch(&mut self) -> Vec<Unverified> {
        let mut batch = Vec::new();
        let mut events = 0;
        while let Some(next) = self.unverified.pop_front() {
            events += next.events.len();
            batch.push(next);
            if events >= VERIFY_BATCH_EVENTS {
                break;
            }
        }
        batch
    }

    fn finish_post(&mut self, token: PostToken, result: Result<PostState, PostRefused>) {
        let Some(reply) = self.posts.remove(&token) else {
            return;
        };
        let result = result.map_err(|refused| match refused {
            PostRefused::NotAdmitted(error) => PostError::Refused(error),
            PostRefused::NotStored => {
                PostError::Store(self.store_error.take().unwrap_or(StoreError::Closed))
            }
        });
        // Who posted may have gone; the post is stored all the same.
        let _ = reply.send(result);
    }

    fn hand_out(&mut self, outgoing: Outgoing) {
        if self.outbox.try_send(outgoing).is_err() {
            tracing::warn!(topic = %self.keys.id.short(), "gossip is too slow, a message was not sent");
        }
    }

    fn spawn_note(&mut self, note: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
        self.tasks.spawn(async move {
            match note.await {
                Ok(()) => Done::Nothing,
                Err(error) => failed_note(error),
            }
        });
    }

    /// "Syncing" is being joined while history is fetched.
    fn show_state(&mut self) {
        let state = match self.discovery.state() {
            ConnectionState::Joined if self.session.is_syncing() => ConnectionState::Syncing,
            state => state,
        };
        if state != self.shown_state {
            self.shown_state = state;
            self.emit(TopicEvent::State { state });
        }
    }

    fn emit(&self, event: TopicEvent) {
        let Some(event) = self.audience.shown(event) else {
            return;
        };
        self.audience.tell(&self.keys.name, &event);
        // An error means that nobody listens.
        let _ = self.events.send(event);
    }
}
