//! Runs plans of the simulator and says which rules they broke (`cargo xtask sim`).

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use clap::Parser;
use kukuri_sim::{Broken, Plan, Report, Sabotage, World, many};

/// Swarms of nodes on a virtual clock, with loss, cuts, kills and wrong clocks.
///
/// Each seed is a plan of ten minutes: 20 to 24 nodes that find each other by a DHT, 200 posts, one
/// cut of the network, one kill. In the end everybody must have everything.
#[derive(Parser)]
#[command(bin_name = "cargo xtask sim", version = None, after_help = "\
Examples:
  cargo xtask sim                          1,000 plans
  cargo xtask sim --seed 7 --story         what happened in one of them
  cargo xtask sim --seed 1 --nodes 1000    a large swarm
  cargo xtask sim --break never-reconcile  see that a missing part is noticed")]
struct Args {
    /// Run the plan of this seed only
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,

    /// Number of plans
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,

    /// Seed of the first plan
    #[arg(long, default_value_t = 1)]
    from: u64,

    /// Nodes of each plan, in place of 20 to 24
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=1_000))]
    nodes: Option<u16>,

    /// A calm day of this many nodes that join through one, to compare with real nodes
    #[arg(long, conflicts_with_all = ["nodes", "sabotage", "seeds"], value_name = "NODES",
          value_parser = clap::value_parser!(u16).range(2..=1_000))]
    calm: Option<u16>,

    /// Print what happened, with --seed
    #[arg(long, requires = "seed")]
    story: bool,

    /// Leave a part of the product out on purpose: never-reconcile, never-rendezvous,
    /// forget-commits, never-rejoin
    #[arg(long = "break", value_name = "PART")]
    sabotage: Option<Sabotage>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let nodes = args.nodes.map(usize::from);
    let all_whole = match (args.calm, args.seed) {
        (Some(nodes), seed) => {
            let plan = Plan::calm(seed.unwrap_or(1), nodes.into(), 100, 200_000);
            one(plan, None, args.story)
        }
        (None, Some(seed)) => one(Plan::of_seed(seed, nodes), args.sabotage, args.story),
        (None, None) => several(
            args.from..args.from.saturating_add(args.seeds),
            nodes,
            args.sabotage,
        ),
    };
    match all_whole {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn one(plan: Plan, sabotage: Option<Sabotage>, is_told: bool) -> bool {
    let started = Instant::now();
    let mut world = World::new(plan, sabotage);
    if is_told {
        world = world.telling();
    }
    let outcome = world.run();
    for line in world.story() {
        println!("{line}");
    }
    match outcome {
        Ok(report) => {
            println!("{}", line(&report));
            println!("exchanges over streams: {:?}", report.calls);
            println!("took {:.2} s", started.elapsed().as_secs_f64());
            true
        }
        Err(broken) => {
            eprintln!("error: {broken}");
            false
        }
    }
}

fn line(report: &Report) -> String {
    format!(
        "seed {}: {} nodes, {} posts everywhere, whole {:.1} s after the last disturbance; {} \
         messages with content for {} deliveries (redundancy {:.2}), {:.2} hops, {} rejoined, {} dials, {} times a neighbour, {} records; \
         {} happenings, digest {:016x}",
        report.seed,
        report.nodes,
        report.posts,
        report.whole_after_us as f64 / 1e6,
        report.data_messages,
        report.deliveries,
        report.redundancy(),
        report.mean_hops(),
        report.rejoins,
        report.dials,
        report.neighbours_up,
        report.puts,
        report.happenings,
        report.digest
    )
}

fn several(seeds: std::ops::Range<u64>, nodes: Option<usize>, sabotage: Option<Sabotage>) -> bool {
    let (started, done) = (Instant::now(), AtomicU64::new(0));
    let all = seeds.end - seeds.start;
    let shows = std::io::stderr().is_terminal();
    let outcomes = many::run(seeds, nodes, sabotage, |_| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if shows {
            eprint!("\r{done} of {all} plans");
            // It is only a sign of life.
            let _ = std::io::stderr().flush();
        }
    });
    if shows {
        eprintln!();
    }
    let (mut whole_us, mut broken) = (Vec::new(), Vec::<Broken>::new());
    let (mut ups, mut dials) = (0, 0);
    for outcome in outcomes {
        match outcome {
            Ok(report) => {
                whole_us.push(report.whole_after_us);
                ups += report.neighbours_up;
                dials += report.dials;
            }
            Err(rule) => broken.push(rule),
        }
    }
    whole_us.sort_unstable();
    let at = |share: f64| {
        let last = whole_us.len().saturating_sub(1);
        let place = (last as f64 * share) as usize;
        whole_us.get(place).map_or(0.0, |us| *us as f64 / 1e6)
    };
    println!(
        "{} of {all} plans kept every rule in {:.1} s; whole after the last disturbance: p50 {:.1} s, \
         p99 {:.1} s, at most {:.1} s; {} dials and {} new neighbours in each",
        whole_us.len(),
        started.elapsed().as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        dials / whole_us.len().max(1) as u64,
        ups / whole_us.len().max(1) as u64
    );
    for rule in broken.iter().take(10) {
        eprintln!("error: {rule}");
    }
    if let Some(first) = broken.first() {
        eprintln!("hint: cargo xtask sim --seed {} --story", first.seed);
    }
    broken.is_empty()
}
