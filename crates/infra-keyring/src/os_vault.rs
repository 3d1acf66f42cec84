//! Secrets in the operating system's keyring: Secret Service, Keychain, Credential Manager.
//!
//! Owns one entry for each secret (service `kukuri`, user `root@ID` and `identity@ID`, where ID
//! belongs to one profile), the time that a keyring gets, and the self-test. Must never take a
//! keyring's "no such entry" for an answer before it has kept and returned a probe: a locked one
//! answers the same. Must never touch an entry that holds something else.
//!
//! All calls block and therefore run on the blocking pool, one at a time in this process. The
//! store is made by us and not by the crate `keyring`, which makes one and remembers its failure
//! for the life of the process (ADR 0015). Each call makes its own: a service that was restarted
//! or hangs does not spoil the next call, and connecting takes a few milliseconds. What an entry contains is
//! in `payload`, how a platform's errors are understood in `platform`.

mod payload;
mod platform;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use kukuri_application::ports::{KeyStore, SecretBytes, SecretName, SecretVault, VaultError};
use rand::{TryRngCore as _, rngs::OsRng};
use tokio::time::timeout;
use zeroize::Zeroizing;

use platform::{Keyring, Store, understood};

/// The service of all our entries.
const SERVICE: &str = "kukuri";

/// How long a keyring may take for one call. A person may have to find and fill in its window.
const LIMIT: Duration = Duration::from_secs(30);

/// After this time the user is told what is being waited for.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// One call at a time in this process: the check whether an entry exists and its creation are
/// two calls to a keyring. Other processes are kept out by the profile's lock.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The vault in the operating system's keyring.
pub struct OsVault {
    shared: Arc<Shared>,
    limit: Duration,
    sign_of_life: Duration,
    on_waiting: Option<Box<dyn Fn() + Send + Sync>>,
}

struct Shared {
    vault_id: String,
    label: String,
    keyring: Keyring,
}

impl fmt::Debug for OsVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OsVault")
            .field("vault_id", &self.shared.vault_id)
            .finish_non_exhaustive()
    }
}

impl OsVault {
    /// The entries of the profile whose `vault_id` is this. `label` says in the keyring's own
    /// program whose they are. Nothing is asked yet.
    pub fn new(vault_id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            shared: Arc::new(Shared {
                vault_id: vault_id.into(),
                label: label.into(),
                keyring: Keyring::of_platform(),
            }),
            limit: LIMIT,
            sign_of_life: SIGN_OF_LIFE,
            on_waiting: None,
        }
    }

    /// Calls `tell` when the keyring lets wait for more than two seconds: its window may be
    /// hidden behind others.
    #[must_use]
    pub fn on_waiting(mut self, tell: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_waiting = Some(Box::new(tell));
        self
    }

    /// As long as `limit` for each call in place of 30 s, and a sign of life after a tenth of
    /// it. For tests.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self.sign_of_life = limit / 10;
        self
    }

    /// Writes, reads and deletes a probe, and says how long that took.
    ///
    /// # Errors
    /// [`VaultError`] when the keyring cannot be relied on now.
    pub async fn self_test(&self) -> Result<Duration, VaultError> {
        let started = Instant::now();
        self.call(|visit| visit.probe()).await?;
        Ok(started.elapsed())
    }

    /// Runs `work` on the blocking pool for at most the limit. What still runs then is told to
    /// write nothing any more.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Visit) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let _turn = TURN.lock().await;
        let abandoned = Arc::new(AtomicBool::new(false));
        let (shared, is_abandoned) = (self.shared.clone(), abandoned.clone());
        let mut task = tokio::task::spawn_blocking(move || {
            let opened = shared.keyring.open();
            let store = opened.map_err(|error| understood(SERVICE, error))?;
            work(&Visit {
                shared,
                store,
                abandoned: is_abandoned,
            })
        });
        let ended = match timeout(self.sign_of_life, &mut task).await {
            Ok(ended) => ended,
            Err(_) => {
                if let Some(tell) = &self.on_waiting {
                    tell();
                }
                let rest = self.limit.saturating_sub(self.sign_of_life);
                match timeout(rest, &mut task).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        abandoned.store(true, Ordering::SeqCst);
                        let waited_ms = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
                        return Err(VaultError::Slow { waited_ms });
                    }
                }
            }
        };
        ended.map_err(|e| VaultError::Access(Box::new(e)))?
    }
}

#[async_trait]
impl SecretVault for OsVault {
    fn kind(&self) -> KeyStore {
        KeyStore::Os
    }

    async fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError> {
        self.call(move |visit| visit.load(name)).await
    }

