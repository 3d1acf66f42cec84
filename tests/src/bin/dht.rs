//! A private Mainline DHT in the foreground (`cargo xtask dht`).
//!
//! Must never reach a public bootstrap node; `infra_iroh::testnet` sees to that.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use clap::Parser;
use kukuri_infra_iroh::testnet::{PrivateDht, PrivateDhtConfig};
use kukuri_node::platform::StopSignals;
use kukuri_tests::public_dht::PublicDht;

/// A private Mainline DHT in the foreground, until Ctrl-C or SIGTERM.
#[derive(Parser)]
#[command(version = None)]
struct Args {
    /// Number of nodes
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=500))]
    nodes: u16,

    /// UDP port of the bootstrap node; 0 lets the system choose
    #[arg(long, default_value_t = 6881)]
    port: u16,

    /// The IPv4 address by which the nodes know each other; one of this machine's own, if nodes
    /// of other machines are to use the DHT
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST)]
    host: Ipv4Addr,

    /// Stop a third of the nodes once all know each other, as in a real network, where tables are
    /// never quite up to date
    #[arg(long)]
    dead_third: bool,

    /// Listen on both ports of the public bootstrap nodes, where the public names lead here
    #[arg(long, hide = true, conflicts_with_all = ["port", "host", "dead_third"])]
    public_ports: bool,

    /// Say in JSON when it is ready
    #[arg(long, hide = true)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut signals = StopSignals::listen().context("failed to listen for signals")?;
    if args.public_ports {
        let _dht = PublicDht::start(usize::from(args.nodes)).await?;
        return serve(&args, &mut signals).await;
    }
    let config = PrivateDhtConfig {
        nodes: usize::from(args.nodes),
        first_port: Some(args.port).filter(|port| *port != 0),
        host: args.host,
    };
    let started = PrivateDht::start_with(config).await;
    let mut dht = started.with_context(|| {
        format!(
            "failed to start a DHT on UDP port {}; is it in use?",
            args.port
        )
    })?;
    if args.dead_third {
        let killed = dht.kill(usize::from(args.nodes) / 3);
        println!("stopped {killed} of {} nodes", args.nodes);
    }
    for address in dht.bootstrap() {
        println!("bootstrap {address}");
        println!("use it with KUKURI_DISCOVERY__DHT__BOOTSTRAP={address}");
    }
    println!("{} nodes run; Ctrl-C stops them", dht.len());
    serve(&args, &mut signals).await
}

async fn serve(args: &Args, signals: &mut StopSignals) -> anyhow::Result<()> {
    if args.json {
        println!("{}", serde_json::json!({"type": "ready"}));
    }
    signals.next().await;
    Ok(())
}
