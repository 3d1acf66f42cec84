//! The rules of kukuri as pure types and functions.
//!
//! Owns: topics and their key schedule, events and who may post them where, entries and their merge, peers, the bytes
//! of every frame, and every limit. Must never: do I/O, read a clock, draw a random number, or
//! know a runtime. Time and randomness are arguments, so each rule can be tested as a table
//! and replayed by a simulator.

pub mod entry;
pub mod event;
pub mod limits;
pub mod peer;
pub mod presence;
pub mod search;
mod text_form;
pub mod time;
pub mod topic;
pub mod wire;

pub use entry::{EntryKey, EntryValue, Hlc};
pub use event::{AuthorId, DeviceId, EventId, EventOrder, EventRef, SignedEvent, VerifiedEvent};
pub use peer::{PeerAddress, PeerId};
pub use time::{Now, UnixMs};
pub use topic::{Epoch, TopicId, TopicKeys, TopicName, TopicRef};
