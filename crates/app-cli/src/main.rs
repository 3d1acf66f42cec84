//! The program `kukuri`: parses the command line, chooses the adapters, prints what comes back.
//!
//! Owns nothing that a desktop would need as well; that is in `kukuri-node`. Which database,
//! network and vault a node has is decided in `kukuri-wiring`.

mod access;
mod args;
mod commands;
mod console;
mod demo;
mod failure;
mod identity;
mod input;
mod join;
mod language;
mod quoting;
mod render;
mod screen;
mod shell;
mod stopping;
mod terminal;
mod text;

use std::{io, process::ExitCode, time::Duration};

use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};

use args::{Cli, Command};
use commands::{
    authors,
    conversation::{self, ReactWish},
    doctor,
    posts::{self, PostWish, ReadWish},
    state, topics, up,
};
use kukuri_wiring::{Exit, Failure};
use language::Language;

fn main() -> ExitCode {
    kukuri_node::platform::make_new_files_private();
    kukuri_node::platform::keep_memory_private();
    restore_terminal_on_panic();
    let cli = match parsed() {
        Ok(cli) => cli,
        Err(error) => return wrong_usage(&error),
    };
    let is_json = cli.profile.json;
    if is_json {
        // What programs read is the same in every language.
        language::choose(Language::English);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new(Exit::Unexpected, format!("failed to start: {error}"));
            return ended(&failure, is_json);
        }
    };
    let result = runtime.block_on(run(cli));
    // Blocking work that is still under way (a name being resolved) must not hold up the end.
    runtime.shutdown_background();
    result.map_or_else(|failure| ended(&failure, is_json), |()| ExitCode::SUCCESS)
}

/// Reads the arguments; the help speaks the user's language.
fn parsed() -> Result<Cli, clap::Error> {
    language::choose(Language::of_environment());
    if !language::is_japanese() {
        return Cli::try_parse();
    }
    let mut command = args::in_users_language(Cli::command());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches)
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
    let args = &cli.profile;
    match cli.command {
        Command::Join { topic } => join::run(args, &topic).await,
        Command::Up { port } => up::run(args, port).await,
        Command::Post {
            topic,
            text,
            reply_to,
            wait,
        } => {
            let wish = PostWish {
                topic: &topic,
                text: text.as_deref(),
                reply_to: reply_to.as_deref(),
                wait: Duration::from_secs(wait),
            };
            posts::post(args, wish).await
        }
        Command::Thread { topic, id } => conversation::thread(args, &topic, &id).await,
        Command::React {
            topic,
            id,
            sign,
            undo,
            wait,
        } => {
            let wish = ReactWish {
                topic: &topic,
                id: &id,
                sign: sign.as_deref(),
                wait: Duration::from_secs(wait),
            };
            match undo {
                false => conversation::react(args, wish).await,
                true => conversation::undo(args, wish).await,
            }
        }
        Command::Delete { topic, id, wait } => {
            let wait = Duration::from_secs(wait);
            conversation::delete(args, &topic, &id, wait).await
        }
        Command::Read {
            topic,
            limit,
            before,
            author,
            follow,
        } => {
            let wish = ReadWish {
                topic: &topic,
                limit,
                before: before.as_deref(),
                author: author.as_deref(),
                follow,
            };
            posts::read(args, wish).await
        }
        Command::Kv(command) => commands::entries::run(args, command).await,
        Command::Shell { topic, wait } => {
            shell::run(args, topic.as_deref(), Duration::from_secs(wait)).await
        }
        Command::Search {
            words,
            topic,
            limit,
        } => posts::search(args, &words.join(" "), topic.as_deref(), limit).await,
        Command::Mute { author } => authors::mute(args, author.as_deref()).await,
        Command::Unmute { author } => authors::unmute(args, &author).await,
        Command::Topic(command) => topics::run(args, &command).await,
        Command::Peers { topic } => state::peers(args, topic.as_deref()).await,
        Command::Status => state::status(args).await,
        Command::Explain { topic } => state::explain(args, &topic).await,
        Command::Identity(wish) => identity::run(args, &wish).await,
        Command::Doctor => doctor::run(args).await,
        Command::Config(command) => commands::config::run(args, &command),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "kukuri", &mut io::stdout());
            Ok(())
        }
        Command::Demo { keep } => demo::run(keep).await,
    }
}

/// What the parser says is for people; a program that asked for JSON gets that.
fn wrong_usage(error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|arg| arg == "--json");
    if !error.use_stderr() {
        print_help(error);
    }
    if !is_json && language::is_japanese() {
        anstream::eprint!("{}", args::wrong_usage_text(error));
        return Exit::Usage.into();
    }
    if !is_json {
        error.exit();
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    let failure = Failure::new(Exit::Usage, message).hint("see kukuri --help");
    ended(&failure, true)
}

/// Help and version, which are no error.
fn print_help(error: &clap::Error) -> ! {
    if language::is_japanese() {
        anstream::print!("{}", args::help_text(error));
        std::process::exit(0);
    }
    error.exit()
}

fn ended(failure: &Failure, is_json: bool) -> ExitCode {
    // Whoever interrupted the program, or closed its output, knows that.
    if !failure.is_quiet && !matches!(failure.exit, Exit::Interrupted | Exit::OutputGone) {
        if is_json {
            eprintln!("{}", failure.json());
        } else {
            eprint!("{}", failure::shown(failure));
        }
    }
    failure.exit.into()
}
