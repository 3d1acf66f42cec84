//! The desktop app in a real window, driven through its web view as a person would drive it.
//!
//! Owns a screen that nobody sees (Xvfb), one WebKitWebDriver for each app (a driver knows one
//! session only), and the end of all of them. Waits for what the window shows, never for a time.
//! Must never reach into the app past its window, its files and its signals.

use std::{
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

/// Set to `1` by `cargo xtask test desktop`: there is a screen, a driver and the app.
pub const ENABLED_BY: &str = "KUKURI_TEST_DESKTOP";

/// Longest that anything may take to be seen: two windows without optimisation on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often the window is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Whether tests that need a window are to run.
pub fn is_enabled() -> bool {
    std::env::var_os(ENABLED_BY).is_some_and(|value| value == "1")
}

/// A program of the workspace, built beside this one.
///
/// # Errors
/// When it is not there.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let ours = std::env::current_exe().context("failed to find this program")?;
    let folders = ours.ancestors().skip(1).take(2);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|path| path.exists());
    found.with_context(|| format!("{name} is not built: run cargo xtask test desktop"))
}

/// A program as packagers build it (profile `dist`), whatever this one was built with.
///
/// # Errors
/// When it is not there.
pub fn packaged_program(name: &str) -> anyhow::Result<PathBuf> {
    let ours = std::env::current_exe().context("failed to find this program")?;
    let found = ours
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("dist").join(name))
        .find(|path| path.exists());
    found.with_context(|| format!("{name} is not built: run cargo xtask bench window"))
}

/// A screen in memory.
#[derive(Debug)]
pub struct Screen {
    _server: Child,
    display: String,
}

impl Screen {
    /// Starts one, large enough for two windows side by side.
    ///
    /// # Errors
    /// When Xvfb is missing or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "2600x1400x24",
                "-nolisten",
                "tcp",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start Xvfb")?;
        let told = server.stdout.take().context("Xvfb has no output")?;
        let mut lines = BufReader::new(told).lines();
        let number = timeout(PATIENCE, lines.next_line())
            .await
            .context("Xvfb did not come up")??
            .context("Xvfb ended")?;
        Ok(Self {
            _server: server,
            display: format!(":{number}"),
        })
    }

    /// Its name, as `DISPLAY` wants it.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Has a program show its windows here.
    fn surround(&self, command: &mut Command) {
        command
            .env("DISPLAY", &self.display)
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1");
    }
}

/// A profile for an app or a terminal: a folder with a configuration that keeps to this machine.
#[derive(Debug)]
pub struct AppProfile {
    folder: TempDir,
    env: Vec<(&'static str, String)>,
}

impl AppProfile {
    /// An empty one, whose only way to others is this DHT.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn on(dht: &[String]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("kukuri-desktop-")
            .tempdir()?;
        let profile = Self {
            folder,
            env: Vec::new(),
        };
        let config = format!(
            "[network]\nmode = \"serverless\"\nbind = [\"127.0.0.1:0\"]\nport_mapping = false\n\n\
             [discovery.mdns]\nenabled = false\n\n\
             [discovery.dht]\nenabled = {}\nbootstrap = {dht:?}\n",
            !dht.is_empty()
        );
        std::fs::create_dir_all(profile.home())?;
        std::fs::write(profile.home().join("config.toml"), config)?;
        Ok(profile)
    }

    /// Keeps the keys in a file, whose passphrase is beside it, and joins these topics.
    ///
    /// # Errors
    /// When `kukuri` is not built, or refuses.
    pub async fn with_keys_and_topics(self, topics: &[&str]) -> anyhow::Result<Self> {
        let passphrase = self.folder.path().join("passphrase");
        std::fs::write(&passphrase, "correct horse\n")?;
        std::fs::set_permissions(&passphrase, std::fs::Permissions::from_mode(0o600))?;
        let config = self.home().join("config.toml");
        let text = std::fs::read_to_string(&config)?;
        let keyring = format!("\n[keyring]\nstore = \"file\"\npassphrase_file = {passphrase:?}\n");
        std::fs::write(&config, text + &keyring)?;
        for topic in topics {
            let said = self.kukuri(&["topic", "join", topic])?.output().await?;
            ensure!(said.status.success(), "{said:?}");
        }
        Ok(self)
    }

    /// The same, with one more variable for its programs.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    /// The folder of the profile.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// `kukuri` in a terminal, in this profile.
    ///
    /// # Errors
    /// When it is not built.
    pub fn kukuri(&self, args: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(program("kukuri")?);
        command.args(args);
        self.surround(&mut command);
        Ok(command)
    }

    /// What is around the profile's programs: nothing of whoever runs the test.
    fn surround(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("KUKURI_") || name.starts_with("LC_") || name == "WAYLAND_DISPLAY" {
                command.env_remove(name);
            }
        }
        command
            .env("KUKURI_HOME", self.home())
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("TZ", "Asia/Tokyo")
            .env("LANG", "C.UTF-8")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .kill_on_drop(true);
    }
}

