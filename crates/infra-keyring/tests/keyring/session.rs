//! A session bus of the test's own, and a real gnome-keyring on it.
//!
//! A keyring is found through the environment, which a test must not change for its neighbours.
//! So a test runs itself once more under `dbus-run-session`, and the inner run does the work. The
//! developer's own keyring is never reached: bus, home and runtime folder are throw-away.

use std::{
    env,
    ffi::OsString,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Runs a marked test at all.
const SWITCH: &str = "KUKURI_TEST_KEYRING";

/// Names the folder of the inner run.
const INNER: &str = "KUKURI_TEST_KEYRING_FOLDER";

/// Longest that a service may take to appear on the bus.
const PATIENCE: Duration = Duration::from_secs(30);

/// What gnome-keyring says before it aborts because a caller asks before it was taken note of, a
/// fault of its own (<https://gitlab.gnome.org/GNOME/gnome-keyring/-/work_items/196>). Without a
/// keyring a test says nothing about us.
const ABORTED: &str = "gkd_secret_service_get_pkcs11_session: assertion 'client' failed";

/// It is rare: once in some hundred sessions.
const ATTEMPTS_MAX: u32 = 3;

/// The password of the keyrings here.
const PASSWORD: &str = "sesame";

/// A bus on which nothing is started by being asked for.
const BUS: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// Runs `test` in a session of its own, if such tests are switched on. `name` is the full name
/// of the calling test.
pub fn within(name: &str, test: impl FnOnce(&Session)) {
    if env::var(SWITCH).as_deref() != Ok("1") {
        return;
    }
    if let Some(folder) = env::var_os(INNER) {
        let folder = PathBuf::from(folder);
        return test(&Session { folder });
    }
    let mut attempts = 1;
    while !is_done(name) {
        assert!(attempts < ATTEMPTS_MAX, "gnome-keyring aborted each time");
        attempts += 1;
    }
}

/// Runs the test in a session of its own; false if gnome-keyring aborted there.
fn is_done(name: &str) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("bus.conf");
    fs::write(&config, BUS).expect("written");
    let mut option = OsString::from("--config-file=");
    option.push(&config);
    let said = Command::new("dbus-run-session")
        .arg(option)
        .arg("--")
        .arg(env::current_exe().expect("a program"))
        .args(["--exact", name, "--nocapture"])
        .env(INNER, folder.path())
        .env("HOME", folder.path())
        .env("XDG_DATA_HOME", folder.path().join("data"))
        .env("XDG_RUNTIME_DIR", folder.path())
        .env_remove("GNOME_KEYRING_CONTROL")
        .output()
        .expect("dbus-run-session is installed");
    let (out, err) = (
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr),
    );
    println!("{out}{err}");
    if !said.status.success() && err.contains(ABORTED) {
        return false;
    }
    assert!(said.status.success(), "the inner run of {name} failed");
    assert!(out.contains("1 passed"), "no test is called {name}");
    true
}

/// The session that the inner run is in.
pub struct Session {
    folder: PathBuf,
}

impl Session {
    /// A folder for the test.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts gnome-keyring and opens its login keyring, which is made the first time.
    pub fn unlocked_keyring(&self) -> Keyring {
        self.keyring(Some(PASSWORD))
    }

    /// Starts gnome-keyring with what it had before, locked.
    pub fn locked_keyring(&self) -> Keyring {
        self.keyring(None)
    }

    fn keyring(&self, password: Option<&str>) -> Keyring {
        let control = self.folder.join("control");
        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets"])
            .arg("--control-directory")
            .arg(&control)
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        if password.is_some() {
            command.arg("--unlock");
        }
        let mut daemon = command.spawn().expect("gnome-keyring is installed");
        let mut input = daemon.stdin.take().expect("piped");
        let typed = input.write_all(password.unwrap_or_default().as_bytes());
        typed.expect("it reads its password");
        drop(input);
        wait_for_service(true);
        Keyring { daemon }
    }

    /// What gnome-keyring has on the disk: names and bytes.
    pub fn keyring_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.folder.join("data/keyrings");
        let mut files: Vec<_> = fs::read_dir(folder)
            .expect("gnome-keyring made it")
            .map(|entry| {
                let path = entry.expect("readable").path();
                let bytes = fs::read(&path).expect("readable");
                (path, bytes)
            })
            .collect();
        files.sort();
        files
    }
}

/// A running gnome-keyring; it ends when this is dropped.
pub struct Keyring {
    daemon: Child,
}

impl Keyring {
    /// Stops it in the middle of whatever it does: it takes calls and answers none.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// The end of a pause.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.daemon.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("there is a kill").success(), "{signal}");
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.daemon.kill();
        // Only so that no zombie stays; how it ended does not matter.
        let _ = self.daemon.wait();
        wait_for_service(false);
    }
}

/// Waits until some program provides the Secret Service, or none does.
pub fn wait_for_service(wanted: bool) {
    let deadline = Instant::now() + PATIENCE;
    let answer = format!("boolean {wanted}");
    loop {
        let said = Command::new("dbus-send")
            .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
            .args(["/", "org.freedesktop.DBus.NameHasOwner"])
            .arg("string:org.freedesktop.secrets")
            .output()
            .expect("dbus-send is installed");
        if String::from_utf8_lossy(&said.stdout).contains(&answer) {
            return;
        }
        assert!(Instant::now() < deadline, "{answer} did not come: {said:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
