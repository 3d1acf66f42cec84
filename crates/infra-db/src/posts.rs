//! Posts as a reader sees them: pages, threads, and what stands beside a post.
//!
//! Owns the queries over what was said about posts. A page is one statement, and three more for
//! all of its posts together: names, answers, reactions. Must never count without a bound: a
//! stranger may answer or react as often as they like.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
};

use kukuri_application::ports::{
    ANSWERS_COUNTED_MAX, Answers, DELETED_SHOWN_MS, LastAnswer, Page, REACTIONS_COUNTED_MAX,
    ReactionCount, StoreError, StoredPost, StoredProfile,
};
use kukuri_domain::{AuthorId, EventId, EventOrder, TopicId, UnixMs, event::Profile};
use sea_orm::QueryResult;

use crate::{
    convert::{blob, blobs_column, bytes, count, from_column, ids_column, stored_event, to_column},
    database::Database,
    error::store_error,
};

/// After every event.
const END: EventOrder = EventOrder {
    created_at: u64::MAX,
    ms: u16::MAX,
    id: EventId([0xff; 32]),
};

// Muted authors are left out of pages and threads. A deleted root stays while it has answers.

pub(crate) const POSTS: &str = "
    SELECT e.*, o.sent_to, o.held_by, d.at AS deleted_at
    FROM topic_events t
    CROSS JOIN events e ON e.id = t.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    LEFT JOIN deletions d ON d.topic = t.topic AND d.target = t.id AND d.author = e.author
    WHERE t.topic = ?1 AND t.is_post AND t.is_post <= ?7
        AND (t.created_at, t.ms, t.id) < (?3, ?4, ?5)
        AND e.author NOT IN (SELECT author FROM muted)
        AND (d.at IS NULL OR d.at > ?6
            OR EXISTS (SELECT 1 FROM answers a WHERE a.topic = t.topic AND a.root = t.id))
    ORDER BY t.created_at DESC, t.ms DESC, t.id DESC
    LIMIT ?2";

pub(crate) const POSTS_OF_AUTHOR: &str = "
    SELECT e.*, o.sent_to, o.held_by, d.at AS deleted_at
    FROM author_posts t
    CROSS JOIN events e ON e.id = t.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    LEFT JOIN deletions d ON d.topic = t.topic AND d.target = t.id AND d.author = t.author
    WHERE t.topic = ?1 AND t.author = ?8 AND (t.created_at, t.ms, t.id) < (?3, ?4, ?5)
        AND (?7 = 2 OR NOT EXISTS (
            SELECT 1 FROM topic_events p
            WHERE p.topic = t.topic AND p.created_at = t.created_at AND p.ms = t.ms
                AND p.id = t.id AND p.is_post > ?7))
        AND t.author NOT IN (SELECT author FROM muted)
        AND (d.at IS NULL OR d.at > ?6)
    ORDER BY t.created_at DESC, t.ms DESC, t.id DESC
    LIMIT ?2";

pub(crate) const THREAD: &str = "
    SELECT e.*, o.sent_to, o.held_by, d.at AS deleted_at
    FROM answers a
    CROSS JOIN events e ON e.id = a.id
    LEFT JOIN own_events o ON o.topic = a.topic AND o.id = a.id
    LEFT JOIN deletions d ON d.topic = a.topic AND d.target = a.id AND d.author = e.author
    WHERE a.topic = ?1 AND a.root = ?2
        AND e.author NOT IN (SELECT author FROM muted)
    ORDER BY a.created_at DESC, a.ms DESC, a.id DESC
    LIMIT ?3";

pub(crate) const BY_ID: &str = "
    SELECT e.*, o.sent_to, o.held_by, d.at AS deleted_at
    FROM json_each(?2) wanted
    CROSS JOIN events e ON e.id = unhex(wanted.value)
    CROSS JOIN topic_events t
        ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    LEFT JOIN deletions d ON d.topic = t.topic AND d.target = t.id AND d.author = e.author
    WHERE t.is_post";

pub(crate) const WITHIN: &str = "
    SELECT e.*, o.sent_to, o.held_by, d.at AS deleted_at
    FROM events e
    CROSS JOIN topic_events t
        ON t.topic = ?1 AND t.created_at = e.created_at AND t.ms = e.ms AND t.id = e.id
    LEFT JOIN own_events o ON o.topic = t.topic AND o.id = t.id
    LEFT JOIN deletions d ON d.topic = t.topic AND d.target = t.id AND d.author = e.author
    WHERE e.id BETWEEN ?2 AND ?3 AND t.is_post
    ORDER BY e.id
    LIMIT ?4";

