//! What happens to a swarm, all of it drawn from one seed.
//!
//! Owns sizes, weather and the times of faults. Must never look at a run: the same seed gives the
//! same plan, whatever becomes of it.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

const SECOND_US: u64 = 1_000_000;

/// How long a run lasts: ten minutes.
pub const RUN_US: u64 = 600 * SECOND_US;

/// The last fault is over so long before the end, and all posts but a few are made.
const QUIET_US: u64 = 180 * SECOND_US;

/// Posts at even times at the end. Whoever hears none of them is deaf and stays so: to notice it and
/// to join anew takes two and a half minutes at most, and what is lost of the last is noticed within
/// the rest of the run.
const PROBES: u64 = 10;
const PROBED_US: u64 = 350 * SECOND_US;
const PROBE_EVERY_US: u64 = 20 * SECOND_US;

/// Keys of entries: so few that writers meet at each.
const KEYS: usize = 5;

/// How the network treats what is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// The least and the greatest way of a packet between two nodes, one way; each pair has its own.
    pub delay_us: (u64, u64),
    /// What each packet may take longer than that; packets overtake each other.
    pub jitter_us: u64,
    /// Share of messages that are lost for good. QUIC repeats what is lost: this is what queues
    /// that run over and connections that break lose.
    pub loss: f64,
    /// Share of messages that come twice.
    pub doubled: f64,
    /// Share of commits that fail.
    pub failing_commits: f64,
}

impl Weather {
    /// As in one process on one machine.
    pub const LOOPBACK: Self = Self {
        delay_us: (100, 400),
        jitter_us: 300,
        loss: 0.0,
        doubled: 0.0,
        failing_commits: 0.0,
    };
}

/// How nodes find the first others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// By the DHT.
    Dht,
    /// All know the first node.
    Hub,
}

/// Something that is done to the swarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A node starts, or starts again.
    Start(usize),
    /// Its process is killed.
    Kill(usize),
    /// Somebody who runs posts: this one, or else the next.
    Post(usize),
    /// Somebody who runs writes to an entry: this one, or else the next.
    Write {
        /// Who.
        node: usize,
        /// To which of a few keys.
        key: usize,
    },
    /// The network falls into two parts.
    Cut {
        /// The nodes of one of them.
        part: Vec<usize>,
        /// Whether the DHT does so too.
        with_dht: bool,
    },
    /// It is one again.
    Mend,
    /// No gossip reaches this node from its neighbours of this moment, though all looks well.
    Deafen(usize),
}

/// What happens when.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// Nodes.
    pub nodes: usize,
    /// How the first others are found.
    pub meeting: Meeting,
    /// The network.
    pub weather: Weather,
    /// By how much each clock is wrong, in milliseconds.
    pub skew_ms: Vec<i64>,
    /// What is done, in the order of time (µs).
    pub steps: Vec<(u64, Step)>,
    /// From when on gossip must have brought something to everybody.
    pub probed_us: u64,
    /// When the run ends.
    pub end_us: u64,
}

