//! The vault in the operating system's keyring, against a real gnome-keyring and against
//! services that misbehave. Run with `cargo xtask test keyring`.

#![cfg(target_os = "linux")]

mod fake;
#[allow(dead_code, reason = "the tests of the program use the rest of it")]
mod session;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use fake::{Fake, Manner};
use kukuri_application::{
    keys::{KeySetupError, clear_leftovers, move_keys, open_or_create_keys},
    ports::{SecretBytes, SecretName, SecretVault as _, VaultError},
    testing::contract_vault::check_vault,
};
use kukuri_infra_keyring::{FileVault, KdfCost, OsVault, Passphrase, PassphraseSource};
use secret_service::{EncryptionType, blocking::SecretService};
use session::{Session, within};

const NAMES: [SecretName; 2] = [SecretName::Root, SecretName::Identity];

fn secret(byte: u8) -> SecretBytes {
    SecretBytes::new([byte; 32])
}

fn vault() -> OsVault {
    OsVault::new("0123456789abcdef", "profile test")
}

/// As short as a test needs it.
fn impatient_vault() -> OsVault {
    vault().with_limit(Duration::from_secs(2))
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let result = runtime.block_on(future);
    // A call that never returns holds up nothing.
    runtime.shutdown_background();
    result
}

async fn fill(vault: &OsVault) {
    for (name, byte) in NAMES.into_iter().zip([1, 2]) {
        let created = vault.create(name, secret(byte)).await;
        created.expect("there is none yet");
    }
}

/// Every use of the vault fails as expected, start-up included.
async fn everything_fails(vault: &OsVault, is_expected: impl Fn(&VaultError) -> bool) {
    let check = |what: &str, result: Result<(), VaultError>| match result {
        Err(error) => assert!(is_expected(&error), "{what}: {error:?}"),
        Ok(()) => panic!("{what} should fail"),
    };
    for name in NAMES {
        check("load", vault.load(name).await.map(|_| ()));
        check("create", vault.create(name, secret(9)).await);
        check("replace", vault.replace(name, secret(1), secret(9)).await);
        check("remove", vault.remove(name, secret(1)).await);
    }
    check("self-test", vault.self_test().await.map(|_| ()));
    match open_or_create_keys(vault, true).await {
        Err(KeySetupError::Load { source, .. }) => check("start-up", Err(source)),
        other => panic!("start-up: {other:?}"),
    }
}

/// After all is well again the same vault finds what it had.
async fn everything_works(vault: &OsVault) {
    assert_eq!(
        vault.load(SecretName::Root).await.expect("healed"),
        Some(secret(1))
    );
    assert_eq!(
        vault.load(SecretName::Identity).await.expect("healed"),
        Some(secret(2))
    );
    vault.self_test().await.expect("healed");
}

#[test]
fn keyring_keeps_the_vault_contract() {
    within("keyring_keeps_the_vault_contract", |session| {
        let _keyring = session.unlocked_keyring();
        let next = AtomicUsize::new(0);
        wait(check_vault(|| {
            let id = format!("{:032x}", next.fetch_add(1, Ordering::Relaxed));
            move || Box::new(OsVault::new(id.clone(), "contract"))
        }));
        assert_eq!(items("self-test@").len(), 0, "no probe is left behind");
    });
}

#[test]
fn keyring_entries_are_there_after_a_restart_of_the_service() {
    within(
        "keyring_entries_are_there_after_a_restart_of_the_service",
        |session| {
            let vault = vault();
            let keyring = session.unlocked_keyring();
            let took = wait(async {
                fill(&vault).await;
                vault.self_test().await.expect("healthy")
            });
            println!("figure: a self-test took {took:?}");
            drop(keyring);
            let _keyring = session.unlocked_keyring();
            wait(async {
                everything_works(&vault).await;
                everything_works(&self::vault()).await;
            });
            let entries = items("@0123456789abcdef");
            assert_eq!(entries.len(), 2, "one entry for each secret: {entries:?}");
        },
    );
}

#[test]
fn keyring_of_two_profiles_is_two() {
    within("keyring_of_two_profiles_is_two", |session| {
        let _keyring = session.unlocked_keyring();
        wait(async {
            let (aoi, taro) = (OsVault::new("aa", "aoi"), OsVault::new("bb", "taro"));
            fill(&aoi).await;
            assert_eq!(taro.load(SecretName::Root).await.expect("healthy"), None);
            let created = taro.create(SecretName::Root, secret(5)).await;
            created.expect("there is none yet");
            assert_eq!(
                aoi.load(SecretName::Root).await.expect("healthy"),
                Some(secret(1))
            );
        });
    });
}

