//! What the end-to-end tests and the benches are made of: whole nodes, private networks, figures.
//!
//! Owns the harness; the tests themselves are in `tests/e2e`, the figures in `src/bin/bench`.
//! Must never be known by a crate of the product, and never send a packet to the internet: nodes
//! bind loopback, or live in network namespaces of their own.

pub mod disk;
pub mod netns;
pub mod node;
pub mod notices;
pub mod public_dht;
pub mod raw;
pub mod script;
pub mod stats;
pub mod stock;
pub mod trace;
pub mod window;
