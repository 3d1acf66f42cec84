//! Which genuine events a topic takes.

use thiserror::Error;

use super::{TOPIC_TAG, VerifiedEvent};
use crate::{limits::EVENT_FUTURE_MS_MAX, time::UnixMs, topic::TopicName};

/// Kinds that NIP-01 calls ephemeral: relays do not keep them, and neither does a topic.
const EPHEMERAL_KINDS: std::ops::Range<u16> = 20_000..30_000;

/// Why a topic does not take a genuine event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AdmissionError {
    /// No `t` tag is the topic's name.
    #[error("the event is for another topic")]
    OtherTopic,
    /// Its time lies further ahead than clocks may differ. It may be sent again later.
    #[error("the event's time is more than 10 minutes in the future")]
    Future,
    /// Ephemeral kinds are not kept.
    #[error("events of this kind are not kept")]
    Ephemeral,
}

/// Whether the public topic `name` takes `event` at `now`.
///
/// # Errors
/// [`AdmissionError`] names the rule that the event breaks.
pub fn admit(event: &VerifiedEvent, name: &TopicName, now: UnixMs) -> Result<(), AdmissionError> {
    if EPHEMERAL_KINDS.contains(&event.kind()) {
        return Err(AdmissionError::Ephemeral);
    }
    let is_topic =
        |tag: &[String]| tag[0] == TOPIC_TAG && tag.get(1).is_some_and(|t| t == name.as_str());
    if !event.tags().any(is_topic) {
        return Err(AdmissionError::OtherTopic);
    }
    if event.order().at().0 > now.0.saturating_add(EVENT_FUTURE_MS_MAX) {
        return Err(AdmissionError::Future);
    }
    Ok(())
}
