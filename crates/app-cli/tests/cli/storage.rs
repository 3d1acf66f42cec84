//! A disk that fills up, and one that cannot be written: what was acknowledged stays.
//!
//! The home is a small disk of its own, mounted in a mount namespace that ends with the test. That
//! takes root, so these tests run in the group that has it (`netns_`).

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use crate::program::{Home, check_integrity, run};

/// Less than the posts need, more than an empty profile does.
const DISK_KIB: u32 = 3_000;

/// Posts that are tried, each of about 40 kB.
const POSTS: usize = 120;

fn is_enabled() -> bool {
    std::env::var_os("KUKURI_TEST_NETNS").is_some_and(|value| value == "1")
}

/// A home on a disk of its own. The disk is gone when this is dropped.
struct Disk {
    home: Home,
    /// Keeps the mount namespace alive while its input is open.
    holder: Child,
}

impl Disk {
    fn new() -> Self {
        let home = Home::new();
        fs::create_dir(home.path()).expect("made");
        let script = format!(
            "mount -t tmpfs -o size={DISK_KIB}k,mode=0700 kukuri-test \"$1\" && echo ready && exec cat"
        );
        let mut holder = Command::new("unshare")
            .args([
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                &script,
                "sh",
            ])
            .arg(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare is part of util-linux");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("readable");
        assert_eq!(line, "ready\n", "mounting takes root");
        Self { home, holder }
    }

    /// The same command where the disk is mounted.
    fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()));
        inside.arg("--").arg(command.get_program());
        inside.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{options}")]);
        mount.arg(self.home.path());
        run(&mut self.inside(&mount), "").check(0, &[]);
    }

    fn join(&self) -> Command {
        self.inside(&self.home.kukuri(&["join", "lobby"]))
    }

    /// What `join` shows of the stored history.
    #[track_caller]
    fn history(&self) -> String {
        let said = run(&mut self.join(), "");
        said.check(0, &[]);
        said.out
    }

    #[track_caller]
    fn check_integrity(&self) {
        let copy = tempfile::tempdir().expect("a folder");
        let outside = format!(
            "/proc/{}/root{}",
            self.holder.id(),
            self.home.path().display()
        );
        for entry in fs::read_dir(outside).expect("a folder").flatten() {
            if entry.file_name().to_string_lossy().starts_with("kukuri.db") {
                fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("copied");
            }
        }
        check_integrity(copy.path());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It ends with its input as well; this is only sooner.
        let _ = self.holder.kill();
        // Only so that no zombie stays; how it ended does not matter.
        let _ = self.holder.wait();
    }
}

#[test]
fn netns_a_disk_that_fills_up_is_7_and_loses_nothing_that_was_acknowledged() {
    if !is_enabled() {
        return;
    }
    let disk = Disk::new();
    let name = |number: usize| format!("post-{number:03}");
    let input: String = (0..POSTS)
        .map(|number| format!("{} {}\n", name(number), "weave ".repeat(6_500)))
        .collect();

    let said = run(&mut disk.join(), &input);

    said.check(
        7,
        &["error: the disk is full", "  do: make room on this disk"],
    );
    let posted = |out: &str| -> Vec<usize> {
        (0..POSTS)
            .filter(|number| out.contains(&name(*number)))
            .collect()
    };
    let acknowledged = posted(&said.out);
    assert!(
        (5..POSTS).contains(&acknowledged.len()),
        "{} of {POSTS} were acknowledged",
        acknowledged.len()
    );
    disk.check_integrity();

    disk.remount("size=64m");
    let stored = posted(&disk.history());
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|number| !stored.contains(number))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    run(&mut disk.join(), "there is room again\n").check(0, &[]);
    assert!(disk.history().contains("there is room again"));
    disk.check_integrity();
}

#[test]
fn netns_a_disk_that_is_full_from_the_start_is_7_and_leaves_no_half_profile() {
    if !is_enabled() {
        return;
    }
    let disk = Disk::new();
    disk.remount("size=64k");

    let said = run(&mut disk.join(), "hello\n");
    said.check(7, &["error: ", "  do: make room on this disk"]);
    let program = disk.home.kukuri(&["--json", "topic", "join", "lobby"]);
    let said = run(&mut disk.inside(&program), "");
    said.check(7, &["\"disk_full\""]);

    disk.remount("size=64m");
    run(&mut disk.join(), "hello\n").check(0, &[]);
    assert!(disk.history().contains("hello"));
}

#[test]
fn netns_a_disk_that_cannot_be_written_is_7_and_keeps_what_it_has() {
    if !is_enabled() {
        return;
    }
    let disk = Disk::new();
    run(&mut disk.join(), "before\n").check(0, &[]);
    disk.remount("ro");

    let said = run(&mut disk.join(), "lost?\n");

    said.check(7, &["cannot be written", "  do: make the folder writable"]);
    let program = disk.home.kukuri(&["--json", "join", "lobby"]);
    run(&mut disk.inside(&program), "").check(7, &["\"read_only\""]);
    assert!(!said.out.contains("lost?"), "{said:#?}");
    disk.check_integrity();
    disk.remount("rw");
    let history = disk.history();
    assert!(
        history.contains("before") && !history.contains("lost?"),
        "{history}"
    );
}