    async fn create(&self, name: SecretName, secret: SecretBytes) -> Result<(), VaultError> {
        self.call(move |visit| match visit.load(name)? {
            Some(_) => Err(VaultError::Exists),
            None => visit.store(name, &secret),
        })
        .await
    }

    async fn replace(
        &self,
        name: SecretName,
        seen: SecretBytes,
        new: SecretBytes,
    ) -> Result<(), VaultError> {
        self.call(move |visit| match visit.load(name)? {
            Some(present) if present == seen => visit.store(name, &new),
            _ => Err(VaultError::Changed),
        })
        .await
    }

    async fn remove(&self, name: SecretName, seen: SecretBytes) -> Result<(), VaultError> {
        self.call(move |visit| match visit.load(name)? {
            None => Ok(()),
            Some(present) if present == seen => visit.delete(name),
            Some(_) => Err(VaultError::Changed),
        })
        .await
    }
}

impl Shared {
    fn user(&self, what: &str) -> String {
        format!("{what}@{}", self.vault_id)
    }
}

/// One call to the keyring, on the blocking pool.
struct Visit {
    shared: Arc<Shared>,
    store: Arc<Store>,
    /// Nobody waits for us any more.
    abandoned: Arc<AtomicBool>,
}

impl Visit {
    /// The entry, or `None` when the keyring definitely has none. The question is asked again
    /// after the probe, because the probe may have made somebody unlock the keyring.
    fn load(&self, name: SecretName) -> Result<Option<SecretBytes>, VaultError> {
        let user = self.shared.user(name.code());
        if let Some(bytes) = self.read(&user)? {
            return payload::decode(name, &user, &bytes).map(Some);
        }
        self.probe()?;
        match self.read(&user)? {
            Some(bytes) => payload::decode(name, &user, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Writes the entry and reads it back.
    fn store(&self, name: SecretName, secret: &SecretBytes) -> Result<(), VaultError> {
        let user = self.shared.user(name.code());
        let content = payload::encode(name, secret);
        self.write(&user, name.code(), &content)?;
        if self.read(&user)?.as_ref() != Some(&content) {
            return Err(forgets());
        }
        Ok(())
    }

    fn delete(&self, name: SecretName) -> Result<(), VaultError> {
        let user = self.shared.user(name.code());
        self.erase(&user, name.code())?;
        if self.read(&user)?.is_some() {
            return Err(VaultError::Refused(
                "the keyring keeps an entry that it was told to delete".into(),
            ));
        }
        Ok(())
    }

    /// Puts something in and takes it out again. The name is always the same, so that what a
    /// crash leaves behind is used up by the next probe.
    fn probe(&self) -> Result<(), VaultError> {
        const WHAT: &str = "self-test";
        let user = self.shared.user(WHAT);
        let mut content = Zeroizing::new(vec![0; 32]);
        OsRng
            .try_fill_bytes(&mut content)
            .map_err(|e| VaultError::Access(Box::new(e)))?;
        self.write(&user, WHAT, &content)?;
        let kept = self.read(&user)? == Some(content);
        if !kept {
            return Err(forgets());
        }
        // Also when nobody waits any more: the probe is ours to remove.
        let entry = self.entry(&user, WHAT)?;
        let erased = entry.delete_credential();
        erased.map_err(|error| understood(&user, error))?;
        match self.read(&user)? {
            None => Ok(()),
            Some(_) => Err(VaultError::Refused(
                "the keyring keeps an entry that it was told to delete".into(),
            )),
        }
    }

    fn read(&self, user: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        match self.entry(user, "")?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(understood(user, error)),
        }
    }

    fn write(&self, user: &str, what: &str, content: &[u8]) -> Result<(), VaultError> {
        self.still_wanted()?;
        let written = self.entry(user, what)?.set_secret(content);
        written.map_err(|error| understood(user, error))
    }

    fn erase(&self, user: &str, what: &str) -> Result<(), VaultError> {
        self.still_wanted()?;
        let erased = self.entry(user, what)?.delete_credential();
        erased.map_err(|error| understood(user, error))
    }

    /// Nothing is written after the caller was told that the keyring did not answer.
    fn still_wanted(&self) -> Result<(), VaultError> {
        if self.abandoned.load(Ordering::SeqCst) {
            return Err(VaultError::Refused("nobody waits for it any more".into()));
        }
        Ok(())
    }

    fn entry(&self, user: &str, what: &str) -> Result<keyring_core::Entry, VaultError> {
        let label = format!("kukuri {what} ({})", self.shared.label);
        let keyring = &self.shared.keyring;
        let built = keyring.entry(self.store.as_ref(), SERVICE, user, &label);
        built.map_err(|error| understood(user, error))
    }
}

fn forgets() -> VaultError {
    VaultError::Refused("the keyring does not give back what was put into it".into())
}

#[cfg(test)]
mod tests;
