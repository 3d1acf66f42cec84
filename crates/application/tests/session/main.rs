//! One topic's session, seen from outside: what it is told and what it wants done.

mod bench;
mod fetching;
mod incoming;
mod outgoing;
mod properties;
mod receipts;
mod stalled;
mod swarm;
mod syncing;
