//! Fakes, mocks and contract suites for tests of this crate and of the adapters.
//!
//! Owns in-memory stand-ins for every port. Must never be reached by an ordinary command: it is
//! compiled for tests and under the feature `testing` only.

pub mod book;
pub mod clock;
pub mod contract;
pub mod contract_vault;
pub mod network;
pub mod store;
pub mod vault;
