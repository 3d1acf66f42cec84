//! `kukuri post`, `kukuri read`

use std::{
    io::{self, IsTerminal as _, Read as _},
    time::Duration,
};

use chrono::DateTime;
use kukuri_application::views::{NodeEvent, PostView, TopicEvent};
use kukuri_domain::{AuthorId, EventId, TopicRef, UnixMs, limits::EVENT_BYTES_MAX};
use kukuri_node::{
    Client, TopicEvents,
    client::{Before, FindQuery, Posts, ReadQuery},
};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::with_client;
use kukuri_wiring::{Access, Exit, Failure, Need};

use crate::{args::ProfileArgs, console::Console, language::say, render};

/// `kukuri post`
pub async fn post(
    args: &ProfileArgs,
    topic: &str,
    text: Option<&str>,
    wait: Duration,
) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    let text = match text {
        Some(text) if text != "-" => text.to_owned(),
        _ => text_of_input()?,
    };
    with_client(args, Need::Node, async |access, console| {
        let client = access.client();
        if let Some(node) = access.own_node() {
            node.join_noted_topics().await?;
        }
        let mut events = client.subscribe(&topic).await?;
        let mut posted = client.post(&topic, &text).await?;
        if access.own_node().is_some() && !wait.is_zero() {
            console.remark(&say!(
                "stored here; looking for somebody who takes it (Ctrl-C leaves, nothing is lost)"
            ));
            wait_for_holder(&mut events, &mut posted, wait).await;
        }
        console.answer(&posted, |posted| {
            let state = render::state_text(posted.state);
            match posted.state.sent_to {
                0 => say!(
                    "{state}; it goes out when a node of this profile meets somebody",
                    state = state
                ),
                _ => state,
            }
        })
    })
    .await
}

/// Waits until somebody has said that they hold the post.
async fn wait_for_holder(events: &mut TopicEvents, posted: &mut PostView, wait: Duration) {
    let deadline = Instant::now() + wait;
    while posted.state.held_by == 0 {
        match timeout_at(deadline, events.next()).await {
            Ok(Some(TopicEvent::PostState { id, state })) if id == posted.event.id() => {
                posted.state = state;
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
    }
}

/// The whole standard input, without the line's end.
fn text_of_input() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        eprintln!("{}", say!("the text, then Ctrl-D:"));
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(EVENT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Failure::new(
                Exit::Unexpected,
                format!("failed to read standard input: {error}"),
            )
        })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(
            Exit::Usage,
            format!("standard input is not UTF-8 at byte {at}"),
        )
        .hint("posts are text; convert the input to UTF-8")
    })?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// What `kukuri read` was asked for.
#[derive(Debug)]
pub struct ReadWish<'a> {
    /// In which topic.
    pub topic: &'a str,
    /// How many.
    pub limit: u32,
    /// Before which post or time.
    pub before: Option<&'a str>,
    /// Of whom.
    pub author: Option<&'a str>,
    /// Whether to go on.
    pub follow: bool,
}

/// `kukuri read`
pub async fn read(args: &ProfileArgs, wish: ReadWish<'_>) -> Result<(), Failure> {
    let query = ReadQuery {
        topic: wish.topic.parse()?,
        limit: wish.limit,
        before: wish.before.map(before).transpose()?,
        author: wish.author.map(author).transpose()?,
        roots: false,
    };
    if !wish.follow {
        return with_client(args, Need::Read, async |access, console| {
            print_page(access, console, &query).await
        })
        .await;
    }
    with_client(args, Need::LastingNode, async |access, console| {
        if let Some(node) = access.own_node() {
            node.join_noted_topics().await?;
        }
        follow(access, console, &query).await
    })
    .await
}

async fn print_page(access: &Access, console: Console, query: &ReadQuery) -> Result<(), Failure> {
    let client = access.client();
    let page = client.read(query).await?;
    let newest = page.posts.first().map(|post| post.event.id());
    show_page(client, console, page)?;
    // Without a node nothing is written for reading alone.
    match newest {
        Some(newest) if client.has_node() => Ok(client.mark_read(&query.topic, newest).await?),
        _ => Ok(()),
    }
}

