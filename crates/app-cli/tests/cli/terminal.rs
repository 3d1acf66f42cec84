//! `kukuri join` on a terminal: questions, the line that is being typed, keys.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

use crate::program::{Home, PATIENCE, run};

/// With this a program asks where the cursor is.
const WHERE: &[u8] = b"\x1b[6n";

/// A program on a terminal of 24 rows.
pub struct Terminal {
    child: Child,
    keys: File,
    bytes: mpsc::Receiver<Vec<u8>>,
    pub seen: String,
    slave: OwnedFd,
}

impl Terminal {
    pub fn start(command: &mut Command) -> Self {
        Self::with_columns(80, command)
    }

    fn with_columns(columns: u16, command: &mut Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let slave =
            rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("opened");
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&slave, size).expect("set");
        let end = || Stdio::from(slave.try_clone().expect("a copy"));
        let child = command
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("it starts");
        let keys = File::from(master);
        let mut screen = keys.try_clone().expect("a copy");
        let (sender, bytes) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(n @ 1..) = screen.read(&mut buffer) {
                // Like every terminal it says where its cursor is.
                let asked = buffer[..n].windows(WHERE.len()).any(|part| part == WHERE);
                if asked && screen.write_all(b"\x1b[1;1R").is_err() {
                    return;
                }
                if sender.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            bytes,
            seen: String::new(),
            slave,
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typed");
    }

    /// Waits for this on the screen; what stood before it counts no more, and is returned with it.
    #[track_caller]
    pub fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(part) {
                return self.seen.drain(..at + part.len()).collect();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{part:?} did not come; on the screen: {:?}", self.seen),
            }
        }
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("it runs");
    }

    /// Waits for the end; the terminal must be as it was.
    #[track_caller]
    pub fn end(mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("it did not end: {:?}", self.seen),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let modes = tcgetattr(&self.slave).expect("a terminal").local_modes;
        assert!(
            modes.contains(LocalModes::ICANON | LocalModes::ECHO),
            "the terminal was left raw"
        );
        status.code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already, mostly.
        let _ = self.child.kill();
        // Only so that no zombie stays; how it ended does not matter.
        let _ = self.child.wait();
    }
}

#[test]
fn the_first_start_without_a_keyring_asks_for_a_file_and_its_passphrase_and_later_for_that() {
    let home = Home::new();
    let mut terminal = Terminal::start(&mut home.bare(&["join", "lobby"]));
    terminal.wait_for("No keyring is available here");
    terminal.wait_for("Keep the keys in that file? [y/N] ");
    terminal.press("y\r");
    terminal.wait_for("This profile has no keys yet");
    terminal.wait_for("new passphrase: ");
    terminal.press("correct horse\r");
    terminal.wait_for("the same again: ");
    terminal.press("correct hose\r");
    terminal.wait_for("not the same twice; new passphrase: ");
    terminal.press("correct horse\r");
    terminal.wait_for("the same again: ");
    terminal.press("correct horse\r");
    terminal.wait_for("#lobby  public topic");
    assert!(!terminal.seen.contains("horse"), "{:?}", terminal.seen);
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), Some(0));

    let mut terminal = Terminal::start(&mut home.bare(&["join", "lobby"]));
    terminal.wait_for("passphrase: ");
    terminal.press("wrong\r");
    terminal.wait_for("that is not it, passphrase: ");
    terminal.press("correct horse\r");
    terminal.wait_for("looking for members");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
    // The passphrase file of the other tests holds the same.
    run(&mut home.kukuri(&["join", "lobby"]), "").check(0, &[]);
}

#[test]
fn a_no_to_the_file_ends_with_the_settings() {
    let home = Home::new();
    for answer in ["\r", "n\r"] {
        let mut terminal = Terminal::start(&mut home.bare(&["join", "lobby"]));
        terminal.wait_for("Keep the keys in that file? [y/N] ");
        terminal.press(answer);
        terminal.wait_for("KUKURI_KEYRING__STORE=file");
        assert_eq!(terminal.end(), Some(6));
        assert!(!home.path().join("identity").exists());
    }
}

#[test]
fn a_yes_to_the_file_is_asked_for_once() {
    let home = Home::new();
    let mut terminal = Terminal::start(&mut home.bare(&["join", "lobby"]));
    terminal.wait_for("Keep the keys in that file? [y/N] ");
    terminal.press("y\r");
    terminal.wait_for("new passphrase: ");
    terminal.press("\x03");
    assert_eq!(terminal.end(), Some(130));
    assert!(!home.path().join("vault").exists());
    let mut terminal = Terminal::start(&mut home.bare(&["join", "lobby"]));
    terminal.wait_for("This profile has no keys yet");
    assert!(!terminal.seen.contains("[y/N]"), "{:?}", terminal.seen);
    terminal.press("\x03");
    assert_eq!(terminal.end(), Some(130));
}

#[test]
fn ctrl_c_at_the_passphrase_leaves_nothing_behind() {
    let home = Home::new();
    let mut command = home.bare(&["join", "lobby"]);
    let mut terminal = Terminal::start(command.env("KUKURI_KEYRING__STORE", "file"));
    terminal.wait_for("new passphrase: ");
    terminal.press("abc\x03");
    assert_eq!(terminal.end(), Some(130));
    assert!(!home.path().join("vault").exists());
}

