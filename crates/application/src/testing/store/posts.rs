//! What a reader sees of the fake store: found anew at each question, by going through all rows.
//!
//! Owns the slow and plain way to every answer, against which the adapter's is tested.

use std::{collections::BTreeMap, ops::RangeInclusive};

use kukuri_domain::{
    AuthorId, EventId, TopicId, UnixMs,
    event::{Meaning, Reply, is_post},
};

use super::{Row, State, Topic};
use crate::ports::{
    Answers, DELETED_SHOWN_MS, LastAnswer, Page, ReactionCount, StoredPost, StoredProfile,
};

impl Topic {
    fn row(&self, id: &EventId) -> Option<&Row> {
        self.rows.get(self.places.get(id)?)
    }

    fn post(&self, id: &EventId) -> Option<&Row> {
        self.row(id).filter(|row| is_post(row.event.kind()))
    }

    /// The first post of the thread that a post answers in.
    fn root(&self, row: &Row) -> Option<EventId> {
        let mut root = named_root(row)?;
        while let Some(upper) = self.post(&root).and_then(named_root) {
            root = upper;
        }
        Some(root)
    }

    fn is_in_a_thread_only(&self, row: &Row) -> bool {
        self.root(row)
            .is_some_and(|root| self.post(&root).is_some())
    }

    fn deleted_at(&self, id: EventId, author: AuthorId) -> Option<UnixMs> {
        let deletions = self.rows.values().filter(|row| {
            row.event.author() == author
                && matches!(row.event.meaning(), Meaning::Deletion { targets } if targets.contains(&id))
        });
        deletions.map(|row| row.event.order().at()).min()
    }

    fn is_deleted(&self, row: &Row) -> bool {
        let (id, author) = (row.event.id(), row.event.author());
        self.deleted_at(id, author).is_some()
    }

    fn answers(&self, root: EventId) -> impl Iterator<Item = &Row> {
        let posts = self.rows.values();
        posts.filter(move |row| is_post(row.event.kind()) && self.root(row) == Some(root))
    }
}

fn named_root(row: &Row) -> Option<EventId> {
    match row.event.meaning() {
        Meaning::Post {
            reply: Some(Reply { root, .. }),
        } => Some(root),
        _ => None,
    }
}

impl State {
    pub(super) fn page(
        &self,
        topic: TopicId,
        page: Page,
        now: UnixMs,
        reader: AuthorId,
    ) -> Vec<StoredPost> {
        let Some(t) = self.topics.get(&topic) else {
            return Vec::new();
        };
        let long_ago = UnixMs(now.0.saturating_sub(DELETED_SHOWN_MS));
        let is_asked_for = |row: &&Row| {
            let order = row.event.order();
            let is_gone = t
                .deleted_at(order.id, row.event.author())
                .is_some_and(|at| at <= long_ago);
            page.before.is_none_or(|before| order < before)
                && page
                    .author
                    .is_none_or(|author| row.event.author() == author)
                && !(page.roots && t.is_in_a_thread_only(row))
                && (!is_gone || (page.author.is_none() && t.answers(order.id).next().is_some()))
        };
        let asked = self.shown(topic).filter(is_asked_for);
        let asked = asked.take(page.limit as usize);
        asked.map(|row| self.seen(t, row, reader)).collect()
    }

    pub(super) fn thread(
        &self,
        topic: TopicId,
        root: EventId,
        limit: u32,
        reader: AuthorId,
    ) -> Vec<StoredPost> {
        let Some(t) = self.topics.get(&topic) else {
            return Vec::new();
        };
        let answers: Vec<&Row> = t.answers(root).filter(|row| !self.is_muted(row)).collect();
        let first = answers.len().saturating_sub(limit as usize);
        let thread = t
            .post(&root)
            .into_iter()
            .chain(answers[first..].iter().copied());
        thread.map(|row| self.seen(t, row, reader)).collect()
    }

    pub(super) fn by_id(
        &self,
        topic: TopicId,
        ids: &[EventId],
        reader: AuthorId,
    ) -> Vec<StoredPost> {
        let Some(t) = self.topics.get(&topic) else {
            return Vec::new();
        };
        let held = ids.iter().filter_map(|id| t.post(id));
        held.map(|row| self.seen(t, row, reader)).collect()
    }

    pub(super) fn within(
        &self,
        topic: TopicId,
        ids: &RangeInclusive<EventId>,
        limit: u32,
        reader: AuthorId,
    ) -> Vec<StoredPost> {
        let Some(t) = self.topics.get(&topic) else {
            return Vec::new();
        };
        let held = t.places.keys().filter(|id| ids.contains(id));
        let mut held: Vec<&Row> = held.filter_map(|id| t.post(id)).collect();
        held.sort_by_key(|row| row.event.id());
        let held = held.into_iter().take(limit as usize);
        held.map(|row| self.seen(t, row, reader)).collect()
    }

