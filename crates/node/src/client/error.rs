//! Why a request was not fulfilled: in a form that is the same in this process, over the control
//! socket, in JSON and on a screen.

use std::error::Error as StdError;

use kukuri_application::{
    engine::{JoinError, PostError, TopicClosed},
    ports::{IdentityError, NetworkError, StoreError},
};
use kukuri_domain::{
    EntryKey, EventId, EventRef, TopicName, TopicRef,
    entry::{EntryKeyError, ValueError},
    event::{AdmissionError, ProfileError, ShapeError},
    limits::EVENT_BYTES_MAX,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What kind of error it is: stable, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The topic is not joined.
    NotJoined,
    /// There is no such event.
    NoEvent,
    /// The key holds nothing.
    NoEntry,
    /// The key holds another write than was expected.
    Conflict,
    /// More than one topic or post is meant.
    Ambiguous,
    /// Too large.
    TooLong,
    /// Nothing in it.
    Empty,
    /// The topic's rules do not allow it.
    Refused,
    /// Somebody else's, which cannot be changed here.
    NotYours,
    /// What is told about an author is not of the form that it must have.
    Profile,
    /// There is nothing to search for.
    Query,
    /// The signing key could not be used.
    Signing,
    /// The disk is full.
    DiskFull,
    /// The database cannot be written.
    ReadOnly,
    /// The database.
    Database,
    /// The network.
    Network,
    /// It needs a running node.
    NoNode,
    /// The node is stopping, or the connection to it was lost.
    Closed,
    /// The request is not of the form that was expected.
    Request,
    /// The other side is of another major version, or no kukuri.
    Protocol,
    /// Too many clients.
    Busy,
    /// Anything else, and what a newer version says.
    #[serde(other)]
    Unexpected,
}

impl Code {
    /// The name in JSON and on the control socket.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::NotJoined => "not_joined",
            Code::NoEvent => "no_event",
            Code::NoEntry => "no_entry",
            Code::Conflict => "conflict",
            Code::Ambiguous => "ambiguous",
            Code::TooLong => "too_long",
            Code::Empty => "empty",
            Code::Refused => "refused",
            Code::NotYours => "not_yours",
            Code::Profile => "profile",
            Code::Query => "query",
            Code::Signing => "signing",
            Code::DiskFull => "disk_full",
            Code::ReadOnly => "read_only",
            Code::Database => "database",
            Code::Network => "network",
            Code::NoNode => "no_node",
            Code::Closed => "closed",
            Code::Request => "request",
            Code::Protocol => "protocol",
            Code::Busy => "busy",
            Code::Unexpected => "unexpected",
        }
    }
}

/// Why a request was not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct ClientError {
    /// What kind of error it is.
    pub code: Code,
    /// What is so, for people.
    pub message: String,
    /// Its causes, outermost first.
    #[serde(default)]
    pub details: Vec<String>,
    /// What to do about it, where there is something to do.
    #[serde(default)]
    pub hint: Option<String>,
}

