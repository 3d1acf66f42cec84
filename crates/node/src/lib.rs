//! A node as one running thing: its profile's folder, its configuration, its start and its end.
//!
//! Owns: configuration from file, environment and flags; the profile's folder and its lock; the
//! order of starting and stopping; the control socket; the log; the machine's clocks and signals; and [`Client`], the
//! one API of commands and desktop. Must never know an adapter: which database, network and vault
//! a node has is chosen in each binary's `main.rs` and handed in as ports.

pub mod client;
pub mod config;
pub mod control;
pub mod home;
pub mod identity_file;
pub mod lock;
pub mod logs;
pub mod node;
pub mod platform;
pub mod watch;

pub use client::{Client, ClientError, NodeEvents, TopicEvents};
pub use config::{ConfigError, Settings};
pub use home::{Home, HomeError};
pub use identity_file::{IdentityFile, IdentityFileError, PublicKeys};
pub use lock::{LockError, ProfileLock};
pub use node::{Node, Parts};