#[test]
fn keyring_that_is_locked_is_told_and_left_as_it_is() {
    within(
        "keyring_that_is_locked_is_told_and_left_as_it_is",
        |session| {
            let vault = impatient_vault();
            let keyring = session.unlocked_keyring();
            wait(fill(&vault));
            drop(keyring);
            let before = session.keyring_files();

            let keyring = session.locked_keyring();
            let is_locked = |error: &VaultError| matches!(error, VaultError::Locked(_));
            wait(everything_fails(&self::vault(), is_locked));
            // A profile that has no entries yet learns the same: this is no "no".
            wait(everything_fails(&OsVault::new("ff", "new"), is_locked));
            drop(keyring);
            assert!(session.keyring_files() == before, "the bytes have changed");

            let _keyring = session.unlocked_keyring();
            wait(everything_works(&self::vault()));
        },
    );
}

#[test]
fn keyring_that_is_locked_while_in_use_is_told() {
    within("keyring_that_is_locked_while_in_use_is_told", |session| {
        let vault = vault();
        let keyring = session.unlocked_keyring();
        wait(async {
            fill(&vault).await;
            lock_everything();
            everything_fails(&vault, |error| matches!(error, VaultError::Locked(_))).await;
        });
        drop(keyring);
        let _keyring = session.unlocked_keyring();
        wait(everything_works(&vault));
    });
}

#[test]
fn keyring_without_a_default_collection_refuses() {
    within("keyring_without_a_default_collection_refuses", |session| {
        let _keyring = session.locked_keyring();
        wait(everything_fails(
            &vault(),
            |error| matches!(error, VaultError::Refused(why) if why.to_string().contains("no default keyring")),
        ));
    });
}

#[test]
fn keyring_that_is_absent_is_unavailable_until_it_comes() {
    within(
        "keyring_that_is_absent_is_unavailable_until_it_comes",
        |session| {
            let vault = vault();
            let is_absent = |error: &VaultError| matches!(error, VaultError::Unavailable(_));
            wait(everything_fails(&vault, is_absent));
            let _keyring = session.unlocked_keyring();
            wait(async {
                fill(&vault).await;
                everything_works(&vault).await;
            });
        },
    );
}

#[test]
fn keyring_that_refuses_is_told() {
    within("keyring_that_refuses_is_told", |session| {
        let vault = vault();
        let fake = Fake::start(Manner::Refusing);
        wait(everything_fails(
            &vault,
            |error| matches!(error, VaultError::Refused(why) if why.to_string().contains("may not")),
        ));
        drop(fake);
        session::wait_for_service(false);
        heals(session, &vault);
    });
}

#[test]
fn keyring_that_forgets_is_found_out() {
    within("keyring_that_forgets_is_found_out", |session| {
        let vault = vault();
        let fake = Fake::start(Manner::Forgetful);
        wait(everything_fails(
            &vault,
            |error| matches!(error, VaultError::Refused(why) if why.to_string().contains("give back")),
        ));
        drop(fake);
        session::wait_for_service(false);
        heals(session, &vault);
    });
}

#[test]
fn keyring_that_does_not_answer_is_given_up_with_a_sign_of_life() {
    within(
        "keyring_that_does_not_answer_is_given_up_with_a_sign_of_life",
        |session| {
            let told = Arc::new(AtomicUsize::new(0));
            let count = told.clone();
            let vault = impatient_vault().on_waiting(move || {
                count.fetch_add(1, Ordering::Relaxed);
            });
            let fake = Fake::start(Manner::Silent);
            wait(async {
                let started = Instant::now();
                let result = vault.load(SecretName::Root).await;
                assert!(
                    matches!(result, Err(VaultError::Slow { waited_ms: 2_000 })),
                    "{result:?}"
                );
                let took = started.elapsed();
                assert!(took >= Duration::from_secs(2), "{took:?}");
                assert!(took < Duration::from_secs(4), "{took:?}");
                assert_eq!(told.load(Ordering::Relaxed), 1);
                let result = vault.self_test().await;
                assert!(matches!(result, Err(VaultError::Slow { .. })), "{result:?}");
            });
            drop(fake);
            session::wait_for_service(false);
            // What hung does not stand in the way.
            heals(session, &vault);
        },
    );
}

