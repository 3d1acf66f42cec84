//! Bytes of a frame on a meet stream.

#![no_main]

use kukuri_domain::wire::MeetFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = MeetFrame::decode(bytes) {
        assert_eq!(MeetFrame::decode(&frame.encode()).as_ref(), Ok(&frame));
    }
});
