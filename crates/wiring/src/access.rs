//! How a command comes to a client: through the node that runs, or by itself.
//!
//! Owns the order: a running node is used; otherwise the database is opened for reading, or the
//! profile's lock is taken and a node started. Must never take the lock of a profile for reading
//! alone, and never give up before a process that holds it briefly had time to end.

use std::{sync::Arc, time::Duration};

use kukuri_application::ports::{Clock, EventStore as _, KeyStore};
use kukuri_infra_db::Database;
use kukuri_node::{
    Client, LockError, ProfileLock,
    client::Profile,
    control::{self, AttachError},
    identity_file::{IdentityFile, PublicKeys},
    platform::SystemClock,
};
use tokio::time::{Instant, sleep};

use crate::{
    failure::{Exit, Failure},
    place::Place,
    start::{self, Running},
};

/// How long a command waits for another one that holds the profile only briefly.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How long a command that lasts waits for one that does not.
const BRIEF_PATIENCE: Duration = Duration::from_secs(60);

/// When that is said.
const REMARK_AFTER: Duration = Duration::from_secs(1);

/// How often it is looked whether the profile came free or a node came up.
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// What a command does with the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It reads what is stored.
    Read,
    /// It notes something in the database.
    Note,
    /// It talks to others.
    Node,
    /// It talks to others until its user ends it.
    LastingNode,
}

/// Takes the lock of a profile for a command that works on its keys.
///
/// # Errors
/// [`Failure`] with [`Exit::InUse`] when another process does not let go of it in time.
pub async fn hold(place: &Place) -> Result<ProfileLock, Failure> {
    let (home, program) = (place.home.clone(), place.program);
    let taken =
        tokio::task::spawn_blocking(move || ProfileLock::take(&home, program, LOCK_PATIENCE));
    match taken.await {
        Ok(taken) => Ok(taken?),
        Err(panic) => Err(Failure::new(Exit::Unexpected, panic.to_string())),
    }
}

/// What this process is to a profile, which decides what it logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It holds the profile.
    Holder,
    /// It uses the node of another process, or reads beside it.
    Beside,
}

/// Starts the log, once it is known what this process is to the profile.
pub type StartLog<'a> = &'a (dyn Fn(&Place, Role) -> Result<(), Failure> + Sync);

/// A client, with what has to end after it.
pub struct Access {
    client: Client,
    held: Held,
}

enum Held {
    /// The node runs in another process.
    Nothing,
    /// The database, and the lock if it may be written.
    Database(Arc<Database>, Option<ProfileLock>),
    /// A node of our own.
    Node(Box<Running>),
}

