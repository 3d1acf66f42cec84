//! The table of test groups: what each is called, needs and runs.
//!
//! A later stage of the product adds a row here. Which tests belong to a group follows from
//! their names alone (see CONTRIBUTING.md); no list of tests is kept.

use std::ffi::OsString;
use std::process::Command;

use anyhow::bail;
use clap::builder::PossibleValuesParser;

use crate::coverage;
use crate::desktop;
use crate::layers;
use crate::prerequisite::{
    C_COMPILER, CHROMIUM, CJK_FONTS, CLIPPY, DBUS, GNOME_KEYRING, IPROUTE2, IPTABLES, NETNS,
    NEXTEST, NODE, Prerequisite, RUSTFMT, STRACE, WEBDRIVER, WEBKITGTK, XVFB,
};
use crate::workspace::{self, Workspace};

/// How many cases each property test of a parser must survive.
const PARSER_CASES: &str = "100000";

/// One row: a set of checks that pass or fail together.
pub struct Group {
    /// What it is called on the command line and in the report.
    pub name: &'static str,
    /// What it says about itself.
    pub about: &'static str,
    /// Without any of these it is skipped.
    pub needs: &'static [Prerequisite],
    /// Runs it with its output visible; an error is a failure.
    pub run: fn(&Workspace) -> anyhow::Result<()>,
}

/// All groups, cheap ones first.
pub const GROUPS: &[Group] = &[
    Group {
        name: "fmt",
        about: "the code is formatted",
        needs: &[RUSTFMT],
        run: |workspace| cargo(workspace, &["fmt", "--all", "--check"]),
    },
    Group {
        name: "layers",
        about: "no crate knows a crate that it must not know",
        needs: &[],
        run: |workspace| layers::check(&workspace.metadata()?),
    },
    Group {
        name: "ui",
        about: "the front end of the desktop app: types, lint, tests, build",
        needs: &[NODE],
        run: |workspace| {
            desktop::install_libraries(workspace)?;
            for args in [&["run", "lint"][..], &["run", "build"], &["test"]] {
                desktop::npm(workspace, args)?;
            }
            Ok(())
        },
    },
    Group {
        name: "pictures",
        about: "every screen of the front end looks as its reference picture",
        needs: &[NODE, CHROMIUM, CJK_FONTS],
        run: |workspace| {
            desktop::install_libraries(workspace)?;
            desktop::npm(workspace, &["run", "pictures"])
        },
    },
    Group {
        name: "clippy",
        about: "no compiler or clippy warning anywhere",
        needs: &[CLIPPY, C_COMPILER],
        run: |workspace| {
            let mut command = workspace.cargo();
            command
                .args(["clippy", "--workspace"])
                .args(desktop::unless_buildable(workspace))
                .args(["--all-targets", "--", "-D", "warnings"]);
            workspace::run(command)
        },
    },
    Group {
        name: "doc",
        about: "the documentation builds without a warning",
        needs: &[C_COMPILER],
        run: |workspace| {
            let mut command = workspace.cargo();
            command
                .args(["doc", "--workspace", "--no-deps"])
                .args(desktop::unless_buildable(workspace))
                .env("RUSTDOCFLAGS", "-D warnings");
            workspace::run(command)
        },
    },
    Group {
        name: "unit+integration",
        about: "every test that an ordinary user can run; they reach four lines in five of \
                domain, application and infra",
        needs: &[C_COMPILER],
        run: |workspace| {
            cargo(workspace, &["test", "--package", "xtask"])?;
            match coverage::run(workspace, Some(coverage::REQUIRED_PERCENT))? {
                true => Ok(()),
                false => bail!("a crate is below {} %", coverage::REQUIRED_PERCENT),
            }
        },
    },
    Group {
        name: "doctests",
        about: "the examples in the documentation run",
        needs: &[C_COMPILER],
        run: |workspace| {
            let mut command = workspace.cargo();
            command
                .args(["test", "--workspace", "--doc"])
                .args(desktop::unless_buildable(workspace));
            workspace::run(command)
        },
    },
    Group {
        name: "parsers",
        about: "each parser survives 100,000 arbitrary inputs",
        needs: &[C_COMPILER],
        run: |workspace| {
            tests(
                workspace,
                &Selection::Containing("parser_"),
                &[("PROPTEST_CASES", PARSER_CASES)],
            )
        },
    },
    Group {
        name: "sim",
        about: "1,000 simulated swarms with loss, cuts and kills end with everything everywhere, and \
                the simulator is like real nodes",
        needs: &[C_COMPILER],
        run: |workspace| {
            workspace::run(workspace.simulator(&[]))?;
            tests(
                workspace,
                &Selection::Marked("alone"),
                &[("KUKURI_TEST_ALONE", "1")],
            )
        },
    },
    Group {
        name: "netns",
        about: "real nodes in network namespaces",
        needs: &[C_COMPILER, IPROUTE2, IPTABLES, NETNS],
        run: |workspace| {
            tests(
                workspace,
                &Selection::Marked("netns"),
                &[("KUKURI_TEST_NETNS", "1")],
            )
        },
    },
    Group {
        name: "trace",
        about: "what reaches the disk and the sockets, as seen by strace",
        needs: &[C_COMPILER, STRACE],
        run: |workspace| {
            tests(
                workspace,
                &Selection::Marked("strace"),
                &[("KUKURI_TEST_STRACE", "1")],
            )
        },
    },
    Group {
        name: "keyring",
        about: "the keys in a real gnome-keyring",
        needs: &[C_COMPILER, DBUS, GNOME_KEYRING],
        run: |workspace| {
            tests(
                workspace,
                &Selection::Marked("keyring"),
                &[("KUKURI_TEST_KEYRING", "1")],
            )
        },
    },
    Group {
        name: "desktop",
        about: "the desktop app in real windows",
        needs: &[
            C_COMPILER, NODE, WEBKITGTK, WEBDRIVER, XVFB, CJK_FONTS, DBUS,
        ],
        run: |workspace| {
            desktop::build_front_end(workspace)?;
            tests(
                workspace,
                &Selection::Marked("desktop"),
                &[("KUKURI_TEST_DESKTOP", "1")],
            )
        },
    },
];

