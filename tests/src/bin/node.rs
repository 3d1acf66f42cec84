//! A node driven by lines of JSON on standard input; see `kukuri_tests::script`.

use clap::Parser;
use kukuri_tests::{
    script::{NodeArgs, serve},
    trace,
};

/// A node driven by lines of JSON, for tests.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    node: NodeArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    trace::to_stderr();
    serve(&Args::parse().node).await
}
