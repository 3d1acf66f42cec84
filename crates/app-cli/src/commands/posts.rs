//! `kukuri post`, `kukuri read`

use std::{
    io::{self, IsTerminal as _, Read as _},
    time::Duration,
};

use chrono::{DateTime, Local};
use kukuri_application::views::{NodeEvent, PostView, TopicEvent};
use kukuri_domain::{AuthorId, EventId, EventRef, TopicRef, UnixMs, limits::EVENT_BYTES_MAX};
use kukuri_node::{
    Client,
    client::{Before, FindQuery, Posts, ReadQuery},
};
use serde_json::json;

use super::{
    conversation::{learn, post_ref},
    sending::Sending,
    with_client,
};
use kukuri_wiring::{Access, Exit, Failure, Need};

use crate::{
    args::ProfileArgs,
    console::Console,
    language::say,
    render::{self, Render},
};

/// What `kukuri post` was asked for.
#[derive(Debug)]
pub struct PostWish<'a> {
    /// In which topic.
    pub topic: &'a str,
    /// What; otherwise standard input says it.
    pub text: Option<&'a str>,
    /// The post that it answers.
    pub reply_to: Option<&'a str>,
    /// How long to wait for somebody who takes it.
    pub wait: Duration,
}

/// `kukuri post`
pub async fn post(args: &ProfileArgs, wish: PostWish<'_>) -> Result<(), Failure> {
    let topic: TopicRef = wish.topic.parse()?;
    let reply_to = wish.reply_to.map(post_ref).transpose()?;
    let text = match wish.text {
        Some(text) if text != "-" => text.to_owned(),
        _ => text_of_input()?,
    };
    with_client(args, Need::Node, async |access, console| {
        let client = access.client();
        let sending = Sending::begin(access, &topic, wish.wait).await?;
        let mut posted = match reply_to {
            None => client.post(&topic, &text).await?,
            Some(answered) => {
                let answered = client.find_post(&topic, answered).await?;
                let id = answered.event.id();
                client.reply(&topic, id, &text).await?
            }
        };
        let id = posted.event.id();
        sending
            .wait_for_holder(console, id, &mut posted.state)
            .await;
        answer_posted(console, &posted)
    })
    .await
}

/// Says what was posted, and how far it has come.
pub fn answer_posted(console: Console, posted: &PostView) -> Result<(), Failure> {
    console.answer(posted, |posted| render::sent(posted.state))
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
    let mut query = ReadQuery {
        topic: wish.topic.parse()?,
        limit: wish.limit,
        before: None,
        author: wish.author.map(author).transpose()?,
        roots: false,
    };
    let before = wish.before.map(before).transpose()?;
    let need = match wish.follow {
        true => Need::LastingNode,
        false => Need::Read,
    };
    with_client(args, need, async |access, console| {
        if let Some(node) = access.own_node() {
            node.join_noted_topics().await?;
        }
        query.before = match before {
            None => None,
            Some(before) => Some(before.found(access.client(), &query.topic).await?),
        };
        match wish.follow {
            true => follow(access, console, &query).await,
            false => print_page(access.client(), console, &query).await,
        }
    })
    .await
}

/// Prints a page of posts, and notes that it was read.
pub async fn print_page(
    client: &Client,
    console: Console,
    query: &ReadQuery,
) -> Result<(), Failure> {
    let page = client.read(query).await?;
    let newest = page.posts.first().map(|post| post.event.id());
    if console.is_json {
        console.json(&page)?;
    } else {
        let mut render = console.render(client.author());
        show_begin(console, query, &page);
        show_page(client, console, page, &mut render).await?;
    }
    mark_read(client, &query.topic, newest).await
}

/// Without a node nothing is written for reading alone.
async fn mark_read(
    client: &Client,
    topic: &TopicRef,
    newest: Option<EventId>,
) -> Result<(), Failure> {
    match newest {
        Some(newest) if client.has_node() => Ok(client.mark_read(topic, newest).await?),
        _ => Ok(()),
    }
}

/// Why there is nothing older, if it is not the beginning.
fn show_begin(console: Console, query: &ReadQuery, page: &Posts) {
    if let Some(remark) = render::begin_of(page, query.limit) {
        console.remark(&remark);
    }
}

async fn show_page(
    client: &Client,
    console: Console,
    page: Posts,
    render: &mut Render<Local>,
) -> Result<(), Failure> {
    let mut posts = page.posts;
    posts.reverse();
    learn(client, &page.topic.name, &posts, render).await?;
    if posts.is_empty() {
        console.remark(&say!("no posts in #{topic}", topic = page.topic.name));
        return Ok(());
    }
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
    let mut render = console.render(client.author());
    let page = client.read(query).await?;
    let newest = page.posts.first().map(|post| post.event.id());
    if console.is_json {
        for post in page.posts.iter().rev() {
            let mut line = json!(post);
            line["type"] = json!("post");
            line["topic"] = json!(name);
            console.json(&line)?;
        }
    } else {
        show_begin(console, query, &page);
        show_page(client, console, page, &mut render).await?;
        mark_read(client, &query.topic, newest).await?;
    }
    let is_wanted = |by: AuthorId| query.author.is_none_or(|author| author == by);
    while let Some(event) = events.next().await {
        match event {
            TopicEvent::Post { ref post, .. } if !is_wanted(post.author.pubkey) => {}
            event if console.is_json => console.json(&NodeEvent {
                topic: Some(name.clone()),
                event,
            })?,
            TopicEvent::Post { post, .. } => {
                learn(client, &name, [&post], &mut render).await?;
                let state = Some(post.state);
                console.text(&render.post(&post, state, console.columns()))?;
            }
            TopicEvent::Profile { author } => render.seen.name(&author),
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
        let mut render = console.render(client.author());
        for found in &found {
            learn(client, &found.topic, [&found.post], &mut render).await?;
        }
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

/// A place in a topic, as it was named.
#[derive(Debug, Clone, Copy)]
enum Place {
    Time(UnixMs),
    Post(EventRef),
}

impl Place {
    async fn found(self, client: &Client, topic: &TopicRef) -> Result<Before, Failure> {
        let post = match self {
            Place::Time(at) => return Ok(Before::Time(at)),
            Place::Post(post) => post,
        };
        // A whole id may be that of an event of any kind.
        let id = match post.whole() {
            Some(id) => id,
            None => client.find_post(topic, post).await?.event.id(),
        };
        Ok(Before::Event(id))
    }
}

/// A post or a time.
fn before(text: &str) -> Result<Place, Failure> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        let ms = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        return Ok(Place::Time(UnixMs(ms)));
    }
    let post = text.parse().map_err(|_| {
        let message = format!("--before: '{text}' is no event and no time");
        Failure::new(Exit::Usage, message).hint(
            "give the digits that `kukuri read` shows before a post, or a time such as 2026-11-21T09:00:00Z",
        )
    })?;
    Ok(Place::Post(post))
}

/// An author in one of the forms that people use.
pub fn author(text: &str) -> Result<AuthorId, Failure> {
    AuthorId::parse(text).map_err(|_| {
        Failure::new(Exit::Usage, format!("'{text}' is no author"))
            .hint("give npub1... or 64 hexadecimal digits, as `kukuri read --json` shows them")
    })
}
