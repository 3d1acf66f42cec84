//! Words of a text, and whether a text has the words that are asked for.
//!
//! Owns how Japanese, English and mixed texts are split, so that an index and a reader agree:
//! what [`SearchQuery::find`] finds in a text has every one of [`SearchQuery::terms`] among the
//! text's [`index_terms`]. Must never depend on a dictionary: which words a language has changes,
//! and an index that was made with another list finds nothing.
//!
//! Texts are compared by NFKC and case fold, so that ＴＯＫＹＯ, Tokyo and tokyo are one word. Words
//! that are separated in writing are found whole. Scripts without spaces (Han, kana, Thai and the
//! like), Hangul, whose words carry endings, and pictographs are found as any run of characters;
//! for the index such a run is its single characters and its overlapping pairs.

use std::{collections::HashSet, ops::Range};

use thiserror::Error;
use unicode_normalization::{UnicodeNormalization as _, char::canonical_combining_class};

/// Greatest length of a query in characters: far beyond what a person types.
pub const QUERY_CHARS_MAX: usize = 256;

/// What is looked for: every phrase must occur. A phrase is what stands between white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    phrases: Vec<Phrase>,
}

/// Why a text cannot be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SearchQueryError {
    /// White space and punctuation only.
    #[error("there is no word in it to search for")]
    NoWord,
    /// Longer than [`QUERY_CHARS_MAX`].
    #[error("a search has at most {QUERY_CHARS_MAX} characters, this one has {0}")]
    TooLong(usize),
}

/// Characters that must follow each other; separators between them count as one space.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Phrase(Vec<char>);

/// What a folded character is to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word that is found whole.
    Word,
    /// Part of a run in which any part is found.
    Run,
    /// Neither.
    Separator,
}

/// A text as it is compared.
#[derive(Default)]
struct Folded {
    chars: Vec<char>,
    /// For each of `chars`, which characters of the text it came from.
    sources: Vec<Range<usize>>,
}

impl SearchQuery {
    /// Takes what a person typed.
    ///
    /// # Errors
    /// [`SearchQueryError`].
    pub fn parse(text: &str) -> Result<Self, SearchQueryError> {
        match text.chars().count() {
            n if n > QUERY_CHARS_MAX => return Err(SearchQueryError::TooLong(n)),
            _ => {}
        }
        let mut phrases: Vec<Phrase> = Vec::new();
        for part in text.split_whitespace() {
            let phrase = Phrase(fold(part).trimmed());
            if !phrase.0.is_empty() && !phrases.contains(&phrase) {
                phrases.push(phrase);
            }
        }
        match phrases.is_empty() {
            true => Err(SearchQueryError::NoWord),
            false => Ok(Self { phrases }),
        }
    }

    /// What the index must hold of a text that has the phrases. A text that has all of it may
    /// still lack a phrase: ask [`SearchQuery::find`].
    pub fn terms(&self) -> Vec<String> {
        let mut terms = Terms::default();
        for phrase in &self.phrases {
            for piece in pieces(&phrase.0) {
                match class(piece[0]) {
                    Class::Run if piece.len() > 1 => terms.pairs(piece),
                    _ => terms.add(piece),
                }
            }
        }
        terms.list
    }

    /// Where the phrases occur in a text, in characters, in order and not overlapping; `None`
    /// when one of them does not.
    pub fn find(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let folded = fold(text);
        let mut matches = Vec::new();
        for phrase in &self.phrases {
            let before = matches.len();
            matches.extend(phrase.occurrences(&folded.chars).map(|found| {
                let (first, last) = (found.start, found.end - 1);
                folded.sources[first].start..folded.sources[last].end
            }));
            if matches.len() == before {
                return None;
            }
        }
        matches.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(matches.len());
        for next in matches {
            match merged.last_mut() {
                Some(last) if next.start < last.end => last.end = last.end.max(next.end),
                _ => merged.push(next),
            }
        }
        Some(merged)
    }
}

impl Phrase {
    /// Where it occurs among folded characters. A word is not found within a longer one.
    fn occurrences<'a>(&'a self, text: &'a [char]) -> impl Iterator<Item = Range<usize>> + 'a {
        let phrase = &self.0;
        let is_word = |at: Option<&char>| at.is_some_and(|c| class(*c) == Class::Word);
        let begins_word = is_word(phrase.first());
        let ends_word = is_word(phrase.last());
        let mut from = 0;
        std::iter::from_fn(move || {
            while from + phrase.len() <= text.len() {
                let found = from..from + phrase.len();
                from += 1;
                if text[found.clone()] != phrase[..]
                    || begins_word && found.start > 0 && is_word(text.get(found.start - 1))
                    || ends_word && is_word(text.get(found.end))
                {
                    continue;
                }
                from = found.end;
                return Some(found);
            }
            None
        })
    }
}

/// The distinct terms by which an index finds a text: words as they are, and of a run each
/// character and each pair of neighbours.
pub fn index_terms(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut terms = Terms::default();
    for piece in pieces(&folded.chars) {
        match class(piece[0]) {
            Class::Run => {
                piece.chunks(1).for_each(|one| terms.add(one));
                terms.pairs(piece);
            }
            _ => terms.add(piece),
        }
    }
    terms.list
}

