//! The move with a crash before and after each of its writes, and with every kind of refusal.

use std::{
    future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use rstest::rstest;

use super::*;
use crate::{
    keys::open_or_create_keys,
    testing::vault::{FakeVault, VaultFault},
};

/// The two stores and what the profile records.
struct Profile {
    old: FakeVault,
    new: FakeVault,
    recorded: Mutex<KeyStore>,
}

impl Profile {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            old: FakeVault::with_secrets(1, 2),
            new: FakeVault::default(),
            recorded: Mutex::new(KeyStore::File),
        })
    }

    fn recorded(&self) -> KeyStore {
        *self.recorded.lock().expect("no panic")
    }

    /// The store that the next start would open.
    fn used(&self) -> &FakeVault {
        match self.recorded() {
            KeyStore::File => &self.old,
            _ => &self.new,
        }
    }

    async fn move_plainly(&self) -> Result<Moved, MoveError> {
        move_keys(&self.old, &self.new, async || {
            *self.recorded.lock().expect("no panic") = KeyStore::Os;
            Ok(())
        })
        .await
    }
}

/// Lets so many moments pass, and then the process is gone: nothing returns any more. There is
/// one moment before each write and one after it.
struct Fuse(AtomicUsize);

impl Fuse {
    async fn moment(&self) {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if left.is_err() {
            future::pending::<()>().await;
        }
    }
}

struct Mortal<'a> {
    vault: &'a FakeVault,
    fuse: &'a Fuse,
}

#[async_trait]
impl SecretVault for Mortal<'_> {
    fn kind(&self) -> KeyStore {
        self.vault.kind()
    }

    async fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError> {
        self.vault.load(name).await
    }

    async fn create(&self, name: SecretName, secret: SecretBytes) -> Result<(), VaultError> {
        self.fuse.moment().await;
        let done = self.vault.create(name, secret).await;
        self.fuse.moment().await;
        done
    }

    async fn replace(
        &self,
        _: SecretName,
        _: SecretBytes,
        _: SecretBytes,
    ) -> Result<(), VaultError> {
        panic!("a move replaces nothing")
    }

    async fn remove(&self, name: SecretName, seen: SecretBytes) -> Result<(), VaultError> {
        self.fuse.moment().await;
        let done = self.vault.remove(name, seen).await;
        self.fuse.moment().await;
        done
    }
}

