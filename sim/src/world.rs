//! The world that nodes live in: one queue of what happens, and how each of them takes it.
//!
//! Owns the loop. What a session wants is done in `sync`, what discovery wants in `finding`,
//! connections and gossip in `links` and `gossip`, the plan's faults in `faults`.

mod faults;
mod finding;
mod gossip;

pub use gossip::hops;
mod links;
mod sync;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use iroh_gossip::proto;
use kukuri_application::{
    discovery,
    ports::{SyncAnswer, SyncRequest},
    session,
};
use kukuri_domain::{EventId, Now, PeerId, TopicKeys, UnixMs, VerifiedEvent, peer::SourceKind};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::time::Instant;

use crate::{
    author::{Author, Checked},
    dht::Dht,
    node::{Connection, ConnectionId, Node},
    plan::{Plan, Step},
    queue::Queue,
    rules::{Broken, Sabotage},
    store::{Book, Store},
};

/// The moment at which every run begins.
const START: UnixMs = UnixMs(1_800_000_000_123);

/// More than this happens in no run that comes to an end, for each node.
const HAPPENINGS_PER_NODE_MAX: u64 = 2_000_000;

/// How long a node may look for a new neighbour after it lost its last one, in µs.
const ALONE_MAX_US: u64 = 30_000_000;

/// Something that happens.
enum Happening {
    Planned(Step),
    /// To this process of a node; nothing, if it is dead.
    To {
        node: usize,
        life: u32,
        what: Inside,
    },
}

/// What can happen to a process.
enum Inside {
    Session(session::Input),
    Discovery(discovery::Input),
    SessionTimer(session::Timer, u64),
    DiscoveryTimer(discovery::Timer, u64),
    GossipTimer(proto::Timer<PeerId>),
    /// A message of gossip.
    Frame {
        connection: ConnectionId,
        from: usize,
        message: proto::Message<PeerId>,
    },
    /// A connection that it opened is there.
    Connected {
        to: usize,
        why: Why,
    },
    /// A connection that somebody else opened.
    Accepted(ConnectionId),
    NotConnected {
        to: usize,
        why: Why,
    },
    /// A peer that was met may be asked to become a neighbour.
    Ask(usize),
    Open(usize),
    /// A commit is made.
    Commit {
        commit: session::CommitToken,
        events: Vec<VerifiedEvent>,
    },
    /// To be closed here.
    Close(ConnectionId),
    /// Closed by the other side, or nothing was heard over it.
    Ended(ConnectionId),
    /// Nothing was heard over it since a cut began, if that still lasts.
    Silent {
        connection: ConnectionId,
        cut: u32,
    },
    /// A call arrives.
    Called {
        from: usize,
        from_life: u32,
        request: SyncRequest,
    },
    /// Its answer does.
    Answered {
        from: usize,
        request: SyncRequest,
        answer: SyncAnswer,
    },
    /// A search of this source has its result.
    Searched(SourceKind),
    /// A record of this minute reaches the DHT.
    Announced {
        minute: u64,
        neighbours: Vec<PeerId>,
    },
    /// The topic was left, and is joined anew.
    Rejoin,
}

/// Who opens a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// iroh-gossip, to send something.
    Gossip,
    /// Our adapter, to ask for becoming neighbours.
    Ask,
}

/// A network in two parts.
struct Cut {
    is_first: Vec<bool>,
    with_dht: bool,
}

