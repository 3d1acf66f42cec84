//! The start-up rule against mocked and faked vaults: was `create` called, and when.

use mockall::{Sequence, predicate::eq};
use rstest::rstest;

use super::*;
use crate::{
    ports::{KeyStore, MockSecretVault},
    testing::vault::{FakeVault, VaultFault},
};

fn secret(byte: u8) -> SecretBytes {
    SecretBytes::new([byte; 32])
}

/// A vault that answers `load` as told and fails the test when `create` is called.
fn read_only_vault(
    root: Option<SecretBytes>,
    identity: Result<Option<SecretBytes>, VaultError>,
) -> MockSecretVault {
    let mut vault = MockSecretVault::new();
    vault.expect_kind().return_const(KeyStore::File);
    vault
        .expect_load()
        .with(eq(SecretName::Root))
        .return_once(|_| Ok(root));
    vault
        .expect_load()
        .with(eq(SecretName::Identity))
        .return_once(|_| identity);
    vault.expect_create().never();
    vault
}

#[tokio::test]
async fn existing_secrets_are_used_and_nothing_is_written() {
    for database_is_empty in [true, false] {
        let vault = read_only_vault(Some(secret(1)), Ok(Some(secret(2))));
        let keys = open_or_create_keys(&vault, database_is_empty)
            .await
            .expect("both are there");
        assert_eq!(keys.identity_secret, secret(2));
        assert!(!keys.created);
    }
}

#[tokio::test]
async fn the_three_keys_differ_and_are_the_same_at_each_start() {
    let vault = FakeVault::default();
    let first = open_or_create_keys(&vault, true)
        .await
        .expect("an empty vault");
    let again = open_or_create_keys(&vault, false)
        .await
        .expect("a full vault");
    assert!(first.created && !again.created);
    assert_eq!(
        ProfileKeys {
            created: true,
            ..again
        },
        first
    );
    assert_ne!(first.identity_secret, first.endpoint_key);
    assert_ne!(first.identity_secret, first.device_key);
    assert_ne!(first.endpoint_key, first.device_key);
    let root = vault.entry(SecretName::Root).expect("a root was made");
    assert_ne!(first.identity_secret, root);
    assert_ne!(first.endpoint_key, root);
}

