//! `cargo xtask coverage`: line coverage per crate, measured by cargo-tarpaulin.
//!
//! It counts what the ordinary tests reach. Tests that need root or a tracer stay out, so that
//! the figure is the same on every machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::prerequisite::TARPAULIN;
use crate::workspace::{self, Workspace};

/// The crates that the figure of the design is about, and where their source lies.
const MEASURED: &[(&str, &str)] = &[
    ("kukuri-domain", "crates/domain/src"),
    ("kukuri-application", "crates/application/src"),
    ("kukuri-infra-iroh", "crates/infra-iroh/src"),
    ("kukuri-infra-db", "crates/infra-db/src"),
    ("kukuri-infra-keyring", "crates/infra-keyring/src"),
];

/// Where tarpaulin puts its report, below the root.
const OUTPUT_FOLDER: &str = "target/coverage";

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

/// Measures and prints; false if a crate is below `min` percent.
///
/// # Errors
///
/// When tarpaulin is missing, a test fails under it, or its report cannot be read.
pub fn run(workspace: &Workspace, min: Option<f64>) -> anyhow::Result<bool> {
    if let Err(why) = (TARPAULIN.check)(workspace) {
        bail!(
            "{} is {why}\n  do: {}",
            TARPAULIN.name,
            TARPAULIN.install.remedy()
        );
    }
    measure(workspace)?;
    let path = workspace
        .root()
        .join(OUTPUT_FOLDER)
        .join("tarpaulin-report.json");
    let text =
        std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let report = serde_json::from_slice(&text).context("tarpaulin's report is not JSON")?;
    let lines = per_crate(&report, workspace.root())?;

    let mut good = true;
    for (package, lines) in &lines {
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

fn measure(workspace: &Workspace) -> anyhow::Result<()> {
    let mut command = workspace.cargo();
    command.args([
        "tarpaulin",
        "--workspace",
        "--exclude",
        "xtask",
        "--engine",
        "llvm",
    ]);
    // A target folder of its own: instrumented objects would evict the ordinary ones.
    command.args([
        "--target-dir",
        "target/tarpaulin",
        "--skip-clean",
        "--no-fail-fast",
    ]);
    command.args(["--out", "Json", "--output-dir", OUTPUT_FOLDER]);
    command.args(["--", "--skip", "netns_", "--skip", "strace_"]);
    workspace::run(command)
}

/// Adds up tarpaulin's files by the crate that they belong to.
fn per_crate(report: &Value, root: &Path) -> anyhow::Result<BTreeMap<&'static str, Lines>> {
    let mut lines: BTreeMap<_, _> = MEASURED
        .iter()
        .map(|(package, _)| (*package, Lines::default()))
        .collect();
    for file in report["files"]
        .as_array()
        .context("tarpaulin's report has no files")?
    {
        let parts = file["path"]
            .as_array()
            .context("a file in the report has no path")?;
        let path: PathBuf = parts.iter().filter_map(Value::as_str).collect();
        let owner = MEASURED
            .iter()
            .find(|(_, source)| path.starts_with(root.join(source)));
        if let Some((package, _)) = owner {
            let sum = lines.entry(*package).or_default();
            sum.covered += file["covered"]
                .as_u64()
                .context("a file has no `covered`")?;
            sum.coverable += file["coverable"]
                .as_u64()
                .context("a file has no `coverable`")?;
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_added_up_by_crate_and_others_are_left_out() {
        let file = |path: &[&str], covered: u64, coverable: u64| json!({ "path": path, "covered": covered, "coverable": coverable });
        let report = json!({ "files": [
            file(&["/", "w", "crates", "domain", "src", "lib.rs"], 8, 10),
            file(&["/", "w", "crates", "domain", "src", "event", "id.rs"], 1, 10),
            file(&["/", "w", "crates", "app-cli", "src", "main.rs"], 0, 50),
        ]});
        let lines = per_crate(&report, Path::new("/w")).expect("the report is well formed");
        assert_eq!(lines.len(), MEASURED.len());
        assert_eq!(
            lines["kukuri-domain"],
            Lines {
                covered: 9,
                coverable: 20
            }
        );
        assert_eq!(lines["kukuri-domain"].percent(), 45.0);
        assert_eq!(lines["kukuri-infra-db"].percent(), 0.0);
        assert!(per_crate(&json!({}), Path::new("/w")).is_err());
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
}
