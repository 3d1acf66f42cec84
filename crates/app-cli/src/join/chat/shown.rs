//! Which posts were shown, so that none is shown twice.

use std::collections::{HashSet, VecDeque};

use kukuri_domain::EventId;

/// Posts that are remembered. Far more than come twice: a post comes as an event and in a history
/// that is read again.
const REMEMBERED_MAX: usize = 8_192;

/// The posts shown last.
#[derive(Debug, Default)]
pub(super) struct Shown {
    ids: HashSet<EventId>,
    order: VecDeque<EventId>,
}

impl Shown {
    /// Notes a post; `false` when it was noted before.
    pub(super) fn add(&mut self, id: EventId) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_new_once_and_memory_is_bounded() {
        let id = |n: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            EventId(bytes)
        };
        let mut shown = Shown::default();
        assert!(shown.add(id(0)));
        assert!(!shown.add(id(0)));
        for n in 1..=REMEMBERED_MAX {
            assert!(shown.add(id(n)));
        }
        assert_eq!(shown.ids.len(), REMEMBERED_MAX);
        assert!(shown.add(id(0)), "the oldest was forgotten");
    }
}
