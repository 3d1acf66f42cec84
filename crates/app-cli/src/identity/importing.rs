//! `kukuri identity import`: another key becomes the author of the profile.
//!
//! Must never replace an identity unless somebody has confirmed it: without a copy it is gone.

use std::io::{self, Read as _};

use kukuri_application::{
    keys::{Imported, import_identity},
    ports::{EventStore as _, SecretBytes, VaultError},
};
use kukuri_domain::AuthorId;
use kukuri_infra_keyring::{KeyTextError, PassphraseSource, SealedKey, WrittenKey, public_key_of};
use kukuri_node::platform::SystemClock;
use serde_json::json;
use zeroize::Zeroizing;

use super::{ImportArgs, blocking, hold, is_confirmed, not_confirmed};
use kukuri_wiring::{
    Exit, Failure, Place, Reason,
    keys::{self, ProfileVault},
    start,
};

use crate::{
    access::place_of,
    args::ProfileArgs,
    console::Console,
    language::{noted, phrase, say},
    terminal,
};

/// Most that is read from standard input; a key has some 160 bytes.
const INPUT_BYTES_MAX: u64 = 4_096;

pub(super) async fn run(
    args: &ProfileArgs,
    wish: &ImportArgs,
    console: Console,
) -> Result<(), Failure> {
    let secret = read_key(wish).await?;
    let author = public_key_of(&secret).map(AuthorId);
    let author = author.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;

    let place = place_of(args)?;
    let _lock = hold(args, &place).await?;
    let is_unused = database_is_unused(&place).await?;
    let ProfileVault { file, vault } = keys::choose(&place, is_unused).await?;
    let before = file.keys.map(|keys| keys.author);
    if before != Some(author) {
        confirm(wish, before, keys::has_sealed_file(&place)).await?;
    }
    let is_unused = is_unused && file.keys.is_none();
    let imported = import_identity(vault.as_ref(), is_unused, secret).await;
    let (found, imported) = imported.map_err(|error| keys::of_setup(vault.kind(), &error))?;
    keys::note(&place, file, keys::public_keys(&found)?)?;

    let npub = author.npub();
    if console.is_json {
        return console.json(&json!({
            "pubkey": author,
            "npub": npub,
            "replaced": imported == Imported::Replaced,
        }));
    }
    console.text(&match imported {
        Imported::Created => say!("you are {npub}", npub = npub),
        Imported::Replaced => say!("you are {npub} now", npub = npub),
        Imported::Same => say!("you are {npub} already; nothing was changed", npub = npub),
    })
}

/// Whether the profile was ever used; a database that is not there was not.
async fn database_is_unused(place: &Place) -> Result<bool, Failure> {
    if !place.home.database().exists() {
        return Ok(true);
    }
    let clock = std::sync::Arc::new(SystemClock::start());
    let database = start::open_database(place, true, clock).await?;
    let is_unused = database.is_unused().await;
    let closed = database.close().await;
    let is_unused = is_unused?;
    closed?;
    Ok(is_unused)
}

/// Asks before an identity goes. `before` is who it was, as far as that is known without the
/// vault; a profile of an earlier version has a sealed file.
async fn confirm(
    wish: &ImportArgs,
    before: Option<AuthorId>,
    has_sealed_file: bool,
) -> Result<(), Failure> {
    let who = match before {
        Some(author) => author.npub(),
        None if has_sealed_file => noted!("somebody already"),
        None => return Ok(()),
    };
    if wish.yes {
        return Ok(());
    }
    if wish.from.is_some() || !terminal::has_terminal() {
        return Err(not_confirmed("replacing the identity")
            .detail(format!("this profile is {who}"))
            .hint("make a copy first (kukuri identity export), then add --yes"));
    }
    let question = say!(
        "This profile is {who}.\nAfter the import nobody can post as that one any more, unless \
         there is a copy\n(kukuri identity export).",
        who = phrase(&who)
    );
    if is_confirmed(question).await? {
        Ok(())
    } else {
        Err(not_confirmed("replacing the identity"))
    }
}

/// The key in the clear.
async fn read_key(wish: &ImportArgs) -> Result<SecretBytes, Failure> {
    let text = match wish.from.as_deref() {
        Some("-") => blocking(read_input).await??,
        // What it is is not repeated: it may be a key.
        Some(_) => {
            return Err(Failure::new(Exit::Usage, "a secret key is never an argument")
                .detail("other programs can read arguments, and the shell remembers them")
                .hint("give it on standard input (kukuri identity import - < FILE), or type it when asked; if this was your key, think of it as known to others"));
        }
        None if terminal::has_terminal() => {
            blocking(|| {
                terminal::read_hidden(&say!("secret key (nsec1..., ncryptsec1... or hex): "))
                    .map_err(|error| unreadable(&error))
            })
            .await??
        }
        None => {
            return Err(
                Failure::new(Exit::Usage, "there is no terminal to ask for the key on")
                    .hint("give it on standard input: kukuri identity import - < FILE"),
            );
        }
    };
    match WrittenKey::parse(&text).map_err(no_key)? {
        WrittenKey::Plain(secret) => Ok(secret),
        WrittenKey::Sealed(sealed) => {
            // Standard input is used up by the key itself.
            let file = wish.passphrase_file.as_deref();
            let source = terminal::passphrase_from(file, std::path::Path::new(""), Reason::Export);
            blocking(move || open_sealed(&sealed, &source)).await?
        }
    }
}

fn open_sealed(sealed: &SealedKey, source: &PassphraseSource) -> Result<SecretBytes, Failure> {
    let mut attempt = 1;
    loop {
        let opened = source
            .for_opening(attempt)
            .map_err(|error| of_passphrase(&error))
            .map(|passphrase| sealed.open(&passphrase));
        match opened? {
            Err(KeyTextError::WrongPassphrase) if attempt < source.attempts_max() => attempt += 1,
            Err(KeyTextError::WrongPassphrase) => {
                return Err(
                    Failure::new(Exit::Vault, "the passphrase of the sealed key is wrong")
                        .code("wrong_passphrase")
                        .detail("nothing was changed"),
                );
            }
            Err(error) => return Err(no_key(error)),
            Ok(secret) => return Ok(secret),
        }
    }
}

fn of_passphrase(error: &VaultError) -> Failure {
    match error {
        VaultError::PassphraseNeeded => Failure::new(
            Exit::Vault,
            "the sealed key needs its passphrase, and there is no terminal to ask on",
        )
        .code("missing_passphrase")
        .hint("put it into a file that only you can read, and name it with --passphrase-file FILE"),
        other => other.into(),
    }
}

fn read_input() -> Result<Zeroizing<String>, Failure> {
    // Room for all at once: a growing buffer would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(INPUT_BYTES_MAX as usize + 1));
    let read = io::stdin()
        .lock()
        .take(INPUT_BYTES_MAX + 1)
        .read_to_string(&mut text);
    match read {
        Ok(bytes) if bytes as u64 > INPUT_BYTES_MAX => Err(no_key(KeyTextError::NoKey)),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(no_key(KeyTextError::NoKey))
        }
        Err(error) => Err(unreadable(&error)),
    }
}

fn unreadable(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::Interrupted {
        return Failure::interrupted();
    }
    Failure::new(Exit::Unexpected, format!("failed to read the key: {error}"))
}

fn no_key(error: KeyTextError) -> Failure {
    Failure::new(Exit::Usage, error.to_string()).detail("nothing was changed")
}
