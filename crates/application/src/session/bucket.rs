//! Token buckets: how much of one kind somebody may send before it has to wait.
//!
//! Owns one bucket per key and forgets those that are full again, since a full bucket says
//! nothing. Must never decide what happens to what cannot be afforded.

use std::{collections::HashMap, hash::Hash};

/// One token in thousandths, so that a refill of whole milliseconds is exact.
const TOKEN: u64 = 1_000;

/// How often full buckets are looked for when the table is full, in milliseconds: an empty
/// bucket takes about 5 s to fill, so looking more often finds little.
const SWEEP_EVERY_MS: u64 = 1_000;

/// What a bucket holds at most, and how fast it fills.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) per_second: u32,
    pub(super) burst: u32,
}

impl Rate {
    fn capacity(self) -> u64 {
        u64::from(self.burst) * TOKEN
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: u64,
    at_ms: u64,
}

impl Bucket {
    /// What it holds at `now_ms`. One token per second is one thousandth per millisecond.
    fn level_at(self, rate: Rate, now_ms: u64) -> u64 {
        let gained = now_ms
            .saturating_sub(self.at_ms)
            .saturating_mul(rate.per_second.into());
        self.level.saturating_add(gained).min(rate.capacity())
    }
}

/// A bucket for each key.
pub(super) struct Buckets<K> {
    rate: Rate,
    buckets: HashMap<K, Bucket>,
    keys_max: usize,
    sweep_at_ms: u64,
}

impl<K: Eq + Hash + Copy> Buckets<K> {
    /// Keeps at most `keys_max` buckets. A key for which there is no room even after the full
    /// ones were forgotten goes unlimited.
    pub(super) fn new(rate: Rate, keys_max: usize) -> Self {
        Self {
            rate,
            buckets: HashMap::new(),
            keys_max,
            sweep_at_ms: 0,
        }
    }

    /// Takes a token if there is one.
    pub(super) fn take(&mut self, key: K, now_ms: u64) -> bool {
        let level = self.level(&key, now_ms);
        if level < TOKEN {
            return false;
        }
        let bucket = Bucket {
            level: level - TOKEN,
            at_ms: now_ms,
        };
        if self.buckets.contains_key(&key) || self.has_room(now_ms) {
            self.buckets.insert(key, bucket);
        }
        true
    }

    /// Gives a token back that was taken for nothing.
    pub(super) fn give_back(&mut self, key: &K, now_ms: u64) {
        let rate = self.rate;
        // A bucket that was forgotten is full.
        if let Some(bucket) = self.buckets.get_mut(key) {
            let level = bucket.level_at(rate, now_ms) + TOKEN;
            *bucket = Bucket {
                level: level.min(rate.capacity()),
                at_ms: bucket.at_ms.max(now_ms),
            };
        }
    }

    /// Milliseconds until there is a token.
    pub(super) fn wait_ms(&self, key: &K, now_ms: u64) -> u64 {
        let lacking = TOKEN.saturating_sub(self.level(key, now_ms));
        lacking.div_ceil(self.rate.per_second.max(1).into())
    }

    fn level(&self, key: &K, now_ms: u64) -> u64 {
        self.buckets
            .get(key)
            .map_or(self.rate.capacity(), |b| b.level_at(self.rate, now_ms))
    }

    fn has_room(&mut self, now_ms: u64) -> bool {
        if self.buckets.len() >= self.keys_max && now_ms >= self.sweep_at_ms {
            let rate = self.rate;
            self.buckets
                .retain(|_, bucket| bucket.level_at(rate, now_ms) < rate.capacity());
            self.sweep_at_ms = now_ms.saturating_add(SWEEP_EVERY_MS);
        }
        self.buckets.len() < self.keys_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 4,
        burst: 3,
    };

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let mut buckets = Buckets::new(RATE, 10);
        let taken = |buckets: &mut Buckets<u8>, now_ms| {
            (0..100).take_while(|_| buckets.take(1, now_ms)).count()
        };
        assert_eq!(taken(&mut buckets, 0), 3);
        assert_eq!(buckets.wait_ms(&1, 0), 250);
        assert_eq!(taken(&mut buckets, 249), 0);
        assert_eq!(buckets.wait_ms(&1, 249), 1);
        assert_eq!(taken(&mut buckets, 250), 1);
        assert_eq!(taken(&mut buckets, 1_000), 3);
        assert_eq!(
            taken(&mut buckets, 60_000),
            3,
            "it never holds more than the burst"
        );
        assert_eq!(
            taken(&mut buckets, 0),
            0,
            "a clock that goes back gives nothing"
        );
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_up_to_the_burst() {
        let mut buckets = Buckets::new(RATE, 10);
        buckets.give_back(&1, 0);
        for _ in 0..3 {
            assert!(buckets.take(1, 0));
        }
        assert!(!buckets.take(1, 0));
        buckets.give_back(&1, 0);
        assert!(buckets.take(1, 0) && !buckets.take(1, 0));
        for _ in 0..9 {
            buckets.give_back(&1, 100);
        }
        let taken = (0..9).take_while(|_| buckets.take(1, 100)).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn keys_do_not_share_and_full_buckets_are_forgotten() {
        let mut buckets = Buckets::new(RATE, 2);
        for key in 0..200_u64 {
            assert!(buckets.take(key, key * 1_000));
            assert!(buckets.buckets.len() <= 2);
        }
        assert!(
            buckets.buckets.contains_key(&199),
            "there was room after a sweep"
        );
    }
}
