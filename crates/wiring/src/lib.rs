//! How a profile's node is put together and come by: what both programs, `kukuri` and
//! `kukuri-desktop`, do alike.
//!
//! Owns the choice of adapters (SQLite, iroh, the DHT, keyring or sealed file), the order in which
//! a node comes up, the way to a client of a profile, and what is told when that fails. Must never
//! talk to a screen: whoever is to be asked or told stands behind [`Person`].

pub mod access;
pub mod checks;
pub mod failure;
pub mod keys;
mod place;
pub mod start;

pub use access::{Access, Need, Role};
pub use failure::{Exit, Failure};
pub use place::{Person, Place, Reason};
pub use start::{Plan, Running};
