//! A stock `distributed-topic-tracker` node driven by lines of JSON; see `kukuri_tests::stock`.

use clap::Parser;
use kukuri_tests::{stock, trace};

/// A stock node driven by lines of JSON, for tests.
#[derive(Parser)]
struct Args {
    /// Bootstrap nodes of its address lookup as `host:port`
    #[arg(long)]
    dht: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    trace::to_stderr();
    stock::serve(&Args::parse().dht).await
}
