//! The command line as a whole, and its page in the reference.

use std::{fmt::Write as _, fs, path::Path};

use clap::CommandFactory as _;

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn options_are_taken_before_and_after_the_command() {
    let parsed = |args: &[&str]| Cli::try_parse_from(args).expect("valid").profile.home;
    assert_eq!(
        parsed(&["kukuri", "--home", "x", "join", "a"]),
        Some("x".into())
    );
    assert_eq!(
        parsed(&["kukuri", "join", "a", "--home", "x"]),
        Some("x".into())
    );
}

/// The page docs/reference/cli.md: what `--help` says about every command.
fn reference() -> String {
    let mut page = String::from(
        "# The command line\n\n\
         This page is made from the program: `KUKURI_TEST_WRITE=1 cargo test -p kukuri-cli reference`.\n\
         What is fixed for scripts (`--json`, exit codes) is in [json.md](json.md) and [errors.md](errors.md).\n",
    );
    let mut root = Cli::command().term_width(100);
    root.build();
    describe(&mut page, &root, 2);
    page
}

fn describe(page: &mut String, command: &clap::Command, level: usize) {
    let name = command.get_bin_name().unwrap_or("kukuri");
    let mut shown = command.clone().hide_global_options(level > 2);
    let help = shown.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let heading = "#".repeat(level.min(3));
    write!(
        page,
        "\n{heading} {name}\n\n```text\n{}\n```\n",
        help.join("\n").trim_end()
    )
    .expect("a string takes everything");
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        describe(page, sub, level + 1);
    }
}

/// Global options are explained once, on the first page.
trait HideGlobalOptions {
    fn hide_global_options(self, hide: bool) -> Self;
}

impl HideGlobalOptions for clap::Command {
    fn hide_global_options(self, hide: bool) -> Self {
        if !hide {
            return self;
        }
        self.mut_args(|arg| match arg.is_global_set() {
            true => arg.hide(true),
            false => arg,
        })
    }
}

#[test]
fn the_page_of_the_reference_is_what_the_program_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let page = reference();
    if std::env::var_os("KUKURI_TEST_WRITE").is_some() {
        fs::write(&path, &page).expect("the page is written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let (mut kept, mut page) = (kept.lines(), page.lines());
    loop {
        let (kept, said) = (kept.next(), page.next());
        assert_eq!(
            kept, said,
            "docs/reference/cli.md is not up to date: KUKURI_TEST_WRITE=1 cargo test -p kukuri-cli reference"
        );
        if kept.is_none() {
            break;
        }
    }
}

#[test]
fn every_command_has_examples() {
    let mut without = Vec::new();
    for command in Cli::command().get_subcommands() {
        let help = command.get_after_help().map(ToString::to_string);
        if !help.unwrap_or_default().contains("Examples:\n") {
            without.push(command.get_name().to_owned());
        }
    }
    assert!(without.is_empty(), "no examples: {without:?}");
}
