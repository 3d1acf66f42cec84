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

use crate::screen;

/// The source that the configuration names; otherwise the terminal, if there is one.
pub fn source(settings: &KeyringSettings, vault: &Path) -> PassphraseSource {
    if let Some(file) = &settings.passphrase_file {
        return PassphraseSource::File(file.clone());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return PassphraseSource::Nobody;
    }
    let vault = vault.display().to_string();
    PassphraseSource::Prompt(Box::new(move |ask| {
        let secret = screen::read_hidden(&prompt(ask, &vault))?;
        let mut secret = secret.ok_or_else(|| io::Error::from(io::ErrorKind::Interrupted))?;
        Ok(std::mem::take(&mut *secret))
    }))
}

fn prompt(ask: Ask, vault: &str) -> String {
    match ask {
        Ask::Open { attempt: 1 } => "passphrase: ".to_owned(),
        Ask::Open { .. } => "that is not it, passphrase: ".to_owned(),
        Ask::Choose { attempt: 1 } => format!(
            "This profile has no keys yet. They are made now and kept in {vault}, sealed with a\n\
             passphrase that you choose. Without it nobody can open them, you neither.\n\
             new passphrase: "
        ),
        Ask::Choose { .. } => "empty, or not the same twice; new passphrase: ".to_owned(),
        Ask::Repeat => "the same again: ".to_owned(),
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
            matches!(source(&settings, Path::new("v")), PassphraseSource::File(file) if file == Path::new("x"))
        );
    }

    #[test]
    fn the_first_question_says_what_happens() {
        assert!(
            prompt(Ask::Choose { attempt: 1 }, "/home/mika/vault").contains("/home/mika/vault")
        );
        assert!(prompt(Ask::Open { attempt: 2 }, "").contains("not it"));
    }
}
