//! How a command comes to a client: through the node that runs, or by itself.
//!
//! Owns the order: a running node is used; otherwise the database is opened for reading, or the
//! profile's lock is taken and a node started. Must never take the lock of a profile for reading
//! alone, and never give up before a process that holds it briefly had time to end.

use std::{path::PathBuf, sync::Arc, time::Duration};

use kukuri_application::ports::{Clock, EventStore as _, KeyStore};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_node::{
    Client, Home, LockError, ProfileLock, Settings,
    client::Profile,
    config::{self, ConfigSources},
    control::{self, AttachError},
    identity_file::{IdentityFile, PublicKeys},
    logs::{self, LogWish},
    platform::SystemClock,
};
use tokio::time::{Instant, sleep};

use crate::{
    args::ProfileArgs,
    failure::{Exit, Failure},
    language::say,
    screen::LogScreen,
    wiring::{self, Running},
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

/// The profile that the command line names, with its configuration. Nothing of it is touched.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where it is.
    pub home: Home,
    /// How it is configured.
    pub settings: Settings,
}

impl Place {
    /// Finds the profile and reads its configuration.
    pub fn of(args: &ProfileArgs) -> Result<Self, Failure> {
        let home = home_of(args)?;
        let sources = ConfigSources::of_process(&home.config_file(), args.set.clone());
        let settings = config::load(&sources)?;
        Ok(Self { home, settings })
    }

    /// The folder, with `~` for the user's own.
    pub fn shown_home(&self) -> String {
        let folder = self.home.folder();
        let own = std::env::var_os("HOME").map(PathBuf::from);
        // A folder elsewhere is shown whole.
        match own.as_deref().and_then(|own| folder.strip_prefix(own).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => folder.display().to_string(),
        }
    }
}

/// Where the profile is that the command line names.
pub fn home_of(args: &ProfileArgs) -> Result<Home, Failure> {
    let folder = args
        .home
        .as_deref()
        .filter(|folder| !folder.as_os_str().is_empty());
    Ok(Home::locate(folder, &args.profile)?)
}

/// Takes the lock of a profile for a command that works on its keys, and starts the log.
pub async fn hold(args: &ProfileArgs, place: &Place) -> Result<ProfileLock, Failure> {
    place.home.create()?;
    start_log(args, place, &LogScreen::default())?;
    let home = place.home.clone();
    let taken =
        tokio::task::spawn_blocking(move || ProfileLock::take(&home, "kukuri", LOCK_PATIENCE));
    match taken.await {
        Ok(taken) => Ok(taken?),
        Err(panic) => Err(Failure::new(Exit::Unexpected, panic.to_string())),
    }
}

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
    pub async fn open(args: &ProfileArgs, need: Need, log: &LogScreen) -> Result<Self, Failure> {
        let place = Place::of(args)?;
        let start = Instant::now();
        let mut deadline = start + LOCK_PATIENCE;
        let mut is_told = false;
        loop {
            if let Some(client) = attached(&place).await? {
                // Who used such a node would lose it in a moment.
                let is_too_brief = need == Need::LastingNode && client.is_brief();
                if is_too_brief && start.elapsed() < BRIEF_PATIENCE {
                    if !is_told && start.elapsed() >= REMARK_AFTER {
                        is_told = true;
                        let holder = ProfileLock::holder(&place.home);
                        eprintln!(
                            "{}",
                            say!(
                                "waiting for {holder}, which uses this profile for a moment",
                                holder = holder
                            )
                        );
                    }
                    sleep(LOCK_RETRY).await;
                    deadline = Instant::now() + LOCK_PATIENCE;
                    continue;
                }
                show_log(args, &place, log)?;
                return Ok(Self {
                    client,
                    held: Held::Nothing,
                });
            }
            if need == Need::Read {
                show_log(args, &place, log)?;
                return Self::read_only(&place).await;
            }
            place.home.create()?;
            // Before anything is noted in a database, its profile has keys.
            let need = match (keys_of(&place)?, need) {
                (None, Need::Note) => Need::Node,
                _ => need,
            };
            match ProfileLock::take(&place.home, "kukuri", Duration::ZERO) {
                Ok(lock) => return Self::with_lock(args, &place, need, lock, log).await,
                Err(LockError::InUse { .. }) if Instant::now() < deadline => {
                    sleep(LOCK_RETRY).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn with_lock(
        args: &ProfileArgs,
        place: &Place,
        need: Need,
        lock: ProfileLock,
        log: &LogScreen,
    ) -> Result<Self, Failure> {
        start_log(args, place, log)?;
        if matches!(need, Need::Node | Need::LastingNode) {
            let is_brief = need == Need::Node;
            let running = wiring::start_profile(place, lock, is_brief).await?;
            return Ok(Self {
                client: running.client(),
                held: Held::Node(Box::new(running)),
            });
        }
        let options = OpenOptions { read_only: false };
        Self::offline(place, options, Some(lock)).await
    }

    async fn read_only(place: &Place) -> Result<Self, Failure> {
        if !place.home.database().exists() {
            let message = format!("profile \"{}\" is empty", place.home.profile());
            return Err(Failure::new(Exit::NotFound, message)
                .detail(format!("there is no database in {}", place.shown_home()))
                .hint("join a topic first: kukuri topic join lobby"));
        }
        Self::offline(place, OpenOptions { read_only: true }, None).await
    }

    async fn offline(
        place: &Place,
        options: OpenOptions,
        lock: Option<ProfileLock>,
    ) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let database = wiring::open_database(place, options, clock.clone()).await?;
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

/// A command beside a node logs only where it was asked to.
fn show_log(args: &ProfileArgs, place: &Place, log: &LogScreen) -> Result<(), Failure> {
    if args.log.is_some() {
        start_log(args, place, log)?;
    }
    Ok(())
}

fn start_log(args: &ProfileArgs, place: &Place, log: &LogScreen) -> Result<(), Failure> {
    let wish = LogWish::of_process(args.log.clone());
    let screen = wish.flag.is_some().then(|| logs::Writer::new(log.clone()));
    Ok(logs::start(
        &place.home,
        &wish,
        &place.settings.log,
        screen,
    )?)
}
