//! The program `kukuri`: parses the command line, chooses the adapters, prints what comes back.
//!
//! Owns nothing that a desktop would need as well; that is in `kukuri-node`. Which database,
//! network and vault a node has is decided in `wiring`.

mod args;
mod demo;
mod failure;
mod join;
mod passphrase;
mod render;
mod screen;
mod stopping;
mod text;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
use failure::{Exit, Failure};

fn main() -> ExitCode {
    kukuri_node::platform::make_new_files_private();
    restore_terminal_on_panic();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return ended(Failure::new(
                Exit::Unexpected,
                format!("failed to start: {error}"),
            ));
        }
    };
    let result = runtime.block_on(run(cli));
    // Blocking work that is still under way (a name being resolved) must not hold up the end.
    runtime.shutdown_background();
    result.map_or_else(ended, |()| ExitCode::SUCCESS)
}

/// A message in a raw terminal is hard to read, and a raw terminal hard to use afterwards.
fn restore_terminal_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        screen::restore();
        report(panic);
    }));
}

async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Join { topic } => join::run(&cli.profile, &topic).await,
        Command::Demo { keep } => demo::run(keep).await,
    }
}

fn ended(failure: Failure) -> ExitCode {
    // Whoever interrupted the program knows that.
    if failure.exit != Exit::Interrupted {
        eprint!("{}", failure.shown());
    }
    failure.exit.into()
}
