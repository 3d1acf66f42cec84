//! How a person names an event that exists: by its whole id in one of its forms, or by the
//! beginning of it.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::EventId;

/// Fewest digits of an id: as many as are shown, so that a slip of the finger does not name
/// another event.
const DIGITS_MIN: usize = 8;

/// Digits of a whole id.
const DIGITS: usize = 64;

/// An event as it is named on a command line: 64 hexadecimal digits, `note1...`, `nevent1...`
/// (NIP-19), or at least the first eight digits of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRef {
    /// The lowest id that is meant.
    first: EventId,
    /// The greatest.
    last: EventId,
    /// How many digits were given.
    digits: usize,
}

/// Why a text names no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected {DIGITS_MIN} to {DIGITS} hexadecimal digits of an id, note1... or nevent1...")]
pub struct EventRefError;

impl EventRef {
    /// The ids that are meant: those that begin with the digits.
    pub fn ids(&self) -> RangeInclusive<EventId> {
        self.first..=self.last
    }

    /// The id, if it was given whole.
    pub fn whole(&self) -> Option<EventId> {
        (self.digits == DIGITS).then_some(self.first)
    }
}

impl From<EventId> for EventRef {
    fn from(id: EventId) -> Self {
        Self {
            first: id,
            last: id,
            digits: DIGITS,
        }
    }
}

impl FromStr for EventRef {
    type Err = EventRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Ok(id) = EventId::parse(text) {
            return Ok(id.into());
        }
        let digits = text.len();
        if !(DIGITS_MIN..=DIGITS).contains(&digits) {
            return Err(EventRefError);
        }
        let filled = |filler: &str| {
            let rest = filler.repeat(DIGITS - digits);
            format!("{text}{rest}").parse().map_err(|_| EventRefError)
        };
        Ok(Self {
            first: filled("0")?,
            last: filled("f")?,
            digits,
        })
    }
}

impl fmt::Display for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.first.to_string();
        f.write_str(whole.get(..self.digits).unwrap_or(&whole))
    }
}

impl Serialize for EventRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d";
    const NOTE: &str = "note180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkws4c58hj";

    fn read(text: &str) -> EventRef {
        text.parse().expect("names an event")
    }

    #[test]
    fn a_whole_id_means_itself() {
        let id: EventId = ID.parse().expect("an id");
        let note = EventId::parse(NOTE).map(|id| id.to_string());
        for text in [ID, &ID.to_ascii_uppercase(), &format!(" {ID}\n")] {
            assert_eq!(read(text), EventRef::from(id), "{text}");
            assert_eq!(read(text).whole(), Some(id));
            assert_eq!(read(text).ids(), id..=id);
        }
        assert_eq!(note.as_deref(), Ok(ID));
        assert_eq!(read(NOTE).whole(), Some(id));
    }

    #[test]
    fn a_beginning_means_what_begins_so() {
        let begin = read("3BF0C63Fc");
        let ids = begin.ids();
        assert_eq!(begin.whole(), None);
        assert_eq!(begin.to_string(), "3bf0c63fc");
        assert!(ids.contains(&ID.parse().expect("an id")));
        let other = |text: &str| format!("{text:0<64}").parse().expect("an id");
        assert!(ids.contains(&other("3bf0c63fc")));
        assert!(!ids.contains(&other("3bf0c63fb")));
        assert!(!ids.contains(&other("3bf0c63fd")));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        let too_long = format!("{ID}0");
        let texts = ["", "3bf0c63", "3bf0c63g", "note1x", "東東東東", &too_long];
        for text in texts {
            assert_eq!(text.parse::<EventRef>(), Err(EventRefError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parser_what_names_an_event_is_shown_as_it_is_read(text in "[0-9a-f]{0,70}|.*") {
            if let Ok(named) = text.parse::<EventRef>() {
                prop_assert!(named.ids().contains(&named.first));
                prop_assert_eq!(named.to_string().parse(), Ok(named));
            }
        }
    }
}