/// Moves until the fuse is through; whether the move came to its end.
async fn move_until(profile: &Profile, moments: usize) -> bool {
    let fuse = Fuse(AtomicUsize::new(moments));
    let (old, new) = (&profile.old, &profile.new);
    let from = Mortal {
        vault: old,
        fuse: &fuse,
    };
    let to = Mortal {
        vault: new,
        fuse: &fuse,
    };
    let record = async || {
        fuse.moment().await;
        *profile.recorded.lock().expect("no panic") = KeyStore::Os;
        fuse.moment().await;
        Ok(())
    };
    let patience = std::time::Duration::from_secs(60);
    tokio::time::timeout(patience, move_keys(&from, &to, record))
        .await
        .is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_point_leaves_a_whole_copy_and_is_taken_up() {
    let expected = open_or_create_keys(&FakeVault::with_secrets(1, 2), false)
        .await
        .expect("both");
    let mut crashes = 0;
    loop {
        let profile = Profile::new();
        let ended = move_until(&profile, crashes).await;

        let keys = open_or_create_keys(profile.used(), false).await;
        assert_eq!(keys.expect("a whole copy"), expected, "after {crashes}");

        if profile.recorded() == KeyStore::File {
            profile.move_plainly().await.expect("taken up");
        } else {
            let cleared = clear_leftovers(&profile.new, &profile.old).await;
            cleared.expect("taken up");
        }
        let keys = open_or_create_keys(&profile.new, false).await;
        assert_eq!(keys.expect("moved"), expected, "after {crashes}");
        for name in NAMES {
            assert_eq!(profile.old.entry(name), None, "after {crashes}");
        }
        if ended {
            break;
        }
        crashes += 1;
    }
    assert_eq!(crashes, 10, "two creations, the record, two removals");
}

#[rstest]
#[case(VaultFault::Locked)]
#[case(VaultFault::Unavailable)]
#[case(VaultFault::Refused)]
#[case(VaultFault::Slow)]
#[case(VaultFault::NotAKey)]
#[tokio::test]
async fn a_failing_store_stops_the_move(#[case] fault: VaultFault) {
    for fail_old in [true, false] {
        let profile = Profile::new();
        let failing = if fail_old { &profile.old } else { &profile.new };
        failing.fail_loads(fault);
        let error = profile.move_plainly().await.expect_err("it fails");
        assert!(matches!(error, MoveError::Load { .. }), "{error}");
        assert_eq!(profile.recorded(), KeyStore::File);
        assert_eq!(profile.new.create_calls(), 0);
        assert!(profile.old.entry(SecretName::Identity).is_some());
    }
}

#[tokio::test]
async fn half_a_copy_is_taken_back() {
    let profile = Profile::new();
    profile
        .new
        .fail_create_of(SecretName::Identity, VaultFault::Access);
    let error = profile.move_plainly().await.expect_err("it fails");
    assert!(
        matches!(
            error,
            MoveError::Create {
                name: SecretName::Identity,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(profile.new.entry(SecretName::Root), None);
    assert_eq!(profile.recorded(), KeyStore::File);
}

#[tokio::test]
async fn what_is_in_the_new_store_is_not_overwritten() {
    let profile = Profile::new();
    let other = SecretBytes::new([9; 32]);
    let created = profile
        .new
        .create(SecretName::Identity, other.clone())
        .await;
    created.expect("empty");
    let error = profile.move_plainly().await.expect_err("it is occupied");
    assert!(
        matches!(
            error,
            MoveError::Occupied {
                name: SecretName::Identity,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(profile.new.entry(SecretName::Identity), Some(other));
    assert_eq!(profile.new.entry(SecretName::Root), None);
}

#[tokio::test]
async fn without_a_record_nothing_is_removed() {
    let profile = Profile::new();
    let moved = move_keys(&profile.old, &profile.new, async || Err("disk full".into())).await;
    assert!(matches!(moved, Err(MoveError::Record(_))), "{moved:?}");
    for vault in [&profile.old, &profile.new] {
        assert!(vault.entry(SecretName::Root).is_some());
        assert!(vault.entry(SecretName::Identity).is_some());
    }
}

#[tokio::test]
async fn a_copy_that_cannot_be_removed_is_told() {
    let profile = Profile::new();
    profile.old.fail_removes(VaultFault::Locked);
    let moved = profile.move_plainly().await.expect("moved");
    assert!(matches!(moved.leftover, Some(VaultError::Locked(_))));
    assert_eq!(profile.recorded(), KeyStore::Os);
    let cleared = clear_leftovers(&profile.new, &profile.old).await;
    assert!(
        matches!(cleared, Err(MoveError::Leftover { .. })),
        "{cleared:?}"
    );

    profile.old.heal();
    let cleared = clear_leftovers(&profile.new, &profile.old).await;
    cleared.expect("removed");
    assert_eq!(profile.old.entry(SecretName::Root), None);
}

#[tokio::test]
async fn secrets_of_another_profile_are_no_leftovers() {
    let (kept, other) = (FakeVault::with_secrets(1, 2), FakeVault::with_secrets(3, 4));
    let cleared = clear_leftovers(&kept, &other).await;
    assert!(
        matches!(
            cleared,
            Err(MoveError::Leftover {
                source: VaultError::Changed,
                ..
            })
        ),
        "{cleared:?}"
    );
    assert!(other.entry(SecretName::Root).is_some());
}

#[tokio::test]
async fn a_store_that_forgets_is_found_out() {
    struct Forgetful;
    #[async_trait]
    impl SecretVault for Forgetful {
        fn kind(&self) -> KeyStore {
            KeyStore::Os
        }
        async fn load(&self, _: SecretName) -> Result<Option<SecretBytes>, VaultError> {
            Ok(None)
        }
        async fn create(&self, _: SecretName, _: SecretBytes) -> Result<(), VaultError> {
            Ok(())
        }
        async fn replace(
            &self,
            _: SecretName,
            _: SecretBytes,
            _: SecretBytes,
        ) -> Result<(), VaultError> {
            Ok(())
        }
        async fn remove(&self, _: SecretName, _: SecretBytes) -> Result<(), VaultError> {
            Ok(())
        }
    }
    let old = FakeVault::with_secrets(1, 2);
    let moved = move_keys(&old, &Forgetful, async || panic!("nothing is recorded")).await;
    assert!(matches!(moved, Err(MoveError::NotKept { .. })), "{moved:?}");
    assert!(old.entry(SecretName::Root).is_some());
}
