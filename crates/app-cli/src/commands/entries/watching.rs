//! `kukuri kv watch`
//!
//! Owns what is known of each key while it is watched. Must never print a write after a greater
//! one of the same key, nor one twice; what was missed is read again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use kukuri_application::views::{EntryView, NodeEvent, Outcome, TopicEvent};
use kukuri_domain::{EntryKey, TopicRef, UnixMs, entry::EntryRank};
use kukuri_wiring::{Exit, Failure, Need};
use serde_json::json;
use tokio::time::sleep;

use super::Desk;
use crate::{
    args::{ProfileArgs, WatchArgs},
    commands::with_client,
    language::say,
    render::{self, Render},
};

/// Longest sleep until a time to live ends: the machine may sleep, and its clock be set.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// When a value is looked at again whose time is over by this process's clock, but not yet by the
/// node's.
const LOOK_AGAIN_MS: u64 = 100;

/// Keys without a value that are remembered. Beyond it they are forgotten, which does no harm: an
/// event comes only with a write that counts.
const DEAD_MAX: usize = 10_000;

/// `kukuri kv watch`
pub(super) async fn run(args: &ProfileArgs, topic: &str, watch: WatchArgs) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    with_client(args, Need::LastingNode, async |access, console| {
        if let Some(node) = access.own_node() {
            node.join_noted_topics().await?;
        }
        let desk = Desk::open(access.client(), console, &topic).await?;
        desk.watch(watch).await
    })
    .await
}

impl Desk<'_> {
    /// Prints what changes until nothing more can come.
    pub async fn watch(&self, wanted: WatchArgs) -> Result<(), Failure> {
        let mut watch = Watch::new(wanted.prefix);
        let mut render = self.render([]);
        self.catch_up(&mut watch, wanted.current.then_some(&mut render))
            .await?;
        let mut events = self.client.subscribe(&self.topic).await?;
        // What was written between the first look and the subscription.
        self.catch_up(&mut watch, Some(&mut render)).await?;
        self.console.remark(&say!(
            "watching #{topic}, {entries} now; Ctrl-C ends it",
            topic = self.topic,
            entries = render::entries_counted(watch.live as u64)
        ));
        loop {
            let due = watch.next_end();
            let event = tokio::select! {
                event = events.next() => event,
                () = self.sleep_until(due), if due.is_some() => {
                    self.end_what_is_over(&mut watch, &mut render).await?;
                    continue;
                }
            };
            match event {
                Some(TopicEvent::Entry { entry }) if watch.is_wanted(&entry) => {
                    self.show(&mut watch, &mut render, entry)?;
                }
                Some(TopicEvent::Profile { author }) => render.seen.name(&author),
                Some(TopicEvent::Resync) => self.catch_up(&mut watch, Some(&mut render)).await?,
                Some(TopicEvent::TopicLeft) => {
                    if self.console.is_json {
                        let left = json!({ "type": "topic_left", "topic": self.topic });
                        self.console.json(&left)?;
                    }
                    break;
                }
                Some(_) => {}
                None => break,
            }
        }
        let message = format!("#{} is not watched any more", self.topic);
        Err(Failure::new(Exit::Unexpected, message)
            .detail("the topic was left, or the node stopped"))
    }

    /// Reads everything that is watched, and prints what is news, if it is to be printed.
    async fn catch_up(
        &self,
        watch: &mut Watch,
        mut render: Option<&mut Render<chrono::Local>>,
    ) -> Result<(), Failure> {
        let mut gone = watch.live_keys();
        let prefix = watch.prefix.clone();
        self.each_page(&prefix, async |page| {
            for entry in page {
                gone.remove(&entry.key);
                match render.as_deref_mut() {
                    Some(render) => self.show(watch, render, entry)?,
                    None => _ = watch.take(&entry),
                }
            }
            Ok(())
        })
        .await?;
        // What held something and is not among the entries now was deleted or has expired.
        for key in gone {
            match (
                self.client.entry(&self.topic, key.clone()).await?,
                &mut render,
            ) {
                (Some(entry), Some(render)) => self.show(watch, render, entry)?,
                (Some(entry), None) => _ = watch.take(&entry),
                (None, _) => watch.forget(&key),
            }
        }
        Ok(())
    }

    /// Tells of the values whose time is over.
    async fn end_what_is_over(
        &self,
        watch: &mut Watch,
        render: &mut Render<chrono::Local>,
    ) -> Result<(), Failure> {
        let now = self.client.now();
        for key in watch.take_ended(now) {
            match self.client.entry(&self.topic, key.clone()).await? {
                Some(entry) => {
                    let is_live = entry.outcome == Outcome::Won;
                    self.show(watch, render, entry)?;
                    if is_live {
                        watch.look_again(&key, UnixMs(now.0 + LOOK_AGAIN_MS));
                    }
                }
                None => watch.forget(&key),
            }
        }
        Ok(())
    }

    /// Prints a write, if it is news.
    fn show(
        &self,
        watch: &mut Watch,
        render: &mut Render<chrono::Local>,
        entry: EntryView,
    ) -> Result<(), Failure> {
        if !watch.take(&entry) {
            return Ok(());
        }
        if self.console.is_json {
            return self.console.json(&NodeEvent {
                topic: Some(self.topic.clone()),
                event: TopicEvent::Entry { entry },
            });
        }
        render.seen.name(&entry.author);
        self.console.text(&render.entry(&entry, self.client.now()))
    }

    async fn sleep_until(&self, at: Option<UnixMs>) {
        let ms = at.map_or(0, |at| at.0.saturating_sub(self.client.now().0));
        sleep(Duration::from_millis(ms).min(SLEEP_MAX)).await;
    }
}

