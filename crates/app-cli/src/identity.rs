//! `kukuri identity`: who this profile is, and the ways of its keys in and out.
//!
//! Owns the questions before a key leaves the profile in the clear or is replaced. Must never take
//! a secret as an argument, which other programs can read, and never echo one. Commands that open
//! the vault hold the profile's lock; `show` reads the profile's own file and holds nothing.

mod exporting;
mod importing;
mod moving;
mod naming;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kukuri_application::{keys::open_or_create_keys, ports::KeyStore};
use kukuri_domain::AuthorId;
use kukuri_node::{PublicKeys, config::KeyringStore};
use kukuri_wiring::{
    Access, Exit, Failure, Need, Place,
    keys::{self, ProfileVault},
};
use serde::Serialize;

use crate::{
    access::{hold, place_of},
    args::ProfileArgs,
    console::Console,
    language::say,
    terminal, text,
};

const EXAMPLES: &str = "\
A secret key is never an argument: it is asked for without echo, or read from standard input.

Examples:
  kukuri identity show --json
  kukuri identity name Mika
  kukuri identity export > me.ncryptsec
  kukuri identity import - < me.ncryptsec
  kukuri identity move --to file";

const SHOW_EXAMPLES: &str = "\
Examples:
  kukuri identity show
  kukuri identity show --json";

const NAME_EXAMPLES: &str = "\
Every member of your topics sees it. Names are not unique: two authors of one name are shown with
the beginning of their keys. An empty --about removes the description.

Examples:
  kukuri identity name Mika
  kukuri identity name Mika --about 'weaves, mostly'
  kukuri identity name";

const EXPORT_EXAMPLES: &str = "\
Without --nsec the key is sealed with a passphrase (NIP-49, ncryptsec1...), which many Nostr
programs can open.

Examples:
  kukuri identity export > me.ncryptsec
  kukuri identity export --passphrase-file ~/.export-passphrase > me.ncryptsec
  kukuri identity export --nsec";

const IMPORT_EXAMPLES: &str = "\
Takes nsec1..., ncryptsec1... and 64 hexadecimal digits. The device keys of the profile stay.

Examples:
  kukuri identity import
  kukuri identity import - < me.ncryptsec
  kukuri identity import - --yes --passphrase-file ~/.export-passphrase < me.ncryptsec";

const MOVE_EXAMPLES: &str = "\
The keys are written to the new place, read back, and only then removed from the old one. A move
that was interrupted is finished by the same command.

Examples:
  kukuri identity move --to os
  kukuri identity move --to file";

/// `kukuri identity`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct IdentityArgs {
    #[command(subcommand)]
    command: IdentityCommand,
}

#[derive(Debug, Subcommand)]
enum IdentityCommand {
    /// Who this profile is, and where its keys are
    #[command(after_help = SHOW_EXAMPLES)]
    Show,
    /// How you want to be called: show it, or set it
    #[command(after_help = NAME_EXAMPLES)]
    Name(NameArgs),
    /// Print the secret key of the author, sealed with a passphrase
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Make another key the author of this profile
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Move the keys of this profile to another store
    #[command(name = "move", after_help = MOVE_EXAMPLES)]
    Move {
        /// The store: the system's keyring, or a file sealed with a passphrase
        #[arg(long, value_name = "STORE")]
        to: Store,
    },
}

#[derive(Debug, Args)]
struct NameArgs {
    /// The name; without it and --about the present one is shown
    name: Option<String>,
    /// A few words about you
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
}

#[derive(Debug, Args)]
struct ExportArgs {
    /// Print the key in the clear (nsec1...): whoever sees it can post as you for ever
    #[arg(long)]
    nsec: bool,
    /// Do not ask whether the key may be shown in the clear
    #[arg(long, requires = "nsec")]
    yes: bool,
    /// File whose first line is the passphrase of the copy; otherwise a terminal asks
    #[arg(long, value_name = "FILE", conflicts_with = "nsec")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// - reads the key from standard input; otherwise a terminal asks
    #[arg(value_name = "-")]
    from: Option<String>,
    /// Do not ask whether the present identity may be replaced
    #[arg(long)]
    yes: bool,
    /// File whose first line is the passphrase of an ncryptsec1... key; otherwise a terminal asks
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    /// The system's keyring.
    Os,
    /// A file sealed with a passphrase.
    File,
}

