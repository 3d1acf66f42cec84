//! One topic's session, seen from outside: what it is told and what it wants done.

mod bench;
mod fetching;
mod healing;
mod horizons;
mod incoming;
mod outgoing;
mod pair;
mod properties;
mod receipts;
mod stalled;
mod swarm;
mod syncing;
