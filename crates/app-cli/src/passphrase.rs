//! Where the passphrase of the sealed vault comes from: a file, or somebody at a terminal.
//!
//! Must never take it from an argument or a variable, which other programs can read, and never
//! ask where nobody can answer.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use kukuri_infra_keyring::{Ask, PassphraseSource};
use kukuri_node::config::KeyringSettings;

use zeroize::Zeroizing;

use crate::{language::say, screen};

/// What a new passphrase is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A profile gets its keys.
    NewProfile,
    /// The keys leave the keyring.
    Move,
    /// A copy of the author's key goes out of the profile.
    Export,
}

/// The source of the vault's passphrase: the file that the configuration names; otherwise the
/// terminal, if there is one.
pub fn source(settings: &KeyringSettings, vault: &Path, reason: Reason) -> PassphraseSource {
    from(settings.passphrase_file.as_deref(), vault, reason)
}

/// This file, or the terminal, if there is one.
pub fn from(file: Option<&Path>, vault: &Path, reason: Reason) -> PassphraseSource {
    if let Some(file) = file {
        return PassphraseSource::File(file.to_owned());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return PassphraseSource::Nobody;
    }
    let vault = vault.display().to_string();
    PassphraseSource::Prompt(Box::new(move |ask| {
        let mut secret = read_hidden(&prompt(ask, &vault, reason))?;
        Ok(std::mem::take(&mut *secret))
    }))
}

/// Asks for something secret; Ctrl-C is [`io::ErrorKind::Interrupted`].
pub fn read_hidden(prompt: &str) -> io::Result<Zeroizing<String>> {
    screen::read_hidden(prompt)?.ok_or_else(|| io::Error::from(io::ErrorKind::Interrupted))
}

fn prompt(ask: Ask, vault: &str, reason: Reason) -> String {
    match ask {
        Ask::Open { attempt: 1 } => say!("passphrase: "),
        Ask::Open { .. } => say!("that is not it, passphrase: "),
        Ask::Choose { attempt: 1 } => {
            let what = match reason {
                Reason::NewProfile => say!(
                    "This profile has no keys yet. They are made now and kept in {vault}, sealed with a\n\
                     passphrase that you choose. Without it nobody can open them, you neither.",
                    vault = vault
                ),
                Reason::Move => say!(
                    "The keys of this profile move to {vault}, sealed with a passphrase that you\n\
                     choose. Without it nobody can open them, you neither.",
                    vault = vault
                ),
                Reason::Export => say!(
                    "The copy is sealed with a passphrase that you choose. Without it nobody can open the\n\
                     copy, you neither."
                ),
            };
            format!("{what}\n{}", say!("new passphrase: "))
        }
        Ask::Choose { .. } => say!("empty, or not the same twice; new passphrase: "),
        Ask::Repeat => say!("the same again: "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_file_is_never_asked_for() {
        let settings = KeyringSettings {
            passphrase_file: Some("x".into()),
            ..Default::default()
        };
        assert!(
            matches!(source(&settings, Path::new("v"), Reason::NewProfile), PassphraseSource::File(file) if file == Path::new("x"))
        );
    }

    #[test]
    fn the_first_question_says_what_happens() {
        assert!(
            prompt(
                Ask::Choose { attempt: 1 },
                "/home/mika/vault",
                Reason::NewProfile
            )
            .contains("/home/mika/vault")
        );
        assert!(prompt(Ask::Open { attempt: 2 }, "", Reason::Export).contains("not it"));
    }
}