#[tokio::test]
async fn derived_keys_hold_still() {
    let vault = read_only_vault(Some(secret(1)), Ok(Some(secret(2))));
    let keys = open_or_create_keys(&vault, false)
        .await
        .expect("both are there");
    let hex = |key: &SecretBytes| {
        key.expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(
        hex(&keys.endpoint_key),
        "71973c5d4cf7d6c66737965deeff6b42fc7fdbb352d41326c7431a1351d3a3e8"
    );
    assert_eq!(
        hex(&keys.device_key),
        "fc374bf4d160a9ebe82c08dd098dbfb07605ff8c2ac703341ef6f3478be13d56"
    );
}

#[tokio::test]
async fn an_empty_profile_gets_two_different_secrets_after_both_questions() {
    let mut order = Sequence::new();
    let mut vault = MockSecretVault::new();
    vault.expect_kind().return_const(KeyStore::File);
    vault
        .expect_load()
        .times(2)
        .in_sequence(&mut order)
        .returning(|_| Ok(None));
    vault
        .expect_create()
        .withf(|name, _| *name == SecretName::Root)
        .once()
        .in_sequence(&mut order)
        .returning(|_, _| Ok(()));
    vault
        .expect_create()
        .withf(|name, _| *name == SecretName::Identity)
        .once()
        .in_sequence(&mut order)
        .returning(|_, _| Ok(()));
    let keys = open_or_create_keys(&vault, true)
        .await
        .expect("an empty vault");
    assert!(keys.created);

    let other = open_or_create_keys(&FakeVault::default(), true)
        .await
        .expect("an empty vault");
    assert_ne!(
        keys.identity_secret, other.identity_secret,
        "drawn at random"
    );
    assert_ne!(keys.endpoint_key, other.endpoint_key, "drawn at random");
}

#[rstest]
#[case::neither(None, None, SecretName::Root)]
#[case::root_only(Some(secret(1)), None, SecretName::Identity)]
#[case::identity_only(None, Some(secret(2)), SecretName::Root)]
#[tokio::test]
async fn a_missing_secret_beside_a_used_database_stops_the_start(
    #[case] root: Option<SecretBytes>,
    #[case] identity: Option<SecretBytes>,
    #[case] missing: SecretName,
) {
    let vault = read_only_vault(root, Ok(identity));
    let error = open_or_create_keys(&vault, false)
        .await
        .expect_err("a secret is missing");
    assert!(
        matches!(error, KeySetupError::Missing { name } if name == missing),
        "{error}"
    );
}

#[rstest]
#[case(VaultFault::Locked)]
#[case(VaultFault::PassphraseNeeded)]
#[case(VaultFault::WrongPassphrase)]
#[case(VaultFault::Unavailable)]
#[case(VaultFault::Corrupt)]
#[case(VaultFault::Access)]
#[case(VaultFault::Refused)]
#[case(VaultFault::Slow)]
#[case(VaultFault::NotAKey)]
#[tokio::test]
async fn a_failing_vault_is_reported_and_left_alone(#[case] fault: VaultFault) {
    let expected = fault.error().expect("these faults are errors").to_string();
    for database_is_empty in [true, false] {
        // At the first question.
        let mut vault = MockSecretVault::new();
        vault
            .expect_load()
            .returning(move |_| Err(fault.error().expect("an error")));
        vault.expect_create().never();
        let error = open_or_create_keys(&vault, database_is_empty)
            .await
            .expect_err("it fails");
        let KeySetupError::Load {
            name: SecretName::Root,
            source,
        } = error
        else {
            panic!("another error: {error}");
        };
        assert_eq!(source.to_string(), expected);

        // At the second one, when the first entry is known to be missing.
        let vault = read_only_vault(None, Err(fault.error().expect("an error")));
        let error = open_or_create_keys(&vault, database_is_empty)
            .await
            .expect_err("it fails");
        let KeySetupError::Load {
            name: SecretName::Identity,
            source,
        } = error
        else {
            panic!("another error: {error}");
        };
        assert_eq!(source.to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_hangs_is_never_written_to() {
    let vault = FakeVault::default();
    vault.fail_loads(VaultFault::Hanging);
    let opening = open_or_create_keys(&vault, true);
    let patience = std::time::Duration::from_secs(3_600);
    assert!(
        tokio::time::timeout(patience, opening).await.is_err(),
        "no answer is no 'none'"
    );
    assert_eq!(vault.create_calls(), 0);
}

#[tokio::test]
async fn an_interrupted_first_start_is_taken_up() {
    let vault = FakeVault::default();
    vault.fail_create_of(SecretName::Identity, VaultFault::Access);
    let error = open_or_create_keys(&vault, true)
        .await
        .expect_err("the disk is full");
    assert!(
        matches!(
            error,
            KeySetupError::Create {
                name: SecretName::Identity,
                ..
            }
        ),
        "{error}"
    );
    let root = vault
        .entry(SecretName::Root)
        .expect("made before the fault");

    vault.heal();
    let keys = open_or_create_keys(&vault, true)
        .await
        .expect("the disk has room again");
    assert!(keys.created);
    assert_eq!(vault.entry(SecretName::Root), Some(root), "the root stays");
    assert_eq!(
        vault.entry(SecretName::Identity),
        Some(keys.identity_secret)
    );
}

#[tokio::test]
async fn an_entry_that_appears_meanwhile_is_not_replaced() {
    let mut vault = MockSecretVault::new();
    vault.expect_kind().return_const(KeyStore::File);
    vault.expect_load().returning(|_| Ok(None));
    vault
        .expect_create()
        .once()
        .returning(|_, _| Err(VaultError::Exists));
    let error = open_or_create_keys(&vault, true)
        .await
        .expect_err("another process was first");
    let KeySetupError::Create {
        name: SecretName::Root,
        source: VaultError::Exists,
    } = error
    else {
        panic!("another error: {error}");
    };
}

#[tokio::test]
async fn an_import_into_an_unused_profile_makes_the_root_only() {
    let vault = FakeVault::default();
    let (keys, imported) = import_identity(&vault, true, secret(7))
        .await
        .expect("an empty vault");
    assert_eq!(imported, Imported::Created);
    assert_eq!(keys.identity_secret, secret(7));
    assert_eq!(vault.entry(SecretName::Identity), Some(secret(7)));
    let again = open_or_create_keys(&vault, false).await.expect("both");
    assert_eq!(again.endpoint_key, keys.endpoint_key);
}

#[tokio::test]
async fn an_import_replaces_the_identity_and_keeps_the_root() {
    let vault = FakeVault::with_secrets(1, 2);
    let before = open_or_create_keys(&vault, false).await.expect("both");
    for (byte, expected) in [(7, Imported::Replaced), (7, Imported::Same)] {
        let (keys, imported) = import_identity(&vault, false, secret(byte))
            .await
            .expect("both are there");
        assert_eq!(imported, expected);
        assert_eq!(keys.identity_secret, secret(7));
        assert_eq!(keys.endpoint_key, before.endpoint_key);
        assert!(!keys.created);
    }
    assert_eq!(vault.entry(SecretName::Root), Some(secret(1)));
}

#[tokio::test]
async fn a_failed_import_leaves_the_old_identity() {
    let vault = FakeVault::with_secrets(1, 2);
    vault.fail_replaces(VaultFault::Access);
    let error = import_identity(&vault, false, secret(7)).await;
    assert!(
        matches!(
            error,
            Err(KeySetupError::Create {
                name: SecretName::Identity,
                ..
            })
        ),
        "{error:?}"
    );
    assert_eq!(vault.entry(SecretName::Identity), Some(secret(2)));

    vault.heal();
    vault.fail_loads(VaultFault::Locked);
    let error = import_identity(&vault, true, secret(7)).await;
    assert!(
        matches!(error, Err(KeySetupError::Load { .. })),
        "{error:?}"
    );
    assert_eq!(vault.entry(SecretName::Identity), Some(secret(2)));
}

#[tokio::test]
async fn an_import_beside_a_lost_root_is_refused() {
    let vault = FakeVault::default();
    let error = import_identity(&vault, false, secret(7)).await;
    assert!(
        matches!(
            error,
            Err(KeySetupError::Missing {
                name: SecretName::Root
            })
        ),
        "{error:?}"
    );
    assert_eq!(vault.create_calls(), 0);
}
