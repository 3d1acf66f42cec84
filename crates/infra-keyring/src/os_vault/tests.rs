//! The vault over a keyring in memory: its promises on every platform, and the keyring's lies.
//! Real keyrings are in `tests/keyring`.

use std::sync::{
    atomic::AtomicUsize,
    mpsc::{self, Sender},
};

use keyring_core::{Error, api::CredentialStoreApi as _, mock};
use kukuri_application::testing::contract_vault::check_vault;
use rstest::rstest;

use super::*;

fn over(store: &Arc<mock::Store>) -> OsVault {
    let store = store.clone();
    over_opener(move || Ok(store.clone()))
}

fn over_opener(
    open: impl Fn() -> keyring_core::Result<Arc<Store>> + Send + Sync + 'static,
) -> OsVault {
    let mut vault = OsVault::new("id", "test");
    let shared = Arc::get_mut(&mut vault.shared).expect("nobody else has it yet");
    shared.keyring = Keyring::of_test(open);
    vault
}

fn memory() -> Arc<mock::Store> {
    mock::Store::new().expect("memory")
}

fn secret(byte: u8) -> SecretBytes {
    SecretBytes::new([byte; 32])
}

/// What is in the keyring under this name.
fn held(store: &mock::Store, user: &str) -> Option<Vec<u8>> {
    let entry = store.build(SERVICE, user, None).expect("memory");
    entry.get_secret().ok()
}

/// The next call to this entry fails.
fn fail_next(store: &mock::Store, user: &str, error: Error) {
    let entry = store.build(SERVICE, user, None).expect("memory");
    let entry: &mock::Cred = entry.as_any().downcast_ref().expect("ours");
    entry.set_error(error);
}

#[tokio::test]
async fn it_keeps_the_vault_contract() {
    check_vault(|| {
        let store = memory();
        move || Box::new(over(&store))
    })
    .await;
}

#[tokio::test]
async fn nothing_but_the_entries_stays_behind() {
    let store = memory();
    let vault = over(&store);
    let created = vault.create(SecretName::Root, secret(1)).await;
    created.expect("there is none yet");
    vault.self_test().await.expect("memory works");
    let payload = held(&store, "root@id").expect("created");
    assert_eq!(
        payload::decode(SecretName::Root, "", &payload).expect("ours"),
        secret(1)
    );
    assert_eq!(held(&store, "self-test@id"), None);
    assert_eq!(held(&store, "identity@id"), None);
}

#[rstest]
#[case(Error::NoStorageAccess("no".into()))]
#[case(Error::PlatformFailure("no".into()))]
#[case(Error::Invalid("service".into(), "no".into()))]
#[case(Error::NotSupportedByStore("no".into()))]
#[tokio::test]
async fn a_failing_probe_is_no_answer(#[case] error: Error) {
    let store = memory();
    fail_next(&store, "self-test@id", error);
    let loaded = over(&store).load(SecretName::Root).await;
    assert!(
        matches!(loaded, Err(VaultError::Refused(_) | VaultError::Locked(_))),
        "{loaded:?}"
    );
    let loaded = over(&store).load(SecretName::Root).await;
    assert_eq!(loaded.expect("the fault is over"), None);
}

#[tokio::test]
async fn bytes_of_others_are_told_and_never_shown() {
    let store = memory();
    let vault = over(&store);
    for error in [
        Error::BadEncoding(b"hunter2".to_vec()),
        Error::BadDataFormat(b"hunter2".to_vec(), "hunter2".into()),
        Error::Ambiguous(Vec::new()),
    ] {
        fail_next(&store, "root@id", error);
        let loaded = vault.load(SecretName::Root).await;
        assert!(
            matches!(loaded, Err(VaultError::NotAKey { .. })),
            "{loaded:?}"
        );
        assert!(!format!("{loaded:?}").contains("hunter2"), "{loaded:?}");
    }
    let entry = store.build(SERVICE, "root@id", None).expect("memory");
    entry.set_secret(b"hunter2").expect("memory");
    for result in [
        vault.load(SecretName::Root).await.map(|_| ()),
        vault.create(SecretName::Root, secret(1)).await,
        vault.replace(SecretName::Root, secret(1), secret(2)).await,
        vault.remove(SecretName::Root, secret(1)).await,
    ] {
        assert!(
            matches!(result, Err(VaultError::NotAKey { .. })),
            "{result:?}"
        );
        assert!(!format!("{result:?}").contains("hunter2"), "{result:?}");
    }
    assert_eq!(held(&store, "root@id").as_deref(), Some(&b"hunter2"[..]));
}

#[tokio::test]
async fn a_missing_keyring_is_unavailable_and_asked_again_the_next_time() {
    let (store, asked) = (memory(), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let vault = over_opener(move || match count.fetch_add(1, Ordering::Relaxed) {
        0 => Err(Error::NoDefaultStore),
        _ => Ok(store.clone()),
    });
    let first = vault.self_test().await;
    assert!(
        matches!(first, Err(VaultError::Unavailable(_))),
        "{first:?}"
    );
    vault.self_test().await.expect("it is there now");
}

/// A keyring that answers when somebody lets it.
fn hanging(store: &Arc<mock::Store>) -> (OsVault, Sender<()>) {
    let (answer, answers) = mpsc::channel();
    let (store, answers) = (store.clone(), std::sync::Mutex::new(answers));
    let vault = over_opener(move || {
        let answers = answers.lock().expect("no panic");
        // Also when nobody can let it answer any more.
        let _ = answers.recv();
        Ok(store.clone())
    });
    (vault.with_limit(Duration::from_millis(200)), answer)
}

#[tokio::test]
async fn what_answers_too_late_writes_nothing() {
    let store = memory();
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    let (vault, answer) = hanging(&store);
    let vault = vault.on_waiting(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let created = vault.create(SecretName::Root, secret(1)).await;
    assert!(
        matches!(created, Err(VaultError::Slow { waited_ms: 200 })),
        "{created:?}"
    );
    assert_eq!(told.load(Ordering::Relaxed), 1);

    // The first call gets its answer now, and then the second.
    answer.send(()).expect("it waits");
    answer.send(()).expect("it waits");
    let loaded = vault.load(SecretName::Root).await;
    assert_eq!(loaded.expect("it answers"), None);
    assert_eq!(held(&store, "root@id"), None);
    assert_eq!(held(&store, "self-test@id"), None);
}

#[test]
fn debug_shows_only_whose_it_is() {
    let shown = format!("{:?}", OsVault::new("id", "test"));
    assert!(shown.contains("id"), "{shown}");
}