    pub(super) fn reacted_to(&self, topic: TopicId, ids: &[EventId]) -> Vec<EventId> {
        let Some(t) = self.topics.get(&topic) else {
            return Vec::new();
        };
        let target = |id: &EventId| match t.row(id)?.event.meaning() {
            Meaning::Reaction { target, .. } => Some(target),
            _ => None,
        };
        ids.iter().filter_map(target).collect()
    }

    /// Whether a search passes over a post.
    pub(super) fn is_deleted(&self, topic: TopicId, row: &Row) -> bool {
        self.topics.get(&topic).is_some_and(|t| t.is_deleted(row))
    }

    pub(super) fn seen(&self, t: &Topic, row: &Row, reader: AuthorId) -> StoredPost {
        let (id, author) = (row.event.id(), row.event.author());
        let stored = row.stored();
        StoredPost {
            event: stored.event,
            received_at: stored.received_at,
            state: stored.state,
            name: self.name(author),
            answers: self.count_answers(t, id),
            reactions: self.count_reactions(t, id, reader),
            deleted_at: t.deleted_at(id, author),
        }
    }

    fn is_muted(&self, row: &Row) -> bool {
        self.muted.contains(&row.event.author())
    }

    fn count_answers(&self, t: &Topic, root: EventId) -> Answers {
        let answers = t.answers(root);
        let counted = answers.filter(|row| !self.is_muted(row) && !t.is_deleted(row));
        let counted: Vec<&Row> = counted.collect();
        Answers {
            count: u32::try_from(counted.len()).expect("few"),
            last: counted.last().map(|row| LastAnswer {
                author: row.event.author(),
                name: self.name(row.event.author()),
                at: row.event.order().at(),
            }),
        }
    }

    fn count_reactions(&self, t: &Topic, id: EventId, reader: AuthorId) -> Vec<ReactionCount> {
        // Later ones of the same author take the place of earlier ones.
        let mut latest: BTreeMap<(&str, AuthorId), &Row> = BTreeMap::new();
        for row in t.rows.values().filter(|row| !self.is_muted(row)) {
            if let Meaning::Reaction { target, content } = row.event.meaning()
                && target == id
            {
                latest.insert((content, row.event.author()), row);
            }
        }
        let mut counts: Vec<ReactionCount> = Vec::new();
        for ((content, author), row) in latest {
            if t.is_deleted(row) {
                continue;
            }
            if counts.last().is_none_or(|last| last.content != content) {
                counts.push(ReactionCount {
                    content: content.to_owned(),
                    count: 0,
                    own: None,
                });
            }
            if let Some(last) = counts.last_mut() {
                last.count += 1;
                last.own = last.own.or((author == reader).then(|| row.event.id()));
            }
        }
        counts
    }

    pub(super) fn name(&self, author: AuthorId) -> Option<String> {
        self.profile(author).map(|told| told.profile.name)
    }

    pub(super) fn profile_in(&self, t: &Topic, author: AuthorId) -> Option<StoredProfile> {
        let told = t.rows.values().filter(|row| row.event.author() == author);
        let told = told.filter_map(|row| match row.event.meaning() {
            Meaning::Profile(profile) => Some((row.event.order(), profile)),
            _ => None,
        });
        // Of two at the same moment the lower id counts (NIP-01).
        let latest = told.max_by_key(|(order, _)| (order.at(), std::cmp::Reverse(order.id)));
        latest.map(|(order, profile)| StoredProfile {
            profile,
            at: order.at(),
        })
    }

    pub(super) fn profile(&self, author: AuthorId) -> Option<StoredProfile> {
        let told = self.topics.values();
        let told = told.filter_map(|t| self.profile_in(t, author));
        let noted = self.profiles.get(&author).cloned();
        told.chain(noted).max_by_key(|told| told.at)
    }

    pub(super) fn names(&self, limit: u32) -> Vec<(AuthorId, String)> {
        let authors = self.topics.values().flat_map(|t| t.rows.values());
        let authors = authors.map(|row| row.event.author());
        let mut authors: Vec<AuthorId> = authors.chain(self.profiles.keys().copied()).collect();
        authors.sort();
        authors.dedup();
        let told = authors.into_iter();
        let told = told.filter_map(|author| Some((author, self.profile(author)?)));
        let mut told: Vec<(AuthorId, StoredProfile)> = told.collect();
        told.sort_by_key(|(_, told)| std::cmp::Reverse(told.at));
        told.truncate(limit as usize);
        told.into_iter()
            .map(|(author, told)| (author, told.profile.name))
            .collect()
    }
}