fn show_page(client: &Client, console: Console, page: Posts) -> Result<(), Failure> {
    if console.is_json {
        return console.json(&page);
    }
    let mut posts = page.posts;
    posts.reverse();
    if posts.is_empty() {
        console.remark(&say!("no posts in #{topic}", topic = page.topic.name));
        return Ok(());
    }
    let render = console.render(client.author());
    let columns = console.columns();
    let mut last_at = None;
    for post in posts {
        let at = post.event.order().at();
        if let Some(day) = render.day(at, last_at, client.now(), columns) {
            console.text(&day)?;
        }
        last_at = Some(at);
        console.text(&render.post(&post, Some(post.state), columns))?;
    }
    Ok(())
}

/// The page, then what happens. In JSON every line is an object with a `type`.
async fn follow(access: &Access, console: Console, query: &ReadQuery) -> Result<(), Failure> {
    let client = access.client();
    let mut events = client.subscribe(&query.topic).await?;
    let name = client.topic(&query.topic).await?.name;
    if console.is_json {
        let mut posts = client.read(query).await?.posts;
        posts.reverse();
        for post in posts {
            let mut line = json!(post);
            line["type"] = json!("post");
            line["topic"] = json!(name);
            console.json(&line)?;
        }
    } else {
        print_page(access, console, query).await?;
    }
    let render = console.render(client.author());
    let is_wanted = |by: AuthorId| query.author.is_none_or(|author| author == by);
    while let Some(event) = events.next().await {
        match event {
            TopicEvent::Post { ref post, .. } if !is_wanted(post.author.pubkey) => {}
            event if console.is_json => console.json(&NodeEvent {
                topic: Some(name.clone()),
                event,
            })?,
            TopicEvent::Post { post, .. } => {
                let state = Some(post.state);
                console.text(&render.post(&post, state, console.columns()))?;
            }
            TopicEvent::Resync => {
                console.remark(&say!(
                    "some posts were skipped because the output was too slow"
                ));
            }
            TopicEvent::TopicLeft => console.remark(&say!("#{topic} was left", topic = name)),
            _ => {}
        }
    }
    Err(Failure::new(
        Exit::Unexpected,
        format!("#{name} is not followed any more"),
    )
    .detail("the topic was left, or the node stopped"))
}

/// `kukuri search`
pub async fn search(
    args: &ProfileArgs,
    text: &str,
    topic: Option<&str>,
    limit: u32,
) -> Result<(), Failure> {
    let query = FindQuery {
        text: text.to_owned(),
        topic: topic.map(str::parse).transpose()?,
        limit,
        before: None,
    };
    with_client(args, Need::Read, async |access, console| {
        let client = access.client();
        let mut found = client.search(&query).await?;
        if console.is_json {
            return console.json(&json!({ "posts": found }));
        }
        found.reverse();
        if found.is_empty() {
            console.remark(&say!("nothing was found"));
        }
        let render = console.render(client.author());
        let mut heading = None;
        for found in &found {
            let day = render.day(found.post.event.order().at(), None, client.now(), 0);
            let here = (found.topic.clone(), day);
            if heading.as_ref() != Some(&here) {
                console.text(&render.found_heading(&found.topic, found.post.event.order().at()))?;
                heading = Some(here);
            }
            console.text(&render.found(found, console.columns()))?;
        }
        Ok(())
    })
    .await
}

/// A post or a time.
fn before(text: &str) -> Result<Before, Failure> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        let ms = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        return Ok(Before::Time(UnixMs(ms)));
    }
    let id = EventId::parse(text).map_err(|_| {
        let message = format!("--before: '{text}' is no event and no time");
        Failure::new(Exit::Usage, message).hint(
            "give 64 hexadecimal digits, note1..., nevent1... or a time such as 2026-11-21T09:00:00Z",
        )
    })?;
    Ok(Before::Event(id))
}

/// An author in one of the forms that people use.
pub fn author(text: &str) -> Result<AuthorId, Failure> {
    AuthorId::parse(text).map_err(|_| {
        Failure::new(Exit::Usage, format!("'{text}' is no author"))
            .hint("give npub1... or 64 hexadecimal digits, as `kukuri read --json` shows them")
    })
}