impl Access {
    /// A client that can do what the command needs.
    ///
    /// # Errors
    /// [`Failure`]; then nothing was begun.
    pub async fn open(place: &Place, need: Need, log: StartLog<'_>) -> Result<Self, Failure> {
        let mut patience = Patience::new();
        loop {
            if let Some(client) = patience.attached(place, need).await? {
                log(place, Role::Beside)?;
                let held = Held::Nothing;
                return Ok(Self { client, held });
            }
            if need == Need::Read {
                log(place, Role::Beside)?;
                return Self::read_only(place).await;
            }
            place.home.create()?;
            // Before anything is noted in a database, its profile has keys.
            let need = match (keys_of(place)?, need) {
                (None, Need::Note) => Need::Node,
                _ => need,
            };
            match ProfileLock::take(&place.home, place.program, Duration::ZERO) {
                Ok(lock) => {
                    log(place, Role::Holder)?;
                    return Self::with_lock(place, need, lock).await;
                }
                Err(LockError::InUse { .. }) if Instant::now() < patience.until => {
                    sleep(LOCK_RETRY).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn with_lock(place: &Place, need: Need, lock: ProfileLock) -> Result<Self, Failure> {
        if matches!(need, Need::Node | Need::LastingNode) {
            let is_brief = need == Need::Node;
            let running = start::start_profile(place, lock, is_brief).await?;
            return Ok(Self {
                client: running.client(),
                held: Held::Node(Box::new(running)),
            });
        }
        Self::offline(place, false, Some(lock)).await
    }

    async fn read_only(place: &Place) -> Result<Self, Failure> {
        if !place.home.database().exists() {
            let message = format!("profile \"{}\" is empty", place.home.profile());
            return Err(Failure::new(Exit::NotFound, message)
                .detail(format!("there is no database in {}", place.shown_home()))
                .hint("join a topic first: kukuri topic join lobby"));
        }
        Self::offline(place, true, None).await
    }

    async fn offline(
        place: &Place,
        read_only: bool,
        lock: Option<ProfileLock>,
    ) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let database = start::open_database(place, read_only, clock.clone()).await?;
        let profile = offline_profile(place)?;
        let client = Client::offline(database.clone(), database.clone(), clock, profile);
        Ok(Self {
            client,
            held: Held::Database(database, lock),
        })
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The node that was started for this command; `None` when one ran already, or none is needed.
    pub fn own_node(&self) -> Option<&Running> {
        match &self.held {
            Held::Node(running) => Some(running),
            Held::Nothing | Held::Database(..) => None,
        }
    }

    /// Ends what was begun for the command.
    pub async fn close(self) -> Result<(), Failure> {
        match self.held {
            Held::Nothing => Ok(()),
            Held::Database(database, lock) => {
                let closed = database.close().await;
                drop(lock);
                Ok(closed?)
            }
            Held::Node(running) => running.shutdown().await,
        }
    }
}

/// How long others are waited for.
struct Patience {
    began: Instant,
    is_told: bool,
    /// Until when a profile may be held by somebody who does not answer; begins anew after each
    /// node that was waited for.
    until: Instant,
}

impl Patience {
    fn new() -> Self {
        let began = Instant::now();
        Self {
            began,
            is_told: false,
            until: began + LOCK_PATIENCE,
        }
    }

    /// The node that runs. One that ends in a moment is waited for by those who would lose it.
    async fn attached(&mut self, place: &Place, need: Need) -> Result<Option<Client>, Failure> {
        while let Some(client) = attached(place).await? {
            let is_too_brief = need == Need::LastingNode && client.is_brief();
            if !is_too_brief || self.began.elapsed() >= BRIEF_PATIENCE {
                return Ok(Some(client));
            }
            if !self.is_told && self.began.elapsed() >= REMARK_AFTER {
                self.is_told = true;
                let holder = ProfileLock::holder(&place.home);
                place.person.waits_for_process(&holder);
            }
            sleep(LOCK_RETRY).await;
            self.until = Instant::now() + LOCK_PATIENCE;
        }
        Ok(None)
    }
}

async fn attached(place: &Place) -> Result<Option<Client>, Failure> {
    match control::attach(&place.home).await {
        Ok(client) => Ok(client),
        // It is a node of this version, and says itself what is so.
        Err(AttachError::Refused(error)) => Err(error.into()),
        Err(error) => Err(Failure::from(error).in_use(&place.home)),
    }
}

/// The public keys that the profile says are its own; `None` before it has any.
fn keys_of(place: &Place) -> Result<Option<(PublicKeys, KeyStore)>, Failure> {
    let identity = IdentityFile::read(&place.home)?;
    Ok(identity.and_then(|file| Some((file.keys?, file.key_store.kind()))))
}

fn offline_profile(place: &Place) -> Result<Profile, Failure> {
    let (keys, key_store) = keys_of(place)?.ok_or_else(|| {
        let message = format!(
            "profile \"{}\" does not name its keys",
            place.home.profile()
        );
        Failure::new(Exit::Vault, message).hint("start its node once: kukuri up")
    })?;
    Ok(Profile {
        name: place.home.profile().to_owned(),
        home: place.shown_home(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        author: keys.author,
        peer_id: keys.peer_id,
        key_store,
    })
}
