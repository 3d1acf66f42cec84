//! What every vault and every identity must do, as a suite that runs on the fakes and on the
//! real adapters.
//!
//! Owns the promises of `ports::{SecretVault, Identity}` as checks. Must never look behind the
//! port: whatever a check needs, it asks through the trait.

use futures_util::future::join_all;
use kukuri_domain::{
    UnixMs,
    event::{Draft, ShapeError},
    limits::EVENT_BYTES_MAX,
};

use crate::ports::{Identity, IdentityError, SecretBytes, SecretName, SecretVault, VaultError};

const NAMES: [SecretName; 2] = [SecretName::Root, SecretName::Identity];

/// Checks the promises of [`SecretVault`].
///
/// `fresh` makes a new, empty place for secrets and gives a function that opens it; each call
/// of that function stands for another start of the program (a vault in memory gives the same
/// one again).
///
/// # Panics
/// When a promise is broken.
pub async fn check_vault<V, Open>(fresh: impl Fn() -> Open)
where
    V: std::ops::Deref<Target: SecretVault>,
    Open: Fn() -> V,
{
    a_new_vault_has_no_entry(&fresh()).await;
    an_entry_is_read_back_at_once_and_after_a_restart(&fresh()).await;
    an_entry_is_never_overwritten(&fresh()).await;
    of_concurrent_creators_one_wins(&fresh()).await;
    only_what_was_seen_is_replaced(&fresh()).await;
    only_what_was_seen_is_removed(&fresh()).await;
}

async fn a_new_vault_has_no_entry<V: std::ops::Deref<Target: SecretVault>>(open: &impl Fn() -> V) {
    let vault = open();
    for name in NAMES {
        assert_eq!(
            vault.load(name).await.expect("an empty vault answers"),
            None
        );
    }
}

async fn an_entry_is_read_back_at_once_and_after_a_restart<V>(open: &impl Fn() -> V)
where
    V: std::ops::Deref<Target: SecretVault>,
{
    let (root, identity) = (SecretBytes::new([7; 32]), SecretBytes::new([9; 32]));
    let vault = open();
    vault
        .create(SecretName::Root, root.clone())
        .await
        .expect("there is none yet");
    assert_eq!(
        vault.load(SecretName::Root).await.expect("readable"),
        Some(root.clone())
    );
    assert_eq!(
        vault.load(SecretName::Identity).await.expect("readable"),
        None
    );
    drop(vault);

    let vault = open();
    vault
        .create(SecretName::Identity, identity.clone())
        .await
        .expect("there is none yet");
    drop(vault);

    let vault = open();
    assert_eq!(
        vault.load(SecretName::Root).await.expect("readable"),
        Some(root)
    );
    assert_eq!(
        vault.load(SecretName::Identity).await.expect("readable"),
        Some(identity)
    );
}

async fn an_entry_is_never_overwritten<V>(open: &impl Fn() -> V)
where
    V: std::ops::Deref<Target: SecretVault>,
{
    let first = SecretBytes::new([1; 32]);
    open()
        .create(SecretName::Root, first.clone())
        .await
        .expect("there is none yet");
    for vault in [open(), open()] {
        let again = vault
            .create(SecretName::Root, SecretBytes::new([2; 32]))
            .await;
        assert!(matches!(again, Err(VaultError::Exists)), "{again:?}");
        assert_eq!(
            vault.load(SecretName::Root).await.expect("readable"),
            Some(first.clone())
        );
    }
}

async fn of_concurrent_creators_one_wins<V>(open: &impl Fn() -> V)
where
    V: std::ops::Deref<Target: SecretVault>,
{
    const CREATORS: u8 = 4;
    let vaults: Vec<V> = (0..CREATORS).map(|_| open()).collect();
    let creations = (0..CREATORS)
        .zip(&vaults)
        .map(|(i, vault)| vault.create(SecretName::Root, SecretBytes::new([i; 32])));
    let results = join_all(creations).await;

    let winners: Vec<u8> = (0..CREATORS)
        .zip(&results)
        .filter(|(_, r)| r.is_ok())
        .map(|(i, _)| i)
        .collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    for result in results.iter().filter(|r| r.is_err()) {
        assert!(matches!(result, Err(VaultError::Exists)), "{result:?}");
    }
    let stored = open().load(SecretName::Root).await.expect("readable");
    assert_eq!(stored, Some(SecretBytes::new([winners[0]; 32])));
}

