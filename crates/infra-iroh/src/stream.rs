//! Frames on a QUIC stream: each is preceded by its length (u32, big-endian).
//!
//! Owns the length prefix and its limit. Must never trust a length: what is longer than the
//! limit is refused before a byte of it is read or room is made for it.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Why a frame was not read or written.
#[derive(Debug, Error)]
pub(crate) enum StreamError {
    /// The peer announced more than the limit of its protocol.
    #[error("a frame of {0} bytes, more than allowed")]
    TooLarge(u64),
    /// The stream ended where a frame was due, or within one.
    #[error("the stream ended too early")]
    Ended,
    /// The stream or its connection failed.
    #[error("the connection failed: {0}")]
    Io(io::Error),
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Ended,
            _ => Self::Io(error),
        }
    }
}

/// Writes one frame in one piece, so that a short one leaves in one packet.
pub(crate) async fn write_frame(
    stream: &mut (impl AsyncWrite + Unpin),
    frame: &[u8],
) -> Result<(), StreamError> {
    let length =
        u32::try_from(frame.len()).map_err(|_| StreamError::TooLarge(frame.len() as u64))?;
    let mut bytes = Vec::with_capacity(4 + frame.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame);
    stream.write_all(&bytes).await?;
    Ok(())
}

/// Reads one frame of at most `bytes_max` bytes.
pub(crate) async fn read_frame(
    stream: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> Result<Vec<u8>, StreamError> {
    let length = stream.read_u32().await?;
    if length as usize > bytes_max {
        return Err(StreamError::TooLarge(u64::from(length)));
    }
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame).await?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    fn read(mut bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, StreamError> {
        let read = read_frame(&mut bytes, bytes_max).now_or_never();
        read.expect("reading from memory never waits")
    }

    #[test]
    fn a_frame_reads_back() {
        let mut bytes = Vec::new();
        let written = write_frame(&mut bytes, b"hello").now_or_never();
        written
            .expect("writing to memory never waits")
            .expect("it fits");
        assert_eq!(bytes, b"\0\0\0\x05hello");
        assert_eq!(read(&bytes, 5).expect("a frame"), b"hello");
    }

    #[test]
    fn the_limit_is_checked_before_the_body_is_there() {
        assert!(matches!(
            read(&[0xff; 4], 5),
            Err(StreamError::TooLarge(0xffff_ffff))
        ));
        assert!(matches!(
            read(b"\0\0\0\x06hello!", 5),
            Err(StreamError::TooLarge(6))
        ));
        assert!(matches!(
            read(b"\0\0\0\x05hell", 5),
            Err(StreamError::Ended)
        ));
        assert!(matches!(read(b"\0\0", 5), Err(StreamError::Ended)));
    }

    proptest! {
        #[test]
        fn parser_frames_never_panic_or_grow_beyond_the_limit(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            bytes_max in 0_usize..64,
        ) {
            if let Ok(frame) = read(&bytes, bytes_max) {
                prop_assert!(frame.len() <= bytes_max);
                prop_assert_eq!(&bytes[4..4 + frame.len()], &frame[..]);
            }
        }
    }
}
