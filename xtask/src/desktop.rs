//! The desktop app: what is needed to build it, its front end, and `cargo xtask desktop`.
//!
//! The app is left out of the other groups where it cannot be built, so that nobody needs a web
//! view or Node.js to work on the rest. Must never install anything that nobody asked for.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, bail};

use crate::prerequisite::{C_COMPILER, Install, NODE, Prerequisite, WEBKITGTK};
use crate::suite;
use crate::workspace::{self, Workspace};

/// The package of the app.
pub const PACKAGE: &str = "kukuri-desktop";

/// The profile of cargo that packagers use.
const PACKAGED: &str = "dist";

/// Where its front end lies, below the root.
const UI: &str = "crates/app-tauri/ui";

/// What the app is built with.
const NEEDED: &[Prerequisite] = &[C_COMPILER, WEBKITGTK, NODE];

/// What `cargo xtask desktop` was asked for.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Install missing Debian packages without asking
    #[arg(long)]
    install: bool,
    /// Build only, and print where the program is
    #[arg(long)]
    build_only: bool,
    /// Build without optimisation: sooner built, slower to run
    #[arg(long)]
    debug: bool,
    /// Build as packagers do: less than half as large, and minutes longer to build
    #[arg(long, conflicts_with = "debug")]
    packaged: bool,
    /// For the app, e.g. `cargo xtask desktop -- --profile work`
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// What cargo is to be told about the app where it cannot be built: to leave it out.
pub fn unless_buildable(workspace: &Workspace) -> &'static [&'static str] {
    match why_not_buildable(workspace) {
        None => &[],
        Some(why) => {
            println!("left out: {PACKAGE} ({why})");
            &["--exclude", PACKAGE]
        }
    }
}

fn why_not_buildable(workspace: &Workspace) -> Option<String> {
    if let Err(why) = (WEBKITGTK.check)(workspace) {
        return Some(format!("{}: {why}", WEBKITGTK.name));
    }
    let page = workspace.root().join(UI).join("dist/index.html");
    (!page.exists()).then(|| "its front end is not built: cargo xtask test ui".to_owned())
}

/// Installs the libraries of the front end as they are locked, unless they are there already.
///
/// # Errors
///
/// When npm fails.
pub fn install_libraries(workspace: &Workspace) -> anyhow::Result<()> {
    let ui = workspace.root().join(UI);
    let changed = |path: &str| ui.join(path).metadata().and_then(|found| found.modified());
    // npm writes this file when it is done, and only then.
    let installed = changed("node_modules/.package-lock.json");
    let locked = changed("package-lock.json").context("the front end has no package-lock.json")?;
    match installed {
        Ok(installed) if installed >= locked => Ok(()),
        _ => npm(workspace, &["ci", "--no-fund", "--no-audit"]),
    }
}

/// Builds the front end, unless what was built is newer than all that it is built from.
///
/// # Errors
///
/// When npm fails, or a file cannot be looked at.
pub fn build_front_end(workspace: &Workspace) -> anyhow::Result<()> {
    install_libraries(workspace)?;
    let ui = workspace.root().join(UI);
    let built = ui
        .join("dist/index.html")
        .metadata()
        .and_then(|page| page.modified());
    // Without a page, or without its time, it is built.
    let is_fresh = match built {
        Ok(built) => {
            newest_below(
                &ui,
                &[
                    "dist",
                    "dist-mock",
                    "node_modules",
                    "pictures",
                    "test-results",
                ],
            )? <= built
        }
        Err(_) => false,
    };
    match is_fresh {
        true => Ok(()),
        false => npm(workspace, &["run", "build"]),
    }
}

/// When a file below the folder was changed last.
fn newest_below(folder: &Path, without: &[&str]) -> anyhow::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("failed to read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if without.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let found = entry.metadata()?;
        newest = newest.max(match found.is_dir() {
            true => newest_below(&entry.path(), &[])?,
            false => found.modified()?,
        });
    }
    Ok(newest)
}

/// Runs npm in the front end.
///
/// # Errors
///
/// When it fails.
pub fn npm(workspace: &Workspace, args: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.program("npm");
    command.args(["--prefix", UI]).args(args);
    workspace::run(command)
}

