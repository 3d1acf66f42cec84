//! What a stranger left in a topic's slot in the DHT.

#![no_main]

use kukuri_infra_iroh::dht::{ACTIVE_PEERS_MAX, SlotKeys, decode_record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let keys = SlotKeys::derive([1; 32], &[2; 32], 29_926_800);
    if let Ok(record) = decode_record(bytes, &keys) {
        assert!(record.active_peers.len() <= ACTIVE_PEERS_MAX);
    }
});
