//! Bytes of a gossip message.

#![no_main]

use kukuri_domain::wire::GossipFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = GossipFrame::decode(bytes) {
        assert_eq!(GossipFrame::decode(&frame.encode()).as_ref(), Ok(&frame));
        if let GossipFrame::Event(event) = frame
            && let Ok(signed) = event.clone().into_signed()
        {
            assert_eq!(signed.to_wire(), event);
        }
    }
});
