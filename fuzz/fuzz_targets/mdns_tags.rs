//! The user data of an mDNS record.

#![no_main]

use kukuri_domain::wire::{decode_mdns_tags, encode_mdns_tags};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(tags) = decode_mdns_tags(text) {
        assert_eq!(encode_mdns_tags(&tags), text);
    }
});
