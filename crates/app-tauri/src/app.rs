//! The profile behind the window: opened once, closed once.
//!
//! Owns where the app stands. Must never start two nodes of a profile: opening waits its turn.

use std::sync::Arc;

use kukuri_application::{
    ports::KeyStore,
    views::{AuthorView, StatusView},
};
use kukuri_node::{
    Client, Home, Settings,
    logs::{self, LogWish},
};
use kukuri_wiring::{Access, Failure, Need, Place, Role};
use rand::Rng as _;
use serde::Serialize;
use tokio::sync::Mutex;
use toml_edit::value;

use crate::{
    error::AppError,
    person::{AtWindow, passphrase_file},
    settings::{self, SettingsChange, SettingsView, WindowSettings},
};

/// What this program is called, for others who want the profile meanwhile.
const PROGRAM: &str = "kukuri-desktop";

/// Topics that a first start offers.
const SUGGESTED: [&str; 2] = ["global", "announcements"];

/// Where the app stands.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum AppState {
    /// Something must be mended before anything can be shown.
    Blocked {
        /// What: the keyring is locked, the profile in use, the database damaged.
        error: AppError,
        /// Where the passphrase would be kept, if the keys could go into a file instead.
        passphrase_file: Option<String>,
    },
    /// The keys were made; name and topics are to be chosen.
    FirstStart {
        /// Who was made, without a name yet.
        author: AuthorView,
        /// Where the keys are.
        key_store: KeyStore,
        /// Topics to begin with.
        suggested: [&'static str; 2],
    },
    /// The profile is open.
    Ready {
        /// The node.
        status: Box<StatusView>,
        /// The process that runs the node, if that is another one.
        attached_to: Option<u32>,
    },
}

/// The profile, and what the window set.
pub struct App {
    /// Where the profile is.
    pub home: Home,
    flags: Vec<String>,
    log: Option<String>,
    person: Arc<AtWindow>,
    opened: Mutex<Option<Opened>>,
    window: Mutex<WindowSettings>,
}

struct Opened {
    access: Access,
    settings: Settings,
}

impl App {
    /// A profile that is not open yet.
    pub fn new(home: Home, flags: Vec<String>, log: Option<String>) -> Self {
        let window = Mutex::new(WindowSettings::read(&home));
        Self {
            home,
            flags,
            log,
            person: Arc::default(),
            opened: Mutex::new(None),
            window,
        }
    }

    /// Opens the profile, if it is not open.
    ///
    /// # Errors
    /// When the state of an open profile cannot be read.
    pub async fn open(&self) -> Result<AppState, AppError> {
        let mut opened = self.opened.lock().await;
        if opened.is_none() {
            match self.try_open().await {
                Ok(now_open) => *opened = Some(now_open),
                Err(failure) => return Ok(self.blocked(failure)),
            }
        }
        let client = opened.as_ref().map(|opened| opened.access.client().clone());
        drop(opened);
        match client {
            Some(client) => self.state(&client).await,
            None => Err(closed()),
        }
    }

    async fn try_open(&self) -> Result<Opened, Failure> {
        let place = Place::of(
            self.home.clone(),
            self.flags.clone(),
            PROGRAM,
            self.person.clone(),
        )?;
        let log = |place: &Place, _: Role| {
            let wish = LogWish::of_process(self.log.clone());
            let screen = wish
                .flag
                .is_some()
                .then(|| logs::Writer::new(std::io::stderr));
            Ok(logs::start(
                &place.home,
                &wish,
                &place.settings.log,
                screen,
            )?)
        };
        let access = Access::open(&place, Need::LastingNode, &log).await?;
        if let Some(node) = access.own_node() {
            node.join_noted_topics().await?;
        }
        Ok(Opened {
            access,
            settings: place.settings,
        })
    }

    fn blocked(&self, failure: Failure) -> AppState {
        let file = passphrase_file(&self.home);
        let is_without_keyring = failure.code == "no_keyring";
        AppState::Blocked {
            error: failure.into(),
            passphrase_file: is_without_keyring.then(|| file.display().to_string()),
        }
    }

    async fn state(&self, client: &Client) -> Result<AppState, AppError> {
        let status = client.status().await?;
        let is_new = status.author.name.is_none() && status.topics.is_empty();
        if is_new && !self.window.lock().await.is_started {
            return Ok(AppState::FirstStart {
                author: status.author,
                key_store: status.key_store,
                suggested: SUGGESTED,
            });
        }
        let attached_to = status.pid.filter(|pid| *pid != std::process::id());
        Ok(AppState::Ready {
            status: Box::new(status),
            attached_to,
        })
    }

    /// Keeps the keys of a profile without a keyring in a file, whose passphrase is made here and
    /// kept in another one, readable by its owner only.
    ///
    /// # Errors
    /// When that file or the configuration cannot be written.
    pub async fn use_passphrase_file(&self) -> Result<AppState, AppError> {
        let file = passphrase_file(&self.home);
        self.home.create().map_err(Failure::from)?;
        // Files that this program makes are readable by their owner only.
        if !file.exists() {
            let random: [u8; 32] = rand::rng().random();
            let passphrase = blake3::Hash::from_bytes(random).to_hex();
            std::fs::write(&file, passphrase.as_bytes()).map_err(|error| {
                AppError::new("read_only", format!("{}: {error}", file.display()))
            })?;
        }
        let keys = [
            ("keyring.store", value("file")),
            ("keyring.passphrase_file", value(file.display().to_string())),
        ];
        settings::set_keys(&self.home, &self.flags, keys)?;
        self.person.choose_file();
        self.open().await
    }

    /// Gives the author a name and joins the topics to begin with.
    ///
    /// # Errors
    /// As the client's; what was done before stays done.
    pub async fn finish_first_start(
        &self,
        name: &str,
        topics: Vec<String>,
    ) -> Result<AppState, AppError> {
        let client = self.client().await?;
        client.set_profile(name, None).await?;
        for topic in topics {
            let topic = topic.parse().map_err(Failure::from)?;
            client.join(&topic).await?;
        }
        let mut window = self.window.lock().await;
        window.is_started = true;
        window.write(&self.home)?;
        drop(window);
        self.state(&client).await
    }

    /// The client of the open profile.
    ///
    /// # Errors
    /// `closed` before it is open and after it was closed.
    pub async fn client(&self) -> Result<Client, AppError> {
        let opened = self.opened.lock().await;
        let opened = opened.as_ref().ok_or_else(closed)?;
        Ok(opened.access.client().clone())
    }

    /// The settings.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub async fn settings(&self) -> Result<SettingsView, AppError> {
        let opened = self.opened.lock().await;
        let running = opened.as_ref().map(|opened| &opened.settings);
        let window = self.window.lock().await;
        settings::view(&self.home, &self.flags, &window, running)
    }

    /// Changes settings.
    ///
    /// # Errors
    /// As [`settings::change`].
    pub async fn change_settings(&self, change: SettingsChange) -> Result<SettingsView, AppError> {
        let mut window = self.window.lock().await;
        settings::change(&self.home, &self.flags, &mut window, change)?;
        drop(window);
        self.settings().await
    }

    /// Ends the node, if it is ours.
    pub async fn close(&self) {
        if let Some(opened) = self.opened.lock().await.take()
            && let Err(failure) = opened.access.close().await
        {
            tracing::warn!(
                error = failure.in_one_line(),
                "the node did not end cleanly"
            );
        }
    }
}

fn closed() -> AppError {
    AppError::new("closed", "the profile is not open")
}
