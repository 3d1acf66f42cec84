//! What waits because of a token bucket.
//!
//! Owns a queue per key, in order of arrival, and how much may wait altogether. Must never let
//! the one who sends most take the room of the others.

use std::collections::{BTreeMap, VecDeque};

/// Queues by key. The keys are ordered so that a replay takes them in the same order.
pub(super) struct Delayed<K, T> {
    queues: BTreeMap<K, VecDeque<T>>,
    len: usize,
    items_max: usize,
}

impl<K: Ord + Copy, T> Delayed<K, T> {
    pub(super) fn new(items_max: usize) -> Self {
        Self {
            queues: BTreeMap::new(),
            len: 0,
            items_max,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether something of this key waits; what follows has to wait behind it.
    pub(super) fn has(&self, key: &K) -> bool {
        self.queues.contains_key(key)
    }

    /// The keys for which something waits.
    pub(super) fn keys(&self) -> Vec<K> {
        self.queues.keys().copied().collect()
    }

    /// The same, beginning behind `last`.
    pub(super) fn keys_after(&self, last: Option<K>) -> Vec<K> {
        let mut keys = self.keys();
        let first = last.map_or(0, |last| keys.partition_point(|key| *key <= last));
        keys.rotate_left(first);
        keys
    }

    /// The first of this key.
    pub(super) fn front(&self, key: &K) -> Option<&T> {
        self.queues.get(key)?.front()
    }

    /// Puts an item at the end of its queue. When there is no room, the last item of the longest
    /// queue has to go and is returned with its key.
    pub(super) fn push(&mut self, key: K, item: T) -> Option<(K, T)> {
        self.queues.entry(key).or_default().push_back(item);
        self.len += 1;
        if self.len <= self.items_max {
            return None;
        }
        let (longest, _) = self.queues.iter().max_by_key(|(_, queue)| queue.len())?;
        let longest = *longest;
        Some((longest, self.take(longest, VecDeque::pop_back)?))
    }

    /// Takes the first item of this key.
    pub(super) fn pop(&mut self, key: K) -> Option<T> {
        self.take(key, VecDeque::pop_front)
    }

    fn take(&mut self, key: K, end: fn(&mut VecDeque<T>) -> Option<T>) -> Option<T> {
        let queue = self.queues.get_mut(&key)?;
        let item = end(queue)?;
        if queue.is_empty() {
            self.queues.remove(&key);
        }
        self.len -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_in_order_and_empty_queues_go() {
        let mut delayed = Delayed::new(10);
        for (key, item) in [('a', 1), ('b', 2), ('a', 3)] {
            assert_eq!(delayed.push(key, item), None);
        }
        assert_eq!(delayed.keys(), ['a', 'b']);
        assert_eq!(delayed.front(&'a'), Some(&1));
        assert_eq!(
            [delayed.pop('a'), delayed.pop('a'), delayed.pop('a')],
            [Some(1), Some(3), None]
        );
        assert!(!delayed.has(&'a') && delayed.has(&'b') && !delayed.is_empty());
        assert_eq!(delayed.pop('b'), Some(2));
        assert!(delayed.is_empty());
    }

    #[test]
    fn keys_come_in_turn() {
        let mut delayed = Delayed::new(10);
        for key in ['a', 'b', 'c'] {
            assert_eq!(delayed.push(key, 0), None);
        }
        assert_eq!(delayed.keys_after(None), ['a', 'b', 'c']);
        assert_eq!(delayed.keys_after(Some('a')), ['b', 'c', 'a']);
        assert_eq!(delayed.keys_after(Some('c')), ['a', 'b', 'c']);
        delayed.pop('b');
        assert_eq!(delayed.keys_after(Some('b')), ['c', 'a']);
    }

    #[test]
    fn a_flood_loses_its_own_last_items() {
        let mut delayed = Delayed::new(4);
        for item in 0..10 {
            let lost = delayed.push('f', item);
            assert_eq!(lost, (item >= 4).then_some(('f', item)));
        }
        assert_eq!(
            delayed.push('q', 99),
            Some(('f', 3)),
            "the quiet one gets room"
        );
        assert_eq!(delayed.pop('q'), Some(99));
    }
}
