//! Hybrid logical clocks.
//!
//! Owns how a clock goes on, and its form in a tag. Must never read the machine's clock.
//!
//! Source: S. Kulkarni, M. Demirbas, D. Madappa, B. Avva, M. Leone, "Logical Physical Clocks and
//! Consistent Snapshots in Globally Distributed Databases" (2014).

use serde::{Deserialize, Serialize};

use crate::time::UnixMs;

/// Tag of a write's clock: `["hlc", MS, COUNTER]`, both in their shortest decimal form.
pub const CLOCK_TAG: &str = "hlc";

/// A time that orders writes by cause: whoever has seen a write writes with a later clock, even if
/// their own clock is behind.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Hlc {
    /// Milliseconds since the Unix epoch: the greatest wall time that the writer knew of.
    pub ms: u64,
    /// Tells apart what happened within the millisecond.
    pub counter: u32,
}

impl Hlc {
    /// The clock of a write at `now` by somebody who has seen clocks up to `seen`.
    #[must_use]
    pub fn after(seen: Hlc, now: UnixMs) -> Self {
        if now.0 > seen.ms {
            return Self {
                ms: now.0,
                counter: 0,
            };
        }
        match seen.counter.checked_add(1) {
            Some(counter) => Self { counter, ..seen },
            None => Self {
                ms: seen.ms.saturating_add(1),
                counter: 0,
            },
        }
    }

    /// The wall time in it.
    pub fn at(self) -> UnixMs {
        UnixMs(self.ms)
    }

    pub(super) fn to_tag(self) -> Vec<String> {
        vec![
            CLOCK_TAG.to_owned(),
            self.ms.to_string(),
            self.counter.to_string(),
        ]
    }

    pub(super) fn from_tag(tag: &[String]) -> Option<Self> {
        match tag {
            [name, ms, counter] if name == CLOCK_TAG => Some(Self {
                ms: shortest(ms)?,
                // A greater one is no counter, and the tag no clock.
                counter: u32::try_from(shortest(counter)?).ok()?,
            }),
            _ => None,
        }
    }
}

/// Only the shortest decimal form counts, so that every program reads the same.
fn shortest(text: &str) -> Option<u64> {
    let is_shortest = text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9'));
    // What is no number makes no clock; which of the forms it broke matters to nobody.
    text.parse().ok().filter(|_| is_shortest)
}
