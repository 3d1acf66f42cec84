//! What is told when keys cannot be had: for each store what is so and what to do.
//!
//! A vault that is a file and one that is a keyring fail with the same variants of one error, and
//! need different advice. All of these end with the exit code of vaults.

use kukuri_application::{
    keys::{KeySetupError, MoveError},
    ports::{KeyStore, VaultError},
};
use kukuri_node::IdentityFileError;

use crate::failure::{Exit, Failure};

/// The settings that keep keys in a file, word by word.
const FILE_SETTINGS: &str = "set KUKURI_KEYRING__STORE=file and \
     KUKURI_KEYRING__PASSPHRASE_FILE=/path/to/file, a file with a passphrase that only you can \
     read (in config.toml: keyring.store and keyring.passphrase_file)";

/// What a vault of this kind said.
pub fn of_vault(store: KeyStore, error: &VaultError) -> Failure {
    if store != KeyStore::Os {
        return error.into();
    }
    let failure = |message: &str| Failure::new(Exit::Vault, message).causes(error);
    match error {
        VaultError::Unavailable(_) => failure("no keyring is available here").code("no_keyring").hint(
            "start the keyring of this desktop session (the Secret Service on the bus that \
             DBUS_SESSION_BUS_ADDRESS names) and try again",
        ),
        VaultError::Locked(_) => failure("the keyring is locked")
            .code("vault_locked")
            .detail("nothing was changed in it")
            .hint("unlock it, by logging in to the desktop or in its own program, and try again"),
        VaultError::Refused(_) => failure("the keyring refuses to work")
            .code("vault_refused")
            .detail("the keys in it were left as they are")
            .hint(
                "look into the keyring's own program (for example Passwords and Keys), and try again",
            ),
        VaultError::Slow { waited_ms } => {
            let waited = waited_ms / 1_000;
            failure(&format!("the keyring has not answered for {waited} s"))
                .code("vault_slow")
                .detail("the keys in it were left as they are")
                .hint(
                    "look for a window of the keyring that waits for you, or restart the keyring, \
                     and try again",
                )
        }
        VaultError::NotAKey { entry, why } => {
            failure(&format!("the keyring's entry '{entry}' is no key: {why}"))
                .code("not_a_key")
                .detail("it was left as it is")
                .hint(
                    "open the keyring's own program, look at the entry of the service 'kukuri', \
                     and put back the right one or remove it",
                )
        }
        VaultError::Access(_) => failure("the keyring could not be reached")
            .code("vault_unreachable")
            .detail("the keys in it were left as they are")
            .hint("try again"),
        VaultError::PassphraseNeeded
        | VaultError::WrongPassphrase
        | VaultError::Exists
        | VaultError::Changed
        | VaultError::Corrupt(_) => error.into(),
    }
}

/// What the keyring said when a profile was to be made: there is another way for it.
pub fn of_first_start(error: &VaultError) -> Failure {
    let failure = of_vault(KeyStore::Os, error);
    match error {
        VaultError::Unavailable(_) => failure
            .detail("the keys of a new profile are kept in the system's keyring, unless you say otherwise")
            .hint(format!("to keep them in a file sealed with a passphrase, {FILE_SETTINGS}")),
        _ => {
            let other = format!("to do without the keyring, {FILE_SETTINGS}");
            let hint = match &failure.hint {
                Some(hint) => format!("{hint}; or {other}"),
                None => other,
            };
            failure.hint(hint)
        }
    }
}

/// Why the keys of a start are not there.
pub fn of_setup(store: KeyStore, error: &KeySetupError) -> Failure {
    match error {
        KeySetupError::Load { source, .. } | KeySetupError::Create { source, .. } => {
            of_vault(store, source)
        }
        KeySetupError::Missing { .. } => {
            let failure = Failure::new(Exit::Vault, error.to_string()).code("keys_missing");
            match store {
                KeyStore::Os => failure.hint(
                    "log in as the user and to the desktop whose keyring has them, or use another \
                     profile with --profile NAME",
                ),
                _ => failure.hint(
                    "put the profile's 'vault' file back beside its database, or use another \
                     profile with --profile NAME",
                ),
            }
        }
        KeySetupError::Random(_) => Failure::new(Exit::Unexpected, error.to_string()).causes(error),
    }
}

