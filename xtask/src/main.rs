//! `cargo xtask`: parses the command line and dispatches. Decides nothing else.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::suite::Skips;
use xtask::workspace::{self, Workspace};
use xtask::{coverage, desktop, doctor, groups, suite};

/// Developer commands for kukuri.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", version = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every test group whose prerequisites are there, then say what was skipped and why
    Test {
        /// Only these groups, in the order of the table
        #[arg(value_name = "GROUP", value_parser = groups::names())]
        groups: Vec<String>,
    },
    /// Install the prerequisites, then run every test group; a skipped one is a failure
    Ci,
    /// Check this machine for what developing kukuri needs
    Doctor,
    /// Print line coverage per crate
    Coverage {
        /// Fail if a crate is below this percentage
        #[arg(long, value_name = "PERCENT")]
        min: Option<f64>,
    },
    /// Build the desktop app with its front end, and start it
    Desktop(desktop::Args),
    /// Run a private Mainline DHT in the foreground, e.g. `dht --nodes 30 --port 6881`
    #[command(disable_help_flag = true)]
    Dht(Passed),
    /// Simulate swarms with loss, cuts and kills, e.g. `sim --seed 7 --story`
    #[command(disable_help_flag = true)]
    Sim(Passed),
    /// Measure the figures of the design on this machine
    #[command(disable_help_flag = true)]
    Bench(Passed),
}

/// Arguments for a binary of `kukuri-tests` or the simulator, which parses them itself (`--help` too).
#[derive(clap::Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

fn main() -> ExitCode {
    let done = match coverage::instrumented_rustc() {
        Some(rustc) => workspace::become_command(rustc),
        None => run(Cli::parse().command),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `Ok(false)` is a check that failed and has already said so.
fn run(command: Command) -> anyhow::Result<bool> {
    let workspace = Workspace::here();
    match command {
        Command::Test { groups } => Ok(suite::test(&workspace, &groups, Skips::Allowed)),
        Command::Ci => Ok(suite::ci(&workspace)),
        Command::Doctor => doctor::run(&workspace),
        Command::Coverage { min } => coverage::run(&workspace, min),
        Command::Desktop(args) => desktop::run(&workspace, &args),
        Command::Dht(passed) => workspace.become_test_binary("dht", &passed.args),
        Command::Sim(passed) => workspace::become_command(workspace.simulator(&passed.args)),
        Command::Bench(passed) => {
            if passed.args.first().is_some_and(|figure| figure == "window") {
                desktop::build_for_bench(&workspace)?;
            }
            workspace.become_test_binary("bench", &passed.args)
        }
    }
}