/// The names of the authors of these posts.
pub(crate) const NAMES: &str = "
    SELECT wanted.value, (
        SELECT p.name FROM profiles p
        WHERE p.author = unhex(wanted.value)
            AND p.at = (SELECT MAX(q.at) FROM profiles q WHERE q.author = p.author)
        LIMIT 1)
    FROM json_each(?1) wanted";

pub(crate) const ANSWERS: &str = "
    SELECT w.value, w.count, e.author, e.created_at, e.ms
    FROM (
        SELECT wanted.value AS value,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM answers a CROSS JOIN events e ON e.id = a.id
                WHERE a.topic = ?1 AND a.root = unhex(wanted.value)
                    AND e.author NOT IN (SELECT author FROM muted)
                    AND NOT EXISTS (SELECT 1 FROM deletions d
                        WHERE d.topic = ?1 AND d.target = a.id AND d.author = e.author)
                LIMIT ?3)) AS count,
            (SELECT a.id FROM answers a CROSS JOIN events e ON e.id = a.id
                WHERE a.topic = ?1 AND a.root = unhex(wanted.value)
                    AND e.author NOT IN (SELECT author FROM muted)
                    AND NOT EXISTS (SELECT 1 FROM deletions d
                        WHERE d.topic = ?1 AND d.target = a.id AND d.author = e.author)
                ORDER BY a.created_at DESC, a.ms DESC, a.id DESC LIMIT 1) AS last
        FROM json_each(?2) wanted) w
    CROSS JOIN events e ON e.id = w.last";

/// Every reaction to one post, in the order of their contents.
pub(crate) const REACTIONS: &str = "
    SELECT r.content, r.author, r.id
    FROM reactions r
    WHERE r.topic = ?1 AND r.target = ?2
        AND r.author NOT IN (SELECT author FROM muted)
        AND NOT EXISTS (SELECT 1 FROM deletions d
            WHERE d.topic = r.topic AND d.target = r.id AND d.author = r.author)
    ORDER BY r.content, r.author
    LIMIT ?3";

/// Those of the posts that have any reaction.
pub(crate) const REACTED: &str = "
    SELECT wanted.value FROM json_each(?2) wanted
    WHERE EXISTS (SELECT 1 FROM reactions r
        WHERE r.topic = ?1 AND r.target = unhex(wanted.value))";

pub(crate) const REACTED_TO: &str = "
    SELECT r.target FROM json_each(?2) wanted
    CROSS JOIN reactions r INDEXED BY reactions_by_id
        ON r.topic = ?1 AND r.id = unhex(wanted.value)";

pub(crate) const PROFILE: &str = "
    SELECT name, about, at FROM profiles p
    WHERE p.author = ?1 AND p.at = (SELECT MAX(at) FROM profiles WHERE author = ?1)
    LIMIT 1";

pub(crate) const PROFILE_IN: &str = "
    SELECT name, about, at FROM profiles WHERE author = ?1 AND topic = ?2";

pub(crate) const ALL_NAMES: &str = "
    SELECT author, name FROM profiles INDEXED BY profiles_by_time
    WHERE at >= 0
    ORDER BY at DESC
    LIMIT ?1";

impl Database {
    /// See `EventStore::posts`.
    pub(crate) async fn page(
        &self,
        topic: TopicId,
        page: Page,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        let EventOrder { created_at, ms, id } = page.before.unwrap_or(END);
        let now = self.clock.now().unix.0;
        let mut values = vec![
            blob(&topic.0),
            page.limit.into(),
            to_column(created_at).into(),
            ms.into(),
            blob(&id.0),
            to_column(now.saturating_sub(DELETED_SHOWN_MS)).into(),
            (1 + i32::from(!page.roots)).into(),
        ];
        let rows = match page.author {
            None => self.read(POSTS, values).await?,
            Some(author) => {
                values.push(blob(&author.0));
                self.read(POSTS_OF_AUTHOR, values).await?
            }
        };
        self.with_surroundings(topic, &rows, reader).await
    }

