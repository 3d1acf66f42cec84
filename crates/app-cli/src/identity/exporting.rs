//! `kukuri identity export`: a copy of the author's key, sealed or in the clear.
//!
//! Must never print the key in the clear unless somebody has confirmed it.

use kukuri_application::ports::{SecretBytes, SecretName};
use kukuri_infra_keyring::{KeyTextError, ncryptsec, nsec};
use serde_json::json;
use zeroize::Zeroizing;

use super::{ExportArgs, blocking, hold, is_confirmed, not_confirmed};
use kukuri_wiring::{Exit, Failure, Place, Reason, keys};

use crate::{access::place_of, args::ProfileArgs, console::Console, language::say, terminal};

pub(super) async fn run(
    args: &ProfileArgs,
    wish: &ExportArgs,
    console: Console,
) -> Result<(), Failure> {
    let place = place_of(args)?;
    // Before the lock: a profile that is not there is not made.
    keys::existing(&place)?;
    let _lock = hold(args, &place).await?;
    if wish.nsec {
        confirm(wish).await?;
        let text = nsec(&secret(&place).await?).map_err(failed)?;
        return print(console, "nsec", &text);
    }
    let source = terminal::passphrase_from(
        wish.passphrase_file.as_deref(),
        &place.home.vault(),
        Reason::Export,
    );
    let secret = secret(&place).await?;
    let sealed = blocking(move || {
        let passphrase = source
            .for_creating()
            .map_err(|error| of_passphrase(&error))?;
        ncryptsec(&secret, &passphrase).map_err(failed)
    });
    print(console, "ncryptsec", &sealed.await??)
}

/// The copy has a passphrase of its own, and so its own advice.
fn of_passphrase(error: &kukuri_application::ports::VaultError) -> Failure {
    use kukuri_application::ports::VaultError;
    match error {
        VaultError::PassphraseNeeded => Failure::new(
            Exit::Vault,
            "the copy needs a passphrase, and there is no terminal to ask on",
        )
        .code("missing_passphrase")
        .hint("put it into a file that only you can read, and name it with --passphrase-file FILE"),
        other => other.into(),
    }
}

async fn confirm(wish: &ExportArgs) -> Result<(), Failure> {
    if wish.yes {
        return Ok(());
    }
    if !terminal::has_terminal() {
        let failure = not_confirmed("showing the secret key in the clear");
        return Err(failure.hint(
            "leave out --nsec to get a copy that is sealed with a passphrase, or add --yes",
        ));
    }
    let question = say!(
        "This prints the secret key in the clear. Whoever sees it can post as you for ever, and\n\
         nobody can take that back. Without --nsec it is sealed with a passphrase."
    );
    if is_confirmed(question).await? {
        Ok(())
    } else {
        Err(not_confirmed("showing the secret key in the clear"))
    }
}

async fn secret(place: &Place) -> Result<SecretBytes, Failure> {
    let vault = keys::existing(place)?.vault;
    let loaded = vault.load(SecretName::Identity).await;
    let loaded = loaded.map_err(|error| keys::of_vault(vault.kind(), &error))?;
    loaded.ok_or_else(|| {
        let name = SecretName::Identity;
        let missing = kukuri_application::keys::KeySetupError::Missing { name };
        keys::of_setup(vault.kind(), &missing)
    })
}

fn print(console: Console, form: &str, text: &str) -> Result<(), Failure> {
    if console.is_json {
        return console.json(&json!({ form: text }));
    }
    console.text(&Zeroizing::new(text.to_owned()))
}

fn failed(error: KeyTextError) -> Failure {
    Failure::new(Exit::Vault, error.to_string())
}
