//! What a user may change about discovery.

use std::collections::BTreeSet;

use kukuri_domain::peer::SourceKind;

/// Shortest rendezvous tick, and the step per live member, in milliseconds.
const TICK_MIN_MS: u64 = 60_000;
const TICK_PER_MEMBER_MS: u64 = 20_000;

/// Settings of one topic's discovery. The defaults are those of requirement R3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The sources that are asked.
    pub sources: BTreeSet<SourceKind>,
    /// How long one attempt of a source may take, in milliseconds.
    pub timeout_ms: u64,
    /// How often a failed attempt is repeated at once.
    pub retries: u32,
    /// Greatest random pause before an attempt is repeated, in milliseconds.
    pub jitter_ms: u64,
    /// Longest time between two looks at the DHT while connected, in milliseconds.
    pub republish_ms: u64,
    /// How long a node is alone before bootstrap nodes are asked, in milliseconds.
    pub bootstrap_after_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sources: SourceKind::ALL.into(),
            timeout_ms: 5_000,
            retries: 3,
            jitter_ms: 500,
            republish_ms: 300_000,
            bootstrap_after_ms: 3_000,
        }
    }
}

impl Settings {
    /// Whether a source is asked at all.
    pub fn is_enabled(&self, source: SourceKind) -> bool {
        self.sources.contains(&source)
    }

    /// The rendezvous tick for a topic with `members` live members, before its random spread: the
    /// more members there are, the less often each needs to publish.
    pub(super) fn tick_ms(&self, members: usize) -> u64 {
        let members = u64::try_from(members).unwrap_or(u64::MAX);
        let longest = self.republish_ms.max(TICK_MIN_MS);
        TICK_PER_MEMBER_MS
            .saturating_mul(members)
            .clamp(TICK_MIN_MS, longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tick_grows_with_the_members_between_a_minute_and_the_republish_time() {
        let settings = Settings::default();
        let ticks = [1, 3, 4, 10, 15, 1_000].map(|n| settings.tick_ms(n));
        assert_eq!(ticks, [60_000, 60_000, 80_000, 200_000, 300_000, 300_000]);
    }
}
