//! An own event on its way out of a one-shot command.
//!
//! Owns the wait for somebody who takes it, where the node was started for this command and ends
//! with it. Must never wait on a node that goes on running.

use std::time::Duration;

use kukuri_application::{ports::PostState, views::TopicEvent};
use kukuri_domain::{EventId, TopicRef};
use kukuri_node::TopicEvents;
use kukuri_wiring::{Access, Failure};
use tokio::time::{Instant, timeout_at};

use crate::{console::Console, language::say};

/// A topic in which something is about to be said.
pub(super) struct Sending {
    events: TopicEvents,
    /// How long to wait; nothing where a node runs that sends it later.
    wait: Duration,
}

impl Sending {
    /// Joins the topics, if the node was started for this command, and listens.
    ///
    /// # Errors
    /// [`Failure`] when the topic is not joined, or the node cannot join.
    pub(super) async fn begin(
        access: &Access,
        topic: &TopicRef,
        wait: Duration,
    ) -> Result<Self, Failure> {
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
    pub(super) async fn wait_for_holder(
        mut self,
        console: Console,
        sent: EventId,
        state: &mut PostState,
    ) {
        if self.wait.is_zero() {
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
                Ok(None) | Err(_) => return,
            }
        }
    }
}
