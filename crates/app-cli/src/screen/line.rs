//! The line that is being typed: its text, its cursor, and the lines before it.
//!
//! Pure: keys become method calls, and `view` says what one row of a terminal shows.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::text;

/// Lines that the arrow keys bring back.
const HISTORY_MAX: usize = 200;

/// Longest line in bytes; a little above the greatest post, so that a longer one is refused with
/// a reason and not cut.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// A line and its cursor.
#[derive(Debug, Default)]
pub struct Line {
    text: String,
    /// Byte offset, always at the edge of a grapheme.
    cursor: usize,
    history: Vec<String>,
    /// Which line of the history is shown, and the line that was being typed.
    recalled: Option<(usize, String)>,
}

/// What one row shows.
#[derive(Debug, PartialEq, Eq)]
pub struct View {
    /// Safe text that fits into the row.
    pub shown: String,
    /// Column of the cursor.
    pub cursor: usize,
}

impl Line {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Types or pastes at the cursor. What would make the line too long is left out.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if self.text.len() + text.len() <= LINE_BYTES_MAX {
            self.text.insert_str(self.cursor, &text);
            self.cursor += text.len();
            // A combining character joins the grapheme before it.
            self.cursor = self.edge_at_or_after(self.cursor);
        }
    }

    /// Deletes before the cursor.
    pub fn backspace(&mut self) {
        let start = self.before();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    /// Deletes behind the cursor.
    pub fn delete(&mut self) {
        let end = self.after();
        self.text.replace_range(self.cursor..end, "");
    }

    /// One grapheme to the left.
    pub fn left(&mut self) {
        self.cursor = self.before();
    }

    /// One grapheme to the right.
    pub fn right(&mut self) {
        self.cursor = self.after();
    }

    /// One word to the left.
    pub fn word_left(&mut self) {
        self.cursor = self.word_start();
    }

    /// One word to the right.
    pub fn word_right(&mut self) {
        let behind = &self.text[self.cursor..];
        let blanks = behind.len() - behind.trim_start().len();
        let word = behind[blanks..]
            .find(char::is_whitespace)
            .unwrap_or(behind.len() - blanks);
        self.cursor += blanks + word;
    }

    /// To the start.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// To the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Deletes everything before the cursor.
    pub fn kill_to_start(&mut self) {
        self.text.replace_range(..self.cursor, "");
        self.cursor = 0;
    }

    /// Deletes everything behind the cursor.
    pub fn kill_to_end(&mut self) {
        self.text.truncate(self.cursor);
    }

    /// Deletes the word before the cursor.
    pub fn kill_word(&mut self) {
        let start = self.word_start();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    /// Shows the line before in the history.
    pub fn previous(&mut self) {
        let at = match &self.recalled {
            None => self.history.len(),
            Some((at, _)) => *at,
        };
        if let Some(before) = at.checked_sub(1) {
            let typed = self
                .recalled
                .take()
                .map_or_else(|| self.text.clone(), |(_, typed)| typed);
            self.show(self.history[before].clone());
            self.recalled = Some((before, typed));
        }
    }

    /// Shows the next line of the history, at last the one that was being typed.
    pub fn next(&mut self) {
        let Some((at, typed)) = self.recalled.take() else {
            return;
        };
        match self.history.get(at + 1).cloned() {
            Some(line) => {
                self.show(line);
                self.recalled = Some((at + 1, typed));
            }
            None => self.show(typed),
        }
    }

    /// Ends the line: it is returned, remembered, and a new one begins.
    pub fn take(&mut self) -> String {
        self.recalled = None;
        self.cursor = 0;
        let line = std::mem::take(&mut self.text);
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
            if self.history.len() > HISTORY_MAX {
                self.history.remove(0);
            }
        }
        line
    }

    /// What a row of `columns` shows: the part of the line around the cursor. The last column
    /// stays free, so that no terminal wraps.
    pub fn view(&self, columns: usize) -> View {
        let room = columns.saturating_sub(1).max(1);
        let (mut parts, mut cursor_part) = (Vec::new(), None);
        for (at, grapheme) in self.text.grapheme_indices(true) {
            if at >= self.cursor && cursor_part.is_none() {
                cursor_part = Some(parts.len());
            }
            let safe = text::one_line(grapheme);
            let width = text::width(&safe);
            parts.push((safe, width));
        }
        let cursor_part = cursor_part.unwrap_or(parts.len());
        let mut first = cursor_part;
        let mut cursor = 0;
        while first > 0 && cursor + parts[first - 1].1 <= room {
            first -= 1;
            cursor += parts[first].1;
        }
        let (mut shown, mut used) = (String::new(), 0);
        for (safe, width) in &parts[first..] {
            used += width;
            if used > room {
                break;
            }
            shown.push_str(safe);
        }
        View { shown, cursor }
    }

    fn show(&mut self, text: String) {
        self.text = text;
        self.cursor = self.text.len();
    }

    fn before(&self) -> usize {
        self.text[..self.cursor]
            .grapheme_indices(true)
            .next_back()
            .map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.cursor
            + self.text[self.cursor..]
                .graphemes(true)
                .next()
                .map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before
            .char_indices()
            .rev()
            .find(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }

    fn edge_at_or_after(&self, at: usize) -> usize {
        let mut edges = self.text.grapheme_indices(true).map(|(edge, _)| edge);
        edges.find(|edge| *edge >= at).unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Line {
        let mut line = Line::default();
        line.insert(text);
        line
    }

    fn check(line: &Line, columns: usize, shown: &str, cursor: usize) {
        assert_eq!(
            line.view(columns),
            View {
                shown: shown.to_owned(),
                cursor
            }
        );
    }

    #[test]
    fn keys_edit_whole_graphemes() {
        let mut line = typed("明日e\u{301}");
        check(&line, 40, "明日e\u{301}", 5);
        line.backspace();
        check(&line, 40, "明日", 4);
        line.left();
        line.insert("x");
        check(&line, 40, "明x日", 3);
        line.delete();
        check(&line, 40, "明x", 3);
        line.home();
        line.backspace();
        check(&line, 40, "明x", 0);
        line.end();
        assert_eq!(line.take(), "明x");
        assert!(line.is_empty());
    }

    #[test]
    fn words_are_jumped_over_and_killed() {
        let mut line = typed("one two  three");
        line.word_left();
        check(&line, 40, "one two  three", 9);
        line.kill_word();
        check(&line, 40, "one three", 4);
        line.word_right();
        check(&line, 40, "one three", 9);
        line.word_left();
        line.kill_to_end();
        check(&line, 40, "one ", 4);
        line.kill_to_start();
        check(&line, 40, "", 0);
    }

    #[test]
    fn a_long_line_shows_the_part_around_the_cursor() {
        let mut line = typed("0123456789");
        check(&line, 6, "56789", 5);
        line.home();
        check(&line, 6, "01234", 0);
        let wide = typed("一二三四五");
        check(&wide, 6, "四五", 4);
    }

    #[test]
    fn pasted_lines_stay_one_row_and_one_post() {
        let mut line = typed("a\r\nb\x1bc");
        check(&line, 40, "a↵b\\x1bc", 8);
        assert_eq!(line.take(), "a\nb\x1bc");
    }

    #[test]
    fn earlier_lines_come_back_and_the_typed_one_is_kept() {
        let mut line = Line::default();
        for text in ["one", "two", "two", " "] {
            line.insert(text);
            line.take();
        }
        line.insert("thr");
        line.previous();
        check(&line, 40, "two", 3);
        line.previous();
        line.previous();
        check(&line, 40, "one", 3);
        line.next();
        line.next();
        check(&line, 40, "thr", 3);
        line.next();
        check(&line, 40, "thr", 3);
    }

    #[test]
    fn a_line_does_not_grow_without_end() {
        let mut line = typed(&"x".repeat(LINE_BYTES_MAX));
        line.insert("y");
        assert_eq!(line.take().len(), LINE_BYTES_MAX);
    }
}
