//! A desktop that takes notifications, on a bus of its own.
//!
//! Owns the service `org.freedesktop.Notifications`
//! (<https://specifications.freedesktop.org/notification-spec/latest/>), which writes down what it
//! is told. The bus starts nothing by itself: no keyring of whoever runs the test answers on it.

use std::{
    collections::HashMap,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use zbus::zvariant::OwnedValue;

use crate::window::PATIENCE;

/// What a desktop was told.
#[derive(Debug, Clone)]
pub struct Notice {
    /// When.
    pub at: Instant,
    /// By which program, as it calls itself.
    pub program: String,
    /// The first line.
    pub summary: String,
    /// What stands below it.
    pub body: String,
    /// Everything that was told, hints and actions included.
    pub all: String,
}

/// The desktop and its bus, as long as this lives.
#[derive(Debug)]
pub struct Desktop {
    address: String,
    told: Arc<Mutex<Vec<Notice>>>,
    _connection: zbus::Connection,
    _bus: Child,
    _folder: TempDir,
}

impl Desktop {
    /// Starts the bus and offers the service on it.
    ///
    /// # Errors
    /// When `dbus-daemon` is missing or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kukuri-bus-").tempdir()?;
        let config = folder.path().join("bus.conf");
        let text = format!(
            r#"<busconfig>
                <type>session</type>
                <listen>unix:dir={}</listen>
                <auth>EXTERNAL</auth>
                <policy context="default">
                    <allow send_destination="*"/>
                    <allow receive_sender="*"/>
                    <allow own="*"/>
                </policy>
            </busconfig>"#,
            folder.path().display()
        );
        std::fs::write(&config, text)?;
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // What it says there is of limits that a container does not let it set.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start dbus-daemon")?;
        let printed = bus.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(printed).lines();
        let Some(address) = timeout(PATIENCE, lines.next_line())
            .await
            .context("dbus-daemon does not say its address")??
        else {
            bail!("dbus-daemon ended");
        };
        let told = Arc::<Mutex<Vec<Notice>>>::default();
        let service = Service { told: told.clone() };
        let connection = zbus::connection::Builder::address(address.as_str())?
            .serve_at("/org/freedesktop/Notifications", service)?
            .name("org.freedesktop.Notifications")?
            .build()
            .await
            .context("the service was not taken")?;
        Ok(Self {
            address,
            told,
            _connection: connection,
            _bus: bus,
            _folder: folder,
        })
    }

    /// Where the bus is, as `DBUS_SESSION_BUS_ADDRESS` wants it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it was told until now.
    pub fn told(&self) -> Vec<Notice> {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Service {
    told: Arc<Mutex<Vec<Notice>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "so it is specified")]
    fn notify(
        &self,
        program: String,
        replaces: u32,
        icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires_ms: i32,
    ) -> u32 {
        let all = format!(
            "{program:?} {replaces} {icon:?} {summary:?} {body:?} {actions:?} {hints:?} {expires_ms}"
        );
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(Notice {
            at: Instant::now(),
            program,
            summary,
            body,
            all,
        });
        u32::try_from(told.len()).unwrap_or(u32::MAX)
    }

    fn close_notification(&self, _id: u32) {}

    fn get_capabilities(&self) -> Vec<String> {
        ["body", "body-markup", "actions"].map(str::to_owned).into()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ["kukuri-tests", "kukuri", "1", "1.2"]
            .map(str::to_owned)
            .into()
    }
}
