//! What an event says: posts and answers, reactions, deletions, profiles, entries.
//!
//! Owns how the tags of NIP-01, NIP-09, NIP-10 and NIP-25 are read; those of entries are
//! [`crate::entry`]'s. Must never reject an event:
//! what does not make sense to us is [`Meaning::Other`], kept and passed on like the rest.

use nostr::event::Kind;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{ENDPOINT_KIND, ENDPOINT_TAG, EventId, is_post, order_of};
use crate::{
    entry::{self, ENTRY_KIND, Entry},
    limits::{PROFILE_ABOUT_CHARS_MAX, PROFILE_NAME_CHARS_MAX, REACTION_BYTES_MAX},
    peer::PeerId,
};

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// A post.
    Post {
        /// What it answers.
        reply: Option<Reply>,
    },
    /// A reaction to an event (NIP-25).
    Reaction {
        /// To which.
        target: EventId,
        /// A sign or a word; `+` for approval.
        content: &'a str,
    },
    /// The author takes events of their own back (NIP-09).
    Deletion {
        /// Which. Those of others are not meant, whatever it says.
        targets: Vec<EventId>,
    },
    /// What the author tells about themselves.
    Profile(Profile),
    /// The author says that this endpoint is theirs. Believe it only from that endpoint itself.
    Endpoint(PeerId),
    /// A write to an entry.
    Entry(Entry<'a>),
    /// Anything else.
    Other,
}

/// Which post another one answers (NIP-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Reply {
    /// The first post of the thread.
    pub root: EventId,
    /// The post that is answered: the root itself for a direct answer.
    pub parent: EventId,
}

impl<'a> Meaning<'a> {
    pub(super) fn of(event: &'a nostr::event::Event) -> Self {
        match event.kind {
            Kind::Metadata => Profile::from_json(&event.content).map_or(Self::Other, Self::Profile),
            Kind::EventDeletion => Self::Deletion {
                targets: ids(event, "e").collect(),
            },
            Kind::Reaction => reaction(event),
            kind if kind.as_u16() == ENDPOINT_KIND => {
                endpoint(event).map_or(Self::Other, Self::Endpoint)
            }
            kind if kind.as_u16() == ENTRY_KIND => {
                entry::read(event, order_of(event)).map_or(Self::Other, Self::Entry)
            }
            kind if is_post(kind.as_u16()) => Self::Post {
                reply: reply(event),
            },
            _ => Self::Other,
        }
    }
}

/// The endpoint of a statement that names exactly one.
fn endpoint(event: &nostr::event::Event) -> Option<PeerId> {
    let mut named = event.tags.iter().filter(|tag| tag.kind() == ENDPOINT_TAG);
    match (named.next(), named.next()) {
        // What is no endpoint id is no statement.
        (Some(tag), None) => tag.content()?.parse().ok(),
        _ => None,
    }
}

/// NIP-25: the last `e` tag is the target, and an empty content is approval.
fn reaction(event: &nostr::event::Event) -> Meaning<'_> {
    let content = match event.content.trim() {
        "" => "+",
        content => content,
    };
    match ids(event, "e").last() {
        Some(target) if content.len() <= REACTION_BYTES_MAX => {
            Meaning::Reaction { target, content }
        }
        _ => Meaning::Other,
    }
}

/// NIP-10: by markers; without any, by place: the first `e` tag is the root, the last the parent.
/// NIP-C7: a chat message answers what it quotes.
fn reply(event: &nostr::event::Event) -> Option<Reply> {
    if event.kind.as_u16() == 9 {
        let parent = ids(event, "q").next()?;
        return Some(Reply {
            root: parent,
            parent,
        });
    }
    let tags = event.tags.iter().map(|tag| tag.as_slice());
    let references: Vec<(EventId, &str)> = tags
        .filter(|tag| tag[0] == "e")
        .filter_map(|tag| {
            let marker = tag.get(3).map_or("", String::as_str);
            // What is no id refers to nothing.
            Some((tag.get(1)?.parse().ok()?, marker))
        })
        .collect();
    let marked = |wanted: &str| {
        let found = references.iter().find(|(_, marker)| *marker == wanted);
        found.map(|(id, _)| *id)
    };
    match (marked("root"), marked("reply")) {
        (Some(root), parent) => Some(Reply {
            root,
            parent: parent.unwrap_or(root),
        }),
        (None, Some(parent)) => Some(Reply {
            root: parent,
            parent,
        }),
        (None, None) => {
            let unmarked = references.iter().filter(|(_, marker)| marker.is_empty());
            let ids: Vec<EventId> = unmarked.map(|(id, _)| *id).collect();
            Some(Reply {
                root: *ids.first()?,
                parent: *ids.last()?,
            })
        }
    }
}

