//! Whoever sits at the terminal: asked for decisions and passphrases, and told what is waited for.
//!
//! Must never take a passphrase from an argument or a variable, which other programs can read, and
//! never ask where nobody can answer.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

use async_trait::async_trait;
use kukuri_infra_keyring::{Ask, PassphraseSource};
use kukuri_wiring::{Exit, Failure, Person, Reason};
use zeroize::Zeroizing;

use crate::{language::say, screen};

/// The terminal of this process, if it has one.
#[derive(Debug)]
pub struct Terminal;

#[async_trait]
impl Person for Terminal {
    async fn keeps_keys_in_file(&self, file: &Path) -> Result<Option<bool>, Failure> {
        if !has_terminal() {
            return Ok(None);
        }
        let question = say!(
            "No keyring is available here, so there is no safe place for the keys of this profile yet.\n\
             They can be kept in {file}, sealed with a passphrase that you choose.\n\
             Keep the keys in that file? [y/N] ",
            file = file.display()
        );
        Ok(Some(is_yes(&ask(question).await?)))
    }

    fn passphrase(&self, vault: &Path, reason: Reason) -> PassphraseSource {
        passphrase_from(None, vault, reason)
    }

    fn waits_for_keyring(&self) {
        eprintln!(
            "{}",
            say!(
                "waiting for the keyring; it may be asking for its password in a window of its own"
            )
        );
    }

    fn waits_for_process(&self, holder: &str) {
        eprintln!(
            "{}",
            say!(
                "waiting for {holder}, which uses this profile for a moment",
                holder = holder
            )
        );
    }
}

/// Whether there is somebody to ask.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal. No answer is an empty one.
pub async fn ask(question: String) -> Result<String, Failure> {
    let asked = tokio::task::spawn_blocking(move || {
        eprint!("{question}");
        io::stderr().flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok::<_, io::Error>(line.trim().to_owned())
    });
    let failed = |error: String| Failure::new(Exit::Unexpected, format!("failed to ask: {error}"));
    match asked.await {
        Ok(answer) => answer.map_err(|error| failed(error.to_string())),
        Err(panic) => Err(failed(panic.to_string())),
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.to_lowercase().as_str(), "y" | "yes")
}

/// This file, or the terminal, if there is one.
pub fn passphrase_from(file: Option<&Path>, vault: &Path, reason: Reason) -> PassphraseSource {
    if let Some(file) = file {
        return PassphraseSource::File(file.to_owned());
    }
    if !has_terminal() {
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
    fn only_a_clear_yes_is_a_yes() {
        for yes in ["y", "Y", "yes", "YES"] {
            assert!(is_yes(yes), "{yes}");
        }
        for no in ["", "n", "no", "ye", "j", "maybe", "yes please"] {
            assert!(!is_yes(no), "{no}");
        }
    }

    #[test]
    fn a_file_is_read_and_nobody_asked() {
        let source = passphrase_from(Some(Path::new("x")), Path::new("v"), Reason::NewProfile);
        assert!(matches!(source, PassphraseSource::File(file) if file == Path::new("x")));
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