    /// See `EventStore::thread`.
    pub(crate) async fn read_thread(
        &self,
        topic: TopicId,
        root: EventId,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        let mut posts = self.read_by_id(topic, vec![root], reader).await?;
        let values = [blob(&topic.0), blob(&root.0), limit.into()];
        let rows = self.read(THREAD, values).await?;
        let answers = self.with_surroundings(topic, &rows, reader).await?;
        posts.extend(answers.into_iter().rev());
        Ok(posts)
    }

    /// See `EventStore::posts_by_id`.
    pub(crate) async fn read_by_id(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        let ids: BTreeSet<EventId> = ids.into_iter().collect();
        let values = [blob(&topic.0), ids_column(&ids).into()];
        let rows = self.read(BY_ID, values).await?;
        self.with_surroundings(topic, &rows, reader).await
    }

    /// See `EventStore::posts_within`.
    pub(crate) async fn read_within(
        &self,
        topic: TopicId,
        ids: RangeInclusive<EventId>,
        limit: u32,
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        let values = [
            blob(&topic.0),
            blob(&ids.start().0),
            blob(&ids.end().0),
            limit.into(),
        ];
        let rows = self.read(WITHIN, values).await?;
        self.with_surroundings(topic, &rows, reader).await
    }

    /// See `EventStore::reacted_to`.
    pub(crate) async fn targets(
        &self,
        topic: TopicId,
        ids: Vec<EventId>,
    ) -> Result<Vec<EventId>, StoreError> {
        let values = [blob(&topic.0), ids_column(&ids).into()];
        let rows = self.read(REACTED_TO, values).await?;
        rows.iter().map(|row| id(row, 0).map(EventId)).collect()
    }

    /// See `EventStore::profile`.
    pub(crate) async fn read_profile(
        &self,
        author: AuthorId,
    ) -> Result<Option<StoredProfile>, StoreError> {
        let rows = self.read(PROFILE, [blob(&author.0)]).await?;
        rows.first().map(profile).transpose()
    }

    /// See `EventStore::profile_in`.
    pub(crate) async fn read_profile_in(
        &self,
        topic: TopicId,
        author: AuthorId,
    ) -> Result<Option<StoredProfile>, StoreError> {
        let values = [blob(&author.0), blob(&topic.0)];
        let rows = self.read(PROFILE_IN, values).await?;
        rows.first().map(profile).transpose()
    }

    /// See `EventStore::names`.
    pub(crate) async fn all_names(
        &self,
        limit: u32,
    ) -> Result<Vec<(AuthorId, String)>, StoreError> {
        let rows = self.read(ALL_NAMES, [limit.into()]).await?;
        let mut seen = BTreeSet::new();
        let mut names = Vec::with_capacity(rows.len());
        for row in &rows {
            let author = AuthorId(id(row, 0)?);
            // The latest comes first; an author who told several topics comes several times.
            if seen.insert(author) {
                names.push((author, row.try_get_by_index(1).map_err(store_error)?));
            }
        }
        Ok(names)
    }

    /// The posts of these rows with what stands beside them.
    async fn with_surroundings(
        &self,
        topic: TopicId,
        rows: &[QueryResult],
        reader: AuthorId,
    ) -> Result<Vec<StoredPost>, StoreError> {
        let mut posts = rows.iter().map(bare).collect::<Result<Vec<_>, _>>()?;
        if posts.is_empty() {
            return Ok(posts);
        }
        let ids: Vec<EventId> = posts.iter().map(|post| post.event.id()).collect();
        let mut answers = self.answers(topic, &ids).await?;
        let mut reactions = self.reactions(topic, &ids, reader).await?;
        for post in &mut posts {
            let id = post.event.id();
            post.answers = answers.remove(&id).unwrap_or_default();
            post.reactions = reactions.remove(&id).unwrap_or_default();
        }
        self.name_all(&mut posts).await?;
        Ok(posts)
    }

    async fn answers(
        &self,
        topic: TopicId,
        ids: &[EventId],
    ) -> Result<HashMap<EventId, Answers>, StoreError> {
        let values = [
            blob(&topic.0),
            ids_column(ids).into(),
            ANSWERS_COUNTED_MAX.into(),
        ];
        let rows = self.read(ANSWERS, values).await?;
        let answers = rows.iter().map(|row| {
            let order = EventOrder {
                created_at: count(row, 3)?,
                ms: row.try_get_by_index(4).map_err(store_error)?,
                id: EventId([0; 32]),
            };
            let last = LastAnswer {
                author: AuthorId(id(row, 2)?),
                name: None,
                at: order.at(),
            };
            let answers = Answers {
                count: row.try_get_by_index(1).map_err(store_error)?,
                last: Some(last),
            };
            Ok((EventId(hex_id(row, 0)?), answers))
        });
        answers.collect()
    }

