//! Whole nodes against each other, on loopback or in network namespaces of their own.
//!
//! Owns one test binary, because linking is what takes long. Must never reach the internet.

mod conversation;
mod desktop;
mod desktop_burst;
mod desktop_notices;
mod entries;
mod full_disk;
mod history;
mod hostile;
mod interop;
mod islands;
mod kills;
mod lan;
mod meeting;
mod offline;
mod processes;
mod reconnect;
mod replay;
mod simulated;
mod sources;
mod swallowing;

use std::time::Duration;

/// Far more than anything takes, for a machine that builds something else meanwhile.
const LIMIT: Duration = Duration::from_secs(30);
