//! What the chat and the commands say, line by line: posts here, and a file for each of what stands
//! beside a post, members, how node and topics stand, and figures.
//!
//! Pure: views in, text out. Everything that a peer wrote passes through `text` first. Colours
//! carry no meaning of their own and are left out where the output is no terminal.

mod conversation;
mod entries;
mod figures;
mod members;
mod seen;
mod standing;

use chrono::{DateTime, Days, NaiveDate, TimeZone};
use kukuri_application::{
    ports::PostState,
    views::{AuthorView, FoundView, PostView},
};
use kukuri_domain::{AuthorId, SignedEvent, TopicName, UnixMs};
use kukuri_node::config::KeyView;

use crate::{
    language::{phrase, say},
    screen, text,
};
use figures::table;

pub use conversation::{deleted, reacted, reaction_undone, sent};
pub use entries::{entries_counted, entry_written, imported};
pub use figures::{counted, grouped, seconds};
pub use members::{
    alone, explain, fetched, looking, peer_author, peer_joined, peer_left, peers, progress,
};
pub use seen::Seen;
pub use standing::{
    begin_of, identity_intro, joined, node_status, status, storage, topic, topic_intro, topics,
    up_intro,
};

/// Columns of the name of an author.
const NAME_COLUMNS: usize = 8;

/// Widest line that is filled up (day separators, states at the right).
const COLUMNS_MAX: usize = 100;

/// Stand for the begin and the end of a match until the text was made safe: noncharacters, which
/// are replaced in the text itself.
const MATCH_BEGINS: char = '\u{fdd0}';
const MATCH_ENDS: char = '\u{fdd1}';

/// Writes lines for one reader: their time zone, their width, their colours.
#[derive(Debug, Clone)]
pub struct Render<Tz: TimeZone> {
    /// The reader's time zone.
    pub zone: Tz,
    /// Who reads.
    pub own: AuthorId,
    /// Whether escapes for colours are understood.
    pub has_colours: bool,
    /// Whether posts stand with their ids, and what was said about them.
    pub has_ids: bool,
    /// Who wrote what, as far as this reader has seen it.
    pub seen: Seen,
}

impl<Tz: TimeZone> Render<Tz> {
    /// A post: time, author, text, and for own posts how far it has come.
    pub fn post(&self, post: &PostView, state: Option<PostState>, columns: usize) -> String {
        self.whole(post, &self.whom(post), state, columns)
    }

    /// A post with what stands beside it; `whom` it answers stands before its text.
    fn whole(
        &self,
        post: &PostView,
        whom: &str,
        state: Option<PostState>,
        columns: usize,
    ) -> String {
        let deleted = say!("(deleted by its author)");
        let content = match post.deleted_at {
            Some(_) => &deleted,
            None => post.event.content(),
        };
        let shown = self.text_of(post, whom, content);
        let shown = match state.filter(|_| post.author.pubkey == self.own) {
            Some(state) => with_state(&shown, &state_text(state), columns),
            None => shown,
        };
        self.with_details(post, shown)
    }

    /// What stands for an author: their name as far as it fits, and the begin of their key if they
    /// gave themselves none, or the one by which the reader knows themselves. Who shares a name
    /// has both.
    fn name_of(&self, author: &AuthorView) -> String {
        let you = say!("you");
        if author.pubkey == self.own {
            return you;
        }
        let (label, key) = (seen::label(author), author.pubkey.short());
        if author.name.is_none() || text::looks(&label) == text::looks(&you) {
            return key;
        }
        match self.seen.is_shared(author) {
            true => format!("{label} {key}"),
            false => label,
        }
    }

    /// Time, author and a text that stands for the post's; before them its id, if wanted.
    fn text_of(&self, post: &PostView, whom: &str, content: &str) -> String {
        let name = self.name_of(&post.author);
        let head = self.head(post);
        let indent = " ".repeat(head.len() + 2 + NAME_COLUMNS + 2);
        let mut lines = text::lines(content).into_iter();
        let first = lines.next().unwrap_or_default();
        let name = text::padded(&name, NAME_COLUMNS);
        let mut shown = format!("{}  {name}  {whom}{first}", self.dim(&head));
        for line in lines {
            shown.push('\n');
            shown.push_str(&indent);
            shown.push_str(&line);
        }
        shown
    }

    /// Id and time.
    fn head(&self, post: &PostView) -> String {
        let at = self.local(post.event.order().at());
        let time = at.map_or_else(
            || "--:--".to_owned(),
            |at| at.naive_local().format("%H:%M").to_string(),
        );
        match self.has_ids {
            true => format!("{}  {time}", post.event.id().short()),
            false => time,
        }
    }

    fn with_details(&self, post: &PostView, shown: String) -> String {
        let indent = self.head(post).len() + 2;
        match self.details(post, indent).filter(|_| self.has_ids) {
            Some(details) => format!("{shown}\n{details}"),
            None => shown,
        }
    }