/// Builds the front end and the app, and starts it; what is missing is installed when asked.
///
/// # Errors
///
/// When something that is needed is missing, or a build fails.
pub fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<bool> {
    if !provide(workspace, args.install)? {
        return Ok(false);
    }
    build_front_end(workspace)?;
    let mut command = workspace.cargo();
    let verb = if args.build_only { "build" } else { "run" };
    command.args([verb, "--package", PACKAGE]);
    let profile = match (args.debug, args.packaged) {
        (true, _) => "dev",
        (false, true) => PACKAGED,
        (false, false) => "release",
    };
    command.args(["--profile", profile]);
    if args.build_only {
        workspace::run(command)?;
        let folder = if args.debug { "debug" } else { profile };
        println!(
            "built  {}",
            workspace.target().join(folder).join(PACKAGE).display()
        );
        return Ok(true);
    }
    command.arg("--").args(&args.args);
    workspace::become_command(command)
}

/// Builds what the figures of the window compare, as packagers do: the app, and a window with
/// nothing in it. And `kukuri` beside the bench, which prepares the profile.
///
/// # Errors
///
/// When something that is needed is missing, or a build fails.
pub fn build_for_bench(workspace: &Workspace) -> anyhow::Result<()> {
    build_front_end(workspace)?;
    let app = ["build", "--profile", PACKAGED, "--package", PACKAGE];
    let mut command = workspace.cargo();
    command.args(app);
    workspace::run(command)?;
    // One after the other: built at once, two programs write the pages that they embed to the same
    // files, and one may take what the other has only half written.
    let mut command = workspace.cargo();
    command.args(app);
    command.args(["--features", "bench", "--bin", "kukuri-empty-window"]);
    workspace::run(command)?;
    let mut command = workspace.cargo();
    command.args(["build", "--release", "--package", "kukuri-cli"]);
    workspace::run(command)
}

/// Makes sure that everything needed is there; false if something is missing and stays missing.
fn provide(workspace: &Workspace, install: bool) -> anyhow::Result<bool> {
    let missing: Vec<(&Prerequisite, String)> = NEEDED
        .iter()
        .filter_map(|needed| Some((needed, (needed.check)(workspace).err()?)))
        .collect();
    let mut packages = Vec::new();
    let mut is_by_hand = false;
    for (needed, why) in &missing {
        println!("missing {:<20}{why}", needed.name);
        println!("do      {}", needed.install.remedy());
        match needed.install {
            Install::Apt(names) => packages.extend_from_slice(names),
            Install::Command(_) | Install::ByHand(_) => is_by_hand = true,
        }
    }
    if is_by_hand {
        return Ok(false);
    }
    if packages.is_empty() {
        return Ok(true);
    }
    if !install && !agrees("install these Debian packages now? [y/N] ")? {
        println!(
            "nothing was installed; to install without being asked: cargo xtask desktop --install"
        );
        return Ok(false);
    }
    suite::install_packages(workspace, &packages)?;
    let Some(needed) = NEEDED
        .iter()
        .find(|needed| (needed.check)(workspace).is_err())
    else {
        return Ok(true);
    };
    bail!("{} was installed and still cannot be used", needed.name)
}

/// Asks whoever sits at the terminal; where nobody does, the answer is no.
fn agrees(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("{question}");
    std::io::stdout().flush().context("failed to ask")?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .context("failed to read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_end_is_where_we_look_for_it() {
        let package = Workspace::here().root().join(UI).join("package.json");
        assert!(package.is_file(), "{}", package.display());
    }

    // `cargo run` asks which one is meant otherwise.
    #[test]
    fn of_the_programs_of_the_app_one_is_run() {
        let metadata = Workspace::here().metadata().expect("cargo tells");
        let packages = metadata["packages"].as_array().expect("a list");
        let app = packages.iter().find(|package| package["name"] == PACKAGE);
        assert_eq!(app.expect("it is there")["default_run"], PACKAGE);
    }

    #[test]
    fn the_newest_file_counts_wherever_it_lies() {
        let folder = std::env::temp_dir().join(format!("kukuri-newest-{}", std::process::id()));
        let inner = folder.join("a/b");
        std::fs::create_dir_all(&inner).expect("a temporary folder");
        let later = SystemTime::now() + std::time::Duration::from_secs(3600);
        for (path, time) in [("old", None), ("a/b/new", Some(later))] {
            let file = std::fs::File::create(folder.join(path)).expect("it is made");
            if let Some(time) = time {
                file.set_modified(time).expect("it is set");
            }
        }
        let with = newest_below(&folder, &[]).expect("it is read");
        let without = newest_below(&folder, &["a"]).expect("it is read");
        std::fs::remove_dir_all(&folder).expect("it is removed");
        assert_eq!(with, later);
        assert!(without < later);
    }
}
