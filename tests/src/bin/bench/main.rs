//! The figures of the design, measured on this machine (`cargo xtask bench`).
//!
//! Owns one subcommand per row of the table of figures; each prints trials, failures,
//! percentiles, the target and the machine's load, and the exit code says whether every target
//! was met. Nodes are fresh in each trial: new keys, new topic, new database. Must never call a
//! target met that was not measured.

mod archive;
mod beside_docs;
mod crowd;
mod delivery;
mod entries;
mod flood;
mod halves;
mod history;
mod idle;
mod islands;
mod join;
mod known;
mod lan;
mod lossy;
mod lossy_lan;
mod posts;
mod store;
mod versus;
mod window;
mod writers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kukuri_tests::{
    script::{self, NodeArgs},
    stats::Report,
    trace,
};

/// Nodes of the private DHT in every measurement.
const DHT_NODES: usize = 30;

/// Measures the figures of the design on this machine.
#[derive(Parser)]
#[command(version = None)]
struct Args {
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Subcommand)]
enum Figure {
    /// Join by name, DHT only, one member present
    Join {
        #[arg(long, default_value_t = 100)]
        trials: usize,
    },
    /// Two members start at the same time, DHT only
    JoinBoth {
        #[arg(long, default_value_t = 100)]
        trials: usize,
    },
    /// Both of these with a third of the DHT's nodes dead
    JoinDead {
        #[arg(long, default_value_t = 100)]
        trials: usize,
    },
    /// Against the driver of `distributed-topic-tracker` (needs root, for a namespace)
    VersusStock {
        #[arg(long, default_value_t = 20)]
        trials: usize,
        /// Runs inside the namespace already
        #[arg(long, hide = true)]
        inside: bool,
    },
    /// Two islands of five come to share a DHT (needs root, for namespaces)
    Islands {
        #[arg(long, default_value_t = 20)]
        trials: usize,
        /// Trials at the same time
        #[arg(long, default_value_t = 4)]
        at_once: usize,
    },
    /// Ten nodes are cut into two halves that both go on (needs root and iptables)
    Halves {
        #[arg(long, default_value_t = 10)]
        trials: usize,
        /// How long the cut lasts at least; QUIC gives a silent connection up after 15
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Ten nodes, three packets of ten are lost (needs root and iptables)
    Lossy {
        #[arg(long, default_value_t = 5)]
        trials: usize,
    },
    /// Started without route and DNS, both come after 20 s (needs root, for namespaces)
    LateNetwork {
        #[arg(long, default_value_t = 10)]
        trials: usize,
        /// Trials at the same time
        #[arg(long, default_value_t = 2)]
        at_once: usize,
    },
    /// LAN by mDNS only: start to first neighbour (needs root, for namespaces)
    Mdns {
        #[arg(long, default_value_t = 30)]
        trials: usize,
    },
    /// A 300-byte post between two nodes
    Publish {
        #[arg(long, default_value_t = 1_000)]
        trials: usize,
    },
    /// Twenty nodes in one process, twenty posts a second
    Swarm {
        #[arg(long, default_value_t = 1)]
        trials: usize,
        /// How long to post
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Five posts in a second to 5, 20 and 100 nodes: when the last of them has each
    Propagation {
        /// To each swarm
        #[arg(long, default_value_t = 100)]
        posts: usize,
    },
    /// Fifty nodes join at once through one
    Hub {
        #[arg(long, default_value_t = 30)]
        trials: usize,
    },
    /// Back after a while, with a hundred posts missed
    Rejoin {
        /// All at the same time
        #[arg(long, default_value_t = 5)]
        trials: usize,
        /// How long it is away
        #[arg(long, default_value_t = 300)]
        seconds: u64,
    },
    /// Restart to the first neighbour by known peers only
    RestartKnown {
        #[arg(long, default_value_t = 30)]
        trials: usize,
    },
    /// Getting what is missing: a newcomer, and sets that differ by little
    History {
        #[arg(long, default_value_t = 5)]
        trials: usize,
        /// How many the newcomer lacks
        #[arg(long, default_value_t = 10_000)]
        events: u64,
    },
    /// Entries: a write here and there, a newcomer, reading among many
    Entries {
        #[arg(long, default_value_t = 1_000)]
        trials: usize,
        /// How many the newcomer lacks
        #[arg(long, default_value_t = 10_000)]
        entries: usize,
        /// How many keys are read among
        #[arg(long, default_value_t = 100_000)]
        keys: usize,
    },
    /// Entries beside iroh-docs, which is built first
    BesideDocs {
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Single writes of a round
        #[arg(long, default_value_t = 500)]
        writes: usize,
        /// How many the newcomer lacks
        #[arg(long, default_value_t = 10_000)]
        keys: usize,
    },
    /// Five writers to the same keys, one packet of five is lost (needs root and iptables)
    Writers {
        #[arg(long, default_value_t = 10)]
        trials: usize,
    },
    /// 10,000 events of one author in a minute: what others notice of it
    Flood {
        /// How long to flood, at that rate
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// What an idle node costs (needs root, for a namespace)
    Idle {
        #[arg(long, default_value_t = 1)]
        trials: usize,
        /// How long to measure, after a minute
        #[arg(long, default_value_t = 300)]
        seconds: u64,
    },
    /// Events into a node: decode, check, commit, announce; duplicates; the search index
    Ingest {
        #[arg(long, default_value_t = 3)]
        trials: usize,
        /// How many
        #[arg(long, default_value_t = 100_000)]
        events: u64,
    },
    /// Searches, pages and the start of a node with a large database
    Search {
        /// Of each kind
        #[arg(long, default_value_t = 100)]
        trials: usize,
        /// How many are stored
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// The desktop app: start, a post until it is seen, scrolling, idling (needs Xvfb, a driver and xdotool)
    Window {
        /// Starts of each program; ten times as many posts
        #[arg(long, default_value_t = 20)]
        trials: usize,
        /// How many posts are stored
        #[arg(long, default_value_t = 100_000)]
        events: u64,
        /// How long it idles
        #[arg(long, default_value_t = 120)]
        seconds: u64,
    },
    /// Every figure
    All {
        /// Few trials of each
        #[arg(long)]
        quick: bool,
    },
    /// A node driven by lines of JSON
    #[command(hide = true)]
    Node(NodeArgs),
    /// Starts a node with a database, posts, and says how long that took
    #[command(hide = true)]
    StartNode {
        database: std::path::PathBuf,
        topic: String,
    },
    /// A private DHT that says when it is ready
    #[command(hide = true)]
    Dht(lan::DhtArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    trace::to_stderr();
    let measured = tokio::select! {
        measured = run(Args::parse().figure) => measured,
        // What is dropped here removes its processes, folders and namespaces.
        _interrupted = tokio::signal::ctrl_c() => return ExitCode::from(130),
    };
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `Ok(false)` is a target that was missed and has been printed.
async fn run(figure: Figure) -> anyhow::Result<bool> {
    let report = match figure {
        Figure::Join { trials } => join::one_present(trials).await?,
        Figure::JoinBoth { trials } => join::both_start(trials).await?,
        Figure::JoinDead { trials } => join::third_dead(trials).await?,
        Figure::VersusStock {
            trials,
            inside: true,
        } => versus::inside(trials).await?,
        Figure::VersusStock {
            trials,
            inside: false,
        } => return versus::in_namespace(trials).await,
        Figure::Islands { trials, at_once } => islands::measure(trials, at_once).await?,
        Figure::Halves { trials, seconds } => {
            halves::measure(trials, std::time::Duration::from_secs(seconds)).await?
        }
        Figure::Lossy { trials } => lossy::measure(trials).await?,
        Figure::LateNetwork { trials, at_once } => lan::late_network(trials, at_once).await?,
        Figure::Mdns { trials } => lan::mdns(trials).await?,
        Figure::Publish { trials } => delivery::publish(trials).await?,
        Figure::Swarm { trials, seconds } => delivery::swarm(trials, seconds).await?,
        Figure::Propagation { posts } => crowd::propagation(posts).await?,
        Figure::Hub { trials } => crowd::hub(trials).await?,
        Figure::Rejoin { trials, seconds } => {
            crowd::rejoin(trials, std::time::Duration::from_secs(seconds)).await?
        }
        Figure::RestartKnown { trials } => known::measure(trials).await?,
        Figure::Flood { seconds } => flood::measure(seconds).await?,
        Figure::Idle { trials, seconds } => idle::measure(trials, seconds).await?,
        Figure::Ingest { trials, events } => store::ingest(trials, events).await?,
        Figure::History { trials, events } => history::measure(trials, events).await?,
        Figure::Search { trials, events } => store::search(trials, events).await?,
        Figure::Entries {
            trials,
            entries,
            keys,
        } => self::entries::measure(trials, entries, keys).await?,
        Figure::BesideDocs {
            rounds,
            writes,
            keys,
        } => beside_docs::measure(rounds, writes, keys).await?,
        Figure::Writers { trials } => writers::measure(trials).await?,
        Figure::Window {
            trials,
            events,
            seconds,
        } => window::measure(trials, events, seconds).await?,
        Figure::StartNode { database, topic } => {
            store::start_node(&database, &topic).await?;
            return Ok(true);
        }
        Figure::All { quick } => return all(quick).await,
        Figure::Node(args) => {
            script::serve(&args).await?;
            return Ok(true);
        }
        Figure::Dht(args) => {
            lan::serve_dht(&args).await?;
            return Ok(true);
        }
    };
    Ok(shown(&report))
}

fn shown(report: &Report) -> bool {
    println!("{report}\n");
    report.is_met()
}

/// A figure that cannot be measured here does not keep the others from being measured.
async fn all(quick: bool) -> anyhow::Result<bool> {
    let few = |trials: usize, few: usize| if quick { few } else { trials };
    let figures = [
        Figure::Join {
            trials: few(100, 20),
        },
        Figure::JoinBoth {
            trials: few(100, 20),
        },
        Figure::JoinDead {
            trials: few(100, 10),
        },
        Figure::VersusStock {
            trials: few(20, 3),
            inside: false,
        },
        Figure::Islands {
            trials: few(20, 2),
            at_once: few(4, 2),
        },
        Figure::Halves {
            trials: few(10, 2),
            seconds: 30,
        },
        Figure::Lossy { trials: few(5, 1) },
        Figure::LateNetwork {
            trials: few(10, 2),
            at_once: 2,
        },
        Figure::Mdns {
            trials: few(30, 10),
        },
        Figure::Publish {
            trials: few(1_000, 200),
        },
        Figure::Swarm {
            trials: 1,
            seconds: few(30, 10) as u64,
        },
        Figure::Propagation {
            posts: few(100, 20),
        },
        Figure::Hub { trials: few(30, 2) },
        Figure::Rejoin {
            trials: few(5, 2),
            seconds: few(300, 20) as u64,
        },
        Figure::RestartKnown {
            trials: few(30, 10),
        },
        Figure::Flood {
            seconds: few(60, 15) as u64,
        },
        Figure::Idle {
            trials: 1,
            seconds: few(300, 60) as u64,
        },
        Figure::Ingest {
            trials: few(3, 1),
            events: few(100_000, 20_000) as u64,
        },
        Figure::History {
            trials: few(5, 1),
            events: 10_000,
        },
        Figure::Entries {
            trials: few(1_000, 100),
            entries: few(10_000, 1_000),
            keys: few(100_000, 10_000),
        },
        Figure::Writers { trials: few(10, 1) },
        Figure::Search {
            trials: few(100, 20),
            events: few(1_000_000, 100_000) as u64,
        },
    ];
    let mut is_met = true;
    for figure in figures {
        match Box::pin(run(figure)).await {
            Ok(met) => is_met &= met,
            Err(error) => {
                println!("not measured: {error:#}\n");
                is_met = false;
            }
        }
    }
    Ok(is_met)
}
