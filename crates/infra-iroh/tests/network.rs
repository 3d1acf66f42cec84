//! Several real endpoints in one process, over QUIC on the loopback address.

#[path = "network/latency.rs"]
mod latency;
#[path = "network/links.rs"]
mod links;
#[path = "network/meet.rs"]
mod meet;
#[path = "network/netns.rs"]
mod netns;
#[path = "network/pkarr.rs"]
mod pkarr;
#[path = "network/support.rs"]
mod support;
#[path = "network/sync.rs"]
mod sync;
