//! Who wrote what, as far as a reader has seen it: so that an answer can say whom it answers, and
//! two authors of one name are told apart.
//!
//! Owns the comparison of names by what is seen of them. Must never grow without a bound: a
//! stranger may make as many keys and posts as they like.

use std::collections::{HashMap, HashSet};

use kukuri_application::views::{AuthorView, PostView};
use kukuri_domain::{AuthorId, EventId};

use super::NAME_COLUMNS;
use crate::text;

/// Authors and posts that are remembered, each. Far more than a screen and what its posts answer;
/// beyond it all are forgotten, and who is seen again is known again.
const REMEMBERED_MAX: usize = 8_192;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    authors: HashMap<AuthorId, AuthorView>,
    /// Who bears what looks like one name.
    bearers: HashMap<String, HashSet<AuthorId>>,
    posts: HashMap<EventId, AuthorId>,
}

impl Seen {
    /// Notes the author of a post, with the name that they have now.
    pub fn add(&mut self, post: &PostView) {
        if self.posts.len() >= REMEMBERED_MAX {
            self.posts.clear();
        }
        self.posts.insert(post.event.id(), post.author.pubkey);
        self.name(&post.author);
    }

    /// Notes what an author is called now.
    pub fn name(&mut self, author: &AuthorView) {
        if self.authors.len() >= REMEMBERED_MAX {
            self.authors.clear();
            self.bearers.clear();
        }
        let before = self.authors.insert(author.pubkey, author.clone());
        if let Some(before) = before
            && let Some(bearers) = self.bearers.get_mut(&looks(&before))
        {
            bearers.remove(&author.pubkey);
        }
        let bearers = self.bearers.entry(looks(author)).or_default();
        bearers.insert(author.pubkey);
    }

    /// Who wrote a post.
    pub fn author_of(&self, post: EventId) -> Option<&AuthorView> {
        self.authors.get(self.posts.get(&post)?)
    }

    /// Whether somebody else is called what looks the same.
    pub fn is_shared(&self, author: &AuthorView) -> bool {
        let bearers = self.bearers.get(&looks(author));
        bearers.is_some_and(|bearers| bearers.iter().any(|other| *other != author.pubkey))
    }

    /// The posts that these answer and whose authors were not seen.
    pub fn unknown_parents<'a>(
        &self,
        posts: impl IntoIterator<Item = &'a PostView>,
    ) -> Vec<EventId> {
        let parents = posts
            .into_iter()
            .filter_map(|post| Some(post.reply?.parent));
        let unknown = parents.filter(|parent| self.author_of(*parent).is_none());
        let unknown: HashSet<EventId> = unknown.collect();
        unknown.into_iter().collect()
    }
}

/// What stands for an author: their name as far as it fits, or the begin of their key.
pub(super) fn label(author: &AuthorView) -> String {
    match author.name.as_deref().map(text::one_line) {
        Some(name) => text::shortened(&name, NAME_COLUMNS),
        None => author.pubkey.short(),
    }
}

fn looks(author: &AuthorView) -> String {
    text::looks(&label(author))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(key: u8, name: &str) -> AuthorView {
        AuthorView {
            pubkey: AuthorId([key; 32]),
            name: (!name.is_empty()).then(|| name.to_owned()),
        }
    }

    #[test]
    fn a_name_is_shared_as_long_as_two_bear_it() {
        let mut seen = Seen::default();
        let (aya, other) = (author(1, "Aya"), author(2, "aYa"));
        seen.name(&aya);
        seen.name(&aya);
        assert!(!seen.is_shared(&aya));
        assert!(seen.is_shared(&other), "nobody need have seen them before");
        seen.name(&other);
        assert!(seen.is_shared(&aya));
        seen.name(&author(2, "Taro"));
        assert!(!seen.is_shared(&aya));
    }

    #[test]
    fn names_are_compared_as_they_are_shown() {
        let is_shared = |name: &str, other: &str| {
            let mut seen = Seen::default();
            seen.name(&author(1, name));
            seen.is_shared(&author(2, other))
        };
        // Cut to the same beginning, with what cannot be seen, in other forms of the same letters.
        assert!(is_shared("Aya Kitamura", "Aya Kitano"));
        assert!(is_shared("Aya", "A\u{200b}ya "));
        assert!(is_shared("Zoé", "Zoe\u{301}"));
        assert!(is_shared("Aya", "Ａｙａ"));
        // Somebody without a name is known by their key.
        assert!(is_shared("", "01010101"));
        assert!(!is_shared("", ""));
        assert!(!is_shared("Aya", "Ayo"));
        assert!(!is_shared("かき", "がき"));
    }

    #[test]
    fn memory_is_bounded() {
        let mut seen = Seen::default();
        for n in 0..=REMEMBERED_MAX {
            let mut pubkey = AuthorId([0; 32]);
            pubkey.0[..8].copy_from_slice(&n.to_be_bytes());
            seen.name(&AuthorView::from(pubkey));
        }
        assert_eq!(seen.authors.len(), 1);
        assert_eq!(seen.bearers.len(), 1);
    }
}