/// Why keys were not moved.
pub fn of_move(error: &MoveError) -> Failure {
    match error {
        MoveError::Load { store, source, .. } | MoveError::Create { store, source, .. } => {
            of_vault(*store, source).detail("no key was moved")
        }
        MoveError::Leftover { store, source } => {
            let cause = of_vault(*store, source);
            Failure {
                message: error.to_string(),
                details: [vec![cause.message], cause.details].concat(),
                ..cause
            }
        }
        MoveError::Occupied { .. } => Failure::new(Exit::Refused, error.to_string())
            .code("store_occupied")
            .detail("it was left as it is, and no key was moved")
            .hint("it may be the only copy of another identity: put it away before you try again"),
        MoveError::Missing { .. } | MoveError::NotKept { .. } | MoveError::Record(_) => {
            Failure::new(Exit::Vault, error.to_string()).causes(error)
        }
    }
}

impl From<IdentityFileError> for Failure {
    fn from(error: IdentityFileError) -> Self {
        let exit = match &error {
            IdentityFileError::Access { .. } => Exit::Disk,
            IdentityFileError::Random(_) => Exit::Unexpected,
            IdentityFileError::Damaged { .. } | IdentityFileError::NewerVersion { .. } => {
                Exit::Vault
            }
        };
        let failure = Failure::new(exit, error.to_string()).causes(&error);
        match error {
            IdentityFileError::Access { .. } => failure
                .hint("make the profile's folder and files readable and writable for this user"),
            IdentityFileError::Damaged { .. } => failure
                .code("profile_damaged")
                .detail("it says which store holds the keys of this profile; it was left as it is")
                .hint("put a backup of the file in its place"),
            IdentityFileError::NewerVersion { .. } => {
                failure.hint("use the newer version of kukuri")
            }
            IdentityFileError::Random(_) => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<VaultError> {
        vec![
            VaultError::Unavailable("no bus".into()),
            VaultError::Locked("dismissed".into()),
            VaultError::Refused("access denied".into()),
            VaultError::Slow { waited_ms: 30_000 },
            VaultError::NotAKey {
                entry: "root@1".into(),
                why: "7 bytes".into(),
            },
            VaultError::Access("gone".into()),
        ]
    }

    #[test]
    fn each_way_of_a_keyring_to_fail_has_its_own_words_and_advice() {
        let failures: Vec<Failure> = all()
            .iter()
            .map(|error| of_vault(KeyStore::Os, error))
            .collect();
        for (index, failure) in failures.iter().enumerate() {
            assert_eq!(failure.exit, Exit::Vault);
            assert!(failure.message.contains("keyring"), "{failure:?}");
            assert!(failure.hint.is_some(), "{failure:?}");
            for other in &failures[index + 1..] {
                assert_ne!(failure.message, other.message);
            }
        }
        assert_eq!(failures[0].details, ["no bus"]);
        assert_eq!(failures[3].message, "the keyring has not answered for 30 s");
    }

    #[test]
    fn a_new_profile_is_told_the_exact_settings() {
        for error in all() {
            let hint = of_first_start(&error).hint.expect("there is one");
            assert!(hint.contains("KUKURI_KEYRING__STORE=file"), "{hint}");
            assert!(hint.contains("KUKURI_KEYRING__PASSPHRASE_FILE="), "{hint}");
        }
    }

    #[test]
    fn a_profile_with_keys_is_not_sent_elsewhere() {
        for error in all() {
            let hint = of_vault(KeyStore::Os, &error).hint.expect("there is one");
            assert!(!hint.contains("STORE=file"), "{hint}");
        }
    }

    #[test]
    fn a_file_keeps_its_own_advice() {
        let failure = of_vault(KeyStore::File, &VaultError::WrongPassphrase);
        assert!(failure.message.contains("passphrase"), "{failure:?}");
    }

    #[test]
    fn what_is_left_in_a_store_is_named() {
        let failure = of_move(&MoveError::Leftover {
            store: KeyStore::Os,
            source: VaultError::Locked("dismissed".into()),
        });
        assert!(
            failure.message.contains("'os' may still hold a copy"),
            "{failure:?}"
        );
        assert_eq!(failure.details[0], "the keyring is locked");
        assert_eq!(failure.exit, Exit::Vault);
    }
}