    async fn reactions(
        &self,
        topic: TopicId,
        ids: &[EventId],
        reader: AuthorId,
    ) -> Result<HashMap<EventId, Vec<ReactionCount>>, StoreError> {
        let values = [blob(&topic.0), ids_column(ids).into()];
        let mut reactions = HashMap::new();
        for row in self.read(REACTED, values).await? {
            let target = EventId(hex_id(&row, 0)?);
            let values = [
                blob(&topic.0),
                blob(&target.0),
                REACTIONS_COUNTED_MAX.into(),
            ];
            let rows = self.read(REACTIONS, values).await?;
            reactions.insert(target, counted(&rows, reader)?);
        }
        Ok(reactions)
    }

    async fn name_all(&self, posts: &mut [StoredPost]) -> Result<(), StoreError> {
        let authors = posts.iter().flat_map(|post| {
            let last = post.answers.last.as_ref().map(|last| last.author);
            [Some(post.event.author()), last]
        });
        let names = self.names_of(authors.flatten().collect()).await?;
        for post in posts {
            post.name = names.get(&post.event.author()).cloned();
            if let Some(last) = &mut post.answers.last {
                last.name = names.get(&last.author).cloned();
            }
        }
        Ok(())
    }

    /// What these authors call themselves, where that is known.
    pub(crate) async fn names_of(
        &self,
        authors: BTreeSet<AuthorId>,
    ) -> Result<HashMap<AuthorId, String>, StoreError> {
        let wanted = blobs_column(authors.iter().map(|author| author.0.as_slice()));
        let rows = self.read(NAMES, [wanted.into()]).await?;
        let mut names: HashMap<AuthorId, String> = HashMap::new();
        for row in &rows {
            if let Some(name) = row.try_get_by_index(1).map_err(store_error)? {
                names.insert(AuthorId(hex_id(row, 0)?), name);
            }
        }
        Ok(names)
    }
}

fn bare(row: &QueryResult) -> Result<StoredPost, StoreError> {
    let stored = stored_event(row)?;
    let deleted_at: Option<i64> = row.try_get("", "deleted_at").map_err(store_error)?;
    Ok(StoredPost {
        event: stored.event,
        received_at: stored.received_at,
        state: stored.state,
        name: None,
        answers: Answers::default(),
        reactions: Vec::new(),
        deleted_at: deleted_at.map(from_column).transpose()?.map(UnixMs),
    })
}

fn profile(row: &QueryResult) -> Result<StoredProfile, StoreError> {
    Ok(StoredProfile {
        profile: Profile {
            name: row.try_get_by_index(0).map_err(store_error)?,
            about: row.try_get_by_index(1).map_err(store_error)?,
        },
        at: UnixMs(count(row, 2)?),
    })
}

/// Rows of the same content stand together.
fn counted(rows: &[QueryResult], reader: AuthorId) -> Result<Vec<ReactionCount>, StoreError> {
    let mut reactions: Vec<ReactionCount> = Vec::new();
    for row in rows {
        let content: String = row.try_get_by_index(0).map_err(store_error)?;
        let (author, event) = (AuthorId(id(row, 1)?), EventId(id(row, 2)?));
        let own = (author == reader).then_some(event);
        match reactions.last_mut().filter(|last| last.content == content) {
            Some(last) => {
                last.count += 1;
                last.own = last.own.or(own);
            }
            None => reactions.push(ReactionCount {
                content,
                count: 1,
                own,
            }),
        }
    }
    Ok(reactions)
}

/// The 32 bytes of a column.
fn id(row: &QueryResult, column: usize) -> Result<[u8; 32], StoreError> {
    bytes(row.try_get_by_index(column).map_err(store_error)?)
}

/// 32 bytes that went through a list of hexadecimal digits.
fn hex_id(row: &QueryResult, column: usize) -> Result<[u8; 32], StoreError> {
    let digits: String = row.try_get_by_index(column).map_err(store_error)?;
    bytes(hex::decode(digits).map_err(crate::convert::corrupt)?)
}
