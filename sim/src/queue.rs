//! What is going to happen, in the order of a virtual clock.
//!
//! Owns the clock: it stands still while something happens and jumps to what is next. What is due
//! at the same moment happens in the order in which it was put in, so a run can be repeated.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Future happenings. Times are microseconds since the begin.
pub struct Queue<T> {
    /// When, the order of putting in, and the place: what happens is large, and a heap moves much.
    heap: BinaryHeap<Reverse<(u64, u64, usize)>>,
    places: Vec<Option<T>>,
    free: Vec<usize>,
    now_us: u64,
    put_in: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            places: Vec::new(),
            free: Vec::new(),
            now_us: 0,
            put_in: 0,
        }
    }
}

impl<T> Queue<T> {
    /// The present.
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// How much was ever put in.
    pub fn put_in(&self) -> u64 {
        self.put_in
    }

    /// Lets something happen that long from now.
    pub fn after(&mut self, us: u64, what: T) {
        self.put_in += 1;
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place] = Some(what);
                place
            }
            None => {
                self.places.push(Some(what));
                self.places.len() - 1
            }
        };
        let entry = (self.now_us.saturating_add(us), self.put_in, place);
        self.heap.push(Reverse(entry));
    }

    /// What happens next, if it does not happen after `end_us`; the clock goes there.
    pub fn next_until(&mut self, end_us: u64) -> Option<T> {
        let Reverse((at_us, ..)) = *self.heap.peek()?;
        if at_us > end_us {
            self.now_us = end_us;
            return None;
        }
        let Reverse((_, _, place)) = self.heap.pop()?;
        self.now_us = at_us;
        self.free.push(place);
        self.places[place].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_first_happens_first_and_the_rest_in_the_order_of_putting_in() {
        let mut queue = Queue::default();
        queue.after(20, 'c');
        queue.after(10, 'a');
        queue.after(10, 'b');
        queue.after(90, 'z');
        assert_eq!(queue.next_until(50), Some('a'));
        queue.after(15, 'd');
        let rest: Vec<_> = std::iter::from_fn(|| queue.next_until(50)).collect();
        assert_eq!(rest, ['b', 'c', 'd']);
        assert_eq!((queue.now_us(), queue.put_in()), (50, 5));
        assert_eq!(queue.next_until(100), Some('z'));
        assert_eq!(queue.now_us(), 90);
    }
}