/// A running app with its window.
#[derive(Debug)]
pub struct Window {
    driver: Child,
    client: Client,
    app: u32,
}

impl Window {
    /// Starts the app on the screen and waits until its page is there.
    ///
    /// # Errors
    /// When the driver or the app does not start.
    pub async fn open(screen: &Screen, profile: &AppProfile) -> anyhow::Result<Self> {
        Self::open_program(screen, profile, &program("kukuri-desktop")?).await
    }

    /// The same with another program that has a window of Tauri.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_program(
        screen: &Screen,
        profile: &AppProfile,
        app: &Path,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut driver = driver_command(screen, profile, port)
            .spawn()
            .context("failed to start WebKitWebDriver")?;
        let started = Self::session(port, app).await;
        let client = match started {
            Ok(client) => client,
            Err(error) => {
                // A driver that ended by itself cannot be ended: why it gave no session matters.
                driver.kill().await.ok();
                return Err(error);
            }
        };
        let driver_id = driver.id().context("WebKitWebDriver ended")?;
        let app = only_child(driver_id)?;
        Ok(Self {
            driver,
            client,
            app,
        })
    }

    async fn session(port: u16, app: &Path) -> anyhow::Result<Client> {
        wait_for_port(port).await?;
        let wanted = json!({
            "webkitgtk:browserOptions": { "binary": app, "args": [] },
        });
        let Value::Object(wanted) = wanted else {
            bail!("capabilities are an object");
        };
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("the app did not open its window")
    }

    /// The driver's session, for whatever is not offered here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The process of the app.
    pub fn process(&self) -> u32 {
        self.app
    }

    /// Waits for an element.
    ///
    /// # Errors
    /// When it does not come; what the window shows instead is in the error.
    pub async fn find(&self, css: &str) -> anyhow::Result<Element> {
        self.locate(Locator::Css(css), css).await
    }

    /// Waits for a button or another control with this name.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn named(&self, name: &str) -> anyhow::Result<Element> {
        let name = format!("\"{name}\"");
        let path = format!(
            "//*[self::button or self::a or self::input or self::textarea or self::label or @role]\
             [@aria-label={name} or normalize-space(.)={name}]"
        );
        self.locate(Locator::XPath(&path), &name).await
    }

    /// Waits for an element, given by XPath.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn find_by_path(&self, path: &str) -> anyhow::Result<Element> {
        self.locate(Locator::XPath(path), path).await
    }

    async fn locate(&self, by: Locator<'_>, what: &str) -> anyhow::Result<Element> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.client.find(by).await {
                Ok(found) => return Ok(found),
                Err(error) if error.is_no_such_element() => {}
                Err(error) => return Err(error).with_context(|| format!("looking for {what}")),
            }
            if Instant::now() >= end {
                bail!(
                    "{what} is not there; the window shows: {}",
                    self.text().await?
                );
            }
            sleep(POLL).await;
        }
    }

    /// Clicks a control, once it is there.
    ///
    /// # Errors
    /// When it does not come or cannot be clicked.
    pub async fn click(&self, name: &str) -> anyhow::Result<()> {
        let found = self.named(name).await?;
        found
            .click()
            .await
            .with_context(|| format!("clicking {name}"))
    }

    /// Types into a control, in place of what stands there.
    ///
    /// # Errors
    /// When it does not come or takes no text.
    pub async fn type_into(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let found = self.named(name).await?;
        found
            .clear()
            .await
            .with_context(|| format!("emptying {name}"))?;
        found
            .send_keys(text)
            .await
            .with_context(|| format!("typing into {name}"))
    }

    /// Waits until the window shows the text.
    ///
    /// # Errors
    /// When it does not; what it shows instead is in the error.
    pub async fn wait_for_text(&self, text: &str) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = self.text().await?;
            if shown.contains(text) {
                return Ok(());
            }
            ensure!(
                Instant::now() < end,
                "{text:?} is not shown; the window shows: {shown}"
            );
            sleep(POLL).await;
        }
    }

    /// Waits until a script in the page returns true.
    ///
    /// # Errors
    /// When it does not.
    pub async fn wait_for(&self, script: &str) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while self.run(script, vec![]).await? != Value::Bool(true) {
            ensure!(Instant::now() < end, "it stays false: {script}");
            sleep(POLL).await;
        }
        Ok(())
    }

    /// All text that the window shows.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn text(&self) -> anyhow::Result<String> {
        let shown = self.run("return document.body.innerText", vec![]).await?;
        Ok(shown.as_str().unwrap_or_default().to_owned())
    }

    /// Runs a script in the page and returns its answer.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str, args: Vec<Value>) -> anyhow::Result<Value> {
        let said = self.client.execute(script, args).await;
        said.with_context(|| format!("running {script:?}"))
    }

    /// Runs a script that gives its answer to the function that is its last argument.
    ///
    /// # Errors
    /// When it throws, or gives no answer.
    pub async fn run_until_answered(
        &self,
        script: &str,
        args: Vec<Value>,
    ) -> anyhow::Result<Value> {
        let said = self.client.execute_async(script, args).await;
        said.with_context(|| format!("running {script:?}"))
    }

    /// What the window looks like, as PNG.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn picture(&self, path: &Path) -> anyhow::Result<()> {
        // What the page says now is drawn with the next frame.
        let drawn = "const done = arguments[arguments.length - 1]; \
                     requestAnimationFrame(() => requestAnimationFrame(() => done(true)));";
        self.run_until_answered(drawn, vec![]).await?;
        let png = self.client.screenshot().await.context("taking a picture")?;
        std::fs::write(path, png).with_context(|| format!("writing {}", path.display()))
    }

    /// Ends the app as the system would (SIGTERM), waits for it, and ends the driver.
    ///
    /// # Errors
    /// When the app does not end.
    pub async fn quit(mut self) -> anyhow::Result<()> {
        terminate(self.app)?;
        let end = Instant::now() + PATIENCE;
        while is_running(self.app) {
            ensure!(Instant::now() < end, "the app did not end");
            sleep(POLL).await;
        }
        let driver = self
            .driver
            .id()
            .context("the driver ended before its app")?;
        terminate(driver)?;
        timeout(PATIENCE, self.driver.wait())
            .await
            .context("the driver did not end")??;
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // A test that failed leaves nothing running. After `quit` both have ended, which is the
        // only error that there is, and nobody could be told here of another one.
        terminate(self.app).ok();
        // The same for the driver.
        self.driver.start_kill().ok();
    }
}

