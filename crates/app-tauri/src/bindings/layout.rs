//! How the generated TypeScript is laid out, so that a change of it can be read.
//!
//! Owns line breaks, indentation and comments. Must never change a word of a type.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

const INDENT: &str = "  ";

/// The doc comment among attributes, a line per line.
pub(super) fn docs_of(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(meta) = &attribute.meta else {
            return None;
        };
        match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) if meta.path.is_ident("doc") => Some(text.value()),
            _ => None,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A comment of its own lines, or nothing. Takes the plain text, or a comment as ts-rs writes it.
pub(super) fn comment(docs: &str, depth: usize) -> String {
    let indent = INDENT.repeat(depth);
    let docs = docs.trim().trim_start_matches("/**").trim_end_matches("*/");
    let lines: Vec<String> = docs
        .lines()
        .map(|line| without_links(line.trim().trim_start_matches('*').trim()))
        .skip_while(String::is_empty)
        .collect();
    let end = lines.iter().rposition(|line| !line.is_empty());
    match &lines[..end.map_or(0, |end| end + 1)] {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let line = |line: &String| format!("{indent} * {line}").trim_end().to_owned();
            let lines: Vec<String> = lines.iter().map(line).collect();
            format!("{indent}/**\n{}\n{indent} */\n", lines.join("\n"))
        }
    }
}

/// The names of rustdoc's links alone: TypeScript knows other ones.
fn without_links(line: &str) -> String {
    let mut rest = line;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((name, after)) = after.split_once("`]") else {
            break;
        };
        plain.push_str(&format!("{before}`{name}`"));
        rest = match after.strip_prefix('(').and_then(|to| to.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    plain + rest
}

/// Comments, texts, blanks and single characters.
fn tokens(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '/' if rest.starts_with("/**") => rest.find("*/").map(|at| at + 2),
            '"' => rest[1..].find('"').map(|at| at + 2),
            c if c.is_whitespace() => rest.find(|c: char| !c.is_whitespace()),
            c => Some(c.len_utf8()),
        };
        let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// Whether a type is one of several objects.
fn is_union(tokens: &[&str]) -> bool {
    let mut depth = 0_usize;
    let mut has_bar = false;
    for token in tokens {
        match *token {
            "{" | "(" | "[" | "<" => depth += 1,
            "}" | ")" | "]" | ">" => depth -= 1,
            "|" if depth == 0 => has_bar = true,
            _ => {}
        }
    }
    has_bar && tokens.contains(&"{")
}

/// A type as ts-rs writes it, in one line but for its comments, with a line for each field and for
/// each object of several. Begins with a line break if it is one of several objects.
pub(super) fn laid_out(text: &str) -> String {
    let tokens = tokens(text.trim());
    let mut page = Page::default();
    if is_union(&tokens) {
        page.open("");
        page.break_line();
        page.put("| ");
    }
    for token in tokens {
        page.token(token);
    }
    page.text.trim_end().to_owned()
}

#[derive(Default)]
struct Page {
    text: String,
    /// Brackets that are open; empty for the one that is meant around several objects.
    open: Vec<String>,
    is_line_due: bool,
}

impl Page {
    fn token(&mut self, token: &str) {
        let inner = self.open.last().map(String::as_str);
        match token {
            "{" => {
                self.put(token);
                self.open(token);
                self.break_line();
            }
            "(" => {
                self.put(token);
                self.open(token);
                self.break_line();
                self.put("| ");
            }
            "[" | "<" => {
                self.put(token);
                self.open(token);
            }
            "}" | ")" => {
                self.open.pop();
                self.break_line();
                self.put(token);
            }
            "]" | ">" => {
                self.open.pop();
                self.put(token);
            }
            "," if inner == Some("{") => {
                self.put(";");
                self.break_line();
            }
            "|" if matches!(inner, Some("" | "(")) => {
                self.break_line();
                self.put(token);
            }
            note if note.starts_with("/**") => {
                let depth = self.depth();
                self.break_line();
                self.text.truncate(self.text.trim_end().len());
                self.text.push('\n');
                self.text.push_str(&comment(note, depth));
                self.text.truncate(self.text.trim_end().len());
            }
            blank if blank.trim().is_empty() => {
                if !self.is_line_due && !self.text.ends_with(' ') {
                    self.text.push(' ');
                }
            }
            other => self.put(other),
        }
    }

    fn open(&mut self, bracket: &str) {
        self.open.push(bracket.to_owned());
    }

    /// Only what has lines of its own is indented.
    fn depth(&self) -> usize {
        let has_lines = |bracket: &&String| matches!(bracket.as_str(), "" | "{" | "(");
        self.open.iter().filter(has_lines).count()
    }

    fn break_line(&mut self) {
        self.is_line_due = true;
    }

    fn put(&mut self, token: &str) {
        if std::mem::take(&mut self.is_line_due) {
            self.text.truncate(self.text.trim_end().len());
            self.text.push('\n');
            self.text.push_str(&INDENT.repeat(self.depth()));
        }
        self.text.push_str(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_a_line_for_each_field() {
        let written = "{ \n/**\n * Who.\n */\nname: string, tags: Array<[number, number]>, }";
        let expected = "{\n  /** Who. */\n  name: string;\n  tags: Array<[number, number]>;\n}";
        assert_eq!(laid_out(written), expected);
    }

    #[test]
    fn several_objects_have_a_line_each() {
        let written = "{ \"type\": \"a, b\", id: X | null, } | { \"type\": \"c\" }";
        let expected = "\n  | {\n    \"type\": \"a, b\";\n    id: X | null;\n  }\n  | {\n    \"type\": \"c\"\n  }";
        assert_eq!(laid_out(written), expected);
        let expected =
            "{\n  a: B;\n} & (\n  | {\n    \"t\": \"x\"\n  }\n  | {\n    \"t\": \"y\"\n  }\n)";
        let written = "{ a: B, } & ({ \"t\": \"x\" } | { \"t\": \"y\" })";
        assert_eq!(laid_out(written), expected);
    }

    #[test]
    fn words_stay_in_their_line() {
        assert_eq!(laid_out("\"a\" | \"b\""), "\"a\" | \"b\"");
        assert_eq!(laid_out("string"), "string");
    }

    #[test]
    fn comments_lose_the_links_of_rustdoc() {
        let docs = " Up to [`MAX`](crate::MAX),\n or [`Other`].\n";
        assert_eq!(
            comment(docs, 1),
            "  /**\n   * Up to `MAX`,\n   * or `Other`.\n   */\n"
        );
        assert_eq!(comment("", 1), "");
    }
}
