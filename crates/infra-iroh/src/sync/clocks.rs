//! How far the clocks of peers are from ours, as their greetings said.
//!
//! Must never decide anything by them: a peer says what it likes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kukuri_domain::{PeerId, UnixMs};

/// Peers that are remembered; with more, all are forgotten and greet again.
const PEERS_MAX: usize = 1_024;

/// The latest greeting of each peer. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeerClocks(Arc<Mutex<HashMap<PeerId, i64>>>);

impl PeerClocks {
    /// Notes what a peer's clock said at our `now`, and returns how far ahead of ours it is in
    /// milliseconds.
    pub(crate) fn note(&self, peer: PeerId, clock: UnixMs, now: UnixMs) -> i64 {
        let ahead = i64::try_from(clock.0.saturating_sub(now.0)).unwrap_or(i64::MAX);
        let behind = i64::try_from(now.0.saturating_sub(clock.0)).unwrap_or(i64::MAX);
        let skew_ms = ahead - behind;
        let mut peers = self.lock();
        if peers.len() >= PEERS_MAX && !peers.contains_key(&peer) {
            peers.clear();
        }
        peers.insert(peer, skew_ms);
        skew_ms
    }

    /// How far ahead of ours the peer's clock was; `None` before it has greeted.
    pub(crate) fn skew_ms(&self, peer: &PeerId) -> Option<i64> {
        self.lock().get(peer).copied()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PeerId, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_ahead_is_positive_and_nonsense_does_not_overflow() {
        let clocks = PeerClocks::default();
        let peer = PeerId([1; 32]);
        assert_eq!(clocks.skew_ms(&peer), None);
        let now = UnixMs(1_000_000);
        for (clock, expected) in [(1_000_250, 250), (999_000, -1_000), (u64::MAX, i64::MAX)] {
            assert_eq!(clocks.note(peer, UnixMs(clock), now), expected);
            assert_eq!(clocks.skew_ms(&peer), Some(expected));
        }
    }
}
