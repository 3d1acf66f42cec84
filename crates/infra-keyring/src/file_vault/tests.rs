//! The vault as its callers see it: what is asked, what is refused, and that a refused vault
//! stays byte for byte what it was.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use kukuri_application::{
    keys::{KeySetupError, open_or_create_keys},
    testing::contract_vault::check_vault,
};

use super::*;
use crate::passphrase::{Ask, PROMPT_ATTEMPTS_MAX, Passphrase};

fn given(passphrase: &str) -> PassphraseSource {
    PassphraseSource::Given(Passphrase::new(passphrase).expect("not empty"))
}

fn vault_at(path: &Path, source: PassphraseSource) -> FileVault {
    FileVault::with_cost(path, source, KdfCost::WORTHLESS)
}

fn secret(byte: u8) -> SecretBytes {
    SecretBytes::new([byte; 32])
}

/// A folder with a vault sealed by "swordfish" that holds a root.
async fn sealed() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vault");
    let vault = vault_at(&path, given("swordfish"));
    vault
        .create(SecretName::Root, secret(1))
        .await
        .expect("writable");
    (folder, path)
}

/// A person who always types `line`, and how often they were asked.
fn person(line: &'static str) -> (PassphraseSource, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let prompt = move |_: Ask| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(line.to_owned())
    };
    (PassphraseSource::Prompt(Box::new(prompt)), asked)
}

#[tokio::test]
async fn it_keeps_the_vault_contract() {
    check_vault(|| {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        move || Box::new(vault_at(&folder.path().join("vault"), given("swordfish")))
    })
    .await;
}

#[tokio::test]
async fn a_wrong_passphrase_changes_nothing() {
    let (_folder, path) = sealed().await;
    let before = fs::read(&path).expect("readable");
    let vault = vault_at(&path, given("tuna"));
    let loaded = vault.load(SecretName::Identity).await;
    assert!(
        matches!(loaded, Err(VaultError::WrongPassphrase)),
        "{loaded:?}"
    );
    let created = vault.create(SecretName::Identity, secret(2)).await;
    assert!(
        matches!(created, Err(VaultError::WrongPassphrase)),
        "{created:?}"
    );
    assert_eq!(fs::read(&path).expect("readable"), before);
}

#[tokio::test]
async fn a_damaged_vault_is_told_and_left_as_it_is() {
    let (_folder, path) = sealed().await;
    let good = fs::read(&path).expect("readable");
    let mut flipped = good.clone();
    flipped[80] ^= 1;
    for damaged in [&good[..50], &flipped, b"", b"not a vault at all"] {
        fs::write(&path, damaged).expect("writable");
        let vault = vault_at(&path, given("swordfish"));
        let loaded = vault.load(SecretName::Root).await;
        assert!(matches!(loaded, Err(VaultError::Corrupt(_))), "{loaded:?}");
        let created = vault.create(SecretName::Root, secret(2)).await;
        assert!(
            matches!(created, Err(VaultError::Corrupt(_))),
            "{created:?}"
        );
        let keys = open_or_create_keys(&vault, true).await;
        assert!(
            matches!(
                keys,
                Err(KeySetupError::Load {
                    source: VaultError::Corrupt(_),
                    ..
                })
            ),
            "{keys:?}"
        );
        assert_eq!(fs::read(&path).expect("readable"), damaged);
    }
}

#[tokio::test]
async fn a_missing_vault_has_no_entry_and_nobody_is_asked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, asked) = person("swordfish");
    let vault = vault_at(&folder.path().join("vault"), source);
    assert_eq!(
        vault
            .load(SecretName::Root)
            .await
            .expect("definitely missing"),
        None
    );
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[tokio::test]
async fn a_vault_that_cannot_be_read_is_not_missing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vault");
    fs::create_dir(&path).expect("writable");
    let vault = vault_at(&path, given("swordfish"));
    let loaded = vault.load(SecretName::Root).await;
    assert!(matches!(loaded, Err(VaultError::Access(_))), "{loaded:?}");
    let created = vault.create(SecretName::Root, secret(1)).await;
    assert!(matches!(created, Err(VaultError::Access(_))), "{created:?}");
}

