//! `kukuri topic list|show|join|leave`

use kukuri_domain::{TopicKeys, TopicName, TopicRef};
use kukuri_node::Client;
use serde_json::json;

use super::with_client;
use kukuri_wiring::{Failure, Need};

use crate::{
    args::{ProfileArgs, TopicCommand},
    console::Console,
    language::say,
    render,
};

/// Runs the command.
pub async fn run(args: &ProfileArgs, command: &TopicCommand) -> Result<(), Failure> {
    match command {
        TopicCommand::List => list(args).await,
        TopicCommand::Show {
            topic,
            tracker: true,
        } => show_tracker(args, topic),
        TopicCommand::Show { topic, .. } => show(args, topic).await,
        TopicCommand::Join { topic } => join(args, topic).await,
        TopicCommand::Leave { topic } => leave(args, topic).await,
    }
}

async fn list(args: &ProfileArgs) -> Result<(), Failure> {
    with_client(args, Need::Read, async |access, console| {
        show_all(access.client(), console).await
    })
    .await
}

/// Prints the joined topics.
pub async fn show_all(client: &Client, console: Console) -> Result<(), Failure> {
    let topics = client.topics().await?;
    if console.is_json {
        return console.json(&json!({ "topics": topics }));
    }
    console.text(&render::topics(&topics, client.now()))
}

async fn show(args: &ProfileArgs, topic: &str) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    with_client(args, Need::Read, async |access, console| {
        let view = access.client().topic(&topic).await?;
        console.answer(&view, |view| render::topic(view, access.client().now()))
    })
    .await
}

/// What a stock program needs follows from the name alone.
fn show_tracker(args: &ProfileArgs, topic: &str) -> Result<(), Failure> {
    let keys = TopicKeys::public(topic.parse::<TopicName>()?);
    let secret: String = keys
        .tracker_secret
        .expose()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let console = Console::of_process(args.json);
    if console.is_json {
        return console.json(&json!({
            "name": keys.name,
            "topic_hash": keys.id,
            "tracker_secret": secret,
        }));
    }
    console.text(&say!(
        "topic hash      {id}\ntracker secret  {secret}\nBoth follow from the name #{name}; neither is secret.",
        id = keys.id,
        secret = secret,
        name = keys.name
    ))
}

async fn join(args: &ProfileArgs, topic: &str) -> Result<(), Failure> {
    let topic: TopicName = topic.parse()?;
    with_client(args, Need::Note, async |access, console| {
        let view = access.client().join(&topic).await?;
        // A node of our own ends with this command.
        let has_node = access.client().has_node() && access.own_node().is_none();
        console.answer(&view, |view| render::joined(view, has_node))
    })
    .await
}

async fn leave(args: &ProfileArgs, topic: &str) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    with_client(args, Need::Note, async |access, console| {
        let left = access.client().leave(&topic).await?;
        console.answer(&json!({ "left": left }), |_| {
            say!(
                "left {topic}; its posts stay in the database",
                topic = topic
            )
        })
    })
    .await
}
