//! Whole nodes against each other, on loopback or in network namespaces of their own.
//!
//! Owns one test binary, because linking is what takes long. Must never reach the internet.

mod meeting;