/// The well-formed ids in the tags of this name.
fn ids<'a>(event: &'a nostr::event::Event, name: &'a str) -> impl Iterator<Item = EventId> + 'a {
    let tags = event.tags.iter().map(|tag| tag.as_slice());
    tags.filter(move |tag| tag[0] == name)
        // What is no id refers to nothing.
        .filter_map(|tag| tag.get(1)?.parse().ok())
}

/// What an author tells about themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What others shall call them.
    pub name: String,
    /// A few words.
    pub about: Option<String>,
}

/// Why a text cannot be part of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// There is nothing in it.
    #[error("a name has at least one character that can be seen")]
    EmptyName,
    /// Too long.
    #[error("a name has at most {PROFILE_NAME_CHARS_MAX} characters, this one has {0}")]
    LongName(usize),
    /// Too long.
    #[error("a description has at most {PROFILE_ABOUT_CHARS_MAX} characters, this one has {0}")]
    LongAbout(usize),
    /// Line ends and the like.
    #[error("a name has no line ends and no control characters")]
    Control,
}

/// The fields of kind 0 that we know. `display_name` (NIP-24) is the richer form of `name`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

impl Profile {
    /// What a person says about themselves, without the spaces around it.
    ///
    /// # Errors
    /// [`ProfileError`] says what is wrong with it.
    pub fn new(name: &str, about: Option<&str>) -> Result<Self, ProfileError> {
        let name = name.trim();
        let about = about.map(str::trim).filter(|about| !about.is_empty());
        if name.chars().any(char::is_control) {
            return Err(ProfileError::Control);
        }
        if !name.chars().any(is_visible) {
            return Err(ProfileError::EmptyName);
        }
        let long = |text: &str, max: usize| Some(text.chars().count()).filter(|chars| *chars > max);
        if let Some(chars) = long(name, PROFILE_NAME_CHARS_MAX) {
            return Err(ProfileError::LongName(chars));
        }
        if let Some(chars) = about.and_then(|about| long(about, PROFILE_ABOUT_CHARS_MAX)) {
            return Err(ProfileError::LongAbout(chars));
        }
        Ok(Self {
            name: name.to_owned(),
            about: about.map(str::to_owned),
        })
    }

    /// What others said about themselves, cut to our limits; `None` without a name.
    fn from_json(json: &str) -> Option<Self> {
        // What is no profile to us is kept and passed on like any other event.
        let metadata: Metadata = serde_json::from_str(json).ok()?;
        let names = [metadata.display_name, metadata.name];
        let name = names.into_iter().flatten().map(|name| one_line(&name));
        let name = name.into_iter().find(|name| name.chars().any(is_visible))?;
        let about = metadata
            .about
            .map(|about| cut(&about, PROFILE_ABOUT_CHARS_MAX));
        Some(Self {
            name: cut(&name, PROFILE_NAME_CHARS_MAX),
            about: about.filter(|about| !about.is_empty()),
        })
    }

    /// The content of kind 0.
    pub fn to_json(&self) -> String {
        let metadata = Metadata {
            name: Some(self.name.clone()),
            about: self.about.clone(),
            ..Metadata::default()
        };
        serde_json::to_string(&metadata).expect("texts have a JSON form")
    }
}

/// Whether a reader sees anything of it: no space, and none of the format characters by which
/// names could be made to look empty or like others.
fn is_visible(c: char) -> bool {
    let is_format = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    !c.is_whitespace() && !c.is_control() && !is_format
}

fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    line.trim().to_owned()
}

fn cut(text: &str, chars: usize) -> String {
    let cut: String = text.trim().chars().take(chars).collect();
    cut.trim_end().to_owned()
}
