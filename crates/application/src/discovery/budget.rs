//! How many unknown peers may be dialled in a minute.

use std::collections::VecDeque;

const MINUTE_MS: u64 = 60_000;

/// A sliding window of one minute.
#[derive(Debug)]
pub(super) struct DialBudget {
    per_minute: usize,
    taken_ms: VecDeque<u64>,
}

impl DialBudget {
    pub(super) fn new(per_minute: usize) -> Self {
        Self {
            per_minute,
            taken_ms: VecDeque::with_capacity(per_minute),
        }
    }

    /// Takes one dial, if there is room.
    pub(super) fn take(&mut self, now_ms: u64) -> bool {
        self.forget(now_ms);
        let free = self.taken_ms.len() < self.per_minute;
        if free {
            self.taken_ms.push_back(now_ms);
        }
        free
    }

    /// Milliseconds until there is room again; 0 when there is.
    pub(super) fn free_after_ms(&self, now_ms: u64) -> u64 {
        match self.taken_ms.front() {
            Some(oldest) if self.taken_ms.len() >= self.per_minute => {
                (oldest + MINUTE_MS).saturating_sub(now_ms)
            }
            _ => 0,
        }
    }

    fn forget(&mut self, now_ms: u64) {
        while self
            .taken_ms
            .front()
            .is_some_and(|taken| taken + MINUTE_MS <= now_ms)
        {
            self.taken_ms.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_sees_more_dials_than_allowed() {
        let mut budget = DialBudget::new(2);
        assert!(budget.take(0));
        assert!(budget.take(30_000));
        assert!(!budget.take(59_999));
        assert_eq!(budget.free_after_ms(59_999), 1);
        assert!(budget.take(60_000));
        assert!(!budget.take(60_001));
    }
}
