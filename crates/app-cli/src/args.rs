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
#[derive(Debug, Clone, Args)]
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
    /// Print one JSON document instead of words; errors too, on standard error
    #[arg(long, global = true)]
    pub json: bool,
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
    /// Run the node in the foreground, for the other commands
    #[command(after_help = UP_EXAMPLES)]
    Up {
        /// UDP port to listen on, on all interfaces
        #[arg(long, value_name = "N")]
        port: Option<u16>,
    },
    /// Post a text in a joined topic
    #[command(after_help = POST_EXAMPLES)]
    Post {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// The text; - or nothing reads it from standard input
        text: Option<String>,
        /// Answer this post: at least the first 8 digits of its id, note1... or nevent1...
        #[arg(long, value_name = "ID")]
        reply_to: Option<String>,
        /// Seconds to wait for somebody who takes the post, if no node is running
        #[arg(long, value_name = "SECS", default_value_t = 10)]
        wait: u64,
    },
    /// Print the posts of a joined topic, oldest first
    #[command(after_help = READ_EXAMPLES)]
    Read {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// How many posts, the newest ones
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only posts before this one (its id or the first 8 digits, note1..., nevent1...) or this time (RFC 3339)
        #[arg(long, value_name = "ID|TIME")]
        before: Option<String>,
        /// Only posts of this author (npub1... or 64 hexadecimal digits)
        #[arg(long, value_name = "AUTHOR")]
        author: Option<String>,
        /// Go on with what is posted from now on
        #[arg(long, short)]
        follow: bool,
    },
    /// Print a post with its answers, oldest first
    #[command(after_help = THREAD_EXAMPLES)]
    Thread {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// Any post of the thread: at least the first 8 digits of its id, note1... or nevent1...
        id: String,
    },
    /// React to a post with a sign or a short word
    #[command(after_help = REACT_EXAMPLES)]
    React {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// The post: at least the first 8 digits of its id, note1... or nevent1...
        id: String,
        /// The sign or word, + by default
        sign: Option<String>,
        /// Take your reaction back
        #[arg(long)]
        undo: bool,
        /// Seconds to wait for somebody who takes it, if no node is running
        #[arg(long, value_name = "SECS", default_value_t = 10)]
        wait: u64,
    },
    /// Take an own post back: ask everybody who holds it to hide it
    #[command(after_help = DELETE_EXAMPLES)]
    Delete {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// The post: at least the first 8 digits of its id, note1... or nevent1...
        id: String,
        /// Seconds to wait for somebody who takes it, if no node is running
        #[arg(long, value_name = "SECS", default_value_t = 10)]
        wait: u64,
    },
    /// Values under keys, which the members of a topic share
    #[command(subcommand, after_help = entries::KV_EXAMPLES)]
    Kv(KvCommand),
    /// Type commands in a topic, with completion and history; from a pipe one command per line
    #[command(after_help = shell::SHELL_EXAMPLES)]
    Shell {
        /// Name of the topic, or id: and the beginning of its id; without it the only joined one
        topic: Option<String>,
        /// Seconds to wait at the end for somebody who takes what was written, if no node is running
        #[arg(long, value_name = "SECS", default_value_t = 10)]
        wait: u64,
    },
    /// Find posts by their words, in Japanese and English
    #[command(after_help = SEARCH_EXAMPLES)]
    Search {
        /// Words that must all occur
        #[arg(required = true, num_args = 1..)]
        words: Vec<String>,
        /// Only in this topic
        #[arg(long, value_name = "TOPIC")]
        topic: Option<String>,
        /// How many posts, the newest ones
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Hide what an author posts, here and in no other place; without one, who is muted
    #[command(after_help = MUTE_EXAMPLES)]
    Mute {
        /// npub1... or 64 hexadecimal digits
        author: Option<String>,
    },
    /// Show what an author posts again
    #[command(after_help = MUTE_EXAMPLES)]
    Unmute {
        /// npub1... or 64 hexadecimal digits
        author: String,
    },
    /// The topics of this profile
    #[command(subcommand, after_help = TOPIC_EXAMPLES)]
    Topic(TopicCommand),
    /// Who is connected
    #[command(after_help = PEERS_EXAMPLES)]
    Peers {
        /// Only in this topic
        topic: Option<String>,
    },
    /// The node and its topics
    #[command(after_help = STATUS_EXAMPLES)]
    Status,
    /// How members of a topic were found, what was tried and what failed
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
    },
    /// Who this profile is: show it, name it, copy its key, replace it, move it to another store
    Identity(crate::identity::IdentityArgs),
    /// Look at what a node needs: database, keyring, clock, DHT, LAN, UDP
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor,
    /// What the configuration is, and where it comes from
    #[command(subcommand, after_help = CONFIG_EXAMPLES)]
    Config(ConfigCommand),
    /// Print the completions of a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Three nodes and a private DHT in one process: find each other, talk, compare the timings
    #[command(after_help = DEMO_EXAMPLES)]
    Demo {
        /// Keep the folder with the three databases
        #[arg(long)]
        keep: bool,
    },
}