/// What is known of the keys that are watched.
#[derive(Debug, Default)]
struct Watch {
    prefix: String,
    known: BTreeMap<EntryKey, Known>,
    /// When the values with a time to live are looked at.
    ends: BTreeSet<(UnixMs, EntryKey)>,
    /// Keys that hold something.
    live: usize,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    rank: EntryRank,
    is_live: bool,
    end: Option<UnixMs>,
}

impl Watch {
    fn new(prefix: String) -> Self {
        Self {
            prefix,
            ..Self::default()
        }
    }

    fn is_wanted(&self, entry: &EntryView) -> bool {
        entry.key.as_str().starts_with(&self.prefix)
    }

    /// Notes the write that counts of a key; `false` if it, or a greater one, is known already and
    /// the key still holds as much.
    fn take(&mut self, entry: &EntryView) -> bool {
        let (rank, is_live) = (entry.rank(), entry.outcome == Outcome::Won);
        let before = self.known.get(&entry.key).copied();
        let is_news = match before {
            None => true,
            Some(before) if rank == before.rank => before.is_live && !is_live,
            Some(before) => rank > before.rank,
        };
        if !is_news {
            return false;
        }
        self.forget(&entry.key);
        let end = entry.expires_at.filter(|_| is_live);
        if let Some(end) = end {
            self.ends.insert((end, entry.key.clone()));
        }
        self.live += usize::from(is_live);
        let known = Known { rank, is_live, end };
        self.known.insert(entry.key.clone(), known);
        if self.known.len() - self.live > DEAD_MAX {
            self.known.retain(|_, known| known.is_live);
        }
        true
    }

    fn forget(&mut self, key: &EntryKey) {
        let Some(known) = self.known.remove(key) else {
            return;
        };
        self.live -= usize::from(known.is_live);
        if let Some(end) = known.end {
            self.ends.remove(&(end, key.clone()));
        }
    }

    fn live_keys(&self) -> BTreeSet<EntryKey> {
        let live = self.known.iter().filter(|(_, known)| known.is_live);
        live.map(|(key, _)| key.clone()).collect()
    }

