//! What must be true of every run, and what may be broken on purpose to see that it is noticed.

use std::{fmt, str::FromStr};

/// A rule that a run broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The seed of the plan.
    pub seed: u64,
    /// When, in microseconds.
    pub at_us: u64,
    /// Which, and by whom.
    pub rule: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, at_us, rule } = self;
        let seconds = *at_us as f64 / 1e6;
        write!(f, "seed {seed}, at {seconds:.3} s: {rule}")
    }
}

impl std::error::Error for Broken {}

/// A part of the product that a run does without. Each makes some seed break a rule; a test holds
/// that, so that the rules are known to be able to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Nobody answers a question for its newest events or for its set.
    NeverReconcile,
    /// Whoever has a neighbour finds nothing in the DHT.
    NeverRendezvous,
    /// A commit is answered before it is made, and one in ten is not made.
    ForgetCommits,
    /// Nobody who seems deaf joins anew.
    NeverRejoin,
    /// A key holds what came last.
    MergeByArrival,
}

impl Sabotage {
    /// Every one, by name.
    pub const ALL: [(&str, Self); 5] = [
        ("never-reconcile", Self::NeverReconcile),
        ("never-rendezvous", Self::NeverRendezvous),
        ("forget-commits", Self::ForgetCommits),
        ("never-rejoin", Self::NeverRejoin),
        ("merge-by-arrival", Self::MergeByArrival),
    ];
}

impl FromStr for Sabotage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, sabotage)| *sabotage).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|(known, _)| *known).collect();
            format!("there are: {}", known.join(", "))
        })
    }
}
