//! The commands of `kukuri shell`, as types. A line is parsed like a command line, and what a
//! command takes is what its counterpart outside takes.

use clap::{Parser, Subcommand};

use super::{DeletionArgs, HistoryArgs, PageArgs, PutArgs, WatchArgs};

/// A line of the shell.
#[derive(Debug, Parser)]
#[command(
    name = "",
    about = "What can be typed here",
    no_binary_name = true,
    disable_help_flag = true,
    disable_version_flag = true,
    max_term_width = 100
)]
pub struct ShellLine {
    /// What to do.
    #[command(subcommand)]
    pub command: ShellCommand,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum ShellCommand {
    /// Store a value under a key
    Add {
        /// What is stored, and when.
        #[command(flatten)]
        put: PutArgs,
    },
    /// Print the value of a key
    Get {
        /// The key
        key: String,
    },
    /// The keys that hold something, with their values
    List {
        /// Which.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Delete a key
    Delete {
        /// Which, and when.
        #[command(flatten)]
        deletion: DeletionArgs,
    },
    /// Follow what changes, until Ctrl-C
    Watch {
        /// What.
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// The writes to a key, the one that counts first
    History {
        /// Of which key.
        #[command(flatten)]
        history: HistoryArgs,
    },
    /// Why a key holds what it holds: the write that counts, and what each other one lost by
    Why {
        /// The key
        key: String,
    },
    /// Post a text
    Post {
        /// The text: the rest of the line as it is, or in quotes
        text: String,
    },
    /// Print the newest posts, oldest first
    Read {
        /// How many posts, the newest ones
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// The joined topics
    Topics,
    /// Go to another topic, which is joined
    Use {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
    },
    /// The node and its topics
    Status,
    /// Who is connected in the topic
    Peers,
    /// Who you are, and the topic
    Info,
    /// How members of the topic were found, what was tried and what failed
    Explain,
    /// Leave the shell (also Ctrl-D)
    Exit,
}

pub(super) const SHELL_EXAMPLES: &str = "\
Commands: add, get, list, delete, watch, history, why, post, read, topics, use, status, peers, info,
explain, help, exit; 'help COMMAND' says what one takes. A value with spaces stands in quotes:
'single' as it is, \"double\" with \\n, \\t, \\\\, \\\" and \\u{1f411}. Tab completes commands, topics and
keys, Ctrl-C clears the line, Ctrl-D leaves. What others post appears above the line.

When standard input is a pipe, each line is a command, a line that begins with # is none, and the
first command that fails ends it with its exit code.

Examples:
  kukuri shell lobby
  kukuri shell lobby < commands.txt
  echo 'get config/colour' | kukuri --json shell lobby";
