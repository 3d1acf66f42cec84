//! The muted authors in memory, for what is shown as it happens.
//!
//! Owns a copy of what the store knows, since a notice cannot wait for a query. Must never keep
//! an event from being stored or passed on: what is muted is held for other members.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use kukuri_domain::AuthorId;

use crate::views::TopicEvent;

/// Authors of whom nothing is shown.
#[derive(Default)]
pub(super) struct Muted(RwLock<HashSet<AuthorId>>);

impl Muted {
    /// Takes over what the store knows.
    pub(super) fn load(&self, authors: Vec<AuthorId>) {
        let mut muted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *muted = authors.into_iter().collect();
    }

    /// Mutes an author or shows it again.
    pub(super) fn set(&self, author: AuthorId, is_muted: bool) {
        let mut muted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match is_muted {
            true => muted.insert(author),
            false => muted.remove(&author),
        };
    }

    /// Whether something that happened is not to be shown.
    pub(super) fn hides(&self, event: &TopicEvent) -> bool {
        match event {
            TopicEvent::Post { event, .. } => {
                let muted = self.0.read().unwrap_or_else(PoisonError::into_inner);
                muted.contains(&event.author())
            }
            _ => false,
        }
    }
}
