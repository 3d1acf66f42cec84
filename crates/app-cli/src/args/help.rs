//! The help in the user's language.
//!
//! Owns the replacing: the texts of commands and arguments are looked up in the catalogue, and so
//! are the few fixed words of the parser, which it does not let one set.

use clap::{Arg, Command, builder::StyledStr};

use crate::language::{is_japanese, japanese, phrase, say};

/// The command line with its texts in the user's language. They are looked up by their English.
pub fn in_users_language(mut command: Command) -> Command {
    // Only then the parser's own texts are there: those of --help, --version and `help`.
    command.build();
    translated(command)
}

fn translated(command: Command) -> Command {
    let about = of_styled(command.get_about());
    let long_about = of_styled(command.get_long_about());
    let after_help = of_styled(command.get_after_help());
    let mut command = command;
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long_about) = long_about {
        command = command.long_about(long_about);
    }
    if let Some(after_help) = after_help {
        command = command.after_help(after_help);
    }
    command.mut_args(argument).mut_subcommands(translated)
}

fn argument(arg: Arg) -> Arg {
    let help = of_styled(arg.get_help());
    let long_help = of_styled(arg.get_long_help());
    let mut arg = arg;
    if let Some(help) = help {
        arg = arg.help(help);
    }
    if let Some(long_help) = long_help {
        arg = arg.long_help(long_help);
    }
    arg
}

fn of_styled(text: Option<&StyledStr>) -> Option<String> {
    let text = text?.to_string();
    if !is_japanese() {
        return None;
    }
    let paragraphs: Vec<String> = text.split("\n\n").map(paragraph).collect();
    Some(paragraphs.join("\n\n"))
}

/// A paragraph in the user's language. Examples are commands, only their heading is words.
fn paragraph(text: &str) -> String {
    if let Some(japanese) = japanese(text) {
        return japanese.to_owned();
    }
    match text.strip_prefix(EXAMPLES_HEADING) {
        Some(examples) => format!("{}{examples}", phrase(EXAMPLES_HEADING)),
        None => text.to_owned(),
    }
}

const EXAMPLES_HEADING: &str = "Examples:\n";

/// What `--help` and `--version` print.
pub fn help_text(help: &clap::Error) -> String {
    with_fixed_words(&help.render().ansi().to_string())
}

/// What is said about arguments that make no sense.
pub fn wrong_usage_text(error: &clap::Error) -> String {
    let text = with_fixed_words(&error.render().ansi().to_string());
    let meaning = crate::language::meaning("usage").unwrap_or_default();
    let head = say!("error: {message}", message = meaning);
    // A command that needs another word behind it shows its help, which begins with no error.
    let text = text.replacen("error:", &format!("{head}\n "), 1);
    format!("{}\n", text.trim_end().trim_end_matches('.'))
}

/// Words that the parser writes into every text. They are what stands before the first text of
/// ours or around it, and occur in none of our own.
const FIXED_WORDS: [&str; 11] = [
    "Usage:",
    "Commands:",
    "Arguments:",
    "Options:",
    "Possible values:",
    "[possible values: ",
    "[default: ",
    "[env: ",
    "For more information, try ",
    "The system's keyring",
    "A file sealed with a passphrase",
];

fn with_fixed_words(text: &str) -> String {
    let mut text = text.to_owned();
    for word in FIXED_WORDS {
        text = text.replace(word, &phrase(word));
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::{
        args::{Cli, ShellLine},
        language::in_japanese,
    };

    /// Calls `check` with every text of the help.
    fn walk(command: &Command, check: &mut impl FnMut(&str, &str)) {
        let path = command.get_bin_name().unwrap_or("kukuri").to_owned();
        let mut see = |what: &str, text: Option<&StyledStr>| {
            if let Some(text) = text {
                check(&format!("{path} {what}"), &text.to_string());
            }
        };
        see("about", command.get_about());
        see("long about", command.get_long_about());
        see("after help", command.get_after_help());
        for arg in command.get_arguments() {
            let id = arg.get_id().as_str();
            see(id, arg.get_help());
            see(id, arg.get_long_help());
        }
        for sub in command.get_subcommands() {
            // `help` repeats the others.
            if command.get_name() != "help" {
                walk(sub, check);
            }
        }
    }

    #[test]
    fn every_text_of_the_help_has_its_japanese() {
        in_japanese(|| {
            let mut missing = Vec::new();
            for mut command in [Cli::command(), ShellLine::command()] {
                command.build();
                walk(&command, &mut |place, text| {
                    for part in text.split("\n\n") {
                        if paragraph(part) == part {
                            missing.push(format!("{place}: {part}"));
                        }
                    }
                });
            }
            assert!(missing.is_empty(), "no Japanese:\n{}", missing.join("\n"));
            for word in FIXED_WORDS {
                assert_ne!(phrase(word), word);
            }
        });
    }

    #[test]
    fn the_japanese_help_is_japanese_and_parses_the_same() {
        in_japanese(|| {
            let mut command = in_users_language(Cli::command());
            let help = command.render_long_help().to_string();
            for english in ["Print help", "Talk in topics", "Set a configuration"] {
                assert!(!help.contains(english), "{help}");
            }
            let shown = command
                .try_get_matches_from_mut(["kukuri", "topic", "show", "--help"])
                .expect_err("help is asked for");
            let shown = help_text(&shown);
            assert!(shown.contains("使い方:"), "{shown}");
            assert!(shown.contains("引数:"), "{shown}");
            assert!(!shown.contains("Options:"), "{shown}");
            let parsed = in_users_language(Cli::command())
                .try_get_matches_from_mut(["kukuri", "read", "lobby", "--limit", "3"])
                .expect("it is right");
            assert_eq!(parsed.subcommand_name(), Some("read"));
        });
    }

    #[test]
    fn the_english_help_stays() {
        let mut command = in_users_language(Cli::command());
        let mut plain = Cli::command();
        plain.build();
        assert_eq!(
            command.render_long_help().to_string(),
            plain.render_long_help().to_string()
        );
    }
}