fn heals(session: &Session, vault: &OsVault) {
    let _keyring = session.unlocked_keyring();
    wait(async {
        fill(vault).await;
        everything_works(vault).await;
    });
}

#[test]
fn keyring_entries_of_others_are_told_and_left_as_they_are() {
    within(
        "keyring_entries_of_others_are_told_and_left_as_they_are",
        |session| {
            let _keyring = session.unlocked_keyring();
            put("root@0123456789abcdef", b"garbage", false);
            put("identity@0123456789abcdef", b"", false);
            let before = items("@0123456789abcdef");
            wait(async {
                for name in NAMES {
                    let loaded = vault().load(name).await;
                    let entry = format!("{}@0123456789abcdef", name.code());
                    assert!(
                        matches!(&loaded, Err(VaultError::NotAKey { entry: e, .. }) if *e == entry),
                        "{loaded:?}"
                    );
                    let created = vault().create(name, secret(9)).await;
                    assert!(
                        matches!(created, Err(VaultError::NotAKey { .. })),
                        "{created:?}"
                    );
                    let removed = vault().remove(name, secret(9)).await;
                    assert!(
                        matches!(removed, Err(VaultError::NotAKey { .. })),
                        "{removed:?}"
                    );
                }
                let keys = open_or_create_keys(&vault(), true).await;
                assert!(matches!(keys, Err(KeySetupError::Load { .. })), "{keys:?}");
            });
            assert_eq!(items("@0123456789abcdef"), before);

            // Two of one name: which is ours?
            put("root@0123456789abcdef", b"more garbage", true);
            let before = items("@0123456789abcdef");
            assert_eq!(before.len(), 3);
            let loaded = wait(vault().load(SecretName::Root));
            assert!(
                matches!(&loaded, Err(VaultError::NotAKey { why, .. }) if why.contains('2')),
                "{loaded:?}"
            );
            assert_eq!(items("@0123456789abcdef"), before);
        },
    );
}

#[test]
fn keyring_and_file_exchange_their_keys() {
    within("keyring_and_file_exchange_their_keys", |session| {
        let _keyring = session.unlocked_keyring();
        let passphrase = Passphrase::new("swordfish").expect("not empty");
        let file = FileVault::with_cost(
            session.folder().join("vault"),
            PassphraseSource::Given(passphrase),
            KdfCost::WORTHLESS,
        );
        wait(async {
            let made = open_or_create_keys(&vault(), true).await.expect("empty");
            let moved = move_keys(&vault(), &file, async || Ok(())).await;
            assert!(moved.expect("both work").leftover.is_none());
            assert_eq!(items("@0123456789abcdef").len(), 0);
            let keys = open_or_create_keys(&file, false).await.expect("moved");
            assert_eq!(keys.identity_secret, made.identity_secret);

            let moved = move_keys(&file, &vault(), async || Ok(())).await;
            assert!(moved.expect("both work").leftover.is_none());
            assert!(!session.folder().join("vault").exists());
            let keys = open_or_create_keys(&vault(), false).await.expect("moved");
            assert_eq!(keys.identity_secret, made.identity_secret);
            clear_leftovers(&vault(), &file)
                .await
                .expect("nothing is left");
        });
    });
}

/// All our entries whose user contains this, by an eye of the test's own.
fn items(part: &str) -> Vec<(String, Vec<u8>)> {
    let service = SecretService::connect(EncryptionType::Dh).expect("it runs");
    let found = service
        .search_items(HashMap::from([("service", "kukuri")]))
        .expect("it answers");
    let mut items: Vec<_> = found
        .unlocked
        .iter()
        .map(|item| {
            let attributes = item.get_attributes().expect("it answers");
            let secret = item.get_secret().expect("it answers");
            (attributes["username"].clone(), secret)
        })
        .filter(|(user, _)| user.contains(part))
        .collect();
    items.sort();
    items
}

/// Puts something under our name, beside what is there if it is `another`.
fn put(user: &str, content: &[u8], another: bool) {
    let service = SecretService::connect(EncryptionType::Dh).expect("it runs");
    let collection = service.get_default_collection().expect("unlocked");
    let mut attributes = HashMap::from([("service", "kukuri"), ("username", user)]);
    if another {
        attributes.insert("by", "hand");
    }
    let made = collection.create_item("by hand", attributes, content, false, "text/plain");
    made.expect("it is taken");
}

fn lock_everything() {
    let service = SecretService::connect(EncryptionType::Dh).expect("it runs");
    let collection = service.get_default_collection().expect("it is there");
    collection.lock().expect("it can be locked");
}