/// What became of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The seed of the plan.
    pub seed: u64,
    /// Nodes.
    pub nodes: usize,
    /// Posts that were acknowledged.
    pub posts: usize,
    /// A hash of all that happened, in order.
    pub digest: u64,
    /// How much happened.
    pub happenings: u64,
    /// From the last post, start or mending of the network until everybody had everything, in µs.
    pub whole_after_us: u64,
    /// Messages with content that gossip delivered, those that came again included.
    pub data_messages: u64,
    /// Messages to all that gossip handed to sessions.
    pub deliveries: u64,
    /// The same, of messages to neighbours only.
    pub neighbour_deliveries: u64,
    /// How many hops away the author was, and how often: none is a neighbour of the author.
    pub hops: BTreeMap<u64, u64>,
    /// From a post until each other node had it, in µs, in no order.
    pub delays_us: Vec<u64>,
    /// Times that somebody joined anew.
    pub rejoins: u64,
    /// Records put into the DHT.
    pub puts: u64,
    /// Peers dialled.
    pub dials: u64,
    /// Times that somebody got a neighbour.
    pub neighbours_up: u64,
    /// Exchanges over streams, by what was asked.
    pub calls: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Copies of a message that each node gets beyond the first.
    pub fn redundancy(&self) -> f64 {
        let swarm = self.data_messages.saturating_sub(self.neighbour_deliveries);
        swarm as f64 / self.deliveries.max(1) as f64 - 1.0
    }

    /// The mean number of hops.
    pub fn mean_hops(&self) -> f64 {
        let sum: u64 = self.hops.iter().map(|(hops, count)| hops * count).sum();
        sum as f64 / self.hops.values().sum::<u64>().max(1) as f64
    }
}

/// A swarm and its plan.
pub struct World {
    plan: Plan,
    sabotage: Option<Sabotage>,
    rng: StdRng,
    queue: Queue<Happening>,
    nodes: Vec<Node>,
    numbers: HashMap<PeerId, usize>,
    connections: Vec<Connection>,
    cut: Option<Cut>,
    cuts: u32,
    /// From whom to whom gossip's messages vanish.
    swallowed: HashSet<(usize, usize)>,
    dht: Dht,
    checked: Checked,
    topic: Arc<TopicKeys>,
    gossip_topic: proto::TopicId,
    started: Instant,
    digest: DefaultHasher,
    /// Posts whose fate is not known yet, and when they were made.
    posting: HashMap<(usize, session::PostToken), (EventId, u64)>,
    /// When each acknowledged event was posted.
    posted: HashMap<EventId, u64>,
    /// Announcements of each node in each minute.
    announcements: HashMap<(usize, u64), u32>,
    /// Posts that somebody does not have.
    lacking: usize,
    last_disturbed_us: u64,
    broken: Option<Broken>,
    story: Option<Vec<String>>,
    report: Report,
}

impl World {
    /// The world as it is before anything happened.
    pub fn new(plan: Plan, sabotage: Option<Sabotage>) -> Self {
        let topic = Arc::new(TopicKeys::public("lobby".parse().expect("a valid name")));
        let node = |number: usize| {
            let author = Author::new(number);
            Node {
                id: PeerId(blake3::derive_key("kukuri sim peer", &number.to_le_bytes())),
                store: Store::new(author.id()),
                author,
                skew_ms: plan.skew_ms[number],
                book: Book::default(),
                life: None,
                lives: 0,
                last_own_ms: 0,
            }
        };
        let nodes: Vec<_> = (0..plan.nodes).map(node).collect();
        let mut queue = Queue::default();
        for (at, step) in &plan.steps {
            queue.after(*at, Happening::Planned(step.clone()));
        }
        Self {
            rng: StdRng::seed_from_u64(plan.seed ^ 0x6b75_6b75_7269),
            sabotage,
            queue,
            numbers: nodes
                .iter()
                .enumerate()
                .map(|(n, node)| (node.id, n))
                .collect(),
            nodes,
            connections: Vec::new(),
            cut: None,
            cuts: 0,
            swallowed: HashSet::new(),
            dht: Dht::default(),
            checked: Checked::default(),
            gossip_topic: proto::TopicId::from_bytes(topic.id.0),
            topic,
            started: Instant::now(),
            digest: DefaultHasher::new(),
            posting: HashMap::new(),
            posted: HashMap::new(),
            announcements: HashMap::new(),
            lacking: 0,
            last_disturbed_us: 0,
            broken: None,
            story: None,
            report: Report {
                seed: plan.seed,
                nodes: plan.nodes,
                ..Report::default()
            },
            plan,
        }
    }

    /// Writes down what happens, for [`World::story`].
    pub fn telling(mut self) -> Self {
        self.story = Some(Vec::new());
        self
    }

    /// What happened, a line each, as far as it was written down.
    pub fn story(&self) -> &[String] {
        self.story.as_deref().unwrap_or_default()
    }

