//! `cargo xtask coverage`: line coverage per crate, as rustc's own instrumentation counts it.
//!
//! Only the crates of the workspace are instrumented, by this very program standing in front of
//! rustc: dependencies stay as the other groups built them. What the ordinary tests reach counts;
//! tests that need root or a tracer stay out, so that the figure is the same on every machine.
//! Test code is not counted, nor are blank lines and comments.

mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use llvm_profparser::{CoverageMapping, CoverageReport, merge_profiles};
use serde_json::Value;

use crate::desktop;
use crate::groups;
use crate::workspace::{self, Workspace};

/// The share of lines that R17 of the design asks for.
pub const REQUIRED_PERCENT: f64 = 80.0;

/// The crates that the figure of the design is about, and where their source lies.
const MEASURED: &[(&str, &str)] = &[
    ("kukuri-domain", "crates/domain/src"),
    ("kukuri-application", "crates/application/src"),
    ("kukuri-infra-iroh", "crates/infra-iroh/src"),
    ("kukuri-infra-db", "crates/infra-db/src"),
    ("kukuri-infra-keyring", "crates/infra-keyring/src"),
];

/// Where the counters of the test processes are collected, below the root.
const RAW_FOLDER: &str = "target/coverage";

/// Set for the compilations in which this program stands in front of rustc. The tests inherit it,
/// so it must not look like a setting of the product (`KUKURI_...`).
const INSTRUMENT: &str = "XTASK_INSTRUMENT";

/// Lines of one crate.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Lines {
    covered: u64,
    coverable: u64,
}

impl Lines {
    /// Every measured crate has code: no line at all means that the report missed the crate.
    fn percent(self) -> f64 {
        if self.coverable == 0 {
            return 0.0;
        }
        self.covered as f64 * 100.0 / self.coverable as f64
    }
}

/// The compilation to become, if cargo started us in front of rustc.
pub fn instrumented_rustc() -> Option<Command> {
    std::env::var_os(INSTRUMENT)?;
    let mut args = std::env::args_os().skip(1);
    let mut rustc = Command::new(args.next()?);
    rustc.args(args).arg("-Cinstrument-coverage");
    Some(rustc)
}

/// Measures and prints; false if a crate is below `min` percent.
///
/// # Errors
///
/// When a test fails, or its counters cannot be read.
pub fn run(workspace: &Workspace, min: Option<f64>) -> anyhow::Result<bool> {
    let report = measure(workspace)?;
    let mut good = true;
    for (package, lines) in per_crate(&report, workspace.root())? {
        let enough = min.is_none_or(|min| lines.percent() >= min);
        good &= enough;
        let mark = if enough { "ok" } else { "fails" };
        let Lines { covered, coverable } = lines;
        println!(
            "{mark:<7}{package:<22}{:>6.1} %  {covered}/{coverable} lines",
            lines.percent()
        );
    }
    Ok(good)
}

/// Runs the ordinary tests, and adds up what each of their processes counted.
fn measure(workspace: &Workspace) -> anyhow::Result<CoverageReport> {
    let raw = workspace.root().join(RAW_FOLDER);
    if raw.exists() {
        std::fs::remove_dir_all(&raw)
            .with_context(|| format!("failed to empty {}", raw.display()))?;
    }
    std::fs::create_dir_all(&raw).with_context(|| format!("failed to make {}", raw.display()))?;
    let wrapper = raw.join("rustc-wrapper");
    copy_of_this_program(&wrapper)?;
    let objects = build(workspace, &environment(&wrapper, &raw.join("build")))?;
    let tests = raw.join("tests");
    groups::ordinary_tests_but_ours(workspace, &environment(&wrapper, &tests))?;

    let mut profiles = Vec::new();
    for entry in std::fs::read_dir(&tests).context("the tests left no counters")? {
        let entry = entry?;
        // A process that was killed while it wrote leaves an empty file.
        if entry.metadata()?.len() > 0 {
            profiles.push(entry.path());
        }
    }
    let profile = merge_profiles(&profiles).context("failed to read the counters")?;
    // A program without counters is passed over: a crate that is missed so has no line covered.
    let mapping = CoverageMapping::new(&objects, &profile, true)?;
    let ours = workspace.root().join("crates");
    mapping.generate_subreport(|paths| paths.iter().any(|path| path.starts_with(&ours)))
}

