//! placeholder

pub mod dht;
pub mod testnet;
