//! `kukuri kv`, as types: the commands on entries, and how a value, a condition and a time to live
//! are written.
//!
//! Must never read a value: that is done by `commands::entries`, and only once the command runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kukuri_application::engine::Condition;
use kukuri_domain::EventRef;

/// Longest time to live: about a century. What is to stay longer needs none.
const TTL_DAYS_MAX: u64 = 36_500;

/// `kukuri kv`
#[derive(Debug, Subcommand)]
pub enum KvCommand {
    /// Store a value under a key
    #[command(after_help = PUT_EXAMPLES)]
    Put {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// What is stored, and when.
        #[command(flatten)]
        put: PutArgs,
        /// Seconds to wait for somebody who takes it, if no node is running
        #[arg(long, value_name = "SECS", default_value_t = 10)]
        wait: u64,
    },
    /// Print the value of a key, byte for byte
    #[command(after_help = GET_EXAMPLES)]
    Get {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// The key
        key: String,
    },
    /// The keys that hold something, with their values
    #[command(after_help = LIST_EXAMPLES)]
    List {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// Which.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Delete a key
    #[command(after_help = DELETE_EXAMPLES)]
    Delete {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// Which, and when.
        #[command(flatten)]
        deletion: DeletionArgs,
        /// Seconds to wait for somebody who takes it, if no node is running
        #[arg(long, value_name = "SECS", default_value_t = 10)]
        wait: u64,
    },
    /// Follow what changes
    #[command(after_help = WATCH_EXAMPLES)]
    Watch {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// What.
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// The writes to a key, the one that counts first
    #[command(after_help = HISTORY_EXAMPLES)]
    History {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// Of which key.
        #[command(flatten)]
        history: HistoryArgs,
    },
    /// Why a key holds what it holds: the write that counts, and what each other one lost by
    #[command(after_help = WHY_EXAMPLES)]
    Why {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// The key
        key: String,
    },
    /// Write the entries of a file of JSON lines
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// The file; - or nothing reads standard input
        file: Option<PathBuf>,
        /// Seconds to wait for somebody who takes them, if no node is running
        #[arg(long, value_name = "SECS", default_value_t = 10)]
        wait: u64,
    },
    /// Print the entries as JSON lines
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// Name of the topic, or id: and the beginning of its id
        topic: String,
        /// Only keys that begin so
        #[arg(default_value = "", hide_default_value = true)]
        prefix: String,
    },
}

/// A page of keys.
#[derive(Debug, Clone, Args)]
pub struct PageArgs {
    /// Only keys that begin so
    #[arg(default_value = "", hide_default_value = true)]
    pub prefix: String,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Only those after this key
    #[arg(long, value_name = "KEY")]
    pub after: Option<String>,
}

/// Which key is deleted, and when.
#[derive(Debug, Clone, Args)]
pub struct DeletionArgs {
    /// The key
    pub key: String,
    /// Only if this is the write that counts here: at least the first 8 digits of its revision
    #[arg(long, value_name = "REVISION")]
    pub if_revision: Option<EventRef>,
}

/// What is followed.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// Only keys that begin so
    #[arg(default_value = "", hide_default_value = true)]
    pub prefix: String,
    /// Print first what there is now
    #[arg(long)]
    pub current: bool,
}

/// Writes to a key.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// The key
    pub key: String,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// What is stored under which key, and when.
#[derive(Debug, Clone, Args)]
pub struct PutArgs {
    /// The key: 1 to 256 bytes of UTF-8
    pub key: String,
    /// The value, up to 64 KiB; - or nothing reads it from standard input, byte for byte
    #[arg(conflicts_with = "file", allow_negative_numbers = true)]
    pub value: Option<String>,
    /// Take the value from this file, byte for byte; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Only if this is the write that counts here, or with 'none' if the key holds nothing here
    ///
    /// It is compared with what is stored on this machine. Another member may write the same key
    /// at the same time; then the later write counts for all, and 'why' shows both.
    #[arg(long, value_name = "REVISION|none", value_parser = condition)]
    pub if_revision: Option<Condition>,
    /// For how long it is to count: 90s, 15m, 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = ttl_ms)]
    pub ttl: Option<u64>,
}

/// The condition that `--if-revision` sets.
fn condition(text: &str) -> Result<Condition, String> {
    if text == "none" {
        return Ok(Condition::Absent);
    }
    let named = text.parse::<EventRef>();
    named
        .map(Condition::Revision)
        .map_err(|error| format!("{error}, or none"))
}

