//! Starting the program in a throw-away home, and reading what it says while it runs.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use kukuri_application::ports::EventStore as _;
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_node::platform::SystemClock;
use tempfile::TempDir;

/// Longest that anything may take here: builds without optimisation on a busy machine are slow.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A folder for one profile.
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// An empty home whose passphrase is in a file beside it.
    pub fn new() -> Self {
        let home = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        write_private(&home.passphrase(), "correct horse\n");
        home
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn passphrase(&self) -> PathBuf {
        self.folder.path().join("passphrase")
    }

    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of a session bus that is not there.
    pub fn no_bus(&self) -> String {
        format!("unix:path={}", self.beside("no-bus").display())
    }

    /// `kukuri` with these arguments in this home, without a keyring and without a passphrase.
    pub fn bare(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kukuri"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("KUKURI_") || name.starts_with("DHT_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .env("KUKURI_HOME", self.path())
            .env("KUKURI_NETWORK__MODE", "serverless")
            .env("KUKURI_NETWORK__BIND", "127.0.0.1:0")
            .env("KUKURI_NETWORK__PORT_MAPPING", "false")
            .env("KUKURI_DISCOVERY__MDNS__ENABLED", "false")
            .env("KUKURI_DISCOVERY__DHT__ENABLED", "false")
            .env("HOME", self.folder.path())
            // No test reaches the keyring of whoever runs it.
            .env("DBUS_SESSION_BUS_ADDRESS", self.no_bus())
            .env("TZ", "UTC")
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env("LANG", "C.UTF-8");
        command
    }

    /// `kukuri` with these arguments in this home, whose keys a file holds.
    pub fn kukuri(&self, args: &[&str]) -> Command {
        let mut command = self.bare(args);
        command
            .env("KUKURI_KEYRING__STORE", "file")
            .env("KUKURI_KEYRING__PASSPHRASE_FILE", self.passphrase());
        command
    }
}

pub fn write_private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
    }
}

/// What a program that ended said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    #[track_caller]
    pub fn check(&self, code: i32, parts_of_err: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts_of_err {
            assert!(self.err.contains(part), "{part:?} is missing: {self:#?}");
        }
    }
}

/// Whether the database in this folder, which nobody uses now, is sound.
#[cfg(unix)]
#[track_caller]
pub fn check_integrity(folder: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let clock = Arc::new(SystemClock::start());
        let path = folder.join("kukuri.db");
        let database = Database::open(&path, OpenOptions::default(), clock).await;
        let database = database.expect("it opens");
        database.check_integrity().await.expect("sound");
        database.close().await.expect("closed");
    });
}

/// Runs a program to its end with this standard input.
pub fn run(command: &mut Command, input: &str) -> Said {
    let mut running = Running::start(command);
    running.type_text(input);
    running.end()
}

/// The same command, started by a line of shell in which it is `"$0" "$@"`.
#[cfg(unix)]
pub fn through_shell(command: &Command, line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]);
    append(&mut shell, command);
    shell
}

/// Puts a command with its variables behind the arguments of another, which starts it.
#[cfg(unix)]
pub fn append(starter: &mut Command, command: &Command) {
    starter.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => starter.env(name, value),
            None => starter.env_remove(name),
        };
    }
}

/// Starts a command whose input and outputs are pipes.
pub fn piped(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// A program that runs; it is killed when it is dropped.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    out: Vec<String>,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = piped(command);
        let out = child.stdout.take().expect("piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self {
            child,
            input,
            lines,
            out: Vec::new(),
        }
    }

    /// Writes to its standard input.
    pub fn type_text(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            // A program that ended before is judged by what it said.
            let _ = input
                .write_all(text.as_bytes())
                .and_then(|()| input.flush());
        }
    }

    /// Waits for a line of its output that contains this.
    #[track_caller]
    pub fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.out.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(_) => panic!("{part:?} did not come; so far: {:#?}", self.out),
            }
        }
    }

    /// The id of its process.
    #[cfg(target_os = "linux")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("it runs");
    }

    /// Closes its standard input and waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Said {
        drop(self.input.take());
        let status = self.wait();
        let mut err = String::new();
        let mut pipe = self.child.stderr.take().expect("piped");
        pipe.read_to_string(&mut err).expect("readable");
        self.out.extend(self.lines.iter());
        Said {
            code: status.code(),
            out: self.out.join("\n"),
            err,
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not end: {:#?}", self.out);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, mostly.
        let _ = self.child.kill();
        // Only so that no zombie stays; how it ended does not matter.
        let _ = self.child.wait();
    }
}
