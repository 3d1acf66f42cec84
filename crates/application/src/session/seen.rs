//! A bounded memory of event ids.
//!
//! Owns which ids are remembered and forgets the oldest when it is full. Must never hold an id
//! that was not committed: a forged event with a good id would keep out the true one.

use std::collections::{HashSet, VecDeque};

use kukuri_domain::EventId;

/// The latest ids, up to a number.
pub(super) struct SeenSet {
    ids: HashSet<EventId>,
    order: VecDeque<EventId>,
    ids_max: usize,
}

impl SeenSet {
    pub(super) fn new(ids_max: usize) -> Self {
        Self {
            ids: HashSet::new(),
            order: VecDeque::new(),
            ids_max,
        }
    }

    pub(super) fn contains(&self, id: &EventId) -> bool {
        self.ids.contains(id)
    }

    /// Remembers an id, and forgets the oldest one if that is one too many.
    pub(super) fn insert(&mut self, id: EventId) {
        if !self.ids.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > self.ids_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> EventId {
        EventId([n; 32])
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_a_repetition_takes_no_room() {
        let mut seen = SeenSet::new(2);
        for n in [1, 2, 2, 1] {
            seen.insert(id(n));
        }
        assert!(seen.contains(&id(1)) && seen.contains(&id(2)));
        seen.insert(id(3));
        assert_eq!(
            [1, 2, 3].map(|n| seen.contains(&id(n))),
            [false, true, true]
        );
        assert_eq!((seen.ids.len(), seen.order.len()), (2, 2));
    }
}
