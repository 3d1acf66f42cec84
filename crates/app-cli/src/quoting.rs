//! Words of a line, and text in quotes: what `kukuri shell` reads, and how keys and values are
//! shown.
//!
//! Owns both ways, so that what is shown can be typed. Must never show a character that turns or
//! hides its surroundings: it stands as its code point. Crates that split lines as shells do say
//! nothing of the word that is not finished, which completion needs, and read no code points.

use thiserror::Error;

use crate::text;

/// Why a line has no words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QuoteError {
    /// A quote begins and does not end.
    #[error("the quote {0} is not closed")]
    Open(char),
    /// Behind a backslash in double quotes stands something that means nothing.
    #[error("after a backslash in double quotes n, t, r, \", \\ or u{{...}} is expected")]
    Escape,
    /// A line ends with a backslash.
    #[error("there is nothing behind the backslash at the end")]
    End,
}

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it says.
    pub text: String,
    /// Byte at which it begins, with its quote.
    pub start: usize,
}

/// The words of a line: separated by blanks, unless these stand in quotes or behind a backslash.
///
/// # Errors
/// [`QuoteError`], with the words before it and what was read of the one that does not end.
pub fn words(line: &str) -> Result<Vec<Word>, (QuoteError, Vec<Word>)> {
    let mut words = Vec::new();
    let mut chars = line.char_indices().peekable();
    loop {
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(start, _)) = chars.peek() else {
            return Ok(words);
        };
        let mut text = String::new();
        let read = read_word(&mut chars, &mut text);
        words.push(Word { text, start });
        if let Err(error) = read {
            return Err((error, words));
        }
    }
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

fn read_word(chars: &mut Chars<'_>, text: &mut String) -> Result<(), QuoteError> {
    while let Some((_, c)) = chars.next_if(|(_, c)| !c.is_whitespace()) {
        match c {
            '\'' => loop {
                match chars.next() {
                    Some((_, '\'')) => break,
                    Some((_, c)) => text.push(c),
                    None => return Err(QuoteError::Open('\'')),
                }
            },
            '"' => loop {
                match chars.next() {
                    Some((_, '"')) => break,
                    Some((_, '\\')) => text.push(escaped(chars)?),
                    Some((_, c)) => text.push(c),
                    None => return Err(QuoteError::Open('"')),
                }
            },
            '\\' => match chars.next() {
                Some((_, c)) => text.push(c),
                None => return Err(QuoteError::End),
            },
            c => text.push(c),
        }
    }
    Ok(())
}

/// What stands behind a backslash in double quotes.
fn escaped(chars: &mut Chars<'_>) -> Result<char, QuoteError> {
    match chars.next() {
        Some((_, 'n')) => Ok('\n'),
        Some((_, 't')) => Ok('\t'),
        Some((_, 'r')) => Ok('\r'),
        Some((_, c @ ('"' | '\\'))) => Ok(c),
        Some((_, 'u')) => {
            if chars.next_if(|(_, c)| *c == '{').is_none() {
                return Err(QuoteError::Escape);
            }
            let mut digits = String::new();
            loop {
                match chars.next() {
                    Some((_, '}')) => break,
                    Some((_, c)) if c.is_ascii_hexdigit() && digits.len() < 6 => digits.push(c),
                    Some(_) => return Err(QuoteError::Escape),
                    None => return Err(QuoteError::Open('"')),
                }
            }
            let code = u32::from_str_radix(&digits, 16).map_err(|_| QuoteError::Escape)?;
            char::from_u32(code).ok_or(QuoteError::Escape)
        }
        Some(_) => Err(QuoteError::Escape),
        None => Err(QuoteError::Open('"')),
    }
}

/// The text as one word: as it is where that is plain, else in double quotes.
pub fn quoted(text: &str) -> String {
    let is_special = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\') || is_hidden(c);
    let is_plain =
        !text.is_empty() && !text.starts_with(['-', '#', '=']) && !text.contains(is_special);
    match is_plain {
        true => text.to_owned(),
        false => in_quotes(text),
    }
}

/// The text in double quotes, on one line.
pub fn in_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_hidden(c) => quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn is_hidden(c: char) -> bool {
    c.is_control() || text::is_treacherous(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        let words = words(line).expect("words");
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn blanks_separate_words_and_quotes_hold_them_together() {
        for (line, expected) in [
            ("", &[][..]),
            ("  get  a ", &["get", "a"]),
            ("add a 'b c'", &["add", "a", "b c"]),
            (
                r#"add a "b \"c\"\n\u{1f411}\\""#,
                &["add", "a", "b \"c\"\n🐑\\"],
            ),
            (r"add a b\ c", &["add", "a", "b c"]),
            (r"add a 'b\n'", &["add", "a", r"b\n"]),
            ("add pre'mid dle'post ''", &["add", "premid dlepost", ""]),
            ("明日　東京", &["明日", "東京"]),
        ] {
            assert_eq!(texts(line), expected, "{line}");
        }
    }

    #[test]
    fn what_does_not_end_is_named_and_what_was_read_is_kept() {
        for (line, error) in [
            ("get 'a", QuoteError::Open('\'')),
            ("get \"a", QuoteError::Open('"')),
            ("get \"\\x\"", QuoteError::Escape),
            ("get \"\\u{110000}\"", QuoteError::Escape),
            ("get \"\\u{12", QuoteError::Open('"')),
            ("get a\\", QuoteError::End),
        ] {
            let (found, words) = words(line).expect_err(line);
            assert_eq!(found, error, "{line}");
            assert_eq!(words[0].text, "get");
        }
        let (_, read) = words("get 'a b").expect_err("open");
        assert_eq!((read[1].text.as_str(), read[1].start), ("a b", 4));
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        let odd = [
            "",
            "plain/key",
            "a b",
            "-x",
            "#x",
            "it's",
            "a\"b",
            "a\\b",
            "a\nb\tc\r",
            "\x1b[2J",
            "\u{202e}x",
            "\u{9b}31m",
            "👩‍👩‍👧",
            "明日",
            "a\u{3000}b",
        ];
        for text in odd {
            let shown = quoted(text);
            assert_eq!(texts(&shown), [text], "{shown}");
            assert_eq!(texts(&in_quotes(text)), [text]);
            let is_safe = shown.chars().all(|c| !is_hidden(c));
            assert!(is_safe, "{shown:?}");
        }
        assert_eq!(quoted("config/colour"), "config/colour");
    }

    proptest::proptest! {
        #[test]
        fn parser_whatever_is_quoted_is_read_again(text in ".*", line in "[\"'\\\\ a-z{}0-9]*") {
            proptest::prop_assert_eq!(texts(&quoted(&text)), [text]);
            // Whatever is typed is read or refused.
            let _read = words(&line);
        }
    }
}
