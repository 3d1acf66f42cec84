//! What a test group needs from the machine: how it is checked, and how it is installed.
//!
//! A check tries the thing itself where it can (it makes a network namespace rather than asking
//! for a uid), because that is what the tests will do.

use crate::workspace::{self, Workspace};

/// Something that a machine has or lacks.
pub struct Prerequisite {
    /// What it is called in reports.
    pub name: &'static str,
    /// A short description of what was found, or why it cannot be used.
    pub check: fn(&Workspace) -> Result<String, String>,
    /// How to get it.
    pub install: Install,
}

/// How a prerequisite is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Install {
    /// Debian packages.
    Apt(&'static [&'static str]),
    /// A command that needs no package manager of the system.
    Command(&'static str),
    /// Something that only the person at the machine can do.
    ByHand(&'static str),
}

impl Install {
    /// What a person does about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Apt(packages) => {
                format!(
                    "apt-get install -y --no-install-recommends {}",
                    packages.join(" ")
                )
            }
            Self::Command(command) => (*command).to_owned(),
            Self::ByHand(advice) => (*advice).to_owned(),
        }
    }
}

/// rustfmt, as a component of the toolchain.
pub const RUSTFMT: Prerequisite = Prerequisite {
    name: "rustfmt",
    check: |workspace| cargo(workspace, &["fmt", "--version"]),
    install: Install::Command("rustup component add rustfmt"),
};

/// clippy, as a component of the toolchain.
pub const CLIPPY: Prerequisite = Prerequisite {
    name: "clippy",
    check: |workspace| cargo(workspace, &["clippy", "--version"]),
    install: Install::Command("rustup component add clippy"),
};

/// A C compiler: it links Rust, and builds SQLite and ring.
pub const C_COMPILER: Prerequisite = Prerequisite {
    name: "C compiler",
    check: |workspace| version(workspace, "cc", &["--version"]),
    install: Install::Apt(&["build-essential"]),
};

/// The test runner. Without it the groups fall back to `cargo test`.
pub const NEXTEST: Prerequisite = Prerequisite {
    name: "cargo-nextest",
    check: |workspace| cargo(workspace, &["nextest", "--version"]),
    install: Install::Command("cargo install cargo-nextest --locked"),
};

/// `ip`, which makes the namespaces, bridges and links of network tests.
pub const IPROUTE2: Prerequisite = Prerequisite {
    name: "iproute2",
    check: |workspace| version(workspace, "ip", &["-Version"]),
    install: Install::Apt(&["iproute2"]),
};

/// `iptables`, which loses packets on purpose.
pub const IPTABLES: Prerequisite = Prerequisite {
    name: "iptables",
    check: |workspace| version(workspace, "iptables", &["--version"]),
    install: Install::Apt(&["iptables"]),
};

/// `strace`, which shows that a commit reached the disk before it was answered.
pub const STRACE: Prerequisite = Prerequisite {
    name: "strace",
    check: traces,
    install: Install::Apt(&["strace"]),
};

/// `dbus-run-session`, for a Secret Service of the test's own.
pub const DBUS: Prerequisite = Prerequisite {
    name: "dbus-run-session",
    check: |workspace| version(workspace, "dbus-run-session", &["--version"]),
    install: Install::Apt(&["dbus", "dbus-daemon"]),
};

/// The Secret Service that most desktops have.
pub const GNOME_KEYRING: Prerequisite = Prerequisite {
    name: "gnome-keyring",
    check: |workspace| version(workspace, "gnome-keyring-daemon", &["--version"]),
    install: Install::Apt(&["gnome-keyring"]),
};

/// Node.js with npm, for the front end of the desktop app.
pub const NODE: Prerequisite = Prerequisite {
    name: "Node.js",
    check: node,
    install: Install::ByHand("install Node.js 20.19 or newer with npm, from https://nodejs.org"),
};

/// The web view of the desktop app, to build with.
pub const WEBKITGTK: Prerequisite = Prerequisite {
    name: "WebKitGTK",
    check: |workspace| version(workspace, "pkg-config", &["--modversion", "webkit2gtk-4.1"]),
    install: Install::Apt(&["pkg-config", "libwebkit2gtk-4.1-dev"]),
};

/// What drives the web view of the desktop app in tests.
pub const WEBDRIVER: Prerequisite = Prerequisite {
    name: "WebKitWebDriver",
    check: |workspace| is_there(workspace, "WebKitWebDriver", &["--help"]),
    install: Install::Apt(&["webkit2gtk-driver"]),
};

