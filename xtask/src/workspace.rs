//! Starting programs in the workspace, `cargo` above all, and reading `cargo metadata`.
//!
//! Every program is started here, so that all of them run in the root of the workspace, are
//! printed before they run, and never inherit what cargo told this process about itself.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// The package whose binaries `dht` and `bench` run.
const TEST_PACKAGE: &str = "kukuri-tests";

/// The package of the simulator.
const SIM_PACKAGE: &str = "kukuri-sim";

/// The checkout that this `xtask` was built from.
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace of this source tree, wherever the command was typed.
    pub fn here() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.parent().expect("xtask is a folder of the workspace");
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The folder that holds the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds.
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// A program, to be started in the root.
    pub fn program(&self, name: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(name);
        command.current_dir(&self.root);
        for (key, _) in std::env::vars_os().filter(|(key, _)| describes_this_package(key)) {
            command.env_remove(key);
        }
        command
    }

    /// The cargo that started us, or the one on the path.
    pub fn cargo(&self) -> Command {
        self.program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// `cargo metadata` of the workspace members, without their dependencies' own metadata.
    pub fn metadata(&self) -> anyhow::Result<Value> {
        let output = self
            .cargo()
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .output()
            .context("failed to start cargo metadata")?;
        if !output.status.success() {
            bail!(
                "cargo metadata: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        serde_json::from_slice(&output.stdout).context("cargo metadata did not print JSON")
    }

    /// Builds a binary of `kukuri-tests` in the release profile and becomes it, so that signals
    /// and the exit code are its own.
    pub fn become_test_binary(&self, name: &str, args: &[OsString]) -> anyhow::Result<bool> {
        become_command(self.optimised(TEST_PACKAGE, name, args))
    }

    /// The simulator, built in the release profile.
    pub fn simulator(&self, args: &[OsString]) -> Command {
        self.optimised(SIM_PACKAGE, "sim", args)
    }

    fn optimised(&self, package: &str, name: &str, args: &[OsString]) -> Command {
        let mut command = self.cargo();
        command.args(["run", "--release", "-p", package, "--bin", name, "--"]);
        command.args(args);
        command
    }
}

/// Starts a program in place of this one. Where the system cannot, waits for it instead and says
/// whether it succeeded.
#[cfg(unix)]
pub fn become_command(mut command: Command) -> anyhow::Result<bool> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(error).with_context(|| format!("failed to start {}", line(&command)))
}

/// Starts a program in place of this one. Where the system cannot, waits for it instead and says
/// whether it succeeded.
#[cfg(not(unix))]
pub fn become_command(mut command: Command) -> anyhow::Result<bool> {
    let status = command
        .status()
        .with_context(|| format!("failed to start {}", line(&command)))?;
    Ok(status.success())
}

/// Prints the command and runs it with our own output; anything but success is an error.
pub fn run(mut command: Command) -> anyhow::Result<()> {
    println!("$ {}", line(&command));
    let status = command
        .status()
        .with_context(|| format!("failed to start {}", line(&command)))?;
    if !status.success() {
        bail!("{status}");
    }
    Ok(())
}

/// Prints the command and runs it with our own error output; its standard output.
pub fn output(mut command: Command) -> anyhow::Result<String> {
    println!("$ {}", line(&command));
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to start {}", line(&command)))?;
    if !output.status.success() {
        bail!("{}", output.status);
    }
    String::from_utf8(output.stdout).context("it did not print UTF-8")
}

/// Runs a command silently; its trimmed standard output, or why it failed.
pub fn capture(mut command: Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{name} is not installed"),
        _ => format!("failed to start {name}: {error}"),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    match said.trim().lines().next() {
        Some(first) => Err(first.to_owned()),
        None => Err(format!("{name}: {}", output.status)),
    }
}

/// The command as a person would type it, with the environment that was set for it.
fn line(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(key, value)| {
        let assignment = format!("{}={}", key.to_string_lossy(), value?.to_string_lossy());
        Some(quoted(&assignment))
    });
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    set.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What `cargo run` says about xtask. Build scripts (ring's for one) watch these variables, and
/// would rebuild each time a command is given through xtask instead of by hand.
fn describes_this_package(key: &OsStr) -> bool {
    let key = key.to_string_lossy();
    key.starts_with("CARGO_PKG_")
        || key.starts_with("CARGO_BIN_")
        || matches!(
            key.as_ref(),
            "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "CARGO_CRATE_NAME" | "OUT_DIR"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_printed_as_one_would_type_it() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command
            .args(["nextest", "run", "-E", "not test(a)"])
            .env("RUSTDOCFLAGS", "-D warnings");
        command.env_remove("CARGO_PKG_NAME");
        let shown = line(&command);
        assert_eq!(
            shown,
            "'RUSTDOCFLAGS=-D warnings' cargo nextest run -E 'not test(a)'"
        );
    }

    #[test]
    fn what_cargo_says_about_xtask_stays_here() {
        assert!(describes_this_package(OsStr::new("CARGO_PKG_NAME")));
        assert!(describes_this_package(OsStr::new("CARGO_MANIFEST_DIR")));
        for kept in ["CARGO_HOME", "CARGO_TERM_COLOR", "CARGO_TARGET_DIR", "PATH"] {
            assert!(
                !describes_this_package(OsStr::new(kept)),
                "{kept} must be passed on"
            );
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let said = capture(Command::new("kukuri-no-such-program"));
        assert_eq!(
            said,
            Err("kukuri-no-such-program is not installed".to_owned())
        );
    }
}
