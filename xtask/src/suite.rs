//! Runs test groups one after another and adds up what happened.
//!
//! A group that fails does not stop the others: one run tells everything that is wrong.

use std::fmt;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::groups::{GROUPS, Group};
use crate::prerequisite::{Install, NEXTEST, Prerequisite};
use crate::workspace::{self, Workspace};

/// What a skipped group means for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skips {
    /// A developer's machine may lack something.
    Allowed,
    /// Continuous integration may not.
    Fail,
}

/// What became of one group.
#[derive(Debug)]
enum Verdict {
    Passed,
    Failed(String),
    Skipped(Vec<Missing>),
}

/// A prerequisite that is not there.
#[derive(Debug)]
struct Missing {
    name: &'static str,
    why: String,
    install: Install,
}

struct Outcome {
    group: &'static str,
    took: Duration,
    verdict: Verdict,
}

/// Runs the named groups, or all of them, and prints the report. True if nothing failed.
pub fn test(workspace: &Workspace, only: &[String], skips: Skips) -> bool {
    let chosen = |group: &&Group| only.is_empty() || only.iter().any(|name| name == group.name);
    let outcomes: Vec<Outcome> = GROUPS
        .iter()
        .filter(chosen)
        .map(|group| run_group(workspace, group))
        .collect();
    let report = Report { outcomes };
    println!("\n{report}");
    report.good(skips)
}

/// Installs what is missing, then runs everything. True if nothing failed and nothing was skipped.
pub fn ci(workspace: &Workspace) -> bool {
    heading("prerequisites", "what the groups need is installed");
    let started = Instant::now();
    // A failure here is not the end: the groups that cannot run are skipped, which fails below
    // with the reason, after all the others have been run.
    if let Err(error) = install(workspace) {
        println!("failed to install everything: {error:#}");
    }
    println!("took {}", seconds(started.elapsed()));
    test(workspace, &[], Skips::Fail)
}

fn run_group(workspace: &Workspace, group: &Group) -> Outcome {
    heading(group.name, group.about);
    let started = Instant::now();
    let missing: Vec<Missing> = group
        .needs
        .iter()
        .filter_map(|needed| missing(workspace, needed))
        .collect();
    let verdict = if !missing.is_empty() {
        Verdict::Skipped(missing)
    } else {
        match (group.run)(workspace) {
            Ok(()) => Verdict::Passed,
            Err(error) => Verdict::Failed(format!("{error:#}")),
        }
    };
    let took = started.elapsed();
    match &verdict {
        Verdict::Passed => println!("passed  {} in {}", group.name, seconds(took)),
        Verdict::Failed(why) => println!("failed  {} in {}: {why}", group.name, seconds(took)),
        Verdict::Skipped(missing) => println!("skipped {}: {}", group.name, list(missing)),
    }
    Outcome {
        group: group.name,
        took,
        verdict,
    }
}

fn missing(workspace: &Workspace, needed: &Prerequisite) -> Option<Missing> {
    let why = (needed.check)(workspace).err()?;
    Some(Missing {
        name: needed.name,
        why,
        install: needed.install,
    })
}

fn heading(name: &str, about: &str) {
    println!("\n== {name}: {about}");
    // The programs we start write to the same terminal past our buffer. A standard output that
    // is gone has nobody to read the heading either.
    let _ = std::io::stdout().flush();
}

/// Checks what any group needs, and installs what is missing and can be installed.
fn install(workspace: &Workspace) -> anyhow::Result<()> {
    let mut needs: Vec<&Prerequisite> = GROUPS.iter().flat_map(|group| group.needs).collect();
    needs.push(&NEXTEST);
    needs.sort_by_key(|needed| needed.name);
    needs.dedup_by_key(|needed| needed.name);

    let mut packages: Vec<&str> = Vec::new();
    let mut commands: Vec<&str> = Vec::new();
    for needed in needs {
        match (needed.check)(workspace) {
            Ok(found) => println!("ok     {:<20}{found}", needed.name),
            Err(why) => {
                println!("warn   {:<20}{why}", needed.name);
                match needed.install {
                    Install::Apt(names) => packages.extend(names),
                    Install::Command(line) => commands.push(line),
                    // Said again by the group that is skipped for it.
                    Install::ByHand(_) => {}
                }
            }
        }
    }
    if !packages.is_empty() {
        install_packages(workspace, &packages)?;
    }
    for line in commands {
        let mut command = workspace.program("sh");
        command.args(["-c", line]);
        workspace::run(command)?;
    }
    Ok(())
}

