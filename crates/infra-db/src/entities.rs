//! The tables as sea-orm sees them.
//!
//! Owns one entity per table that is read or written row by row. Must never leave this crate;
//! `convert` turns rows into the domain's types and back.

pub(crate) mod dht_node;
pub(crate) mod event;
pub(crate) mod known_peer;
pub(crate) mod topic;