impl Plan {
    /// A bad day: 20 to 24 nodes that find each other by the DHT, 200 events, of which a third are
    /// writes to few keys, one cut, one kill, one node that goes deaf in every third plan, clocks that differ.
    pub fn of_seed(seed: u64, nodes: Option<usize>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let drawn = rng.random_range(20..=24);
        let nodes = nodes.unwrap_or(drawn);
        let weather = Weather {
            delay_us: (1_000, *pick(&mut rng, &[5_000, 40_000, 150_000])),
            jitter_us: *pick(&mut rng, &[1_000, 20_000, 100_000]),
            loss: *pick(&mut rng, &[0.0, 0.0, 0.01, 0.05]),
            doubled: *pick(&mut rng, &[0.0, 0.02]),
            failing_commits: *pick(&mut rng, &[0.0, 0.0, 0.01]),
        };
        let skew_ms = skews(nodes, &mut rng);
        let mut steps = Vec::new();
        for node in 0..nodes {
            steps.push((rng.random_range(0..20 * SECOND_US), Step::Start(node)));
        }
        let until = RUN_US - QUIET_US;
        for number in 0..200 - PROBES as usize {
            let at = rng.random_range(5 * SECOND_US..until);
            let node = rng.random_range(0..nodes);
            let step = match number % 3 {
                0 => Step::Write {
                    node,
                    key: number / 3 % KEYS,
                },
                _ => Step::Post(node),
            };
            steps.push((at, step));
        }
        for number in 0..PROBES {
            let at = PROBED_US + number * PROBE_EVERY_US;
            steps.push((at, Step::Post(rng.random_range(0..nodes))));
        }
        cut(seed, nodes, until, &mut rng, &mut steps);
        let victim = rng.random_range(0..nodes);
        let killed = rng.random_range(40 * SECOND_US..until - 100 * SECOND_US);
        let away = rng.random_range(SECOND_US..90 * SECOND_US);
        steps.push((killed, Step::Kill(victim)));
        steps.push((killed + away, Step::Start(victim)));
        if seed.is_multiple_of(3) {
            let at = rng.random_range(60 * SECOND_US..until - 60 * SECOND_US);
            steps.push((at, Step::Deafen(rng.random_range(0..nodes))));
        }
        steps.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            nodes,
            meeting: Meeting::Dht,
            weather,
            skew_ms,
            steps,
            probed_us: PROBED_US,
            end_us: RUN_US,
        }
    }

    /// A good day on one machine, for comparison with real nodes: all join through one hub, then
    /// each post comes so long after the last.
    pub fn calm(seed: u64, nodes: usize, posts: usize, every_us: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let settled = 20 * SECOND_US;
        let starts = (0..nodes).map(|node| (node as u64 * 20_000, Step::Start(node)));
        let mut steps: Vec<_> = starts.collect();
        for number in 0..posts {
            let at = settled + number as u64 * every_us;
            steps.push((at, Step::Post(rng.random_range(0..nodes))));
        }
        Self {
            seed,
            nodes,
            meeting: Meeting::Hub,
            weather: Weather::LOOPBACK,
            skew_ms: vec![0; nodes],
            steps,
            probed_us: settled,
            end_us: settled + posts as u64 * every_us + 5 * SECOND_US,
        }
    }
}

/// Most clocks are right within two seconds; one is a minute and a half off.
fn skews(nodes: usize, rng: &mut StdRng) -> Vec<i64> {
    let mut skews: Vec<_> = (0..nodes)
        .map(|_| rng.random_range(-2_000..=2_000))
        .collect();
    let off = rng.random_range(-90_000..=90_000);
    if let Some(first) = skews.first_mut() {
        *first = off;
    }
    skews.shuffle(rng);
    skews
}

/// One cut into two halves, or of a few; both sides post meanwhile. In every fourth plan it is there
/// from the begin, and the two sides have never heard of each other when it ends.
fn cut(seed: u64, nodes: usize, until: u64, rng: &mut StdRng, steps: &mut Vec<(u64, Step)>) {
    let mut part: Vec<_> = (0..nodes).collect();
    part.shuffle(rng);
    part.truncate(rng.random_range(1..=nodes / 2));
    part.sort_unstable();
    let lasts = rng.random_range(3 * SECOND_US..150 * SECOND_US);
    let (from, with_dht) = match seed.is_multiple_of(4) {
        true => (0, true),
        false => {
            let from = rng.random_range(30 * SECOND_US..until - lasts);
            (from, rng.random_bool(0.5))
        }
    };
    steps.push((from, Step::Cut { part, with_dht }));
    steps.push((from + lasts, Step::Mend));
}

fn pick<'a, T>(rng: &mut StdRng, of: &'a [T]) -> &'a T {
    &of[rng.random_range(0..of.len())]
}
