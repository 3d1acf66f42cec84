//! In which language the program speaks to people: English, or Japanese where the locale says so.
//!
//! Owns the catalogue. English stands in the code, and is the key of its Japanese; what has none
//! is shown in English. Must never touch what programs read: with `--json` the language is
//! English, and codes, logs and files are made without asking here.

mod ja;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt::Display,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Says something in the user's language: a text with named places, as for `format!`, and a value
/// for each. The English text is the key of the catalogue.
macro_rules! say {
    ($text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        match $crate::language::japanese($text) {
            None => format!($text $(, $name = $value)*),
            Some(text) => $crate::language::filled(text, &[
                $((stringify!($name), &$value as &dyn std::fmt::Display)),*
            ]),
        }
    };
}

/// English text that is kept as data, and said with [`phrase`] when a person reads it. The macro
/// marks it, so that a test finds it without its Japanese.
macro_rules! noted {
    ($text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        format!($text $(, $name = $value)*)
    };
}

pub(crate) use {noted, say};

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The language of the code.
    English,
    /// From the catalogue.
    Japanese,
}

impl Language {
    /// What the environment asks for: `LC_ALL`, then `LC_MESSAGES`, then `LANG`.
    pub fn of_environment() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut values = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().map(variable);
        // As for every program, an empty variable is none.
        let first = values.find_map(|value| value.filter(|value| !value.is_empty()));
        match first {
            Some(value) if value.to_string_lossy().starts_with("ja") => Language::Japanese,
            _ => Language::English,
        }
    }
}

/// Chosen once, before anything is said.
static IS_JAPANESE: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
thread_local! {
    static IN_TEST: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// From now on the program speaks this language.
pub fn choose(language: Language) {
    IS_JAPANESE.store(language == Language::Japanese, Ordering::Relaxed);
}

/// Whether the program speaks Japanese.
pub fn is_japanese() -> bool {
    #[cfg(test)]
    if IN_TEST.get() {
        return true;
    }
    IS_JAPANESE.load(Ordering::Relaxed)
}

/// Runs `work` with Japanese chosen on this thread alone.
#[cfg(test)]
pub fn in_japanese<T>(work: impl FnOnce() -> T) -> T {
    IN_TEST.set(true);
    let done = work();
    IN_TEST.set(false);
    done
}

/// The Japanese of a text, if it is wanted and known.
pub fn japanese(text: &str) -> Option<&'static str> {
    if !is_japanese() {
        return None;
    }
    of_catalogue(text)
}

fn of_catalogue(text: &str) -> Option<&'static str> {
    static BY_ENGLISH: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    let by_english = BY_ENGLISH.get_or_init(|| entries().collect());
    by_english.get(text).copied()
}

fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ja::HELP,
        ja::HELP_OF_ENTRIES,
        ja::SAID,
        ja::SAID_OF_ENTRIES,
        ja::FAILURES,
        ja::PHRASES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// What an error of this code means; `None` where its own English words say it.
pub fn meaning(code: &str) -> Option<&'static str> {
    if !is_japanese() {
        return None;
    }
    let mut codes = ja::CODES.iter();
    Some(codes.find(|(known, _)| *known == code)?.1)
}

/// Fills the named places of a text. A value is taken as it is, whatever it looks like.
pub fn filled(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len());
    for part in Part::of(text) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Place(name) => {
                if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                    filled.push_str(&value.to_string());
                }
            }
        }
    }
    filled
}

/// English text that was made elsewhere, in the user's language: a text of the catalogue, also
/// with its places filled, or several joined by `; `. What is not known stays as it is.
pub fn phrase(text: &str) -> String {
    if !is_japanese() {
        return text.to_owned();
    }
    known_phrase(text).unwrap_or_else(|| {
        let parts: Vec<String> = text
            .split("; ")
            .map(|part| known_phrase(part).unwrap_or_else(|| part.to_owned()))
            .collect();
        parts.join("; ")
    })
}

/// Places that hold a text again. All others hold names and figures, which stay: a topic may have
/// the name of a state.
const TEXTS: [&str; 3] = ["why", "hint", "settings"];

/// The Japanese of a text of the catalogue, also with its places filled.
pub fn known_phrase(text: &str) -> Option<String> {
    if let Some(known) = japanese(text) {
        return Some(known.to_owned());
    }
    if !is_japanese() {
        return None;
    }
    let mut templates = [ja::FAILURES, ja::PHRASES].into_iter().flatten();
    templates.find_map(|(english, japanese)| {
        let values = matched(english, text)?;
        let values: Vec<(&str, String)> = values
            .into_iter()
            .map(|(name, value)| match TEXTS.contains(&name) {
                true => (name, phrase(value)),
                false => (name, value.to_owned()),
            })
            .collect();
        let values: Vec<(&str, &dyn Display)> = values
            .iter()
            .map(|(name, value)| (*name, value as &dyn Display))
            .collect();
        Some(filled(japanese, &values))
    })
}

/// The values with which the template becomes the text. A value ends where the text after its
/// place begins for the first time, and holds no second text unless the template does.
fn matched<'a, 't>(template: &'t str, text: &'a str) -> Option<Vec<(&'t str, &'a str)>> {
    let parts: Vec<Part<'t>> = Part::of(template).collect();
    if !parts.iter().any(|part| matches!(part, Part::Text(_))) || parts.len() < 2 {
        return None;
    }
    let mut values = Vec::new();
    let mut rest = text;
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text(literal) => rest = rest.strip_prefix(literal)?,
            Part::Place(name) => {
                let end = match parts.get(index + 1) {
                    Some(Part::Text(next)) if index + 2 == parts.len() => {
                        rest.len().checked_sub(next.len())?
                    }
                    Some(Part::Text(next)) => rest.find(next)?,
                    Some(Part::Place(_)) | None => rest.len(),
                };
                let (value, after) = rest.split_at_checked(end)?;
                values.push((*name, value));
                rest = after;
            }
        }
    }
    let is_one = template.contains("; ") || !text.contains("; ");
    (rest.is_empty() && is_one).then_some(values)
}

/// A piece of a text with named places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Place(&'a str),
}

impl<'a> Part<'a> {
    fn of(text: &'a str) -> impl Iterator<Item = Part<'a>> {
        let mut rest = text;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let place = rest.strip_prefix('{').and_then(|tail| tail.split_once('}'));
            if let Some((name, tail)) = place {
                rest = tail;
                return Some(Part::Place(name));
            }
            let end = rest
                .char_indices()
                .skip(1)
                .find(|(_, c)| *c == '{')
                .map_or(rest.len(), |(at, _)| at);
            let (literal, tail) = rest.split_at(end);
            rest = tail;
            Some(Part::Text(literal))
        })
    }
}