#[test]
fn commands_are_answered_and_a_post_says_how_far_it_came() {
    let home = Home::new();
    let mut terminal = Terminal::start(&mut home.kukuri(&["join", "lobby"]));
    terminal.wait_for("looking for members");
    terminal.press("/help\r");
    terminal.wait_for("//text    post a line that begins with /");
    terminal.press("/dance\r");
    terminal.wait_for("there is no command /dance");
    terminal.press("/status\r");
    terminal.wait_for("listening on 127.0.0.1:");
    terminal.press("/peers\r");
    terminal.wait_for("no member is connected");
    terminal.press("/explain\r");
    terminal.wait_for("known peers");
    terminal.press("//shrug\r");
    terminal.wait_for("you       /shrug");
    terminal.wait_for("stored here");
    terminal.press("明日x\x7f!\r");
    terminal.wait_for("you       明日!");
    terminal.press("\x03");
    assert_eq!(terminal.end(), Some(130));
}

#[test]
fn the_typed_line_stays_whole_while_a_message_comes_in() {
    let (home, other) = (Home::new(), Home::new());
    let mut terminal = Terminal::start(&mut home.kukuri(&["join", "lobby"]));
    terminal.wait_for("looking for members");
    terminal.press("/status\r");
    terminal.wait_for("others can set this node as a peer: ");
    terminal.wait_for("\r\n");
    // The line was read over by waiting for its end; ask again to read it.
    terminal.press("/status\r");
    terminal.wait_for("others can set this node as a peer: ");
    while !terminal.seen.contains("\r\n") {
        let bytes = terminal
            .bytes
            .recv_timeout(PATIENCE)
            .expect("the rest of the line");
        terminal.seen.push_str(&String::from_utf8_lossy(&bytes));
    }
    let spec = terminal
        .seen
        .split("\r\n")
        .next()
        .expect("the line")
        .to_owned();

    terminal.press("明日 hal");
    terminal.wait_for("> 明日 hal\r\x1b[10C");
    let mut command = other.kukuri(&["join", "lobby"]);
    let said = run(command.env("KUKURI_NETWORK__PEERS", spec), "good morning\n");
    said.check(0, &[]);
    terminal.wait_for("found us after");
    terminal.wait_for("good morning\r\n> 明日 hal\r\x1b[10C");
    terminal.press("lo\r");
    terminal.wait_for("you       明日 hallo");
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn colours_are_for_terminals_and_no_color_switches_them_off() {
    let home = Home::new();
    run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
    let post = ["post", "lobby", "hello", "--wait", "0"];
    run(&mut home.kukuri(&post), "").check(0, &[]);
    let read = |name: &str, value: &str| {
        let mut command = home.kukuri(&["read", "lobby"]);
        let mut terminal = Terminal::start(command.env_remove("NO_COLOR").env(name, value));
        let seen = terminal.wait_for("hello");
        assert_eq!(terminal.end(), Some(0));
        seen
    };
    let seen = read("LANG", "C.UTF-8");
    assert!(seen.contains("\x1b[2m-- today "), "{seen:?}");
    let seen = read("LANG", "ja_JP.UTF-8");
    assert!(seen.contains("\x1b[2m-- 今日 "), "{seen:?}");
    let seen = read("NO_COLOR", "1");
    assert!(seen.contains("-- today "), "{seen:?}");
    assert!(!seen.contains('\x1b'), "{seen:?}");
}

#[test]
fn a_terminal_of_twenty_columns_shows_everything() {
    let home = Home::new();
    let text = "明日もう一度試します 👩‍👩‍👧 the weave pattern";
    for args in [
        &["topic", "join", "lobby"][..],
        &["post", "lobby", text, "--wait", "0"],
        &["kv", "put", "lobby", "config/colour", text, "--wait", "0"],
    ] {
        run(&mut home.kukuri(args), "").check(0, &[]);
    }
    for (args, parts) in [
        (
            &["topic", "list"][..],
            &["topic      #lobby", "last post  "][..],
        ),
        (&["topic", "show", "lobby"], &["lobby"]),
        (&["status"], &["lobby"]),
        (&["read", "lobby"], &["today", "明日もう一度試します"]),
        (&["search", "weave"], &["weave"]),
        (&["kv", "list", "lobby"], &["config/colour", "by"]),
        (&["kv", "get", "lobby", "config/colour"], &["明日もう一度"]),
        (
            &["kv", "why", "lobby", "config/colour"],
            &["config/colour = ", "by you"],
        ),
        (&["kv", "history", "lobby", "config/colour"], &["counts"]),
        (&["config", "show"], &["network.mode", "log.format"]),
        (&["explain", "lobby"], &["lobby"]),
    ] {
        for columns in [20, 1] {
            let mut terminal = Terminal::with_columns(columns, &mut home.kukuri(args));
            for part in parts {
                let at = format!("{args:?} at {columns} columns: {part}");
                terminal.wait_for(part);
                assert!(!terminal.seen.contains("panicked"), "{at}");
            }
            assert_eq!(terminal.end(), Some(0), "{args:?} at {columns} columns");
        }
    }
    let mut terminal = Terminal::with_columns(20, &mut home.kukuri(&["join", "lobby"]));
    terminal.wait_for("looking for members");
    terminal.press("/status\r");
    terminal.wait_for("listening on");
    terminal.press("明日 a line that is longer than the screen\r");
    terminal.wait_for("longer than the screen");
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), Some(0));
}
