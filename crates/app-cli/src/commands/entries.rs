//! `kukuri kv`
//!
//! Owns what the commands on entries have in common with the shell: [`Desk`], one topic with a
//! client and a place to print. Must never decide which write counts, and never show a value of
//! others on a terminal as it is.

mod lost;
mod reading;
mod transfer;
mod value;
mod watching;

use std::time::Duration;

use kukuri_application::{engine::Condition, views::EntryView};
use kukuri_domain::{EntryKey, TopicName, TopicRef};
use kukuri_node::{
    Client, ClientError,
    client::{EntryQuery, EntryWrite},
};
use kukuri_wiring::{Failure, Need};
use serde_json::{Value, json};

use super::{sending::Sending, with_client};
use crate::{
    args::{DeletionArgs, KvCommand, ProfileArgs, PutArgs},
    console::Console,
    render::{self, Render},
};

pub use lost::LostBy;
pub use value::{bytes_of, write_of};

/// Runs the command.
pub async fn run(args: &ProfileArgs, command: KvCommand) -> Result<(), Failure> {
    match command {
        KvCommand::Put { topic, put, wait } => self::put(args, &topic, &put, wait).await,
        KvCommand::Get { topic, key } => {
            let key = key_of(&key)?;
            at_desk(args, &topic, async |desk| desk.get(key, false).await).await
        }
        KvCommand::List { topic, page } => {
            at_desk(args, &topic, async |desk| desk.list(page).await).await
        }
        KvCommand::Delete {
            topic,
            deletion,
            wait,
        } => written(args, &topic, deletion_of(&deletion)?, wait).await,
        KvCommand::Watch { topic, watch } => watching::run(args, &topic, watch).await,
        KvCommand::History { topic, history } => {
            at_desk(args, &topic, async |desk| desk.history(&history).await).await
        }
        KvCommand::Why { topic, key } => {
            let key = key_of(&key)?;
            at_desk(args, &topic, async |desk| desk.why(key).await).await
        }
        KvCommand::Import { topic, file, wait } => {
            transfer::import(args, &topic, file.as_deref(), Duration::from_secs(wait)).await
        }
        KvCommand::Export { topic, prefix } => {
            at_desk(args, &topic, async |desk| desk.export(prefix).await).await
        }
    }
}

async fn put(args: &ProfileArgs, topic: &str, put: &PutArgs, wait: u64) -> Result<(), Failure> {
    // What is wrong with the topic is said before anybody is asked for a value.
    topic.parse::<TopicRef>()?;
    written(args, topic, write_of(put)?, wait).await
}

/// Makes one write and says what became of it.
async fn written(
    args: &ProfileArgs,
    topic: &str,
    write: EntryWrite,
    wait: u64,
) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    with_client(args, Need::Node, async |access, console| {
        let sending = Sending::begin(access, &topic, Duration::from_secs(wait)).await?;
        let desk = Desk::open(access.client(), console, &topic).await?;
        let mut entry = desk.write(write).await?;
        let EntryView {
            revision, state, ..
        } = &mut entry;
        sending.wait_for_holder(console, *revision, state).await;
        desk.answer_written(&entry)
    })
    .await
}

/// Runs a command that reads.
async fn at_desk<F>(args: &ProfileArgs, topic: &str, work: F) -> Result<(), Failure>
where
    F: AsyncFnOnce(Desk<'_>) -> Result<(), Failure>,
{
    let topic: TopicRef = topic.parse()?;
    with_client(args, Need::Read, async |access, console| {
        work(Desk::open(access.client(), console, &topic).await?).await
    })
    .await
}

/// A key as it was typed.
pub fn key_of(text: &str) -> Result<EntryKey, Failure> {
    Ok(EntryKey::new(text).map_err(ClientError::from)?)
}

/// A deletion, of this write alone if one is named.
pub fn deletion_of(deletion: &DeletionArgs) -> Result<EntryWrite, Failure> {
    let mut write = EntryWrite::delete(key_of(&deletion.key)?);
    if let Some(revision) = deletion.if_revision {
        write.only_if = Some(Condition::Revision(revision));
    }
    Ok(write)
}

/// One topic, to work on its entries.
#[derive(Clone)]
pub struct Desk<'a> {
    /// Who is asked.
    pub client: &'a Client,
    /// Where is printed.
    pub console: Console,
    /// In which topic.
    pub topic: TopicName,
}

impl<'a> Desk<'a> {
    /// # Errors
    /// [`Failure`] if the topic is not joined.
    pub async fn open(
        client: &'a Client,
        console: Console,
        topic: &TopicRef,
    ) -> Result<Self, Failure> {
        let topic = client.topic(topic).await?.name;
        Ok(Self {
            client,
            console,
            topic,
        })
    }

    /// Makes one write.
    pub async fn write(&self, write: EntryWrite) -> Result<EntryView, Failure> {
        let written = self.client.write_entries(&self.topic, vec![write]).await?;
        let only = written.into_iter().next();
        Ok(only.ok_or_else(ClientError::closed)?)
    }

    /// Says what was written, and how far it has come.
    pub fn answer_written(&self, entry: &EntryView) -> Result<(), Failure> {
        match self.console.is_json {
            true => self.console.json(&self.with_topic(entry)),
            false => self.console.text(&render::entry_written(entry)),
        }
    }

    /// The entries whose keys begin so, page by page.
    async fn each_page<F>(&self, prefix: &str, mut take: F) -> Result<(), Failure>
    where
        F: AsyncFnMut(Vec<EntryView>) -> Result<(), Failure>,
    {
        let mut after = None;
        loop {
            let query = EntryQuery {
                topic: (&self.topic).into(),
                prefix: prefix.to_owned(),
                after,
                limit: kukuri_node::client::PAGE_ENTRIES_MAX,
            };
            let page = self.client.entries(&query).await?;
            take(page.entries).await?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// An entry as JSON has it.
    fn with_topic(&self, entry: &EntryView) -> Value {
        let mut form = json!(entry);
        form["topic"] = json!(self.topic);
        form
    }

    /// Lines for the reader, who learns who wrote these.
    fn render<'e>(
        &self,
        entries: impl IntoIterator<Item = &'e EntryView>,
    ) -> Render<chrono::Local> {
        let mut render = self.console.render(self.client.author());
        for entry in entries {
            render.seen.name(&entry.author);
        }
        render
    }
}