    /// What is said below an own post that has scrolled away.
    pub fn later_state(&self, event: &SignedEvent, state: PostState, columns: usize) -> String {
        let states = state_text(state);
        let room = columns
            .min(COLUMNS_MAX)
            .saturating_sub(text::width(&states) + 10);
        let first = text::lines(event.content())
            .into_iter()
            .next()
            .unwrap_or_default();
        self.dim(&format!(
            "       {states}: {}",
            text::shortened(&first, room)
        ))
    }

    /// The separator before a post of another day than the one before; `None` within a day.
    pub fn day(
        &self,
        at: UnixMs,
        before: Option<UnixMs>,
        now: UnixMs,
        columns: usize,
    ) -> Option<String> {
        let date = self.date(at)?;
        if before.and_then(|before| self.date(before)) == Some(date) {
            return None;
        }
        let today = self.date(now);
        let yesterday = today.and_then(|today| today.checked_sub_days(Days::new(1)));
        let name = if Some(date) == today {
            say!("today")
        } else if Some(date) == yesterday {
            say!("yesterday")
        } else {
            date.to_string()
        };
        let head = format!("-- {name} ");
        let rest = columns.min(COLUMNS_MAX).saturating_sub(text::width(&head));
        Some(self.dim(&format!("{head}{}", "-".repeat(rest.max(2)))))
    }

    /// Above posts that a search found: their topic and day.
    pub fn found_heading(&self, topic: &TopicName, at: UnixMs) -> String {
        let day = self
            .date(at)
            .map_or_else(|| "-".to_owned(), |date| date.to_string());
        self.dim(&format!("#{topic}  {day}"))
    }

    /// A post that a search found, the matches emphasised where that can be shown.
    pub fn found(&self, found: &FoundView, columns: usize) -> String {
        if !self.has_colours {
            return self.post(&found.post, None, columns);
        }
        let is_match = |index| found.matches.iter().any(|range| range.contains(&index));
        let mut marked = String::new();
        let mut was_match = false;
        for (index, c) in found.post.event.content().chars().enumerate() {
            if is_match(index) != was_match {
                was_match = !was_match;
                marked.push(if was_match { MATCH_BEGINS } else { MATCH_ENDS });
            }
            let is_ours = matches!(c, MATCH_BEGINS | MATCH_ENDS);
            marked.push(if is_ours {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            });
        }
        if was_match {
            marked.push(MATCH_ENDS);
        }
        let whom = self.whom(&found.post);
        let shown = self
            .text_of(&found.post, &whom, &marked)
            .replace(MATCH_BEGINS, "\x1b[1m")
            .replace(MATCH_ENDS, "\x1b[22m");
        self.with_details(&found.post, shown)
    }

    /// A remark of the program.
    pub fn remark(&self, text: &str) -> String {
        self.dim(text)
    }

    fn local(&self, at: UnixMs) -> Option<DateTime<Tz>> {
        // A time that no calendar has is shown as none: an author may write any number.
        self.zone
            .timestamp_millis_opt(i64::try_from(at.0).ok()?)
            .single()
    }

    fn date(&self, at: UnixMs) -> Option<NaiveDate> {
        Some(self.local(at)?.date_naive())
    }

    fn dim(&self, text: &str) -> String {
        if self.has_colours {
            format!("\x1b[2m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The state at the right of the last line, or below it where there is no room.
fn with_state(post: &str, state: &str, columns: usize) -> String {
    let columns = columns.min(COLUMNS_MAX);
    let last = post.rsplit('\n').next().unwrap_or_default();
    let used = text::width(&screen::without_colours(last)) + 2 + text::width(state);
    if used <= columns {
        let gap = " ".repeat(columns - used + 2);
        format!("{post}{gap}{state}")
    } else {
        let gap = " ".repeat(columns.saturating_sub(text::width(state)));
        format!("{post}\n{gap}{state}")
    }
}

/// "stored here · sent to 2 · held by 2".
pub fn state_text(state: PostState) -> String {
    let mut text = say!("stored here");
    if state.sent_to > 0 {
        text.push_str(" · ");
        text.push_str(&say!("sent to {n}", n = state.sent_to));
    }
    if state.held_by > 0 {
        text.push_str(" · ");
        text.push_str(&say!("held by {n}", n = state.held_by));
    }
    text
}

/// `kukuri config show`
pub fn config(keys: &[KeyView]) -> String {
    let mut rows = vec![[say!("key"), say!("value"), say!("set by")]];
    rows.extend(keys.iter().map(|key| {
        [
            key.key.to_owned(),
            text::one_line(key.value.as_deref().unwrap_or("-")),
            match key.origin.as_deref() {
                Some(origin) => text::one_line(&phrase(origin)),
                None => say!("default"),
            },
        ]
    }));
    table(&rows)
}

/// `/help`
pub fn help() -> String {
    say!(
        "/status   this topic and this node\n\
     /peers    who is connected, and how they were found\n\
     /explain  what was tried to find members, and what came of it\n\
     /help     this list\n\
     /quit     leave (also Ctrl-D and Ctrl-C)\n\
     //text    post a line that begins with /"
    )
}

#[cfg(test)]
mod tests;
