//! The NIP-01 JSON of an event.

#![no_main]

use kukuri_domain::SignedEvent;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(event) = SignedEvent::from_json(text) {
        assert_eq!(
            SignedEvent::from_json(&event.to_json()).as_ref(),
            Ok(&event)
        );
        assert_eq!(event.to_wire().into_signed().as_ref(), Ok(&event));
        assert!(event.order().ms < 1_000);
    }
});
