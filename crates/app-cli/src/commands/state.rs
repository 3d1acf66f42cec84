//! `kukuri status`, `kukuri peers`, `kukuri explain`

use std::time::Duration;

use kukuri_domain::{TopicRef, peer::ConnectionState};
use kukuri_node::Client;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::with_client;
use kukuri_wiring::{Access, Failure, Need};

use crate::{args::ProfileArgs, console::Console, language::say, render};

/// How long a node that was started for one question looks for members before it answers.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// How often it is looked whether it has found somebody.
const LOOK_RETRY: Duration = Duration::from_millis(50);

/// `kukuri status`
pub async fn status(args: &ProfileArgs) -> Result<(), Failure> {
    with_client(args, Need::Read, async |access, console| {
        show_status(access.client(), console).await
    })
    .await
}

/// Prints how the node and its topics stand.
pub async fn show_status(client: &Client, console: Console) -> Result<(), Failure> {
    let status = client.status().await?;
    console.answer(&status, |status| render::node_status(status, client.now()))
}

/// `kukuri peers`
pub async fn peers(args: &ProfileArgs, topic: Option<&str>) -> Result<(), Failure> {
    let topic: Option<TopicRef> = topic.map(str::parse).transpose()?;
    with_client(args, Need::Node, async |access, console| {
        look_for_members(access, console, topic.as_ref()).await?;
        show_peers(access.client(), console, topic.as_ref()).await
    })
    .await
}

/// Prints who is connected, in one topic or at all.
pub async fn show_peers(
    client: &Client,
    console: Console,
    topic: Option<&TopicRef>,
) -> Result<(), Failure> {
    let peers = match topic {
        Some(topic) => client.peers(topic).await?,
        None => client.all_peers().await?,
    };
    if console.is_json {
        return console.json(&json!({ "peers": peers }));
    }
    console.text(&render::peers(&peers, client.now()))
}

/// `kukuri explain`
pub async fn explain(args: &ProfileArgs, topic: &str) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    with_client(args, Need::Node, async |access, console| {
        look_for_members(access, console, Some(&topic)).await?;
        show_explain(access.client(), console, &topic).await
    })
    .await
}

/// Prints how members of a topic were found.
pub async fn show_explain(
    client: &Client,
    console: Console,
    topic: &TopicRef,
) -> Result<(), Failure> {
    let explain = client.explain(topic).await?;
    console.answer(&explain, |explain| render::explain(explain, client.now()))
}

/// A node that was started just now has found nobody yet: it gets a moment, and says so.
pub async fn look_for_members(
    access: &Access,
    console: Console,
    topic: Option<&TopicRef>,
) -> Result<(), Failure> {
    let Some(node) = access.own_node() else {
        return Ok(());
    };
    node.join_noted_topics().await?;
    console.remark(&say!(
        "no node is running; one was started and looks for members for up to {n} s",
        n = LOOK_MAX.as_secs()
    ));
    let deadline = Instant::now() + LOOK_MAX;
    while !has_settled(access.client(), topic).await? && Instant::now() < deadline {
        sleep(LOOK_RETRY).await;
    }
    Ok(())
}

/// Whether the topics that are meant have found somebody, or asked everybody.
async fn has_settled(client: &Client, topic: Option<&TopicRef>) -> Result<bool, Failure> {
    let topics = match topic {
        Some(topic) => vec![client.topic(topic).await?],
        None => client.topics().await?,
    };
    let is_settled = |state| {
        matches!(
            state,
            Some(ConnectionState::Joined | ConnectionState::Syncing | ConnectionState::Alone)
        )
    };
    Ok(topics.iter().all(|topic| is_settled(topic.state)))
}