/// An app that nothing drives: what it costs is what it costs a user.
#[derive(Debug)]
pub struct UndrivenApp<'a> {
    screen: &'a Screen,
    app: Child,
    process: u32,
}

impl<'a> UndrivenApp<'a> {
    /// Starts it on the screen, and waits until its window is there.
    ///
    /// # Errors
    /// When it does not start, or xdotool is missing.
    pub async fn open(
        screen: &'a Screen,
        profile: &AppProfile,
        program: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        profile.surround(&mut command);
        screen.surround(&mut command);
        let app = command.spawn().context("failed to start the app")?;
        let process = app.id().context("the app ended")?;
        let opened = Self {
            screen,
            app,
            process,
        };
        let search = process.to_string();
        let search = ["search", "--sync", "--onlyvisible", "--pid", &search];
        timeout(PATIENCE, opened.xdotool(&search))
            .await
            .context("the app did not open its window")??;
        Ok(opened)
    }

    /// Clicks at a place of the screen and types a line there, as hands would.
    ///
    /// # Errors
    /// When xdotool fails.
    pub async fn click_and_type(&self, (x, y): (i64, i64), text: &str) -> anyhow::Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        self.xdotool(&["mousemove", &x, &y, "click", "1"]).await?;
        self.xdotool(&["type", text]).await
    }

    /// Presses keys together, named as X names them.
    ///
    /// # Errors
    /// When xdotool fails.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        self.xdotool(&["key", keys]).await
    }

    async fn xdotool(&self, args: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new("xdotool");
        command.args(args).kill_on_drop(true);
        self.screen.surround(&mut command);
        let said = command.output().await.context(
            "failed to start xdotool: apt-get install -y --no-install-recommends xdotool",
        )?;
        ensure!(said.status.success(), "xdotool {args:?}: {said:?}");
        Ok(())
    }

    /// Ends the app as the system would (SIGTERM), and waits for it.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn quit(mut self) -> anyhow::Result<()> {
        terminate(self.process)?;
        timeout(PATIENCE, self.app.wait())
            .await
            .context("the app did not end")??;
        Ok(())
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.process
    }
}

fn driver_command(screen: &Screen, profile: &AppProfile, port: u16) -> Command {
    let mut command = Command::new("WebKitWebDriver");
    command.arg(format!("--port={port}")).stdin(Stdio::null());
    profile.surround(&mut command);
    screen.surround(&mut command);
    command.env("TAURI_WEBVIEW_AUTOMATION", "true");
    command
}

/// A port that nothing listens on now; the driver takes a fixed one only.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

async fn wait_for_port(port: u16) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_err()
    {
        ensure!(Instant::now() < end, "WebKitWebDriver does not listen");
        sleep(POLL).await;
    }
    Ok(())
}

fn only_child(process: u32) -> anyhow::Result<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let listed = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let mut children = listed.split_whitespace();
    match (children.next(), children.next()) {
        (Some(child), None) => Ok(child.parse()?),
        _ => bail!("the driver has children {listed:?}, not one app"),
    }
}

/// Whether the process exists and is no zombie.
fn is_running(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    // Gone is what an unreadable one is.
    stat.is_ok_and(|stat| {
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        !matches!(state, Some('Z' | 'X') | None)
    })
}

fn terminate(process: u32) -> anyhow::Result<()> {
    let process = i32::try_from(process)?;
    let process = rustix::process::Pid::from_raw(process).context("no process")?;
    Ok(rustix::process::kill_process(
        process,
        rustix::process::Signal::TERM,
    )?)
}