/// The names of the groups, for the command line.
pub fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(GROUPS.iter().map(|group| group.name))
}

/// Prefixes of tests, or of modules of tests, that only their own group runs.
const MARKS: [&str; 5] = ["netns", "strace", "keyring", "desktop", "alone"];

/// Which tests of the workspace a group runs.
enum Selection {
    /// All but the marked ones.
    Ordinary,
    /// Those whose name contains this.
    Containing(&'static str),
    /// Those with this mark, one at a time.
    Marked(&'static str),
}

impl Selection {
    /// As an expression of nextest.
    fn filterset(&self) -> String {
        let marked = |mark: &str| format!("test(/(^|::){mark}_/)");
        match self {
            Self::Ordinary => format!("not ({})", MARKS.map(marked).join(" | ")),
            Self::Containing(part) => format!("test({part})"),
            Self::Marked(mark) => marked(mark),
        }
    }
}

/// The ordinary tests of all packages but `xtask`, for whoever must not rebuild that while it runs.
pub fn ordinary_tests_but_ours(
    workspace: &Workspace,
    environment: &[(&str, OsString)],
) -> anyhow::Result<()> {
    let mut command = runner(workspace, &Selection::Ordinary, &["--exclude", "xtask"]);
    command.envs(environment.iter().cloned());
    workspace::run(command)
}

fn tests(
    workspace: &Workspace,
    selection: &Selection,
    environment: &[(&str, &str)],
) -> anyhow::Result<()> {
    let mut command = runner(workspace, selection, &[]);
    command.envs(environment.iter().copied());
    workspace::run(command)
}

/// The test runner of this machine, with `packages` after `--workspace`.
fn runner(workspace: &Workspace, selection: &Selection, packages: &[&str]) -> Command {
    if (NEXTEST.check)(workspace).is_ok() {
        println!("runner: cargo-nextest");
        nextest(workspace, selection, packages)
    } else {
        println!(
            "runner: cargo test ({} for the faster one)",
            NEXTEST.install.remedy()
        );
        cargo_test(workspace, selection, packages)
    }
}

/// No test at all in a group is an error of nextest's (exit code 4), and so of ours: a group
/// whose prefix somebody mistyped would otherwise pass for ever.
fn nextest(workspace: &Workspace, selection: &Selection, packages: &[&str]) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["nextest", "run", "--workspace"])
        .args(packages)
        .args(desktop::unless_buildable(workspace));
    command.args(["--ignore-default-filter", "--no-fail-fast"]);
    command.args(["-E", &selection.filterset()]);
    command
}

/// The same selection for the built-in harness, which knows substrings only.
fn cargo_test(workspace: &Workspace, selection: &Selection, packages: &[&str]) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["test", "--workspace"])
        .args(packages)
        .args(desktop::unless_buildable(workspace));
    command.args(["--tests", "--no-fail-fast", "--"]);
    match selection {
        Selection::Ordinary => {
            command.args(
                MARKS
                    .iter()
                    .flat_map(|mark| ["--skip".to_owned(), format!("{mark}_")]),
            );
        }
        Selection::Containing(part) => {
            command.arg(part);
        }
        Selection::Marked(mark) => {
            command.args([&format!("{mark}_"), "--test-threads=1"]);
        }
    }
    command
}

fn cargo(workspace: &Workspace, args: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.cargo();
    command.args(args);
    workspace::run(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_group_is_its_own() {
        for (index, group) in GROUPS.iter().enumerate() {
            let again = GROUPS[index + 1..]
                .iter()
                .find(|other| other.name == group.name);
            assert!(again.is_none(), "{} stands twice in the table", group.name);
        }
    }

    #[test]
    fn every_marked_test_runs_in_exactly_one_group() {
        let ordinary = Selection::Ordinary.filterset();
        for mark in MARKS {
            let own = Selection::Marked(mark).filterset();
            assert!(
                ordinary.contains(&own),
                "`{ordinary}` must leave out `{own}`"
            );
        }
        assert!(ordinary.starts_with("not ("));
    }

    #[test]
    fn nextest_by_hand_leaves_out_what_the_ordinary_group_leaves_out() {
        let path = Workspace::here().root().join(".config/nextest.toml");
        let configured = std::fs::read_to_string(path).expect("the file is part of the checkout");
        for mark in MARKS {
            assert!(
                configured.contains(mark),
                "{mark} is missing in .config/nextest.toml"
            );
        }
    }

    #[test]
    fn the_fallback_selects_the_same_tests() {
        let workspace = Workspace::here();
        let words = |selection| -> Vec<String> {
            let command = cargo_test(&workspace, &selection, &[]);
            command
                .get_args()
                .map(|word| word.to_string_lossy().into_owned())
                .collect()
        };
        let ordinary = words(Selection::Ordinary);
        for mark in MARKS {
            let skipped = ["--skip".to_owned(), format!("{mark}_")];
            assert!(ordinary.windows(2).any(|pair| pair == skipped), "{mark}");
        }
        assert!(words(Selection::Marked("netns")).contains(&"netns_".to_owned()));
        assert!(words(Selection::Containing("parser_")).contains(&"parser_".to_owned()));
    }
}
