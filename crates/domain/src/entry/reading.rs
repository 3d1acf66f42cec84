//! Writes to entries as events.
//!
//! Owns the tags of kind 30078 both ways: [`Draft::entry`] writes them, [`read`] reads them. Must
//! never take for a write what another program could read otherwise: one key, one clock that
//! agrees with the event's time, one form of content.

use nostr::event::Kind;

use super::{
    BASE64, CLOCK_TAG, DELETED_TAG, ENCODING_TAG, ENTRY_KIND, EXPIRATION_TAG, Entry, EntryKey,
    EntryRank, EntryValue, Hlc, KEY_TAG,
};
use crate::{
    event::{Draft, EventOrder, expiration},
    time::UnixMs,
    topic::TopicName,
};

impl Draft {
    /// A write to an entry (kind 30078): a value, or `None` to delete the key. With `expires_at`
    /// it counts as deleted from the next full second on.
    pub fn entry(
        topic: &TopicName,
        key: &EntryKey,
        value: Option<&EntryValue<'_>>,
        clock: Hlc,
        expires_at: Option<UnixMs>,
    ) -> Self {
        let (content, is_base64) = value.map(EntryValue::to_content).unwrap_or_default();
        let mut draft = Self::new(Kind::from_u16(ENTRY_KIND), topic, &content, clock.at());
        let tag = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect();
        draft.tags.push(tag(&[KEY_TAG, key.as_str()]));
        draft.tags.push(clock.to_tag());
        if is_base64 {
            draft.tags.push(tag(&[ENCODING_TAG, BASE64]));
        }
        if value.is_none() {
            draft.tags.push(tag(&[DELETED_TAG]));
        }
        if let Some(at) = expires_at {
            let seconds = at.0.div_ceil(1_000).to_string();
            draft.tags.push(tag(&[EXPIRATION_TAG, &seconds]));
        }
        draft
    }
}

/// The write that an event is, if it is one.
pub(crate) fn read(event: &nostr::event::Event, order: EventOrder) -> Option<Entry<'_>> {
    let key = only(event, KEY_TAG)??;
    let clock = only(event, CLOCK_TAG)??;
    let clock = Hlc::from_tag(clock).filter(|clock| clock.at() == order.at())?;
    let [_, key] = key else { return None };
    let value = match (only(event, DELETED_TAG)?, only(event, ENCODING_TAG)?) {
        (None, None) => Some(EntryValue::from_text(&event.content)?),
        (None, Some([_, encoding])) if encoding == BASE64 => {
            Some(EntryValue::from_base64(&event.content)?)
        }
        (Some([_]), None) if event.content.is_empty() => None,
        _ => return None,
    };
    Some(Entry {
        // Under what is no key nothing is written.
        key: EntryKey::new(key).ok()?,
        rank: EntryRank {
            clock,
            author: crate::AuthorId(event.pubkey.to_bytes()),
            id: order.id,
        },
        value,
        expires_at: expiration(event),
    })
}

/// The tag of this name: outside `None` if there are several.
fn only<'a>(event: &'a nostr::event::Event, name: &str) -> Option<Option<&'a [String]>> {
    let mut tags = event.tags.iter().map(|tag| tag.as_slice());
    let mut named = tags.by_ref().filter(|tag| tag[0] == name);
    let first = named.next();
    named.next().is_none().then_some(first)
}