/// `kukuri topic`
#[derive(Debug, Subcommand)]
pub enum TopicCommand {
    /// The joined topics
    List,
    /// One joined topic
    Show {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// Print what a program with the stock topic tracker needs to join
        #[arg(long)]
        tracker: bool,
    },
    /// Join a topic: from now on each node of this profile is a member
    Join {
        /// Name of the topic, with or without #
        topic: String,
    },
    /// Leave a topic; its posts stay in the database
    Leave {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
    },
}

/// `kukuri config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every key with its value and where it was set
    Show {
        /// Every key with its meaning and default, in the form of a config.toml
        #[arg(long)]
        default: bool,
    },
    /// Where the configuration file is; it need not exist
    Path,
}

const UP_EXAMPLES: &str = "\
The node joins every joined topic, and prints a line for each thing that matters. Ctrl-C stops it.
The other commands use it while it runs.

Examples:
  kukuri up
  kukuri up --port 4001
  kukuri --set log.format=json --log info up";

const POST_EXAMPLES: &str = "\
The post is on the disk when the command ends. What nobody has taken by then goes out when a node
of this profile meets somebody.

Examples:
  kukuri post lobby 'hello both'
  kukuri post lobby 'so do I' --reply-to 3fa2bb01
  uptime | kukuri post machines -
  kukuri post --json lobby hi";

const READ_EXAMPLES: &str = "\
Each post stands behind the beginning of its id, by which the other commands know it.

Examples:
  kukuri read lobby
  kukuri read lobby --limit 10 --before 2026-11-21T09:00:00Z
  kukuri read lobby --before 3fa2bb01
  kukuri read lobby --author npub1...
  kukuri read lobby --follow --json";

const THREAD_EXAMPLES: &str = "\
Each post stands behind the beginning of its id. An answer to another answer names whom it answers.

Examples:
  kukuri thread lobby 3fa2bb01
  kukuri thread lobby 3fa2bb01 --json";

const REACT_EXAMPLES: &str = "\
A second time changes nothing; --undo without a sign takes back the only reaction that you gave.

Examples:
  kukuri react lobby 3fa2bb01
  kukuri react lobby 3fa2bb01 同感
  kukuri react lobby 3fa2bb01 --undo";

const DELETE_EXAMPLES: &str = "\
The text is not shown here any more. Others who hold it are asked to do the same (NIP-09); nobody
can be made to, and who has read it has read it.

Examples:
  kukuri delete lobby 3fa2bb01";

const SEARCH_EXAMPLES: &str = "\
A Japanese word is found inside a sentence, an English one as a whole word; capital and small
letters are the same.

Examples:
  kukuri search 東京
  kukuri search weave pattern --topic lobby
  kukuri search --json 明日";

const MUTE_EXAMPLES: &str = "\
What is muted stays in the database and goes on to other members; nobody is told.

Examples:
  kukuri mute npub1...
  kukuri mute
  kukuri unmute npub1...";

const TOPIC_EXAMPLES: &str = "\
Examples:
  kukuri topic join lobby
  kukuri topic list
  kukuri topic show lobby --tracker
  kukuri topic leave lobby";

const PEERS_EXAMPLES: &str = "\
Examples:
  kukuri peers
  kukuri peers lobby --json";

const STATUS_EXAMPLES: &str = "\
Examples:
  kukuri status
  kukuri status --json";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  kukuri explain lobby
  kukuri explain lobby --json";

const DOCTOR_EXAMPLES: &str = "\
It changes nothing and asks for no passphrase. The exit code is 1 if something does not work.

Examples:
  kukuri doctor
  kukuri doctor --json";

const CONFIG_EXAMPLES: &str = "\
Examples:
  kukuri config show
  kukuri config show --default > $(kukuri config path)
  kukuri config path";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  kukuri completions bash > ~/.local/share/bash-completion/completions/kukuri
  kukuri completions fish > ~/.config/fish/completions/kukuri.fish";

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

mod entries;
mod help;
mod shell;

pub use entries::{DeletionArgs, HistoryArgs, KvCommand, PageArgs, PutArgs, WatchArgs};
pub use help::{help_text, in_users_language, wrong_usage_text};
pub use shell::{ShellCommand, ShellLine};

#[cfg(test)]
mod tests;
