//! `cargo xtask doctor`: is this machine good for developing kukuri, and if not, what to do.
//!
//! It changes nothing but a network namespace that it makes and removes. What is merely useful
//! warns; only what nothing can be built without fails.

use std::fmt;

use anyhow::Context as _;
use serde_json::Value;

use crate::prerequisite::{
    C_COMPILER, CHROMIUM, CJK_FONTS, CLIPPY, DBUS, GNOME_KEYRING, IPROUTE2, IPTABLES, NETNS,
    NEXTEST, NODE, Prerequisite, RUSTFMT, STRACE, WEBDRIVER, WEBKITGTK, XVFB,
};
use crate::workspace::{self, Workspace};

/// A debug and a release build of everything, side by side, with room to spare.
const FREE_DISK_GIB_MIN: u64 = 10;

/// Fifty nodes in one process, each with its sockets, database files and timers.
const OPEN_FILES_MIN: u64 = 4096;

/// What is needed to build and check at all.
const NEEDED: &[Prerequisite] = &[C_COMPILER, RUSTFMT, CLIPPY];

/// Without these some test groups are skipped or slower.
const USEFUL: &[Prerequisite] = &[
    NEXTEST,
    IPROUTE2,
    IPTABLES,
    NETNS,
    STRACE,
    DBUS,
    GNOME_KEYRING,
    NODE,
    WEBKITGTK,
    WEBDRIVER,
    XVFB,
    CHROMIUM,
    CJK_FONTS,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Ok,
    Warn,
    Fails,
}

/// One line of the report, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    mark: Mark,
    name: &'static str,
    detail: String,
    remedy: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Ok => "ok",
            Mark::Warn => "warn",
            Mark::Fails => "fails",
        };
        write!(f, "{mark:<7}{:<20}{}", self.name, self.detail)
    }
}

/// Prints the findings; false if something that is needed is missing.
///
/// # Errors
///
/// When cargo cannot describe the workspace.
pub fn run(workspace: &Workspace) -> anyhow::Result<bool> {
    let wanted = rust_version(&workspace.metadata()?)?;
    let mut findings = vec![toolchain(version_of_rustc(workspace), &wanted)];
    findings.extend(
        NEEDED
            .iter()
            .map(|needed| program(workspace, needed, Mark::Fails)),
    );
    findings.extend(
        USEFUL
            .iter()
            .map(|useful| program(workspace, useful, Mark::Warn)),
    );
    findings.push(disk(free_kib(workspace)));
    findings.push(open_files(open_files_limit(workspace)));

    for finding in &findings {
        println!("{finding}");
    }
    for finding in findings.iter().filter(|finding| finding.mark != Mark::Ok) {
        if let Some(remedy) = &finding.remedy {
            println!("do     {:<20}{remedy}", finding.name);
        }
    }
    Ok(findings.iter().all(|finding| finding.mark != Mark::Fails))
}

fn program(workspace: &Workspace, wanted: &Prerequisite, otherwise: Mark) -> Finding {
    let remedy = Some(wanted.install.remedy());
    let (mark, detail) = match (wanted.check)(workspace) {
        Ok(found) => (Mark::Ok, found),
        Err(why) => (otherwise, why),
    };
    Finding {
        mark,
        name: wanted.name,
        detail,
        remedy,
    }
}

fn rust_version(metadata: &Value) -> anyhow::Result<String> {
    let packages = metadata["packages"]
        .as_array()
        .context("metadata has no packages")?;
    let mut versions = packages
        .iter()
        .filter_map(|package| package["rust_version"].as_str());
    Ok(versions
        .next()
        .context("no package states its rust-version")?
        .to_owned())
}

