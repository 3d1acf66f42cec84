//! A swarm of kukuri nodes on a virtual clock.
//!
//! The nodes run the product's own `session` and `discovery` and iroh-gossip's own protocol; what
//! lies between them - connections, the DHT, disks and clocks - is made up here and goes wrong
//! as a seed says: messages are lost, late, doubled and overtaken, the network falls apart, a
//! process is killed, clocks differ, a neighbour swallows what it should pass on. A run is judged
//! by rules ([`rules`]) and can be repeated exactly by its seed.
//!
//! Must never hold a rule of the product: what a node does is decided by the product alone. Of
//! the driver of iroh-gossip and of our adapter over it (`infra-iroh`) the traits are copied that
//! decide who hears whom: when a connection is opened, replaced, given up.

pub mod author;
mod dht;
pub mod many;
mod node;
pub mod plan;
mod queue;
pub mod rules;
mod store;
pub mod world;

pub use plan::Plan;
pub use rules::{Broken, Sabotage};
pub use world::{Report, World};