    fn next_end(&self) -> Option<UnixMs> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// The keys whose values are to be looked at now.
    fn take_ended(&mut self, now: UnixMs) -> Vec<EntryKey> {
        let mut ended = Vec::new();
        while let Some((at, _)) = self.ends.first()
            && *at <= now
            && let Some((_, key)) = self.ends.pop_first()
        {
            if let Some(known) = self.known.get_mut(&key) {
                known.end = None;
            }
            ended.push(key);
        }
        ended
    }

    fn look_again(&mut self, key: &EntryKey, at: UnixMs) {
        if let Some(known) = self.known.get_mut(key)
            && known.end.is_none()
        {
            known.end = Some(at);
            self.ends.insert((at, key.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use kukuri_application::ports::PostState;
    use kukuri_domain::{AuthorId, EventId, Hlc};

    use super::*;

    fn key(text: &str) -> EntryKey {
        EntryKey::new(text).expect("a key")
    }

    fn write(name: &str, ms: u64, outcome: Outcome, end: Option<u64>) -> EntryView {
        EntryView {
            key: key(name),
            value: Some(ms.to_string()),
            value_base64: None,
            revision: EventId([1; 32]),
            author: AuthorId([1; 32]).into(),
            clock: Hlc { ms, counter: 0 },
            written_at: UnixMs(ms),
            expires_at: end.map(UnixMs),
            received_at: UnixMs(ms),
            state: PostState::default(),
            outcome,
        }
    }

    #[test]
    fn no_write_is_news_twice_or_after_a_greater_one() {
        let mut watch = Watch::new("a".to_owned());
        assert!(watch.is_wanted(&write("ab", 1, Outcome::Won, None)));
        assert!(!watch.is_wanted(&write("b", 1, Outcome::Won, None)));
        assert!(watch.take(&write("a", 5, Outcome::Won, None)));
        for ms in [5, 4] {
            assert!(!watch.take(&write("a", ms, Outcome::Won, None)), "{ms}");
        }
        assert!(watch.take(&write("a", 6, Outcome::Deleted, None)));
        assert!(!watch.take(&write("a", 6, Outcome::Deleted, None)));
        assert!(!watch.take(&write("a", 5, Outcome::Won, None)));
        assert!(watch.take(&write("a", 7, Outcome::Won, None)));
        assert!(watch.take(&write("ab", 1, Outcome::Won, None)));
        assert_eq!(watch.live, 2);
    }

    #[test]
    fn a_value_ends_once_and_a_later_write_takes_its_end_away() {
        let mut watch = Watch::default();
        watch.take(&write("a", 1, Outcome::Won, Some(10)));
        watch.take(&write("b", 1, Outcome::Won, Some(20)));
        assert_eq!(watch.next_end(), Some(UnixMs(10)));
        assert!(watch.take_ended(UnixMs(9)).is_empty());
        assert_eq!(watch.take_ended(UnixMs(10)), [key("a")]);
        // The node's clock is behind: it is looked at again, and then it is over.
        assert!(!watch.take(&write("a", 1, Outcome::Won, Some(10))));
        watch.look_again(&key("a"), UnixMs(11));
        assert_eq!(watch.take_ended(UnixMs(12)), [key("a")]);
        assert!(watch.take(&write("a", 1, Outcome::Deleted, Some(10))));
        assert!(watch.take(&write("b", 2, Outcome::Won, None)));
        assert_eq!(watch.next_end(), None);
        assert_eq!(watch.live_keys(), BTreeSet::from([key("b")]));
    }

    #[test]
    fn keys_without_a_value_do_not_fill_the_memory() {
        let mut watch = Watch::default();
        watch.take(&write("live", 1, Outcome::Won, None));
        for n in 0..=DEAD_MAX {
            let gone = write(&n.to_string(), 1, Outcome::Deleted, None);
            assert!(watch.take(&gone));
        }
        assert_eq!(watch.known.len(), 1);
        assert!(!watch.take(&write("live", 1, Outcome::Won, None)));
    }
}
