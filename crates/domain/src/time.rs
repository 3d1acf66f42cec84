//! Points in time as plain numbers.
//!
//! Owns the two clocks that rules need: wall time, which peers share and which may jump, and
//! monotonic time, which only measures. Must never read either.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct UnixMs(pub u64);

impl UnixMs {
    /// Whole seconds since the Unix epoch.
    pub fn secs(self) -> u64 {
        self.0 / 1_000
    }

    /// The millisecond within the second, 0 to 999.
    pub fn subsec_ms(self) -> u16 {
        (self.0 % 1_000) as u16
    }

    /// Whole minutes since the Unix epoch: the slot of the topic tracker.
    pub fn minute(self) -> u64 {
        self.0 / 60_000
    }

    /// Whole hours since the Unix epoch: the period of mDNS presence tags.
    pub fn hour(self) -> u64 {
        self.0 / 3_600_000
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// What a rule is told about the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Wall time, shared with peers as far as their clocks agree.
    pub unix: UnixMs,
    /// Monotonic milliseconds since some start; differences are durations.
    pub mono_ms: u64,
}