    /// Runs the plan to its end and judges it.
    ///
    /// # Errors
    /// The first rule that was broken.
    pub fn run(&mut self) -> Result<Report, Broken> {
        let most = HAPPENINGS_PER_NODE_MAX * self.plan.nodes as u64;
        while let Some(happening) = self.queue.next_until(self.plan.end_us) {
            self.report.happenings += 1;
            if self.report.happenings > most {
                self.breaks("the swarm does not come to rest".to_owned());
            }
            self.happen(happening);
            if let Some(broken) = &self.broken {
                return Err(broken.clone());
            }
        }
        self.judge();
        match &self.broken {
            Some(broken) => Err(broken.clone()),
            None => {
                self.report.digest = self.digest.finish();
                self.report.puts = self.dht.puts;
                Ok(self.report.clone())
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Planned(step) => {
                self.note_happening(usize::MAX, 0);
                self.take_step(step);
            }
            Happening::To { node, life, what } => {
                if self.lives(node) == Some(life) {
                    self.note_happening(node, what.kind());
                    self.happen_to(node, what);
                } else if let Inside::Called {
                    from,
                    from_life,
                    request,
                } = what
                    && self.lives(from) == Some(from_life)
                {
                    // It died with the question on the way: whoever asks learns that in time.
                    self.unanswered(from, node, request);
                }
            }
        }
    }

    fn happen_to(&mut self, node: usize, what: Inside) {
        match what {
            Inside::Session(input) => self.tell_session(node, input),
            Inside::Discovery(input) => self.tell_discovery(node, input),
            Inside::SessionTimer(timer, number) => self.session_timer(node, timer, number),
            Inside::DiscoveryTimer(timer, number) => self.discovery_timer(node, timer, number),
            Inside::GossipTimer(timer) => {
                self.tell_gossip(node, proto::InEvent::TimerExpired(timer));
            }
            Inside::Frame {
                connection,
                from,
                message,
            } => self.frame(node, connection, from, message),
            Inside::Connected { to, why } => self.connected(node, to, why),
            Inside::Accepted(connection) => self.took_connection(node, connection),
            Inside::NotConnected { to, why } => self.not_connected(node, to, why),
            Inside::Ask(peer) => self.ask(node, peer),
            Inside::Open(peer) => self.connect(node, peer, Why::Ask),
            Inside::Commit { commit, events } => self.commit(node, commit, events),
            Inside::Close(connection) => self.close(node, connection),
            Inside::Ended(connection) => self.end_of(node, connection),
            Inside::Silent { connection, cut } => {
                if self.cut.is_some() && self.cuts == cut {
                    self.end_of(node, connection);
                }
            }
            Inside::Called {
                from,
                from_life,
                request,
            } => self.called(node, from, from_life, request),
            Inside::Answered {
                from,
                request,
                answer,
            } => self.answered(node, from, request, answer),
            Inside::Searched(source) => self.searched(node, source),
            Inside::Announced { minute, neighbours } => self.announced(node, minute, neighbours),
            Inside::Rejoin => self.rejoin(node),
        }
    }

    // --- time ------------------------------------------------------------------------------

    /// The present as a node sees it.
    fn now(&self, node: usize) -> Now {
        let mono_ms = self.queue.now_us() / 1_000;
        let skew_ms = self.nodes[node].skew_ms;
        Now {
            unix: UnixMs((START.0 + mono_ms).saturating_add_signed(skew_ms)),
            mono_ms,
        }
    }

    /// Lets something happen to the process that a node runs now.
    fn after(&mut self, us: u64, node: usize, what: Inside) {
        let life = self.nodes[node].lives;
        self.queue.after(us, Happening::To { node, life, what });
    }

    /// The number of the process that a node runs.
    fn lives(&self, node: usize) -> Option<u32> {
        let node = &self.nodes[node];
        node.life.as_ref().map(|_| node.lives)
    }

    /// A time between these two, in microseconds.
    fn some_us(&mut self, least: u64, most: u64) -> u64 {
        self.rng.random_range(least..=most)
    }

    fn number(&self, peer: &PeerId) -> usize {
        self.numbers[peer]
    }

    // --- judging ---------------------------------------------------------------------------

    fn note_happening(&mut self, node: usize, kind: u8) {
        (self.queue.now_us(), node, kind).hash(&mut self.digest);
    }

    /// Notes that a rule was broken; the first counts.
    fn breaks(&mut self, rule: String) {
        let at_us = self.queue.now_us();
        self.tell(|| format!("BROKEN: {rule}"));
        self.broken.get_or_insert(Broken {
            seed: self.plan.seed,
            at_us,
            rule,
        });
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        let seconds = self.queue.now_us() as f64 / 1e6;
        if let Some(story) = &mut self.story {
            story.push(format!("{seconds:10.3} s  {}", line()));
        }
    }

    /// Something happened after which nodes may lack posts.
    fn disturbed(&mut self) {
        self.last_disturbed_us = self.queue.now_us();
    }

    /// At the end everybody has everything.
    fn judge(&mut self) {
        let mut first = None;
        for n in 0..self.nodes.len() {
            let Some(life) = &self.nodes[n].life else {
                continue;
            };
            if let Some(since_us) = life.alone_since_us
                && self.plan.end_us - since_us > ALONE_MAX_US
            {
                return self.breaks(format!("node {n} has been alone for long at the end"));
            }
            if life.heard_us < self.plan.probed_us {
                return self.breaks(format!("gossip does not reach node {n} at the end"));
            }
            let counters = life.session.counters();
            if counters.forged + counters.refused + counters.malformed + counters.foreign > 0 {
                return self.breaks(format!("node {n} refused something genuine: {counters:?}"));
            }
            let store = &self.nodes[n].store;
            let lacks = self.posted.iter().filter(|(id, _)| !store.holds(id));
            let lacks: Vec<_> = lacks.map(|(id, at_us)| (*at_us, *id)).collect();
            if let Some((at_us, id)) = lacks.iter().min() {
                let (of, lacks, seconds) = (self.posted.len(), lacks.len(), *at_us as f64 / 1e6);
                let kind = self.checked.get(id).map(VerifiedEvent::kind);
                let ahead = self.checked.get(id).map(|event| event.order().at().0);
                let ahead = ahead.unwrap_or_default().abs_diff(self.now(n).unix.0);
                return self.breaks(format!(
                    "node {n} lacks {lacks} of {of} events at the end, the first of kind \
                     {kind:?} posted at {seconds:.3} s, {ahead} ms from its own time"
                ));
            }
            let greatest = self.checked.greatest_writes(|id| store.holds(id));
            if let Some((key, rank)) = store.differs(&greatest) {
                return self.breaks(format!(
                    "node {n} does not hold the greatest write to '{key}', {rank:?}, at the end"
                ));
            }
            let cut = UnixMs(self.now(n).unix.0 + 86_400_000);
            let summary = self.nodes[n].store.set.summary(cut, UnixMs(0));
            let set = (summary.count, summary.fingerprint);
            if *first.get_or_insert(set) != set {
                return self.breaks(format!(
                    "node {n} has another set than the first at the end"
                ));
            }
        }
        self.report.posts = self.posted.len();
    }
}

impl Inside {
    /// For the digest.
    fn kind(&self) -> u8 {
        match self {
            Self::Session(_) => 1,
            Self::Discovery(_) => 2,
            Self::SessionTimer(..) => 3,
            Self::DiscoveryTimer(..) => 4,
            Self::GossipTimer(_) => 5,
            Self::Frame { .. } => 6,
            Self::Connected { .. } => 7,
            Self::Accepted(_) => 8,
            Self::NotConnected { .. } => 9,
            Self::Ask(_) => 10,
            Self::Open(_) => 11,
            Self::Close(_) => 12,
            Self::Ended(_) => 13,
            Self::Silent { .. } => 14,
            Self::Called { .. } => 15,
            Self::Answered { .. } => 16,
            Self::Searched(_) => 17,
            Self::Announced { .. } => 18,
            Self::Rejoin => 19,
            Self::Commit { .. } => 20,
        }
    }
}
