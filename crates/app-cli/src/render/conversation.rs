//! What stands beside a post: whom it answers, what was said about it, how it is named; and a
//! thread.
//!
//! Owns how much of it is shown. Must never stand where the text of a post can stand: what others
//! write would pass for what the program says.

use chrono::TimeZone;
use kukuri_application::{
    ports::{ANSWERS_COUNTED_MAX, PostState},
    views::{PostView, ReactionView},
};
use kukuri_domain::EventId;

use super::{Render, counted, state_text};
use crate::{language::say, text};

/// Kinds of reactions that are named, the most frequent ones.
const REACTIONS_NAMED_MAX: usize = 6;

/// Columns of a reaction, which may be a word.
const REACTION_COLUMNS: usize = 12;

/// How far answers stand to the right of the post that they answer.
const ANSWER_INDENT: &str = "  ";

impl<Tz: TimeZone> Render<Tz> {
    /// An answer in its thread, below the first post.
    pub fn answer(
        &self,
        post: &PostView,
        root: EventId,
        state: Option<PostState>,
        columns: usize,
    ) -> String {
        let is_direct = post.reply.is_some_and(|reply| reply.parent == root);
        let whom = match is_direct {
            true => String::new(),
            false => self.whom(post),
        };
        let columns = columns.saturating_sub(ANSWER_INDENT.len());
        let answer = self.whole(post, &whom, state, columns);
        let lines = answer.lines().map(|line| format!("{ANSWER_INDENT}{line}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// "to aoi: " before the text of an answer; nothing before that of another post.
    pub(super) fn whom(&self, post: &PostView) -> String {
        let Some(reply) = post.reply else {
            return String::new();
        };
        let id = reply.parent.short();
        let whom = match self.seen.author_of(reply.parent) {
            Some(author) if self.has_ids => {
                say!("to {name} {id}: ", name = self.name_of(author), id = id)
            }
            Some(author) => say!("to {name}: ", name = self.name_of(author)),
            None => say!("to {id}, which is not here: ", id = id),
        };
        self.dim(&whom)
    }

    /// Reactions and answers, in a line of their own; it begins where no text of a post does.
    pub(super) fn details(&self, post: &PostView, indent: usize) -> Option<String> {
        let mut parts = Vec::new();
        if post.deleted_at.is_none() {
            parts = reactions(&post.reactions);
        }
        match post.replies.count {
            0 => {}
            n @ 1..ANSWERS_COUNTED_MAX => parts.push(counted(n.into(), "answer")),
            n => parts.push(say!("{n} answers or more", n = n)),
        }
        let line = format!("{}{}", " ".repeat(indent), parts.join(" · "));
        (!parts.is_empty()).then(|| self.dim(&line))
    }
}

fn reactions(all: &[ReactionView]) -> Vec<String> {
    let mut all: Vec<&ReactionView> = all.iter().collect();
    all.sort_by_key(|reaction| std::cmp::Reverse(reaction.count));
    let named = all.iter().take(REACTIONS_NAMED_MAX).map(|reaction| {
        let content = text::one_line(&reaction.content);
        let content = text::shortened(&content, REACTION_COLUMNS);
        let reaction_text = format!("{content} {}", reaction.count);
        match reaction.own {
            Some(_) => say!("{reaction} with yours", reaction = reaction_text),
            None => reaction_text,
        }
    });
    let mut parts: Vec<String> = named.collect();
    if let rest @ 1.. = all.len().saturating_sub(REACTIONS_NAMED_MAX) {
        parts.push(say!("{n} other reactions", n = rest));
    }
    parts
}

/// How far an own event has come, and what follows.
pub fn sent(state: PostState) -> String {
    let text = state_text(state);
    match state.sent_to {
        0 => say!(
            "{state}; it goes out when a node of this profile meets somebody",
            state = text
        ),
        _ => text,
    }
}

/// `kukuri react`; `state` where something was sent for it.
pub fn reacted(to: EventId, content: &str, state: Option<PostState>) -> String {
    match state {
        Some(state) => sent(state),
        None => say!(
            "you have reacted to {id} with {sign} already",
            id = to.short(),
            sign = text::one_line(content)
        ),
    }
}

/// `kukuri react --undo`; `state` where something was sent for it.
pub fn reaction_undone(to: EventId, state: Option<PostState>) -> String {
    match state {
        Some(state) => sent(state),
        None => say!("you have not reacted so to {id}", id = to.short()),
    }
}

/// `kukuri delete`; `state` where something was sent for it.
pub fn deleted(id: EventId, state: Option<PostState>) -> String {
    match state {
        Some(state) => say!(
            "{state}\nwhoever holds the post is asked to hide it (NIP-09); nobody can be made to",
            state = sent(state)
        ),
        None => say!("{id} was deleted already", id = id.short()),
    }
}
