//! A line of the shell: a command with what it takes, a question for help, or nothing.
//!
//! Must never guess: what is not understood is refused with what was wrong.

use clap::{CommandFactory as _, FromArgMatches as _, error::ErrorKind};
use kukuri_wiring::{Exit, Failure};

use crate::{
    args::{ShellCommand, ShellLine, help_text, in_users_language},
    quoting::words,
};

/// What a line says.
#[derive(Debug)]
pub(super) enum Parsed {
    /// It is empty, or a remark.
    Nothing,
    /// What was asked about the commands.
    Help(String),
    /// A command.
    Command(ShellCommand),
}

/// Reads a line.
pub(super) fn parsed(line: &str) -> Result<Parsed, Failure> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Parsed::Nothing);
    }
    let words = match text_of_post(line) {
        Some(text) => vec!["post".to_owned(), "--".to_owned(), text],
        None => split(line)?,
    };
    let mut command = in_users_language(ShellLine::command());
    let matches = command.try_get_matches_from_mut(&words);
    match matches.and_then(|matches| ShellLine::from_arg_matches(&matches)) {
        Ok(line) => Ok(Parsed::Command(line.command)),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Ok(Parsed::Help(plain(&help_text(&error))))
        }
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let message = first.strip_prefix("error: ").unwrap_or(first);
            Err(Failure::new(Exit::Usage, message)
                .hint("'help' lists the commands, 'help COMMAND' says what one takes"))
        }
    }
}

fn split(line: &str) -> Result<Vec<String>, Failure> {
    match words(line) {
        Ok(words) => Ok(words.into_iter().map(|word| word.text).collect()),
        Err((error, _)) => Err(Failure::new(Exit::Usage, error.to_string())
            .hint("put a text with quotes of its own in quotes of the other kind")),
    }
}

/// What `post` takes: the rest of the line as it is, unless all of it stands in quotes.
fn text_of_post(line: &str) -> Option<String> {
    let rest = line.strip_prefix("post")?;
    let text = rest.trim_start();
    if text.is_empty() || text.len() == rest.len() {
        return None;
    }
    let is_quoted = text.starts_with(['\'', '"']);
    match words(text) {
        Ok(words) if is_quoted && words.len() == 1 => {
            words.into_iter().next().map(|word| word.text)
        }
        _ => Some(text.to_owned()),
    }
}

/// Without the parser's styles: the text is printed by others, and into pipes too.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text)
        .to_string()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> ShellCommand {
        match parsed(line).expect(line) {
            Parsed::Command(command) => command,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_line_is_read_like_a_command_line() {
        assert!(matches!(parsed("  "), Ok(Parsed::Nothing)));
        assert!(matches!(parsed(" # get a"), Ok(Parsed::Nothing)));
        let ShellCommand::Add { put } = command("add a 'b  c' --ttl 15m") else {
            panic!("it is add");
        };
        assert_eq!(
            (put.key.as_str(), put.value.as_deref()),
            ("a", Some("b  c"))
        );
        assert_eq!(put.ttl, Some(900_000));
        let ShellCommand::List { page } = command("list \"x y\" --limit 3") else {
            panic!("it is list");
        };
        assert_eq!((page.prefix.as_str(), page.limit), ("x y", 3));
    }

    #[test]
    fn what_is_posted_is_the_rest_of_the_line() {
        for (line, text) in [
            ("post it's  fine --really", "it's  fine --really"),
            ("post  'in  quotes' ", "in  quotes"),
            ("post \"a\\nb\"", "a\nb"),
            ("post 'a' and 'b'", "'a' and 'b'"),
            ("post -1", "-1"),
        ] {
            match command(line) {
                ShellCommand::Post { text: found } => assert_eq!(found, text),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_reason() {
        for (line, part) in [
            ("dance", "unrecognized subcommand 'dance'"),
            ("get", "required arguments"),
            ("get 'a", "the quote ' is not closed"),
            ("post", "required arguments"),
            ("add a b --ttl soon", "90s, 15m, 12h, 30d"),
        ] {
            let failure = parsed(line).expect_err(line);
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.message.contains(part), "{line}: {failure:?}");
        }
    }

    #[test]
    fn help_lists_the_commands_and_says_what_one_takes() {
        let help = |line| match parsed(line) {
            Ok(Parsed::Help(help)) => help,
            other => panic!("{other:?}"),
        };
        let all = help("help");
        for command in ShellLine::command().get_subcommands() {
            assert!(all.contains(command.get_name()), "{all}");
        }
        assert!(
            help("help add").contains("--if-revision"),
            "{}",
            help("help add")
        );
        assert!(!all.contains('\x1b'), "{all:?}");
    }
}