/// A time to live in milliseconds.
fn ttl_ms(text: &str) -> Result<u64, String> {
    let form = || "expected a number of seconds, minutes, hours or days: 90s, 15m, 12h, 30d";
    let unit = text.chars().last().ok_or_else(form)?;
    let unit_secs = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(form().to_owned()),
    };
    let digits = &text[..text.len() - 1];
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(form().to_owned());
    }
    let most = TTL_DAYS_MAX * 24 * 60 * 60;
    // Beyond every number is too long, as below.
    let secs = digits.parse::<u64>().ok();
    match secs.and_then(|n| n.checked_mul(unit_secs)) {
        Some(secs @ 1..) if secs <= most => Ok(secs * 1_000),
        _ => Err(format!("expected 1s to {TTL_DAYS_MAX}d")),
    }
}

pub(super) const KV_EXAMPLES: &str = "\
Everybody in a topic can write every key: in a public topic whoever knows its name. Of two writes to
a key the later one counts, for all members the same; 'why' shows what lost.

Examples:
  kukuri kv put lobby config/colour indigo
  kukuri kv get lobby config/colour
  kukuri kv list lobby config/
  kukuri kv watch lobby config/ --current
  kukuri kv why lobby config/colour
  kukuri kv export lobby > entries.jsonl";

const PUT_EXAMPLES: &str = "\
The write is on the disk when the command ends. What nobody has taken by then goes out when a node
of this profile meets somebody.

Examples:
  kukuri kv put lobby config/colour indigo
  kukuri kv put lobby logo --file logo.png
  hostname | kukuri kv put machines desk -
  kukuri kv put lobby lock/printer mika --if-revision none --ttl 15m
  kukuri kv put lobby config/colour teal --if-revision 3fa2bb01";

const GET_EXAMPLES: &str = "\
On a terminal the text is made safe to show and ends its line; into a file or pipe go the bytes as
they were written. The exit code is 8 if the key holds nothing.

Examples:
  kukuri kv get lobby config/colour
  kukuri kv get lobby logo > logo.png
  kukuri kv get lobby config/colour --json";

const LIST_EXAMPLES: &str = "\
Examples:
  kukuri kv list lobby
  kukuri kv list lobby config/
  kukuri kv list lobby --limit 20 --after config/colour
  kukuri kv list lobby --json";

const DELETE_EXAMPLES: &str = "\
Other members are told; a later write brings the key back. The exit code is 8 if it holds nothing.

Examples:
  kukuri kv delete lobby config/colour
  kukuri kv delete lobby lock/printer --if-revision 3fa2bb01";

const WATCH_EXAMPLES: &str = "\
A line for each write that counts, and for each value whose time is over. Of several quick writes to
a key the earlier ones may be left out. Ctrl-C ends it.

Examples:
  kukuri kv watch lobby
  kukuri kv watch lobby config/ --current
  kukuri kv watch lobby config/ --json";

const HISTORY_EXAMPLES: &str = "\
It reaches back 30 days at least.

Examples:
  kukuri kv history lobby config/colour
  kukuri kv history lobby config/colour --limit 5 --json";

const WHY_EXAMPLES: &str = "\
Each write carries a clock, which runs ahead of all that its author had seen: milliseconds, and a
counter behind +. The greatest counts; with equal clocks the greater key of the author decides.

Examples:
  kukuri kv why lobby config/colour
  kukuri kv why lobby config/colour --json";

const IMPORT_EXAMPLES: &str = "\
Each line is an object with 'key', and 'value' or 'value_base64'; 'expires_at' is kept, other fields
are ignored. All lines are checked before anything is written, and what holds the same value already
is left alone: after Ctrl-C the same command goes on.

Examples:
  kukuri kv import lobby entries.jsonl
  kukuri kv export lobby | kukuri --profile work kv import team -";

const EXPORT_EXAMPLES: &str = "\
What changes meanwhile may be in it or not.

Examples:
  kukuri kv export lobby > entries.jsonl
  kukuri kv export lobby config/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_live_have_a_unit() {
        for (text, ms) in [
            ("1s", 1_000),
            ("90s", 90_000),
            ("15m", 900_000),
            ("12h", 43_200_000),
            ("30d", 2_592_000_000),
            ("36500d", 3_153_600_000_000),
        ] {
            assert_eq!(ttl_ms(text), Ok(ms), "{text}");
        }
        let wrong = [
            "",
            "s",
            "90",
            "0s",
            "-1s",
            "+1s",
            "1.5h",
            "1 h",
            "1w",
            "1日",
            "36501d",
            "99999999999999999999s",
            "９s",
        ];
        for text in wrong {
            assert!(ttl_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_condition_is_a_revision_or_none() {
        assert_eq!(condition("none"), Ok(Condition::Absent));
        let named = "3fa2bb01".parse().expect("a revision");
        assert_eq!(condition("3fa2bb01"), Ok(Condition::Revision(named)));
        assert!(condition("3fa2").is_err());
        assert!(condition("None").is_err());
    }
}