async fn only_what_was_seen_is_replaced<V>(open: &impl Fn() -> V)
where
    V: std::ops::Deref<Target: SecretVault>,
{
    let (first, second) = (SecretBytes::new([1; 32]), SecretBytes::new([2; 32]));
    let name = SecretName::Identity;
    let vault = open();
    let nothing = vault.replace(name, first.clone(), second.clone()).await;
    assert!(matches!(nothing, Err(VaultError::Changed)), "{nothing:?}");
    assert_eq!(vault.load(name).await.expect("readable"), None);

    for name in NAMES {
        let created = vault.create(name, first.clone()).await;
        created.expect("there is none yet");
    }
    let stale = vault.replace(name, second.clone(), second.clone()).await;
    assert!(matches!(stale, Err(VaultError::Changed)), "{stale:?}");
    assert_eq!(
        vault.load(name).await.expect("readable"),
        Some(first.clone())
    );
    let replaced = vault.replace(name, first.clone(), second.clone()).await;
    replaced.expect("it is what was seen");
    for vault in [vault, open()] {
        assert_eq!(
            vault.load(name).await.expect("readable"),
            Some(second.clone())
        );
        let other = vault.load(SecretName::Root).await.expect("readable");
        assert_eq!(other, Some(first.clone()), "the other entry stays");
    }
}

async fn only_what_was_seen_is_removed<V>(open: &impl Fn() -> V)
where
    V: std::ops::Deref<Target: SecretVault>,
{
    let (first, second) = (SecretBytes::new([1; 32]), SecretBytes::new([2; 32]));
    let vault = open();
    let nothing = vault.remove(SecretName::Root, first.clone()).await;
    nothing.expect("what is not there is removed");
    for name in NAMES {
        let created = vault.create(name, first.clone()).await;
        created.expect("there is none yet");
    }
    let stale = vault.remove(SecretName::Root, second).await;
    assert!(matches!(stale, Err(VaultError::Changed)), "{stale:?}");
    assert_eq!(
        vault.load(SecretName::Root).await.expect("readable"),
        Some(first.clone())
    );
    for (removed, left) in [
        (SecretName::Root, Some(&first)),
        (SecretName::Identity, None),
    ] {
        let done = vault.remove(removed, first.clone()).await;
        done.expect("it is what was seen");
        for vault in [&vault, &open()] {
            assert_eq!(vault.load(removed).await.expect("readable"), None);
            let other = vault.load(SecretName::Identity).await.expect("readable");
            assert_eq!(other.as_ref(), left);
        }
    }
    let again = vault.create(SecretName::Root, first).await;
    again.expect("there is none any more");
}

/// Checks the promises of [`Identity`].
///
/// # Panics
/// When a promise is broken.
pub async fn check_identity(identity: &dyn Identity) {
    let at = UnixMs(1_700_000_000_123);
    let draft = || {
        let mut draft = Draft::post(&"lobby".parse().expect("a name"), "hi \u{1F9F6}\n\"", at);
        draft
            .tags
            .push(vec!["x".into(), String::new(), "\u{7f}".into()]);
        draft
    };

    let signed = identity.sign(draft()).await.expect("a fine draft");
    assert_eq!(signed.author(), identity.author());
    assert_eq!(signed.kind(), draft().kind);
    assert_eq!(signed.content(), draft().content);
    assert_eq!(
        signed.tags().map(<[_]>::to_vec).collect::<Vec<_>>(),
        draft().tags
    );
    assert_eq!(signed.order().at(), at);
    let again = identity.sign(draft()).await.expect("a fine draft");
    assert_eq!(
        again.id(),
        signed.id(),
        "the id depends on the content only"
    );
    assert_eq!(
        signed.clone().verify().expect("a genuine event").id(),
        signed.id()
    );

    let no_name = Draft {
        tags: vec![Vec::new()],
        ..draft()
    };
    let refused = identity.sign(no_name).await;
    assert!(
        matches!(refused, Err(IdentityError::Draft(ShapeError::EmptyTag))),
        "{refused:?}"
    );

    let too_large = Draft {
        content: "x".repeat(EVENT_BYTES_MAX),
        ..draft()
    };
    let refused = identity.sign(too_large).await;
    assert!(
        matches!(refused, Err(IdentityError::Draft(ShapeError::TooLarge(_)))),
        "{refused:?}"
    );
}
