//! Owns everything that touches the BitTorrent Mainline DHT: one client per process
//! ([`DhtClient`]), the per-minute slots in which members of a topic leave their records
//! ([`SlotTracker`]), and the addresses of endpoints ([`DhtAddressLookup`]).
//!
//! It must never open a second client, serve other people's queries, resolve a name inside the
//! DHT crate, or construct the stock tracker's `RecordPublisher` (which owns a client of its own
//! and prints the secret in its `Debug`). Why each of these: `docs/adr`, the tracker driver.
//!
//! What comes from the DHT was written by strangers: it is verified, counted when it is wrong,
//! and never an error that ends a loop.

mod address_lookup;
mod bootstrap;
mod client;
mod put_queue;
mod read_only;
mod slots;
mod source;
mod tracker;

pub use address_lookup::{
    AddressLookupConfig, DHT_PROVENANCE, DhtAddressLookup, PublishedAddresses,
};
pub(crate) use bootstrap::resolve;
pub use client::{DhtClient, DhtConfig, DhtError, DhtStatus, PUBLIC_BOOTSTRAP};
pub use put_queue::{PutQueueError, PutRate};
pub use slots::{
    ACTIVE_PEERS_MAX, RecordError, SlotKeys, SlotRecord, decode_record, encode_record,
};
pub use source::DhtSource;
pub use tracker::{PublishError, SlotRecords, SlotTracker, TrackerPolicy, TrackerStats};