impl ClientError {
    /// An error without causes and hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            hint: None,
        }
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The node is stopping.
    pub fn closed() -> Self {
        Self::new(Code::Closed, "the node is stopping")
    }

    /// The topic is not joined.
    pub fn not_joined(topic: &TopicRef) -> Self {
        let error = Self::new(Code::NotJoined, format!("{topic} is not joined"));
        match topic {
            TopicRef::Name(name) => error.hint(format!("join it first: kukuri topic join {name}")),
            TopicRef::IdPrefix(_) => error.hint("see which topics are joined: kukuri topic list"),
        }
    }

    /// More than one topic is meant.
    pub(super) fn ambiguous(topic: &TopicRef, names: &[TopicName]) -> Self {
        let names: Vec<String> = names.iter().map(|name| format!("#{name}")).collect();
        let mut error = Self::new(Code::Ambiguous, format!("{topic} fits more than one topic"));
        error.details = names;
        error.hint("give more digits, or the name")
    }

    /// The topic does not hold this event.
    pub(super) fn no_event(id: EventId) -> Self {
        let message = format!("there is no event {} here", id.short());
        Self::new(Code::NoEvent, message)
            .hint("give the id of a post that `kukuri read` shows, or a time")
    }

    /// The topic holds no such post.
    pub(super) fn no_post(topic: &TopicName, post: EventRef) -> Self {
        let message = format!("there is no post {post} in #{topic}");
        Self::new(Code::NoEvent, message)
            .hint(format!("see the posts with their ids: kukuri read {topic}"))
    }

    /// The key holds nothing.
    pub fn no_entry(key: &EntryKey) -> Self {
        let message = format!("there is no entry '{}' here", key.as_str().escape_debug());
        Self::new(Code::NoEntry, message).hint("see which there are: kukuri kv list TOPIC")
    }

    /// The key holds another write than was expected, or one where none was.
    fn conflict(key: &EntryKey, current: Option<EventId>) -> Self {
        let key = key.as_str().escape_debug();
        let message = match current {
            Some(id) => format!("the entry '{key}' is at revision {}", id.short()),
            None => format!("the entry '{key}' holds nothing"),
        };
        let mut error = Self::new(Code::Conflict, message);
        error.details = current.iter().map(ToString::to_string).collect();
        error.hint("read it again and decide anew: kukuri kv get TOPIC KEY")
    }

    /// More than one post is meant.
    pub(super) fn ambiguous_post(post: EventRef, ids: &[EventId]) -> Self {
        let message = format!("{post} fits more than one post");
        let mut error = Self::new(Code::Ambiguous, message);
        error.details = ids.iter().map(ToString::to_string).collect();
        error.hint("give more digits of the id")
    }

    /// The request needs a running node.
    pub(super) fn no_node() -> Self {
        Self::new(Code::NoNode, "no node is running for this profile").hint("start one: kukuri up")
    }

    fn of(code: Code, error: &dyn StdError) -> Self {
        let mut shown = Self::new(code, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            let line = error.to_string();
            if !shown.message.contains(&line) && !shown.details.contains(&line) {
                shown.details.push(line);
            }
            cause = error.source();
        }
        shown
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Closed => Self::closed(),
            StoreError::DiskFull(_) => Self::of(Code::DiskFull, &error)
                .hint("make room on this disk; nothing was half written"),
            StoreError::ReadOnly(_) => Self::of(Code::ReadOnly, &error)
                .hint("make the profile's folder and files writable for this user"),
            _ => Self::of(Code::Database, &error),
        }
    }
}

impl From<NetworkError> for ClientError {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Closed => Self::closed(),
            other => Self::of(Code::Network, &other),
        }
    }
}

impl From<JoinError> for ClientError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Store(error) => error.into(),
            JoinError::Network(error) => error.into(),
            JoinError::Stopping => Self::closed(),
        }
    }
}

impl From<TopicClosed> for ClientError {
    fn from(_: TopicClosed) -> Self {
        Self::closed()
    }
}

impl From<ProfileError> for ClientError {
    fn from(error: ProfileError) -> Self {
        Self::new(Code::Profile, error.to_string())
    }
}

impl From<AdmissionError> for ClientError {
    fn from(error: AdmissionError) -> Self {
        Self::new(Code::Refused, format!("the post was refused: {error}"))
    }
}

impl From<ShapeError> for ClientError {
    fn from(error: ShapeError) -> Self {
        match error {
            ShapeError::TooLarge(bytes) => Self::new(
                Code::TooLong,
                format!("the post has {bytes} bytes, at most {EVENT_BYTES_MAX} are possible"),
            )
            .hint("split it into several posts"),
            other => Self::new(Code::Refused, format!("the post was refused: {other}")),
        }
    }
}

impl From<EntryKeyError> for ClientError {
    fn from(error: EntryKeyError) -> Self {
        match error {
            EntryKeyError::Empty => Self::new(Code::Empty, error.to_string()),
            EntryKeyError::TooLong(_) => {
                Self::new(Code::TooLong, error.to_string()).hint("choose a shorter key")
            }
        }
    }
}

impl From<ValueError> for ClientError {
    fn from(error: ValueError) -> Self {
        Self::new(Code::TooLong, error.to_string())
            .hint("keep the bytes elsewhere, and here what leads to them")
    }
}

impl From<PostError> for ClientError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Empty => Self::new(Code::Empty, "an empty post is not sent"),
            PostError::NoEvent(id) => Self::no_event(id),
            PostError::NoEntry(key) => Self::no_entry(&key),
            PostError::Changed(key, current) => Self::conflict(&key, current),
            PostError::NotYours => Self::new(Code::NotYours, error.to_string())
                .hint("mute its author to see it no more: kukuri mute AUTHOR"),
            PostError::NoReaction => Self::new(Code::Refused, error.to_string()),
            PostError::Shape(error) => error.into(),
            PostError::Refused(error) => error.into(),
            PostError::Identity(IdentityError::Draft(error)) => error.into(),
            PostError::Identity(error) => {
                let mut shown = Self::of(Code::Signing, &error);
                shown.message = "the post could not be signed".to_owned();
                shown
            }
            PostError::Store(error) => error.into(),
            PostError::Closed(error) => error.into(),
        }
    }
}
