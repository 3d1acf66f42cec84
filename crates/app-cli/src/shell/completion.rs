//! What Tab offers: commands, options, topics and keys.
//!
//! Must never put a character into the line that turns or hides what stands around it: a key that
//! others chose is quoted.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::CommandFactory as _;
use kukuri_domain::TopicName;
use kukuri_node::{Client, client::EntryQuery};
use reedline::{Completer, CompletionResult, Span, Suggestion};
use tokio::{runtime::Handle, time::timeout};

use crate::{
    args::{ShellLine, in_users_language},
    quoting::{quoted, words},
};

/// Keys that are offered at once.
const KEYS_MAX: u32 = 100;

/// How long somebody who pressed Tab waits for keys or topics.
const PATIENCE: Duration = Duration::from_millis(500);

/// The topic in use, as the keyboard's thread sees it.
#[derive(Debug, Clone, Default)]
pub(super) struct TopicInUse(Arc<Mutex<Option<TopicName>>>);

impl TopicInUse {
    pub(super) fn get(&self) -> Option<TopicName> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set(&self, topic: Option<TopicName>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = topic;
    }
}

/// Completes lines, on the keyboard's thread.
pub(super) struct LineCompleter {
    pub(super) client: Client,
    pub(super) topic: TopicInUse,
    pub(super) runtime: Handle,
}

/// What is to be completed: the word before the cursor, and what it is.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    kind: Kind,
    begin: String,
    start: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Command,
    Option { command: String },
    Topic,
    Key,
}

impl Wanted {
    fn of(line: &str) -> Option<Self> {
        let (mut words, is_open) = match words(line) {
            Ok(words) => (words, false),
            Err((_, words)) => (words, true),
        };
        let is_new = words.is_empty() || (!is_open && line.ends_with(char::is_whitespace));
        let (begin, start) = match words.pop() {
            Some(word) if !is_new => (word.text, word.start),
            Some(word) => {
                words.push(word);
                (String::new(), line.len())
            }
            None => (String::new(), line.len()),
        };
        let before: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let kind = match before.as_slice() {
            [] | ["help"] => Kind::Command,
            [command, ..] if begin.starts_with("--") => Kind::Option {
                command: (*command).to_owned(),
            },
            ["use"] => Kind::Topic,
            ["add" | "get" | "list" | "delete" | "watch" | "history" | "why"] => Kind::Key,
            [.., "--after"] => Kind::Key,
            _ => return None,
        };
        Some(Self { kind, begin, start })
    }
}

impl LineCompleter {
    /// What begins so, and what is said about it.
    fn found(&self, wanted: &Wanted) -> Vec<(String, Option<String>)> {
        let begins = |name: &str| name.starts_with(&wanted.begin);
        match &wanted.kind {
            Kind::Command => {
                let all = in_users_language(ShellLine::command());
                let commands = all.get_subcommands();
                let commands = commands.filter(|command| begins(command.get_name()));
                commands
                    .map(|command| {
                        let about = command.get_about().map(ToString::to_string);
                        (command.get_name().to_owned(), about)
                    })
                    .collect()
            }
            Kind::Option { command } => {
                let all = in_users_language(ShellLine::command());
                let Some(command) = all.find_subcommand(command) else {
                    return Vec::new();
                };
                let options = command.get_arguments().filter_map(|arg| {
                    let name = format!("--{}", arg.get_long()?);
                    let help = arg.get_help().map(ToString::to_string);
                    begins(&name).then_some((name, help))
                });
                options.collect()
            }
            Kind::Topic => {
                // What cannot be read completes nothing; the command says why.
                let topics = self.wait(async { self.client.topics().await.unwrap_or_default() });
                let names = topics.into_iter().map(|topic| topic.name.to_string());
                let names = names.filter(|name| begins(name));
                names.map(|name| (quoted(&name), None)).collect()
            }
            Kind::Key => {
                let Some(topic) = self.topic.get() else {
                    return Vec::new();
                };
                let query = EntryQuery {
                    topic: topic.into(),
                    prefix: wanted.begin.clone(),
                    after: None,
                    limit: KEYS_MAX,
                };
                // Whoever types finds out by the command itself why nothing is there.
                let page = self.wait(async {
                    let page = self.client.entries(&query).await;
                    page.map(|page| page.entries).unwrap_or_default()
                });
                let keys = page.into_iter().map(|entry| quoted(entry.key.as_str()));
                keys.map(|key| (key, None)).collect()
            }
        }
    }

    fn wait<T: Default>(&self, asked: impl Future<Output = T>) -> T {
        self.runtime
            .block_on(async { timeout(PATIENCE, asked).await })
            .unwrap_or_default()
    }
}

impl Completer for LineCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let wanted = line.get(..pos).and_then(Wanted::of);
        let Some(wanted) = wanted else {
            return CompletionResult::fresh(Vec::new());
        };
        let found = self.found(&wanted).into_iter();
        let suggestions = found.map(|(value, description)| Suggestion {
            value,
            description,
            span: Span::new(wanted.start, pos),
            append_whitespace: true,
            ..Suggestion::default()
        });
        CompletionResult::fresh(suggestions.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_completed_depends_on_the_words_before() {
        let option = || Kind::Option {
            command: "add".to_owned(),
        };
        for (line, kind, begin, start) in [
            ("", Kind::Command, "", 0),
            ("ge", Kind::Command, "ge", 0),
            ("  ge", Kind::Command, "ge", 2),
            ("help wh", Kind::Command, "wh", 5),
            ("get ", Kind::Key, "", 4),
            ("get config/co", Kind::Key, "config/co", 4),
            ("get \"a b", Kind::Key, "a b", 4),
            ("get 'a ", Kind::Key, "a ", 4),
            ("use lob", Kind::Topic, "lob", 4),
            ("add a b --t", option(), "--t", 8),
            ("list --after a", Kind::Key, "a", 13),
        ] {
            let wanted = Wanted {
                kind,
                begin: begin.to_owned(),
                start,
            };
            assert_eq!(Wanted::of(line), Some(wanted), "{line}");
        }
        for line in ["add a b", "post get a", "exit "] {
            assert_eq!(Wanted::of(line), None, "{line}");
        }
    }
}
