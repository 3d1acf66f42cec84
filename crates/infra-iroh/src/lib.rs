//! The adapter for iroh: everything that touches the network.
//!
//! Owns the one endpoint of a process ([`Network`]) with gossip, `/kukuri/meet/1` and
//! `/kukuri/sync/1` on it, discovery on the local network ([`MdnsSource`]) and on the BitTorrent
//! Mainline DHT ([`dht`]). Must never decide whom to dial or what to believe, and no type of iroh
//! shows in what the application sees.

pub mod dht;
pub mod probe;
pub mod testnet;

mod address;
mod connect;
mod connections;
mod endpoint;
mod gossip;
mod known;
mod machine;
mod mdns;
mod meet;
mod network;
mod stream;
mod sync;
mod tasks;
mod topics;

pub use address::peer_id_of;
pub use endpoint::{NetworkConfig, NetworkMode};
pub use mdns::MdnsSource;
pub use network::Network;