/// A screen for the windows of tests.
pub const XVFB: Prerequisite = Prerequisite {
    name: "Xvfb",
    check: |workspace| is_there(workspace, "Xvfb", &["-help"]),
    install: Install::Apt(&["xvfb"]),
};

/// The browser in which the pictures of the front end are taken.
pub const CHROMIUM: Prerequisite = Prerequisite {
    name: "Chromium",
    check: |workspace| version(workspace, "/usr/bin/chromium", &["--version"]),
    install: Install::Apt(&["chromium"]),
};

/// Letters for the pictures: Japanese, and what else people write in.
pub const CJK_FONTS: Prerequisite = Prerequisite {
    name: "Japanese fonts",
    check: |workspace| match version(workspace, "fc-list", &["Noto Sans CJK JP"])? {
        found if found.is_empty() => Err("Noto Sans CJK JP is not installed".to_owned()),
        _ => Ok("Noto Sans CJK JP".to_owned()),
    },
    install: Install::Apt(&["fontconfig", "fonts-dejavu-core", "fonts-noto-cjk"]),
};

/// The right to make network namespaces.
pub const NETNS: Prerequisite = Prerequisite {
    name: "network namespaces",
    check: makes_namespaces,
    install: Install::ByHand("run as root on Linux, with CAP_SYS_ADMIN if in a container"),
};

fn cargo(workspace: &Workspace, args: &[&str]) -> Result<String, String> {
    let mut command = workspace.cargo();
    command.args(args);
    // What cargo prints about an unknown subcommand is about cargo, not about this machine.
    let said = workspace::capture(command).map_err(|_| "not installed".to_owned())?;
    Ok(first_line(&said))
}

fn version(workspace: &Workspace, program: &str, args: &[&str]) -> Result<String, String> {
    let mut command = workspace.program(program);
    command.args(args);
    workspace::capture(command).map(|said| first_line(&said))
}

/// For a program that has no version to tell: that it starts.
fn is_there(workspace: &Workspace, program: &str, args: &[&str]) -> Result<String, String> {
    version(workspace, program, args).map(|_| "installed".to_owned())
}

/// The oldest Node.js that the tools of the front end run on.
const NODE_MIN: (u32, u32) = (20, 19);

fn node(workspace: &Workspace) -> Result<String, String> {
    let found = version(workspace, "node", &["--version"])?;
    version(workspace, "npm", &["--version"])?;
    match version_of(&found) {
        Some(version) if version >= NODE_MIN => Ok(found),
        _ => Err(format!(
            "{found} is older than {}.{}",
            NODE_MIN.0, NODE_MIN.1
        )),
    }
}

/// Major and minor of `v20.20.2`.
fn version_of(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().trim_start_matches('v').split('.');
    // What is no number is no version; the caller says what was found.
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn first_line(said: &str) -> String {
    said.lines().next().unwrap_or_default().to_owned()
}

/// Traces a program that does nothing: `ptrace` can be forbidden where `strace` is installed.
fn traces(workspace: &Workspace) -> Result<String, String> {
    let found = version(workspace, "strace", &["--version"])?;
    let mut probe = workspace.program("strace");
    probe.args(["-f", "-qq", "-e", "trace=none", "true"]);
    workspace::capture(probe).map(|_| found)
}

/// Makes one and removes it again. Its name carries our process id, so that two runs on one
/// machine do not meet.
fn makes_namespaces(workspace: &Workspace) -> Result<String, String> {
    let name = format!("kukuri-probe-{}", std::process::id());
    for action in ["add", "delete"] {
        let mut command = workspace.program("ip");
        command.args(["netns", action, &name]);
        workspace::capture(command)?;
    }
    Ok("made one and removed it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_a_command_to_paste() {
        let remedy = STRACE.install.remedy();
        assert_eq!(remedy, "apt-get install -y --no-install-recommends strace");
        assert_eq!(
            NEXTEST.install.remedy(),
            "cargo install cargo-nextest --locked"
        );
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version_of("v20.20.2\n"), Some((20, 20)));
        assert!(version_of("v9.9.0") < Some(NODE_MIN));
        assert!(version_of("v100.0.0") > Some(NODE_MIN));
        assert_eq!(version_of("node"), None);
    }

    #[test]
    fn a_missing_program_fails_its_check() {
        let workspace = Workspace::here();
        assert!(version(&workspace, "kukuri-no-such-program", &[]).is_err());
        assert_eq!(
            cargo(&workspace, &["no-such-command"]),
            Err("not installed".to_owned())
        );
    }
}
