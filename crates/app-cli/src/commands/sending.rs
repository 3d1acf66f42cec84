//! An own event on its way out of a one-shot command.
//!
//! Owns the wait for somebody who takes it, where the node was started for this command and ends
//! with it. Must never wait on a node that goes on running.

use std::time::Duration;

use kukuri_application::{ports::PostState, views::TopicEvent};
use kukuri_domain::{EntryKey, EventId, TopicRef};
use kukuri_node::TopicEvents;
use kukuri_wiring::{Access, Failure};
use tokio::time::{Instant, timeout_at};

use crate::{console::Console, language::say};

/// Something that was said or written.
#[derive(Debug, Clone)]
pub enum Sent {
    /// A post.
    Post(EventId),
    /// A write to an entry.
    Entry(EntryKey, EventId),
}

/// A topic in which something is about to be said.
pub struct Sending {
    events: TopicEvents,
    /// How long to wait; nothing where a node runs that sends it later.
    wait: Duration,
}

impl Sending {
    /// Joins the topics, if the node was started for this command, and listens.
    ///
    /// # Errors
    /// [`Failure`] when the topic is not joined, or the node cannot join.
    pub async fn begin(access: &Access, topic: &TopicRef, wait: Duration) -> Result<Self, Failure> {
        if let Some(node) = access.own_node() {
            node.join_noted_topics().await?;
        }
        let wait = match access.own_node() {
            Some(_) => wait,
            None => Duration::ZERO,
        };
        let events = access.client().subscribe(topic).await?;
        Ok(Self { events, wait })
    }

    /// Waits until somebody has said that they hold the event, and follows its state till then.
    pub async fn wait_for_holder(mut self, console: Console, sent: EventId, state: &mut PostState) {
        if self.wait.is_zero() || state.held_by > 0 {
            return;
        }
        console.remark(&say!(
            "stored here; looking for somebody who takes it (Ctrl-C leaves, nothing is lost)"
        ));
        let deadline = Instant::now() + self.wait;
        while state.held_by == 0 {
            match timeout_at(deadline, self.events.next()).await {
                Ok(Some(TopicEvent::PostState { id, state: now })) if id == sent => *state = now,
                Ok(Some(_)) => {}
                // Nothing more is told, or it was waited for long enough: it is stored all the same.
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Waits until somebody holds what was sent some time ago.
    ///
    /// # Errors
    /// [`Failure`] when the topic is not joined any more, or the database fails.
    pub async fn hand_over(
        access: &Access,
        console: Console,
        topic: impl Into<TopicRef>,
        sent: Sent,
        wait: Duration,
    ) -> Result<(), Failure> {
        let topic = topic.into();
        let sending = Self::begin(access, &topic, wait).await?;
        let client = access.client();
        let (id, state) = match sent {
            Sent::Post(id) => {
                let found = client.posts(&topic, vec![id]).await?;
                (id, found.first().map(|post| post.state))
            }
            Sent::Entry(key, id) => {
                let found = client.entry(&topic, key).await?;
                let same = found.filter(|entry| entry.revision == id);
                (id, same.map(|entry| entry.state))
            }
        };
        // What is not shown any more, or was written over, needs nobody.
        if let Some(mut state) = state {
            sending.wait_for_holder(console, id, &mut state).await;
        }
        Ok(())
    }
}
