//! How far the posts of this conversation have come, and what is still to be said about them.

use std::{collections::HashMap, time::Duration};

use kukuri_application::ports::PostState;
use kukuri_domain::{EventId, SignedEvent};
use tokio::time::Instant;

use crate::{language::say, render};

/// How long a state is left to settle before a line of its own is spent on it.
const SETTLE: Duration = Duration::from_secs(1);

/// Posts of this conversation.
#[derive(Debug, Default)]
pub(super) struct OwnPosts {
    posts: HashMap<EventId, OwnPost>,
}

#[derive(Debug)]
struct OwnPost {
    event: SignedEvent,
    state: PostState,
    /// When a line about the state is due.
    settled_at: Option<Instant>,
    /// One line is enough.
    is_told: bool,
}

impl OwnPosts {
    pub(super) fn add(&mut self, event: SignedEvent, state: PostState) {
        // Posts that somebody holds need nothing more; only the open ones are kept for long.
        const KEPT_MAX: usize = 1_024;
        if self.posts.len() >= KEPT_MAX {
            self.posts.retain(|_, post| post.state.held_by == 0);
        }
        let post = OwnPost {
            event,
            state,
            settled_at: None,
            is_told: false,
        };
        self.posts.insert(post.event.id(), post);
    }

    pub(super) fn event(&self, id: EventId) -> Option<&SignedEvent> {
        self.posts.get(&id).map(|post| &post.event)
    }

    /// A post came further; `is_shown` when the screen says so already.
    pub(super) fn note(&mut self, id: EventId, state: PostState, is_shown: bool, now: Instant) {
        let Some(post) = self.posts.get_mut(&id) else {
            return;
        };
        if post.state == state {
            return;
        }
        post.state = state;
        post.settled_at = match is_shown {
            true => None,
            false if post.is_told => None,
            false => post.settled_at.or(Some(now + SETTLE)),
        };
    }

    /// When the next line is due.
    pub(super) fn next_settled(&self) -> Option<Instant> {
        self.posts.values().filter_map(|post| post.settled_at).min()
    }

    /// The posts about which a line is due now, oldest first.
    pub(super) fn take_settled(&mut self, now: Instant) -> Vec<(SignedEvent, PostState)> {
        let mut due = Vec::new();
        for post in self.posts.values_mut() {
            if post.settled_at.is_some_and(|at| at <= now) {
                post.settled_at = None;
                post.is_told = true;
                due.push((post.event.clone(), post.state));
            }
        }
        due.sort_by_key(|(event, _)| event.order());
        due
    }

    /// All posts about which a line is still due, oldest first.
    pub(super) fn take_all(&mut self) -> Vec<(SignedEvent, PostState)> {
        match self.posts.values().filter_map(|post| post.settled_at).max() {
            Some(last) => self.take_settled(last),
            None => Vec::new(),
        }
    }

    /// Whether another member holds every post.
    pub(super) fn all_held(&self) -> bool {
        self.posts.values().all(|post| post.state.held_by > 0)
    }

    /// What is to be said at the end about posts that nobody confirmed.
    pub(super) fn what_is_open(&self) -> Option<String> {
        let open: Vec<PostState> = self
            .posts
            .values()
            .map(|post| post.state)
            .filter(|state| state.held_by == 0)
            .collect();
        let unsent = open.iter().filter(|state| state.sent_to == 0).count() as u64;
        let unconfirmed = open.len() as u64 - unsent;
        let mut parts = Vec::new();
        if unsent > 0 {
            let posts = render::counted(unsent, "post");
            parts.push(say!(
                "nobody was here for {posts}: stored, and sent when members are found next time",
                posts = posts
            ));
        }
        if unconfirmed > 0 {
            let posts = render::counted(unconfirmed, "post");
            parts.push(say!(
                "{posts} sent, but nobody has confirmed to hold it yet",
                posts = posts
            ));
        }
        (!parts.is_empty()).then(|| parts.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u8) -> SignedEvent {
        let json = format!(
            r#"{{"id":"{}","pubkey":"{}","created_at":{n},"kind":1,"tags":[],"content":"","sig":"{}"}}"#,
            format!("{n:02x}").repeat(32),
            "01".repeat(32),
            "00".repeat(64),
        );
        SignedEvent::from_json(&json).expect("an event")
    }

    fn state(sent_to: u32, held_by: u32) -> PostState {
        PostState { sent_to, held_by }
    }

    #[test]
    fn a_state_that_the_screen_cannot_show_gets_one_line_once_it_settled() {
        let now = Instant::now();
        let mut own = OwnPosts::default();
        own.add(event(1), state(2, 0));
        own.note(event(1).id(), state(2, 1), false, now);
        own.note(event(1).id(), state(2, 2), false, now);
        assert_eq!(own.next_settled(), Some(now + SETTLE));
        assert!(own.take_settled(now).is_empty());
        assert_eq!(own.take_settled(now + SETTLE), [(event(1), state(2, 2))]);
        own.note(event(1).id(), state(2, 3), false, now);
        assert_eq!(own.next_settled(), None);
    }

    #[test]
    fn a_state_that_the_screen_shows_gets_none() {
        let now = Instant::now();
        let mut own = OwnPosts::default();
        own.add(event(1), state(0, 0));
        own.note(event(1).id(), state(1, 1), true, now);
        assert_eq!(own.next_settled(), None);
        assert!(own.all_held());
        assert_eq!(own.what_is_open(), None);
    }

    #[test]
    fn what_nobody_confirmed_is_told_at_the_end() {
        let mut own = OwnPosts::default();
        assert!(own.all_held());
        own.add(event(1), state(0, 0));
        own.add(event(2), state(1, 0));
        own.add(event(3), state(1, 1));
        assert!(!own.all_held());
        let open = own.what_is_open().expect("two are open");
        assert!(open.contains("nobody was here for 1 post"), "{open}");
        assert!(open.contains("1 post sent"), "{open}");
    }
}
