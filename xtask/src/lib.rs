//! The developer commands of kukuri, as a library so that tests can reach their pure parts.
//!
//! `xtask` knows no product crate: it starts `cargo` and reads what cargo says, so that it
//! still builds and answers when the product does not compile.

pub mod coverage;
pub mod desktop;
pub mod doctor;
pub mod groups;
pub mod layers;
pub mod prerequisite;
pub mod suite;
pub mod workspace;
