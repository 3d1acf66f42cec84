//! Text of others, made safe to show; and how wide text is on a terminal.
//!
//! Must never let a byte of a peer reach the terminal as a command: control characters and escape
//! sequences are shown as what they are, and characters that turn the direction of writing or
//! hide text are shown as their code points.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// One line of safe text: line breaks are shown as `↵`.
pub fn one_line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        push_safe(c, &mut safe);
    }
    safe
}

/// Safe text with its line breaks, without those at its end.
pub fn lines(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n")
        .trim_end_matches('\n')
        .split('\n')
        .map(one_line)
        .collect()
}

fn push_safe(c: char, safe: &mut String) {
    match c {
        '\n' => safe.push('↵'),
        '\t' => safe.push_str("    "),
        c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => {
            safe.push_str(&format!("\\x{:02x}", c as u32));
        }
        c if is_treacherous(c) => safe.push_str(&format!("\\u{{{:x}}}", c as u32)),
        c => safe.push(c),
    }
}

/// Characters without a picture that change how their surroundings look: direction marks,
/// separators, and tags, by which text can be hidden. Joiners stay, scripts and emoji need them.
pub fn is_treacherous(c: char) -> bool {
    matches!(
        c,
        '\u{061c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// What is seen of a text, to compare it with another: without blanks, what has no width, and
/// whether letters are capital or wide.
pub fn looks(text: &str) -> String {
    let seen = text.nfkc().filter(|c| c.width().unwrap_or(0) > 0);
    let seen = seen.filter(|c| !c.is_whitespace());
    seen.flat_map(char::to_lowercase).collect()
}

/// Columns that safe text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Columns that one grapheme takes.
pub fn grapheme_width(grapheme: &str) -> usize {
    grapheme
        .width()
        .max(grapheme.chars().next().and_then(|c| c.width()).unwrap_or(0))
}

/// The text, filled up with blanks to `columns`.
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text, shortened with `…` to at most `columns`.
pub fn shortened(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1; // the ellipsis
    for grapheme in text.graphemes(true) {
        used += grapheme_width(grapheme);
        if used > columns {
            break;
        }
        short.push_str(grapheme);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        assert_eq!(one_line("a\x1b[2Jb"), "a\\x1b[2Jb");
        assert_eq!(
            one_line("bell\x07 \u{9b}31m del\x7f"),
            "bell\\x07 \\x9b31m del\\x7f"
        );
        assert_eq!(one_line("a\rb\nc\td"), "a\\x0db↵c    d");
    }

    #[test]
    fn direction_marks_and_hidden_text_are_shown() {
        assert_eq!(one_line("a\u{202e}b\u{2066}c"), "a\\u{202e}b\\u{2066}c");
        assert_eq!(one_line("x\u{feff}\u{e0041}"), "x\\u{feff}\\u{e0041}");
    }

    #[test]
    fn ordinary_text_of_all_scripts_stays() {
        for text in ["明日もう一度試します", "café", "👩‍👩‍👧", "שלום", "é"]
        {
            assert_eq!(one_line(text), text);
        }
    }

    #[test]
    fn lines_are_kept_and_cleaned() {
        assert_eq!(lines("one\r\ntwo\x1b\n\n"), ["one", "two\\x1b"]);
        assert_eq!(lines(""), [""]);
    }

    #[test]
    fn texts_that_look_alike_are_the_same() {
        assert_eq!(looks("Aya K."), looks("ａｙａ\u{200d} k."));
        assert_ne!(looks("Aya"), looks("Maya"));
        assert_eq!(looks("\u{200b} "), "");
    }

    #[test]
    fn widths_count_columns() {
        assert_eq!(width("明日"), 4);
        assert_eq!(padded("明日", 6), "明日  ");
        assert_eq!(shortened("明日もう一度", 7), "明日も…");
        assert_eq!(shortened("short", 5), "short");
    }
}
