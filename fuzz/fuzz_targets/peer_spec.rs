//! A peer in the configuration.

#![no_main]

use kukuri_domain::peer::PeerSpec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(spec) = text.parse::<PeerSpec>() {
        assert_eq!(spec.to_string().parse::<PeerSpec>(), Ok(spec));
    }
});
