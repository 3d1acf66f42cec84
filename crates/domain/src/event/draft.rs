//! Drafts: what a member is about to sign.
//!
//! Owns the tags of each kind of event that kukuri writes. Every draft of what is stored names its
//! topic and the millisecond of its time; the tags of entries are [`crate::entry`]'s. Must never
//! read what it writes: that is `meaning`'s.

use nostr::{
    event::{Event, Kind, Signature, Tag, Tags, UnsignedEvent},
    key::PublicKey,
    types::Timestamp,
};

use super::{
    AuthorId, ENDPOINT_KIND, ENDPOINT_TAG, EventId, MS_TAG, Meaning, Profile, ShapeError,
    SignedEvent, TOPIC_TAG,
};
use crate::{limits::REPLY_AUTHORS_MAX, peer::PeerId, time::UnixMs, topic::TopicName};

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// NIP-01 kind.
    pub kind: u16,
    /// Tags, in order.
    pub tags: Vec<Vec<String>>,
    /// The text.
    pub content: String,
    /// When it is said to have been written.
    pub at: UnixMs,
}

impl Draft {
    /// A post (kind 1) in a public topic.
    pub fn post(topic: &TopicName, content: &str, at: UnixMs) -> Self {
        Self::new(Kind::TextNote, topic, content, at)
    }

    /// A post that answers another one, with the marked tags of NIP-10. Whoever was addressed by
    /// the post is addressed by the answer, too.
    pub fn reply(topic: &TopicName, to: &SignedEvent, content: &str, at: UnixMs) -> Self {
        let root = match to.meaning() {
            Meaning::Post { reply: Some(reply) } => reply.root,
            _ => to.id(),
        };
        let mut draft = Self::post(topic, content, at);
        draft.tags.push(marked(root, "root"));
        if root != to.id() {
            draft.tags.push(marked(to.id(), "reply"));
        }
        let author = to.author().to_string();
        let mut addressed = vec![author];
        for tag in to.tags().filter(|tag| tag[0] == "p") {
            if let Some(other) = tag.get(1)
                && !addressed.contains(other)
                && addressed.len() < REPLY_AUTHORS_MAX
            {
                addressed.push(other.clone());
            }
        }
        draft
            .tags
            .extend(addressed.iter().map(|author| pair("p", author)));
        draft
    }

    /// A reaction (kind 7, NIP-25) to a post: a sign or a short word.
    pub fn reaction(topic: &TopicName, to: &SignedEvent, content: &str, at: UnixMs) -> Self {
        let mut draft = Self::new(Kind::Reaction, topic, content, at);
        draft.tags.extend([
            pair("e", &to.id().to_string()),
            pair("p", &to.author().to_string()),
            pair("k", &to.kind().to_string()),
        ]);
        draft
    }

    /// A request to delete an own event (kind 5, NIP-09).
    pub fn deletion(topic: &TopicName, target: EventId, kind: u16, at: UnixMs) -> Self {
        let mut draft = Self::new(Kind::EventDeletion, topic, "", at);
        draft
            .tags
            .extend([pair("e", &target.to_string()), pair("k", &kind.to_string())]);
        draft
    }

    /// What an author tells about themselves (kind 0, NIP-01).
    pub fn profile(topic: &TopicName, profile: &Profile, at: UnixMs) -> Self {
        Self::new(Kind::Metadata, topic, &profile.to_json(), at)
    }

    /// The statement that an endpoint is this author's: an ephemeral event of no topic, given to
    /// whoever asks that endpoint.
    pub fn endpoint(peer: PeerId, at: UnixMs) -> Self {
        Self {
            kind: ENDPOINT_KIND,
            tags: vec![pair(ENDPOINT_TAG, &peer.to_string())],
            content: String::new(),
            at,
        }
    }

    pub(crate) fn new(kind: Kind, topic: &TopicName, content: &str, at: UnixMs) -> Self {
        Self {
            kind: kind.as_u16(),
            tags: vec![
                pair(TOPIC_TAG, topic.as_str()),
                pair(MS_TAG, &at.subsec_ms().to_string()),
            ],
            content: content.to_owned(),
            at,
        }
    }

    /// The event that it becomes by the author's signature (BIP-340) of its id, which `sign` makes.
    /// Whether that is genuine only [`SignedEvent::verify`] tells.
    ///
    /// # Errors
    /// [`ShapeError`].
    pub fn signed(
        self,
        author: AuthorId,
        sign: impl FnOnce(EventId) -> [u8; 64],
    ) -> Result<SignedEvent, ShapeError> {
        let unsigned = self.unsigned(author)?;
        let id = unsigned.compute_id();
        SignedEvent::new(Event::new(
            id,
            unsigned.pubkey,
            unsigned.created_at,
            unsigned.kind,
            unsigned.tags,
            unsigned.content,
            Signature::from_byte_array(sign(EventId(id.to_bytes()))),
        ))
    }

    /// The form that an author signs.
    ///
    /// # Errors
    /// [`ShapeError::EmptyTag`] when a tag has no name.
    pub fn unsigned(self, author: AuthorId) -> Result<UnsignedEvent, ShapeError> {
        let tags = self
            .tags
            .into_iter()
            .map(|tag| Tag::parse(tag).map_err(|_| ShapeError::EmptyTag))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(UnsignedEvent::new(
            PublicKey::from_byte_array(author.0),
            Timestamp::from_secs(self.at.secs()),
            Kind::from_u16(self.kind),
            Tags::from_list(tags),
            self.content,
        ))
    }
}

fn pair(name: &str, value: &str) -> Vec<String> {
    vec![name.to_owned(), value.to_owned()]
}

/// The third place is a relay, of which we have none.
fn marked(id: EventId, marker: &str) -> Vec<String> {
    vec![
        "e".to_owned(),
        id.to_string(),
        String::new(),
        marker.to_owned(),
    ]
}
