//! `kukuri kv get`, `list`, `history`, `why`, `export`
//!
//! Must never print bytes of others on a terminal as they are.

use kukuri_application::views::{EntryView, Outcome};
use kukuri_domain::EntryKey;
use kukuri_node::{
    ClientError,
    client::{EntryQuery, PAGE_ENTRIES_MAX},
};
use kukuri_wiring::Failure;
use serde_json::{Value, json};

use super::{Desk, LostBy, bytes_of, key_of};
use crate::{
    args::{HistoryArgs, PageArgs},
    language::say,
    quoting::quoted,
    render, text,
};

impl Desk<'_> {
    /// Prints what a key holds. `is_line` ends it like a line also where no terminal is.
    pub async fn get(&self, key: EntryKey, is_line: bool) -> Result<(), Failure> {
        let found = self.client.entry(&self.topic, key.clone()).await?;
        let Some(entry) = found.filter(|entry| entry.outcome == Outcome::Won) else {
            return Err(ClientError::no_entry(&key).into());
        };
        let console = self.console;
        if console.is_json {
            return console.json(&self.with_topic(&entry));
        }
        let mut bytes = bytes_of(&entry).unwrap_or_default();
        if !console.is_terminal {
            if is_line {
                bytes.push(b'\n');
            }
            return console.bytes(&bytes);
        }
        match &entry.value {
            Some(value) => console.text(&text::lines(value).join("\n")),
            None => console.text(&say!(
                "{n} bytes that are no text; to have them: kukuri kv get {topic} {key} > FILE",
                n = render::grouped(bytes.len() as u64),
                topic = self.topic,
                key = quoted(key.as_str())
            )),
        }
    }

    /// Prints a page of entries.
    pub async fn list(&self, page: PageArgs) -> Result<(), Failure> {
        let query = EntryQuery {
            topic: (&self.topic).into(),
            prefix: page.prefix,
            after: page.after.as_deref().map(key_of).transpose()?,
            limit: page.limit,
        };
        let page = self.client.entries(&query).await?;
        let console = self.console;
        if console.is_json {
            let mut form = json!(page);
            form["topic"] = json!(self.topic);
            return console.json(&form);
        }
        if page.entries.is_empty() {
            let what = match (query.prefix.is_empty(), &query.after) {
                (true, None) => say!("no entries in #{topic}", topic = self.topic),
                _ => say!("no such entries in #{topic}", topic = self.topic),
            };
            console.remark(&what);
            return Ok(());
        }
        let render = self.render(&page.entries);
        let now = self.client.now();
        console.text(&render.entries(&page.entries, now, console.columns()))?;
        // The page after a full one may be empty; then nothing is said about it.
        if let Some(next) = page.next {
            let rest = EntryQuery {
                after: Some(next.clone()),
                limit: 1,
                ..query
            };
            if !self.client.entries(&rest).await?.entries.is_empty() {
                console.remark(&say!(
                    "there are more: --after {key}",
                    key = quoted(next.as_str())
                ));
            }
        }
        Ok(())
    }

    /// Prints the writes to a key.
    pub async fn history(&self, history: &HistoryArgs) -> Result<(), Failure> {
        let key = key_of(&history.key)?;
        let writes = self.writes(&key, history.limit).await?;
        if self.console.is_json {
            return self.json_of_writes(&key, "history", &writes, |_| json!({}));
        }
        let render = self.render(&writes);
        let columns = self.console.columns();
        self.console.text(&render.entry_history(&writes, columns))
    }

    /// Prints why a key holds what it holds.
    pub async fn why(&self, key: EntryKey) -> Result<(), Failure> {
        let writes = self.writes(&key, PAGE_ENTRIES_MAX).await?;
        let Some((won, lost)) = writes.split_first() else {
            return Ok(());
        };
        if self.console.is_json {
            let by = |entry: &EntryView| match entry.outcome {
                Outcome::Lost => json!(LostBy::of(won, entry)),
                Outcome::Won | Outcome::Deleted => json!({}),
            };
            return self.json_of_writes(&key, "why", &writes, by);
        }
        let lost: Vec<(&EntryView, LostBy)> = lost
            .iter()
            .map(|entry| (entry, LostBy::of(won, entry)))
            .collect();
        let (render, now) = (self.render(&writes), self.client.now());
        self.console
            .text(&render.entry_why(won, &lost, now, self.console.columns()))
    }

    /// Prints every entry whose key begins so, one object on each line.
    pub async fn export(&self, prefix: String) -> Result<(), Failure> {
        self.each_page(&prefix, async |page| {
            for entry in &page {
                self.console.json(&self.with_topic(entry))?;
            }
            Ok(())
        })
        .await
    }

    /// The writes to a key, the one that counts first.
    async fn writes(&self, key: &EntryKey, limit: u32) -> Result<Vec<EntryView>, Failure> {
        let writes = self.client.entry_history(&self.topic, key.clone(), limit);
        let writes = writes.await?;
        match writes.is_empty() {
            true => Err(ClientError::no_entry(key).into()),
            false => Ok(writes),
        }
    }

    /// Prints writes under this name, each with what `more` adds.
    fn json_of_writes(
        &self,
        key: &EntryKey,
        name: &str,
        writes: &[EntryView],
        more: impl Fn(&EntryView) -> Value,
    ) -> Result<(), Failure> {
        let writes = writes.iter().map(|entry| {
            let mut form = self.with_topic(entry);
            if let (Some(form), Value::Object(more)) = (form.as_object_mut(), more(entry)) {
                form.extend(more);
            }
            form
        });
        let writes: Vec<Value> = writes.collect();
        self.console
            .json(&json!({ "topic": self.topic, "key": key, name: writes }))
    }
}
