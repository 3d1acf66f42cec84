//! Bytes of a frame on a sync stream.

#![no_main]

use kukuri_domain::wire::SyncFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = SyncFrame::decode(bytes) {
        assert_eq!(SyncFrame::decode(&frame.encode()).as_ref(), Ok(&frame));
        if let SyncFrame::Event(event) = frame
            && let Ok(signed) = event.clone().into_signed()
        {
            assert_eq!(signed.to_wire(), event);
        }
    }
});
