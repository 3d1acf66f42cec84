//! What others post while a line is typed.
//!
//! Must never stop the node: when more comes than the terminal takes, some is left out, and that is
//! said.

use std::{
    sync::mpsc::{SyncSender, TrySendError},
    time::Duration,
};

use chrono::Local;
use kukuri_application::views::TopicEvent;
use kukuri_domain::TopicName;
use kukuri_node::Client;
use kukuri_wiring::Failure;
use tokio::{sync::watch, time::sleep};

use crate::{commands::conversation::learn, language::say, render::Render};

/// When it is tried again after the terminal took no more.
const RETRY: Duration = Duration::from_millis(100);

/// Prints what others post in the topic in use, until that is dropped.
pub(super) async fn print(
    client: Client,
    mut topic: watch::Receiver<Option<TopicName>>,
    mut render: Render<Local>,
    columns: usize,
    printer: SyncSender<String>,
) {
    loop {
        let current = topic.borrow_and_update().clone();
        let followed = async {
            match current {
                Some(current) => {
                    let done = follow(&client, &current, &mut render, columns, &printer).await;
                    if let Err(failure) = done {
                        show(&printer, failure.in_one_line()).await;
                    }
                    // A topic that was left has no news until another is chosen.
                    std::future::pending().await
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = followed => {}
            changed = topic.changed() => if changed.is_err() { return },
        }
    }
}

async fn follow(
    client: &Client,
    topic: &TopicName,
    render: &mut Render<Local>,
    columns: usize,
    printer: &SyncSender<String>,
) -> Result<(), Failure> {
    let mut events = client.subscribe(topic).await?;
    while let Some(event) = events.next().await {
        let lines = match event {
            TopicEvent::Post { post, .. } if post.author.pubkey != render.own => {
                learn(client, topic, [&post], render).await?;
                render.post(&post, None, columns)
            }
            TopicEvent::Profile { author } => {
                render.seen.name(&author);
                continue;
            }
            TopicEvent::Resync => say!("some posts were skipped because the output was too slow"),
            TopicEvent::TopicLeft => say!("#{topic} was left", topic = topic),
            _ => continue,
        };
        show(printer, lines).await;
    }
    Ok(())
}

/// Prints lines above the one that is typed, as soon as the terminal takes them. When it is gone,
/// so is whoever would read them.
async fn show(printer: &SyncSender<String>, lines: String) {
    let mut waiting = lines;
    while let Err(TrySendError::Full(lines)) = printer.try_send(waiting) {
        waiting = lines;
        sleep(RETRY).await;
    }
}