fn version_of_rustc(workspace: &Workspace) -> Result<String, String> {
    let mut rustc = workspace.program(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg("--version");
    workspace::capture(rustc)
}

fn toolchain(said: Result<String, String>, wanted: &str) -> Finding {
    let remedy = Some("rustup update stable".to_owned());
    let finding = |mark, detail| Finding {
        mark,
        name: "rustc",
        detail,
        remedy,
    };
    let said = match said {
        Ok(said) => said,
        Err(why) => return finding(Mark::Fails, why),
    };
    let found = said.split_whitespace().nth(1).unwrap_or_default();
    let mark = if numbers(found) >= numbers(wanted) {
        Mark::Ok
    } else {
        Mark::Fails
    };
    finding(mark, format!("{found}, at least {wanted} is needed"))
}

/// `1.95.0-nightly` as `[1, 95, 0]`, which compares as versions do.
fn numbers(version: &str) -> Vec<u64> {
    let release = version.split('-').next().unwrap_or_default();
    release
        .split('.')
        .map_while(|number| number.parse().ok()) // The numbers end where something else begins.
        .collect()
}

/// Free space where the build folder is, by `df`, whose POSIX form has it in the fourth column.
fn free_kib(workspace: &Workspace) -> Result<u64, String> {
    let mut df = workspace.program("df");
    df.args(["-Pk", "."]);
    let said = workspace::capture(df)?;
    let available = said
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3));
    available
        .and_then(|kib| kib.parse().ok()) // Said below, with all that `df` said.
        .ok_or_else(|| format!("df said `{said}`"))
}

fn disk(free_kib: Result<u64, String>) -> Finding {
    let remedy = Some("free some disk space; `cargo clean` removes what was built".to_owned());
    let (mark, detail) = match free_kib.map(|kib| kib / (1024 * 1024)) {
        Ok(gib) if gib >= FREE_DISK_GIB_MIN => (Mark::Ok, format!("{gib} GiB free")),
        Ok(gib) => (
            Mark::Warn,
            format!("{gib} GiB free, {FREE_DISK_GIB_MIN} GiB are wanted"),
        ),
        Err(why) => (Mark::Warn, why),
    };
    Finding {
        mark,
        name: "disk",
        detail,
        remedy,
    }
}

fn open_files_limit(workspace: &Workspace) -> Result<String, String> {
    let mut shell = workspace.program("sh");
    shell.args(["-c", "ulimit -n"]);
    workspace::capture(shell)
}

fn open_files(limit: Result<String, String>) -> Finding {
    let remedy = Some(format!(
        "ulimit -n {OPEN_FILES_MIN} in the shell that runs the tests"
    ));
    let (mark, detail) = match limit {
        Err(why) => (Mark::Warn, why),
        Ok(limit) => match limit.parse::<u64>() {
            Ok(number) if number < OPEN_FILES_MIN => (
                Mark::Warn,
                format!("{number} at a time, {OPEN_FILES_MIN} are wanted"),
            ),
            // A number that is large enough, or "unlimited".
            _ => (Mark::Ok, format!("{limit} at a time")),
        },
    };
    Finding {
        mark,
        name: "open files",
        detail,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_compiler_fails_and_a_newer_one_does_not() {
        let mark = |said: &str| toolchain(Ok(said.to_owned()), "1.95").mark;
        assert_eq!(mark("rustc 1.95.0 (59807616e 2026-04-14)"), Mark::Ok);
        assert_eq!(mark("rustc 1.100.0-nightly (abc 2026-10-01)"), Mark::Ok);
        assert_eq!(mark("rustc 2.0.0 (abc 2030-10-01)"), Mark::Ok);
        assert_eq!(mark("rustc 1.94.1 (abc 2026-03-01)"), Mark::Fails);
        assert_eq!(mark("gibberish"), Mark::Fails);
        assert_eq!(
            toolchain(Err("not installed".into()), "1.95").mark,
            Mark::Fails
        );
    }

    #[test]
    fn little_disk_and_few_files_warn_with_figures() {
        assert_eq!(disk(Ok(10 * 1024 * 1024)).mark, Mark::Ok);
        let little = disk(Ok(3 * 1024 * 1024));
        assert_eq!(
            little.to_string(),
            "warn   disk                3 GiB free, 10 GiB are wanted"
        );
        assert_eq!(open_files(Ok("1024".into())).mark, Mark::Warn);
        assert_eq!(open_files(Ok("20000".into())).mark, Mark::Ok);
        assert_eq!(open_files(Ok("unlimited".into())).mark, Mark::Ok);
    }

    #[test]
    fn every_finding_that_is_not_ok_says_what_to_do() {
        let findings = [disk(Err("df".into())), open_files(Err("sh".into()))];
        for finding in findings {
            assert!(
                finding.mark == Mark::Warn && finding.remedy.is_some(),
                "{finding}"
            );
        }
    }
}