impl Store {
    fn kind(self) -> KeyringStore {
        match self {
            Store::Os => KeyringStore::Os,
            Store::File => KeyringStore::File,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with its exit code.
pub async fn run(args: &ProfileArgs, wish: &IdentityArgs) -> Result<(), Failure> {
    let console = Console::of_process(args.json);
    match &wish.command {
        IdentityCommand::Show => show(args, console).await,
        IdentityCommand::Name(wish) => naming::run(args, wish).await,
        IdentityCommand::Export(wish) => exporting::run(args, wish, console).await,
        IdentityCommand::Import(wish) => importing::run(args, wish, console).await,
        IdentityCommand::Move { to } => moving::run(args, to.kind(), console).await,
    }
}

/// Who a profile is. The form of `identity show --json` is fixed.
#[derive(Debug, Serialize)]
struct Shown {
    pubkey: AuthorId,
    npub: String,
    /// What they call themselves, where the database knows it.
    name: Option<String>,
    device: String,
    peer_id: String,
    key_store: KeyStore,
}

impl Shown {
    fn new(keys: &PublicKeys, store: KeyStore) -> Self {
        Self {
            pubkey: keys.author,
            npub: keys.author.npub(),
            name: None,
            device: keys.device.to_string(),
            peer_id: keys.peer_id.to_string(),
            key_store: store,
        }
    }

    fn in_words(&self, place: &Place) -> String {
        let keys = match self.key_store {
            KeyStore::Os => say!("in the system's keyring"),
            KeyStore::File => say!(
                "in {home}/vault, sealed with a passphrase",
                home = place.shown_home()
            ),
            KeyStore::Memory => say!("in memory"),
        };
        let name = match &self.name {
            Some(name) => say!("name     {name}\n", name = text::one_line(name)),
            None => String::new(),
        };
        name + &say!(
            "you are  {npub}\npubkey   {pubkey}\ndevice   {device}\npeer id  {peer}\nkeys     {keys}",
            npub = self.npub,
            pubkey = self.pubkey,
            device = self.device,
            peer = self.peer_id,
            keys = keys
        )
    }
}

async fn show(args: &ProfileArgs, console: Console) -> Result<(), Failure> {
    let place = place_of(args)?;
    let recorded = keys::recorded(&place)?;
    let mut shown = match recorded.as_ref().and_then(|file| Some((file, file.keys?))) {
        Some((file, public)) => Shown::new(&public, file.key_store.kind()),
        None => show_unrecorded(&place).await?,
    };
    shown.name = own_name(&place, shown.pubkey, console).await;
    console.answer(&shown, |shown| shown.in_words(&place))
}

/// Who one is stands in the profile; a database that cannot be read costs no more than the name.
async fn own_name(place: &Place, author: AuthorId, console: Console) -> Option<String> {
    if !place.home.database().exists() {
        return None;
    }
    match name_of(place, author).await {
        Ok(name) => name,
        Err(failure) => {
            let why = failure.in_one_line();
            console.remark(&say!("the name could not be read: {why}", why = why));
            None
        }
    }
}

async fn name_of(place: &Place, author: AuthorId) -> Result<Option<String>, Failure> {
    let access = Access::open(place, Need::Read, &|_, _| Ok(())).await?;
    let profile = access.client().profile_of(author).await;
    access.close().await?;
    Ok(profile?.author.name)
}

/// A profile of an earlier version: its vault knows, and is only read.
async fn show_unrecorded(place: &Place) -> Result<Shown, Failure> {
    let ProfileVault { vault, .. } = keys::existing(place)?;
    let found = open_or_create_keys(vault.as_ref(), false).await;
    let found = found.map_err(|error| keys::of_setup(vault.kind(), &error))?;
    Ok(Shown::new(&keys::public_keys(&found)?, vault.kind()))
}

/// Whether somebody typed the whole word.
async fn is_confirmed(question: String) -> Result<bool, Failure> {
    let ask = say!("Type yes to go on: ");
    let answer = terminal::ask(format!("{question}\n{ask}")).await?;
    Ok(answer.eq_ignore_ascii_case("yes"))
}

fn not_confirmed(what: &str) -> Failure {
    Failure::new(Exit::Refused, format!("{what} was not confirmed"))
        .code("not_confirmed")
        .detail("nothing was changed")
}

/// Runs what takes a second of a core, such as opening a sealed key.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panic| Failure::new(Exit::Unexpected, panic.to_string()))
}
