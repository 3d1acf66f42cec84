//! The profile behind the window: opened once, closed once.
//!
//! Owns where the app stands. Must never start two nodes of a profile: opening waits its turn.

use std::sync::Arc;

use kukuri_application::{
    ports::KeyStore,
    views::{AuthorView, ChecksView, StatusView},
};
use kukuri_domain::TopicName;
use kukuri_node::{
    Client, Home, Settings,
    logs::{self, LogWish},
};
use kukuri_wiring::{Access, Failure, Need, Place, Role, checks};
use rand::Rng as _;
use serde::Serialize;
use tokio::sync::Mutex;
use toml_edit::value;

use crate::{
    error::AppError,
    notify::Notifier,
    person::{AtWindow, passphrase_file},
    settings::{self, Language, SettingsChange, SettingsView, WindowSettings},
};

/// What this program is called, for others who want the profile meanwhile.
const PROGRAM: &str = "kukuri-desktop";

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
        suggested: Vec<TopicName>,
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
    /// When the desktop was told of a post last.
    pub notifier: Notifier,
    flags: Vec<String>,
    log: Option<String>,
    person: Arc<AtWindow>,
    opened: Mutex<Option<Opened>>,
    /// Why opening ahead of the window failed.
    failed_ahead: Mutex<Option<Failure>>,
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
            notifier: Notifier::default(),
            flags,
            log,
            person: Arc::default(),
            opened: Mutex::new(None),
            failed_ahead: Mutex::default(),
            window,
        }
    }

    /// Opens the profile, if it is not open.
    ///
    /// # Errors
    /// When the state of an open profile cannot be read.
    pub async fn open(&self) -> Result<AppState, AppError> {
        let mut opened = self.opened.lock().await;
        if let Some(failure) = self.failed_ahead.lock().await.take() {
            return Ok(self.blocked(failure));
        }
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

    /// Opens the profile while the window is still being made; [`open`](Self::open) tells what
    /// came of it.
    pub async fn open_ahead(&self) {
        let mut opened = self.opened.lock().await;
        match self.try_open().await {
            Ok(now_open) => *opened = Some(now_open),
            Err(failure) => *self.failed_ahead.lock().await = Some(failure),
        }
    }

    async fn try_open(&self) -> Result<Opened, Failure> {
        let place = self.place()?;
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

    fn place(&self) -> Result<Place, Failure> {
        let (home, flags) = (self.home.clone(), self.flags.clone());
        Place::of(home, flags, PROGRAM, self.person.clone())
    }

    /// Looks at what a node needs, whether the profile is open or not.
    ///
    /// # Errors
    /// When the configuration cannot be read. What does not work is no error.
    pub async fn check_device(&self) -> Result<ChecksView, AppError> {
        let place = self.place()?;
        Ok(checks::run(&place, |_| Ok(())).await?)
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
                suggested: self.suggested().await?,
            });
        }
        let attached_to = status.pid.filter(|pid| *pid != std::process::id());
        Ok(AppState::Ready {
            status: Box::new(status),
            attached_to,
        })
    }

    async fn suggested(&self) -> Result<Vec<TopicName>, AppError> {
        let opened = self.opened.lock().await;
        let settings = &opened.as_ref().ok_or_else(closed)?.settings;
        Ok(settings.topics.default.clone())
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

    /// The language in which the desktop is told of posts, if it is told at all.
    pub async fn language_of_notices(&self) -> Option<Language> {
        let window = self.window.lock().await;
        window.notifications.then_some(window.language)
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

#[cfg(test)]
mod tests {
    use kukuri_application::views::CheckResult;

    use super::*;

    /// An app on a new profile that reaches nobody and keeps its keys in a file.
    fn app(folder: &tempfile::TempDir, settings: &[&str]) -> App {
        write_passphrase(folder);
        let home = Home::locate(Some(&folder.path().join("home")), "default");
        let passphrase = folder.path().join("passphrase");
        let file = format!("keyring.passphrase_file={}", passphrase.display());
        let offline = [
            "network.mode=lan",
            "network.bind=127.0.0.1:0",
            "network.port_mapping=false",
            "discovery.mdns.enabled=false",
            "keyring.store=file",
            &file,
        ];
        let flags = offline.iter().chain(settings);
        let flags = flags.map(|flag| (*flag).to_owned()).collect();
        App::new(home.expect("a profile"), flags, None)
    }

    fn write_passphrase(folder: &tempfile::TempDir) {
        let passphrase = folder.path().join("passphrase");
        std::fs::write(&passphrase, "correct horse\n").expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&passphrase, private).expect("set");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_opened_ahead_is_what_the_window_shows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = app(&folder, &[]);
        first.open_ahead().await;
        let opened = first.client().await.expect("it is open already");
        let state = first.open().await.expect("it is open");
        let AppState::FirstStart { author, .. } = state else {
            panic!("expected a first start: {state:?}");
        };
        let status = opened.status().await.expect("the same node answers");
        assert_eq!(author.pubkey, status.author.pubkey);
        let begun = first.finish_first_start("Mika", vec!["lobby".to_owned()]);
        begun.await.expect("it begins");
        first.close().await;

        let again = app(&folder, &[]);
        again.open_ahead().await;
        let state = again.open().await.expect("it is open");
        let AppState::Ready { status, .. } = state else {
            panic!("expected the open profile: {state:?}");
        };
        assert_eq!(status.author.pubkey, author.pubkey);
        assert_eq!(status.topics.len(), 1);
        again.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn why_opening_ahead_failed_is_shown_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let app = app(&folder, &[]);
        std::fs::remove_file(folder.path().join("passphrase")).expect("removed");
        app.open_ahead().await;
        // Mended meanwhile: what is shown is still what was found.
        write_passphrase(&folder);
        let state = app.open().await.expect("a state");
        let AppState::Blocked { error, .. } = state else {
            panic!("expected to be blocked: {state:?}");
        };
        assert!(error.message.contains("passphrase"), "{error:?}");
        // Trying again opens it.
        let state = app.open().await.expect("a state");
        let AppState::FirstStart { .. } = state else {
            panic!("expected a first start: {state:?}");
        };
        app.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_first_start_offers_the_configured_topics() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let app = app(&folder, &["topics.default=#Weaving,東京"]);
        let state = app.open().await.expect("it opens");
        let AppState::FirstStart { suggested, .. } = state else {
            panic!("expected a first start: {state:?}");
        };
        let names: Vec<String> = suggested.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["weaving", "東京"]);
        let chosen = names[1..].to_vec();
        let state = app.finish_first_start("Mika", chosen).await;
        let AppState::Ready { status, .. } = state.expect("it begins") else {
            panic!("expected to begin");
        };
        let joined: Vec<&str> = status
            .topics
            .iter()
            .map(|topic| topic.name.as_str())
            .collect();
        assert_eq!(joined, ["東京"]);
        assert_eq!(status.author.name.as_deref(), Some("Mika"));
        app.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_device_is_checked_before_and_after_the_profile_is_open() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let app = app(&folder, &[]);
        let results = async || -> Vec<(String, CheckResult)> {
            let found = app
                .check_device()
                .await
                .expect("the configuration is right");
            let checks = found.checks.into_iter();
            checks.map(|check| (check.name, check.result)).collect()
        };
        let result_of = |results: &[(String, CheckResult)], name: &str| {
            let mut results = results.iter();
            results
                .find(|(known, _)| known == name)
                .map(|found| found.1)
        };
        let before = results().await;
        let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
        let all = ["node", "database", "keyring", "clock", "DHT", "LAN", "UDP"];
        assert_eq!(names, all);
        assert!(before.iter().all(|found| found.1 == CheckResult::Skipped));
        assert!(!app.home.folder().exists(), "looking makes nothing");
        app.open().await.expect("it opens");
        let after = results().await;
        for name in ["node", "database", "keyring"] {
            assert_eq!(result_of(&after, name), Some(CheckResult::Ok), "{after:?}");
        }
        app.close().await;
    }
}