/// Builds the tests; the paths of all executables.
fn build(
    workspace: &Workspace,
    environment: &[(&'static str, OsString)],
) -> anyhow::Result<Vec<PathBuf>> {
    let mut command = workspace.cargo();
    command.args(["test", "--workspace", "--exclude", "xtask", "--no-run"]);
    command.args(desktop::unless_buildable(workspace));
    command.args(["--message-format", "json-render-diagnostics"]);
    command.envs(environment.iter().cloned());
    let printed = workspace::output(command)?;
    let mut objects = BTreeSet::new();
    for line in printed.lines() {
        let message: Value = serde_json::from_str(line).context("cargo did not print JSON")?;
        // The window is not measured, and its programs are large to read.
        let package = message["package_id"].as_str().unwrap_or_default();
        if !package.contains(desktop::PACKAGE) {
            objects.extend(message["executable"].as_str().map(PathBuf::from));
        }
    }
    if objects.is_empty() {
        bail!("cargo built no executable");
    }
    Ok(objects.into_iter().collect())
}

/// What makes cargo compile through the wrapper, and the processes count into `raw`.
fn environment(wrapper: &Path, raw: &Path) -> [(&'static str, OsString); 3] {
    [
        ("RUSTC_WORKSPACE_WRAPPER", wrapper.into()),
        (INSTRUMENT, "1".into()),
        // Four files for each program, shared under a lock by its processes.
        ("LLVM_PROFILE_FILE", raw.join("%4m.profraw").into()),
    ]
}

/// The groups that ran before may have built this program anew: what runs is then a file that has
/// no name any more.
fn copy_of_this_program(to: &Path) -> anyhow::Result<()> {
    let running = Path::new("/proc/self/exe");
    let from = match running.exists() {
        true => running.to_path_buf(),
        false => std::env::current_exe().context("failed to find this program")?,
    };
    std::fs::copy(&from, to).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(())
}

/// Adds up the report's files by the crate that they belong to.
fn per_crate(
    report: &CoverageReport,
    root: &Path,
) -> anyhow::Result<BTreeMap<&'static str, Lines>> {
    let mut sums: BTreeMap<_, _> = MEASURED
        .iter()
        .map(|(package, _)| (*package, Lines::default()))
        .collect();
    for (path, result) in &report.files {
        let owner = MEASURED
            .iter()
            .find(|(_, source)| path.starts_with(root.join(source)));
        let Some((package, source)) = owner else {
            continue;
        };
        if lines::is_test_code(path.strip_prefix(root.join(source))?) {
            continue;
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let sum = sums.entry(*package).or_default();
        for is_covered in lines::covered(&text, &result.hits).values() {
            sum.coverable += 1;
            sum.covered += u64::from(*is_covered);
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrapper_is_a_program_of_its_own() {
        let path = std::env::temp_dir().join(format!("kukuri-wrapper-{}", std::process::id()));
        copy_of_this_program(&path).expect("it is copied");
        let mut copy = Command::new(&path);
        let listed = workspace::output({
            copy.args(["--list", "the_wrapper_is_a_program_of_its_own"]);
            copy
        });
        std::fs::remove_file(&path).expect("it is removed");
        assert!(
            listed
                .expect("it runs")
                .contains("the_wrapper_is_a_program_of_its_own")
        );
    }

    #[test]
    fn the_measured_folders_exist() {
        let workspace = Workspace::here();
        for (package, source) in MEASURED {
            assert!(
                workspace.root().join(source).is_dir(),
                "{package} is not in {source}"
            );
        }
    }

    #[test]
    fn a_crate_without_a_line_in_the_report_has_no_coverage() {
        let sums = per_crate(&CoverageReport::default(), Workspace::here().root())
            .expect("an empty report is a report");
        assert_eq!(sums.len(), MEASURED.len());
        assert!(
            sums.values()
                .all(|lines| lines.percent() < REQUIRED_PERCENT)
        );
    }

    /// What rustc and the reader of its counters make of a program whose every line we know.
    #[test]
    fn a_small_program_is_counted_line_by_line() {
        let folder = std::env::temp_dir().join(format!("kukuri-coverage-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let source = folder.join("main.rs");
        let text = "\
fn main() {
    let taken = pick(std::env::args().count() > 1);
    assert_eq!(taken, 2);
}

fn pick(first: bool) -> u32 {
    // Not code.
    if first {
        return 1;
    }
    2
}

fn never() -> u32 {
    3
}
";
        std::fs::write(&source, format!("#![allow(dead_code)]\n{text}")).expect("it is written");
        let program = folder.join("program");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut compile = Command::new(rustc);
        compile.args(["-Cinstrument-coverage", "-o"]).arg(&program);
        compile.arg(&source).env_remove("LLVM_PROFILE_FILE");
        workspace::output(compile).expect("it compiles");
        let raw = folder.join("raw.profraw");
        let mut run = Command::new(&program);
        run.env("LLVM_PROFILE_FILE", &raw);
        workspace::output(run).expect("it runs");

        let profile = merge_profiles(&[raw]).expect("counters are read");
        let objects = [program];
        let mapping = CoverageMapping::new(&objects, &profile, false).expect("they fit");
        let report = mapping.generate_report().expect("they are mapped");
        let hits = &report.files[&source].hits;
        let text = std::fs::read_to_string(&source).expect("it is there");
        let lines = lines::covered(&text, hits);
        std::fs::remove_dir_all(&folder).expect("it is removed");

        let with = |wanted| -> Vec<usize> {
            let lines = lines
                .iter()
                .filter(|(_, is_covered)| **is_covered == wanted);
            lines.map(|(line, _)| *line).collect()
        };
        // The brace on line 11 stands for the `else` that is not there.
        assert_eq!(with(true), [2, 3, 4, 5, 7, 9, 11, 12, 13]);
        assert_eq!(with(false), [10, 15, 16, 17]);
    }
}