/// Installs Debian packages.
///
/// # Errors
///
/// When apt-get fails.
pub fn install_packages(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    apt_get(workspace, &["update"])?;
    let options = ["install", "-y", "--no-install-recommends"];
    apt_get(workspace, &[&options, packages].concat())
}

fn apt_get(workspace: &Workspace, args: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.program("apt-get");
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    workspace::run(command)
}

struct Report {
    outcomes: Vec<Outcome>,
}

impl Report {
    fn count(&self, which: fn(&Verdict) -> bool) -> usize {
        self.outcomes
            .iter()
            .filter(|outcome| which(&outcome.verdict))
            .count()
    }

    /// What to do about the skipped groups, all Debian packages in one command.
    fn remedies(&self) -> Vec<String> {
        let mut packages = Vec::new();
        let mut others = Vec::new();
        for Outcome { verdict, .. } in &self.outcomes {
            let Verdict::Skipped(missing) = verdict else {
                continue;
            };
            for Missing { install, .. } in missing {
                match install {
                    Install::Apt(names) => packages.extend_from_slice(names),
                    other => others.push(other.remedy()),
                }
            }
        }
        packages.sort_unstable();
        packages.dedup();
        others.sort_unstable();
        others.dedup();
        if !packages.is_empty() {
            others.insert(0, Install::Apt(&[]).remedy() + &packages.join(" "));
        }
        others
    }

    fn good(&self, skips: Skips) -> bool {
        let skipped = self.count(|verdict| matches!(verdict, Verdict::Skipped(_)));
        let failed = self.count(|verdict| matches!(verdict, Verdict::Failed(_)));
        failed == 0 && (skipped == 0 || skips == Skips::Allowed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "== summary")?;
        for Outcome {
            group,
            took,
            verdict,
        } in &self.outcomes
        {
            let took = seconds(*took);
            match verdict {
                Verdict::Passed => writeln!(f, "passed  {group:<18}{took:>9}")?,
                Verdict::Failed(why) => {
                    // Details were printed where they happened; this is the table.
                    let why = why.lines().next().unwrap_or_default();
                    writeln!(f, "failed  {group:<18}{took:>9}  {why}")?;
                }
                Verdict::Skipped(missing) => {
                    writeln!(f, "skipped {group:<18}{:>9}  {}", "", list(missing))?;
                }
            }
        }
        for remedy in self.remedies() {
            writeln!(f, "do      {remedy}")?;
        }
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.count(|verdict| matches!(verdict, Verdict::Passed)),
            self.count(|verdict| matches!(verdict, Verdict::Failed(_))),
            self.count(|verdict| matches!(verdict, Verdict::Skipped(_))),
        )
    }
}

fn list(missing: &[Missing]) -> String {
    let reasons = missing
        .iter()
        .map(|missing| format!("{} ({})", missing.name, missing.why));
    reasons.collect::<Vec<_>>().join(", ")
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdicts: Vec<Verdict>) -> Report {
        let took = Duration::from_millis(1234);
        let outcome = |verdict| Outcome {
            group: "some",
            took,
            verdict,
        };
        Report {
            outcomes: verdicts.into_iter().map(outcome).collect(),
        }
    }

    fn skipped(package: &'static [&'static str]) -> Verdict {
        let install = Install::Apt(package);
        Verdict::Skipped(vec![Missing {
            name: "strace",
            why: "not installed".into(),
            install,
        }])
    }

    #[test]
    fn a_failure_fails_and_a_skip_fails_only_in_ci() {
        let passed = report(vec![Verdict::Passed]);
        assert!(passed.good(Skips::Allowed) && passed.good(Skips::Fail));
        let failed = report(vec![
            Verdict::Passed,
            Verdict::Failed("exit status: 1".into()),
        ]);
        assert!(!failed.good(Skips::Allowed) && !failed.good(Skips::Fail));
        let with_skip = report(vec![Verdict::Passed, skipped(&["strace"])]);
        assert!(with_skip.good(Skips::Allowed) && !with_skip.good(Skips::Fail));
    }

    #[test]
    fn the_report_says_what_to_install_once_and_ends_with_the_sum() {
        let verdicts = vec![
            Verdict::Passed,
            skipped(&["strace"]),
            skipped(&["iptables", "strace"]),
            Verdict::Failed("why\nmore".into()),
        ];
        let shown = report(verdicts).to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(
            lines,
            [
                "== summary",
                "passed  some                  1.2 s",
                "skipped some                         strace (not installed)",
                "skipped some                         strace (not installed)",
                "failed  some                  1.2 s  why",
                "do      apt-get install -y --no-install-recommends iptables strace",
                "1 passed, 1 failed, 2 skipped",
            ]
        );
    }
}