/// Distinct terms in the order of their first appearance.
#[derive(Default)]
struct Terms<'a> {
    list: Vec<String>,
    known: HashSet<&'a [char]>,
}

impl<'a> Terms<'a> {
    fn add(&mut self, chars: &'a [char]) {
        if self.known.insert(chars) {
            self.list.push(chars.iter().collect());
        }
    }

    fn pairs(&mut self, run: &'a [char]) {
        run.windows(2).for_each(|pair| self.add(pair));
    }
}

/// The words and runs among folded characters.
fn pieces(chars: &[char]) -> impl Iterator<Item = &[char]> {
    chars
        .chunk_by(|a, b| class(*a) == class(*b))
        .filter(|piece| class(piece[0]) != Class::Separator)
}

/// NFKC of the case fold of the NFKC, with separators as single spaces.
fn fold(text: &str) -> Folded {
    let mut folded = Folded::default();
    if text.is_ascii() {
        for (place, byte) in text.bytes().enumerate() {
            folded.push(char::from(byte.to_ascii_lowercase()), place..place + 1);
        }
        return folded;
    }
    let chars: Vec<char> = text.chars().collect();
    folded.chars.reserve(chars.len());
    folded.sources.reserve(chars.len());
    let mut start = 0;
    while start < chars.len() {
        // Nearly every character of a text needs no tables.
        if let Some(same) = folds_to_one(chars[start])
            && chars.get(start + 1).is_none_or(|next| !joins(*next))
        {
            folded.push(same, start..start + 1);
            start += 1;
            continue;
        }
        let mut end = start + 1;
        while end < chars.len() && joins(chars[end]) {
            end += 1;
        }
        // What composes with each other is folded together, so that what came of it is found
        // under the characters it came from.
        let cluster: String = chars[start..end].iter().copied().nfkc().collect();
        let cluster = caseless::default_case_fold_str(&cluster);
        for c in cluster.nfkc() {
            folded.push(c, start..end);
        }
        start = end;
    }
    folded
}

/// What the commonest characters fold to: ASCII, kana, Han and Hangul that NFKC leaves alone.
fn folds_to_one(c: char) -> Option<char> {
    match c {
        '\0'..='\u{7F}' => Some(c.to_ascii_lowercase()),
        '\u{3001}'..='\u{3002}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FC}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}' => Some(c),
        _ => None,
    }
}

/// Whether a character may compose with the one before it: marks, half-width voice marks, and
/// the later parts of a Hangul syllable.
fn joins(c: char) -> bool {
    let first = match c {
        c if folds_to_one(c).is_some() => return false,
        c => std::iter::once(c).nfkd().next().unwrap_or(c),
    };
    canonical_combining_class(first) != 0 || matches!(first, '\u{1160}'..='\u{11FF}')
}

impl Folded {
    fn push(&mut self, c: char, source: Range<usize>) {
        match class(c) {
            // Joiners and variation selectors are neither seen nor searched for.
            Class::Separator if is_ignored(c) => {}
            Class::Separator if self.chars.last() == Some(&' ') => {
                if let Some(last) = self.sources.last_mut() {
                    last.end = source.end;
                }
            }
            Class::Separator => {
                self.chars.push(' ');
                self.sources.push(source);
            }
            Class::Word | Class::Run => {
                self.chars.push(c);
                self.sources.push(source);
            }
        }
    }

    /// Without the separators around it.
    fn trimmed(self) -> Vec<char> {
        let Some(first) = self.chars.iter().position(|c| *c != ' ') else {
            return Vec::new();
        };
        let last = self.chars.iter().rposition(|c| *c != ' ').unwrap_or(first);
        self.chars[first..=last].to_vec()
    }
}

fn is_ignored(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

fn class(c: char) -> Class {
    match c {
        'a'..='z' | '0'..='9' => Class::Word,
        '\0'..='\u{7F}' => Class::Separator,
        c if is_run(c) => Class::Run,
        c if c.is_alphanumeric() || canonical_combining_class(c) != 0 => Class::Word,
        _ => Class::Separator,
    }
}

/// Scripts written without spaces, Hangul, and pictographs.
fn is_run(c: char) -> bool {
    matches!(c,
        // Thai and Lao, Myanmar, Khmer.
        '\u{0E01}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        // Hangul parts and syllables.
        | '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}'
        // 々, 〆, 〇; kana with their length mark but not the dot between words, bopomofo.
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309A}'
        | '\u{309D}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{312F}'
        | '\u{31A0}'..='\u{31BF}' | '\u{31F0}'..='\u{31FF}' | '\u{1AFF0}'..='\u{1B16F}'
        // Han and its extensions.
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}'
        // Pictographs.
        | '\u{2600}'..='\u{27BF}' | '\u{1F1E6}'..='\u{1F1FF}' | '\u{1F300}'..='\u{1FAFF}'
    )
}
