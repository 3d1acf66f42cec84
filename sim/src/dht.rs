//! The DHT as a tracker sees it: slots of a minute, and nodes that each keep one record of it.
//!
//! Some nodes keep the first record and some the last, so that nobody may count on seeing more
//! than one (design of the tracker's slots, `distributed-topic-tracker`).

use std::collections::BTreeMap;

use kukuri_domain::PeerId;
use rand::{Rng as _, rngs::StdRng};

/// Nodes that keep a slot. In a network that is cut in two each side reaches half of them.
const NODES: usize = 8;

/// How likely one of them answers.
const ANSWERS: f64 = 0.8;

/// A record of a slot.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Who signed it.
    pub peer: PeerId,
    /// The neighbours it lists.
    pub listed: Vec<PeerId>,
}

/// Which nodes of the DHT can be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// All.
    Whole,
    /// The first half.
    First,
    /// The others.
    Second,
}

impl Side {
    fn nodes(self) -> std::ops::Range<usize> {
        match self {
            Self::Whole => 0..NODES,
            Self::First => 0..NODES / 2,
            Self::Second => NODES / 2..NODES,
        }
    }
}

/// The DHT.
#[derive(Default)]
pub struct Dht {
    slots: BTreeMap<u64, [Option<Record>; NODES]>,
    /// Records that were put.
    pub puts: u64,
}

impl Dht {
    /// Puts a record into the slot of a minute.
    pub fn put(&mut self, minute: u64, record: &Record, side: Side, rng: &mut StdRng) {
        self.puts += 1;
        let slot = self.slots.entry(minute).or_default();
        for node in side.nodes() {
            let keeps_first = node % 2 == 0;
            let is_own = slot[node]
                .as_ref()
                .is_some_and(|kept| kept.peer == record.peer);
            if rng.random_bool(ANSWERS) && (slot[node].is_none() || is_own || !keeps_first) {
                slot[node] = Some(record.clone());
            }
        }
    }

    /// The records in the slot of a minute.
    pub fn get(&self, minute: u64, side: Side, rng: &mut StdRng) -> Vec<Record> {
        let mut found: Vec<Record> = Vec::new();
        let Some(slot) = self.slots.get(&minute) else {
            return found;
        };
        for kept in slot[side.nodes()].iter().flatten() {
            if rng.random_bool(ANSWERS) && !found.contains(kept) {
                found.push(kept.clone());
            }
        }
        found
    }
}
