//! The greatest clock of each topic's entries, in memory.
//!
//! Owns what the writer told after its commits, so that a write need not read it from the file.
//! Must never be behind the file: a topic of which nothing was told is not in it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use kukuri_domain::{TopicId, entry::Hlc};

#[derive(Default)]
pub(crate) struct EntryClocks(Mutex<HashMap<TopicId, Hlc>>);

impl EntryClocks {
    /// The file has this one since the last commit.
    pub(crate) fn note(&self, topic: TopicId, clock: Hlc) {
        let mut clocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clocks.insert(topic, clock);
    }

    pub(crate) fn get(&self, topic: &TopicId) -> Option<Hlc> {
        let clocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clocks.get(topic).copied()
    }
}
