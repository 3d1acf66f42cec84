//! What kukuri does, apart from how it is stored and sent.
//!
//! Owns: the ports, the pure machines of one joined topic (`session`) and of finding its members
//! (`discovery`), the engine that drives them with tasks and timers, and the use cases. Must
//! never know an adapter: no SQL, no QUIC, no file, no keyring; and no use case may announce
//! what the store has not committed.

pub mod discovery;
pub mod engine;
pub mod keys;
pub mod ports;
pub mod session;
pub mod sync_set;
pub mod views;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