#[tokio::test]
async fn without_anybody_to_ask_the_error_says_so() {
    let (folder, path) = sealed().await;
    let before = fs::read(&path).expect("readable");
    let vault = vault_at(&path, PassphraseSource::Nobody);
    let loaded = vault.load(SecretName::Root).await;
    assert!(
        matches!(loaded, Err(VaultError::PassphraseNeeded)),
        "{loaded:?}"
    );
    assert_eq!(fs::read(&path).expect("readable"), before);

    let new = vault_at(&folder.path().join("new"), PassphraseSource::Nobody);
    let created = new.create(SecretName::Root, secret(1)).await;
    assert!(
        matches!(created, Err(VaultError::PassphraseNeeded)),
        "{created:?}"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
}

#[tokio::test]
async fn a_person_is_asked_once_to_open() {
    let (_folder, path) = sealed().await;
    let (source, asked) = person("swordfish");
    let vault = vault_at(&path, source);
    let (a, b) = tokio::join!(
        vault.load(SecretName::Root),
        vault.load(SecretName::Identity)
    );
    assert_eq!(
        (a.expect("opens"), b.expect("opens")),
        (Some(secret(1)), None)
    );
    vault
        .create(SecretName::Identity, secret(2))
        .await
        .expect("writable");
    assert_eq!(
        vault.load(SecretName::Identity).await.expect("opens"),
        Some(secret(2))
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_person_is_asked_twice_to_create_and_never_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vault");
    let (source, asked) = person("swordfish");
    let keys = open_or_create_keys(&vault_at(&path, source), true)
        .await
        .expect("a new home");
    assert_eq!(asked.load(Ordering::Relaxed), 2);

    let again = open_or_create_keys(&vault_at(&path, given("swordfish")), false).await;
    assert_eq!(
        again.expect("it opens").identity_secret,
        keys.identity_secret
    );
}

#[tokio::test]
async fn a_mistyped_passphrase_is_asked_for_again_but_not_for_ever() {
    let (_folder, path) = sealed().await;
    let prompt = |ask| match ask {
        Ask::Open { attempt: 1 } => Ok(String::new()),
        Ask::Open { attempt: 2 } => Ok("swordfisch".to_owned()),
        _ => Ok("swordfish".to_owned()),
    };
    let vault = vault_at(&path, PassphraseSource::Prompt(Box::new(prompt)));
    assert_eq!(
        vault.load(SecretName::Root).await.expect("opens"),
        Some(secret(1))
    );

    let (source, asked) = person("tuna");
    let loaded = vault_at(&path, source).load(SecretName::Root).await;
    assert!(
        matches!(loaded, Err(VaultError::WrongPassphrase)),
        "{loaded:?}"
    );
    assert_eq!(asked.load(Ordering::Relaxed), PROMPT_ATTEMPTS_MAX as usize);
}

#[tokio::test]
async fn a_vault_that_appears_while_its_passphrase_is_chosen_is_respected() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vault");
    let other = sealed().await;
    let prompt = {
        let (path, other) = (path.clone(), other.1.clone());
        move |ask| {
            if ask == Ask::Repeat {
                fs::copy(&other, &path)?;
            }
            Ok("swordfish".to_owned())
        }
    };
    let vault = vault_at(&path, PassphraseSource::Prompt(Box::new(prompt)));
    let created = vault.create(SecretName::Root, secret(9)).await;
    assert!(matches!(created, Err(VaultError::Exists)), "{created:?}");
    vault
        .create(SecretName::Identity, secret(2))
        .await
        .expect("it joins what is there");
    assert_eq!(
        vault.load(SecretName::Root).await.expect("opens"),
        Some(secret(1))
    );
}

#[tokio::test]
async fn each_write_has_a_fresh_salt_or_nonce() {
    let (_folder, path) = sealed().await;
    let first = fs::read(&path).expect("readable");
    let vault = vault_at(&path, given("swordfish"));
    vault
        .create(SecretName::Identity, secret(2))
        .await
        .expect("writable");
    let second = fs::read(&path).expect("readable");
    let (salt, nonce) = (21..37, 37..61);
    assert_eq!(first[salt.clone()], second[salt.clone()], "the key stays");
    assert_ne!(first[nonce.clone()], second[nonce], "a nonce is used once");

    let (_folder, path) = sealed().await;
    assert_ne!(
        first[salt.clone()],
        fs::read(&path).expect("readable")[salt],
        "drawn at random"
    );
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let (_folder, path) = sealed().await;
    let vault = vault_at(&path, given("swordfish"));
    vault.load(SecretName::Root).await.expect("opens");
    let shown = format!("{vault:?}");
    assert!(
        shown.contains("vault") && !shown.contains("swordfish"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_production_cost_is_written_into_a_vault() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vault");
    let start = Instant::now();
    let vault = FileVault::new(&path, given("swordfish"));
    vault
        .create(SecretName::Root, secret(1))
        .await
        .expect("writable");
    println!(
        "making a vault at production cost took {:?}",
        start.elapsed()
    );

    let content = fs::read(&path).expect("readable");
    let sealed = Sealed::parse(&content).expect("a fine vault");
    assert_eq!(
        sealed.cost,
        KdfCost {
            memory_kib: 65_536,
            passes: 3,
            lanes: 1
        }
    );
    // Whoever opens it follows the file and not their own default.
    let cheap = vault_at(&path, given("swordfish"));
    assert_eq!(
        cheap.load(SecretName::Root).await.expect("opens"),
        Some(secret(1))
    );
}

#[tokio::test]
async fn the_last_entry_takes_the_file_with_it() {
    let (folder, path) = sealed().await;
    let vault = vault_at(&path, given("swordfish"));
    let stale = vault.remove(SecretName::Root, secret(9)).await;
    assert!(matches!(stale, Err(VaultError::Changed)), "{stale:?}");
    assert!(path.exists());
    let removed = vault.remove(SecretName::Root, secret(1)).await;
    removed.expect("it is what was seen");
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[tokio::test]
async fn a_wrong_passphrase_removes_and_replaces_nothing() {
    let (_folder, path) = sealed().await;
    let before = fs::read(&path).expect("readable");
    let vault = vault_at(&path, given("tuna"));
    let removed = vault.remove(SecretName::Root, secret(1)).await;
    assert!(
        matches!(removed, Err(VaultError::WrongPassphrase)),
        "{removed:?}"
    );
    let replaced = vault.replace(SecretName::Root, secret(1), secret(2)).await;
    assert!(
        matches!(replaced, Err(VaultError::WrongPassphrase)),
        "{replaced:?}"
    );
    assert_eq!(fs::read(&path).expect("readable"), before);
}
