//! What happens in the topics, handed to the window in batches.
//!
//! Owns the pace: the window is told at most 20 times a second, in a flood at most 5 times, at most
//! 500 events at a time, so that a flood costs it one update per batch. Must never queue without a bound: whoever is too
//! slow is told to read again.

use std::time::Duration;

use kukuri_application::views::{NodeEvent, TopicEvent};
use kukuri_node::client::NodeEvents;
use serde::Serialize;
use tauri::ipc::Channel;
use tokio::time::{Instant, timeout_at};

/// Events of one batch.
const BATCH_MAX: usize = 500;

/// Least time between two batches.
const PACE: Duration = Duration::from_millis(50);

/// Events of a batch from which on it is a flood.
const FLOOD: usize = 100;

/// Least time between a batch of a flood and the next one: each is merged and drawn anew, and
/// whoever types meanwhile waits for that.
const FLOOD_PACE: Duration = Duration::from_millis(200);

/// Events in a row, faster than the window is told of, from which on it is told to read again.
const BACKLOG_MAX: usize = 2_000;

/// What happened since the last batch, in order: at most 500 events.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NewsBatch {
    /// What happened.
    pub events: Vec<NodeEvent>,
}

/// Hands on what happens until the window or the node is gone.
pub async fn forward(mut events: NodeEvents, window: Channel<NewsBatch>) {
    let mut due = Instant::now();
    while let Some(first) = events.next().await {
        let mut batch = vec![first];
        // After a pause it is due at once, with whatever came at the same time.
        while let Ok(Some(event)) = timeout_at(due, events.next()).await {
            match batch.len() {
                ..BACKLOG_MAX => batch.push(event),
                _ => batch = vec![resync()],
            }
        }
        let pace = if batch.len() < FLOOD {
            PACE
        } else {
            FLOOD_PACE
        };
        due = Instant::now() + pace;
        if batch.iter().any(|event| event.event == TopicEvent::Resync) {
            batch = vec![resync()];
        }
        for part in batch.chunks(BATCH_MAX) {
            let part = NewsBatch {
                events: part.to_vec(),
            };
            if let Err(error) = window.send(part) {
                tracing::debug!(%error, "the window listens no more");
                return;
            }
        }
    }
}

fn resync() -> NodeEvent {
    NodeEvent {
        topic: None,
        event: TopicEvent::Resync,
    }
}

#[cfg(test)]
mod tests;
