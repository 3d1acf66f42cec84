//! What the command line says, as types. Parsing and help only; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  kukuri demo                          three nodes on this machine find each other and talk
  kukuri join lobby                    chat in the topic #lobby
  echo hello | kukuri join lobby       post a line and leave
  kukuri --profile work join team      as another person, with another database
  kukuri --set network.mode=lan join lobby

Exit codes: 0 done, 1 unexpected, 2 usage, 3 configuration, 4 profile in use, 5 network,
6 keyring, 7 database or disk, 8 not found, 9 refused, 130 interrupted.";

/// Talk in topics without a server: members find each other by the topic's name.
#[derive(Debug, Parser)]
#[command(name = "kukuri", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Which profile and how it is configured.
    #[command(flatten)]
    pub profile: ProfileArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command that uses a profile.
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// Folder that holds everything of the profile, configuration included
    #[arg(long, value_name = "DIR", env = "KUKURI_HOME", global = true)]
    pub home: Option<PathBuf>,
    /// Profile: its own identity, database and port
    #[arg(
        long,
        value_name = "NAME",
        env = "KUKURI_PROFILE",
        default_value = kukuri_node::home::DEFAULT_PROFILE,
        global = true
    )]
    pub profile: String,
    /// Show the log on standard error: error, warn, info, debug, trace, or a filter
    ///
    /// Without it the log goes to the file logs/kukuri.log of the profile, at the level of
    /// KUKURI_LOG, else RUST_LOG, else info.
    #[arg(long, value_name = "LEVEL", global = true)]
    pub log: Option<String>,
    /// Set a configuration key for this run, above file and environment
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Chat in a topic: history, live messages, who is here
    #[command(after_help = JOIN_EXAMPLES)]
    Join {
        /// Name of the topic, with or without #
        topic: String,
    },
    /// Three nodes and a private DHT in one process: find each other, talk, compare the timings
    #[command(after_help = DEMO_EXAMPLES)]
    Demo {
        /// Keep the folder with the three databases
        #[arg(long)]
        keep: bool,
    },
}

const JOIN_EXAMPLES: &str = "\
In the chat: /status, /peers, /explain, /help, /quit; a line that begins with // posts one slash.
Ctrl-C or Ctrl-D leaves. When standard input is a pipe, each line is a post.

Examples:
  kukuri join lobby
  kukuri join '#weaving'
  tail -f sensor.log | kukuri join sensors
  KUKURI_KEYRING__PASSPHRASE_FILE=~/.kukuri-passphrase kukuri join lobby < lines.txt";

const DEMO_EXAMPLES: &str = "\
It needs no internet: the DHT is private, and nothing but the loopback interface is used.

Examples:
  kukuri demo
  kukuri demo --keep";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_are_taken_before_and_after_the_command() {
        let parsed = |args: &[&str]| Cli::try_parse_from(args).expect("valid").profile.home;
        assert_eq!(
            parsed(&["kukuri", "--home", "x", "join", "a"]),
            Some("x".into())
        );
        assert_eq!(
            parsed(&["kukuri", "join", "a", "--home", "x"]),
            Some("x".into())
        );
    }
}
