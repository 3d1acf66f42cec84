//! A topic's name, normalised so that the same name typed anywhere gives the same topic.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::limits::TOPIC_NAME_CHARS_MAX;

/// The normalised name of a public topic: Unicode NFC, case-folded, without surrounding white
/// space, each run of white space inside one space (a Japanese keyboard types U+3000), 1 to 64
/// characters, without control characters and without invisible ones. One leading `#` is dropped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct TopicName(String);

/// Why a text is no topic name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TopicNameError {
    /// Nothing is left after trimming.
    #[error("a topic name needs at least one character")]
    Empty,
    /// The normalised name is too long.
    #[error("a topic name has at most {TOPIC_NAME_CHARS_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A control character, one that changes the direction of writing, or one that nobody sees.
    #[error("a topic name must not contain the control character U+{:04X}", *.0 as u32)]
    Control(char),
}

impl TopicName {
    /// The normalised text, without `#`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TopicName {
    type Err = TopicNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let text = text.strip_prefix('#').unwrap_or(text).trim();
        if let Some(control) = text.chars().find(|c| is_forbidden(*c)) {
            return Err(TopicNameError::Control(control));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let name = normalise(&words.join(" "));
        match name.chars().count() {
            0 => Err(TopicNameError::Empty),
            n if n > TOPIC_NAME_CHARS_MAX => Err(TopicNameError::TooLong(n)),
            _ => Ok(Self(name)),
        }
    }
}

/// NFC of the case fold of the NFC. Folding can undo the composition, hence the second pass;
/// a few letters fold further after composition, hence the loop, which ends because each pass
/// but the last changes the text towards its fixed point.
fn normalise(text: &str) -> String {
    let mut name: String = text.nfc().collect();
    loop {
        let next: String = caseless::default_case_fold_str(&name).nfc().collect();
        if next == name {
            return name;
        }
        name = next;
    }
}

fn is_forbidden(c: char) -> bool {
    let bidi = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let separator = matches!(c, '\u{2028}' | '\u{2029}');
    // Names that look the same must be the same. The joiners U+200C and U+200D stay: scripts and
    // emoji need them.
    let invisible = matches!(
        c,
        '\u{00AD}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}'
    );
    c.is_control() || bidi || separator || invisible
}

impl Serialize for TopicName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TopicName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Result<&str, TopicNameError>) {
        let name = text.parse::<TopicName>();
        assert_eq!(
            name.as_ref().map(TopicName::as_str),
            expected.as_ref().map(|e| *e),
            "{text:?}"
        );
    }

    #[test]
    fn names_are_normalised() {
        check("lobby", Ok("lobby"));
        check("  #Lobby ", Ok("lobby"));
        check("# lobby", Ok("lobby"));
        check("##lobby", Ok("#lobby"));
        check("STRASSE", Ok("strasse"));
        check("Straße", Ok("strasse"));
        check("Caf\u{65}\u{301}", Ok("café"));
        check("が", Ok("が"));
        check("か\u{3099}", Ok("が"));
        check("東京 天気", Ok("東京 天気"));
        check("東京\u{3000}\u{3000}天気", Ok("東京 天気"));
    }

    #[test]
    fn bad_names_are_refused_with_a_reason() {
        check("", Err(TopicNameError::Empty));
        check("  # ", Err(TopicNameError::Empty));
        check("a\nb", Err(TopicNameError::Control('\n')));
        check("a\u{202E}b", Err(TopicNameError::Control('\u{202E}')));
        check("a\u{200B}b", Err(TopicNameError::Control('\u{200B}')));
        check(&"x".repeat(64), Ok(&"x".repeat(64)));
        check(&"x".repeat(65), Err(TopicNameError::TooLong(65)));
    }

    proptest! {
        #[test]
        fn parser_topic_name_is_idempotent(text in "\\PC{0,80}") {
            if let Ok(name) = text.parse::<TopicName>() {
                prop_assert!(!name.as_str().is_empty());
                // A name that begins with '#' after the first was dropped keeps its own.
                let again: TopicName = format!("#{name}").parse().expect("a normalised name parses");
                prop_assert_eq!(again, name);
            }
        }
    }
}
