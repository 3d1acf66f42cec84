//! The forms in JSON that differ from the type in memory: times are RFC 3339 in UTC with
//! milliseconds, a post's state says that it is stored, an author has a second form of the key,
//! addresses are texts.

use chrono::{DateTime, SecondsFormat};
use kukuri_domain::{AuthorId, UnixMs};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An author, with their key in its form for people (NIP-19) too.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct AuthorForm<'a> {
    /// The public key.
    pub(super) pubkey: AuthorId,
    /// The public key in its form for people (NIP-19).
    pub(super) npub: String,
    /// The name that they gave themselves, where one is known.
    pub(super) name: Option<&'a str>,
}

/// `None` beyond the calendar, which is written as null.
fn text_of(at: UnixMs) -> Option<String> {
    // Beyond the calendar, too.
    let at = DateTime::from_timestamp_millis(i64::try_from(at.0).ok()?)?;
    Some(at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn time_of(text: &str) -> Option<UnixMs> {
    // The caller names the text.
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    // Before 1970: no time of ours.
    u64::try_from(at.timestamp_millis()).ok().map(UnixMs)
}

/// A point in time.
pub(super) mod time {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        at: &UnixMs,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time_option::serialize(&Some(*at), serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<UnixMs, D::Error> {
        let at = time_option::deserialize(deserializer)?;
        // A time beyond the calendar was written as null.
        Ok(at.unwrap_or(UnixMs(u64::MAX)))
    }
}

/// A point in time, or none.
pub(super) mod time_option {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        at: &Option<UnixMs>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at.and_then(text_of) {
            Some(text) => serializer.serialize_some(&text),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<UnixMs>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let parse = |text: String| {
            time_of(&text).ok_or_else(|| de::Error::custom(format!("'{text}' is no time")))
        };
        text.map(parse).transpose()
    }
}

/// How far a post has come. What is shown is always stored here.
pub(super) mod post_state {
    use super::*;
    use crate::ports::PostState;

    /// How far a post has come.
    #[derive(Serialize, Deserialize)]
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "PostState"))]
    pub(in super::super) struct Form {
        /// Whether it is on the disk here; always so for a post that is shown.
        stored: bool,
        /// Neighbours that it was broadcast to at the latest broadcast.
        sent_to: u32,
        /// Distinct peers that said they hold it.
        held_by: u32,
    }

    pub(in super::super) fn serialize<S: Serializer>(
        state: &PostState,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let form = Form {
            stored: true,
            sent_to: state.sent_to,
            held_by: state.held_by,
        };
        form.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PostState, D::Error> {
        let form = Form::deserialize(deserializer)?;
        Ok(PostState {
            sent_to: form.sent_to,
            held_by: form.held_by,
        })
    }
}

/// Ranges as pairs of begin and end.
pub(super) mod ranges {
    use std::ops::Range;

    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        ranges: &[Range<usize>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(ranges.iter().map(|range| [range.start, range.end]))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Range<usize>>, D::Error> {
        let pairs = Vec::<[usize; 2]>::deserialize(deserializer)?;
        Ok(pairs.into_iter().map(|[start, end]| start..end).collect())
    }
}

/// Addresses of a peer.
pub(super) mod addresses {
    use kukuri_domain::PeerAddress;

    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        addresses: &[PeerAddress],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(addresses.iter().map(PeerAddress::to_string))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<PeerAddress>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let parse = |text: &String| text.parse().map_err(de::Error::custom);
        texts.iter().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use kukuri_domain::UnixMs;

    use super::{text_of, time_of};

    #[test]
    fn times_are_utc_with_milliseconds() {
        let at = UnixMs(1_795_253_201_114);
        let text = text_of(at).expect("within the calendar");
        assert_eq!(text, "2026-11-21T09:26:41.114Z");
        assert_eq!(time_of(&text), Some(at));
        assert_eq!(time_of("2026-11-21T10:26:41.114+01:00"), Some(at));
        assert_eq!(time_of("yesterday"), None);
        assert_eq!(text_of(UnixMs(u64::MAX)), None);
    }
}
