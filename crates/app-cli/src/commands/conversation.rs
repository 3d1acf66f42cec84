//! `kukuri thread`, `kukuri react`, `kukuri delete`
//!
//! Owns what the commands that name a post have in common: how it is named, and who is answered by
//! what is shown.

use std::{collections::BTreeMap, time::Duration};

use chrono::Local;
use kukuri_application::views::{PostView, SentView};
use kukuri_domain::{EventId, EventRef, TopicRef};
use kukuri_node::{Client, client::PAGE_POSTS_MAX};
use kukuri_wiring::{Exit, Failure, Need};
use serde_json::json;

use super::{sending::Sending, with_client};
use crate::{
    args::ProfileArgs,
    console::Console,
    language::say,
    render::{self, Render},
    text,
};

/// Posts that are gone through on the way to the first one of a thread. Who answers an answer
/// mostly names the first post itself.
const ROOTS_MAX: usize = 32;

/// What a reaction says that names no sign (NIP-25).
const APPROVAL: &str = "+";

/// A post in one of the forms that people use.
pub fn post_ref(text: &str) -> Result<EventRef, Failure> {
    text.parse().map_err(|error| {
        Failure::new(Exit::Usage, format!("'{text}' is no post: {error}"))
            .hint("give the digits that `kukuri read` shows before the post")
    })
}

/// Notes who wrote these posts and those that they answer, for what is shown about them.
pub async fn learn<'a>(
    client: &Client,
    topic: impl Into<TopicRef>,
    posts: impl IntoIterator<Item = &'a PostView> + Clone,
    render: &mut Render<Local>,
) -> Result<(), Failure> {
    for post in posts.clone() {
        render.seen.add(post);
    }
    let parents = render.seen.unknown_parents(posts);
    if parents.is_empty() {
        return Ok(());
    }
    for parent in client.posts(topic, parents).await? {
        render.seen.add(&parent);
    }
    Ok(())
}

/// `kukuri thread`
pub async fn thread(args: &ProfileArgs, topic: &str, id: &str) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    let id = post_ref(id)?;
    with_client(args, Need::Read, async |access, console| {
        let client = access.client();
        let named = client.find_post(&topic, id).await?;
        let posts = whole_thread(client, &topic, named).await?;
        if console.is_json {
            let topic = client.topic(&topic).await?;
            return console.json(&json!({ "topic": topic, "posts": posts }));
        }
        show_thread(client, console, &topic, &posts).await
    })
    .await
}

/// The posts of the thread in which a post was named. Programs differ in what they call the root of
/// an answer to an answer, so that the way up may lead through several.
async fn whole_thread(
    client: &Client,
    topic: &TopicRef,
    named: PostView,
) -> Result<Vec<PostView>, Failure> {
    let mut root = named.reply.map_or(named.event.id(), |reply| reply.root);
    let mut posts = client.thread(topic, root).await?;
    for _ in 0..ROOTS_MAX {
        let first = posts.first().filter(|first| first.event.id() == root);
        let Some(upper) = first.and_then(|first| first.reply) else {
            break;
        };
        root = upper.root;
        posts = client.thread(topic, root).await?;
    }
    if posts.iter().all(|post| post.event.id() != named.event.id()) {
        posts.push(named);
        posts.sort_by_key(|post| (post.event.id() != root, post.event.order()));
    }
    Ok(posts)
}

async fn show_thread(
    client: &Client,
    console: Console,
    topic: &TopicRef,
    posts: &[PostView],
) -> Result<(), Failure> {
    let mut render = console.render(client.author());
    learn(client, topic, posts, &mut render).await?;
    let columns = console.columns();
    let Some(first) = posts.first() else {
        return Ok(());
    };
    if first.reply.is_some() {
        console.remark(&say!("the first post of this thread is not here"));
    }
    if posts.len() > PAGE_POSTS_MAX as usize {
        let n = render::grouped(PAGE_POSTS_MAX.into());
        console.remark(&say!("only the newest {n} answers are shown", n = n));
    }
    let mut last_at = None;
    for post in posts {
        let at = post.event.order().at();
        if let Some(day) = render.day(at, last_at, client.now(), columns) {
            console.text(&day)?;
        }
        last_at = Some(at);
        let state = Some(post.state);
        console.text(&match post.reply {
            None => render.post(post, state, columns),
            Some(_) => render.answer(post, first.event.id(), state, columns),
        })?;
    }
    Ok(())
}

/// A post about which something is target.
struct Target<'a> {
    client: &'a Client,
    topic: TopicRef,
    post: PostView,
    sending: Sending,
}

impl Target<'_> {
    fn id(&self) -> EventId {
        self.post.event.id()
    }

    /// The own reactions by what they say.
    fn own_reactions(&self) -> BTreeMap<&str, EventId> {
        let reactions = self.post.reactions.iter();
        let own = reactions.filter_map(|given| Some((given.content.as_str(), given.own?)));
        own.collect()
    }

    /// Follows what was sent until somebody holds it.
    async fn follow(self, console: Console, sent: Option<SentView>) -> Option<SentView> {
        let mut sent = sent?;
        let SentView { id, state } = &mut sent;
        self.sending.wait_for_holder(console, *id, state).await;
        Some(sent)
    }
}

/// Runs a command that says something about a post.
async fn about_post<F>(args: &ProfileArgs, wish: &ReactWish<'_>, work: F) -> Result<(), Failure>
where
    F: AsyncFnOnce(Target<'_>, Console) -> Result<(), Failure>,
{
    let topic: TopicRef = wish.topic.parse()?;
    let id = post_ref(wish.id)?;
    with_client(args, Need::Node, async |access, console| {
        let client = access.client();
        let sending = Sending::begin(access, &topic, wish.wait).await?;
        let target = Target {
            client,
            post: client.find_post(&topic, id).await?,
            topic,
            sending,
        };
        work(target, console).await
    })
    .await
}

/// What `kukuri react` was asked for.
#[derive(Debug)]
pub struct ReactWish<'a> {
    /// In which topic.
    pub topic: &'a str,
    /// To which post.
    pub id: &'a str,
    /// With what.
    pub sign: Option<&'a str>,
    /// How long to wait for somebody who takes it.
    pub wait: Duration,
}

/// `kukuri react`
pub async fn react(args: &ProfileArgs, wish: ReactWish<'_>) -> Result<(), Failure> {
    let sign = wish.sign.unwrap_or(APPROVAL).trim();
    about_post(args, &wish, async |target, console| {
        let (id, is_given) = (target.id(), target.own_reactions().contains_key(sign));
        let sent = match is_given {
            true => None,
            false => Some(target.client.react(&target.topic, id, sign).await?),
        };
        let sent = target.follow(console, sent).await;
        let answer = json!({ "reacted": true, "changed": sent.is_some(), "sent": sent });
        console.answer(&answer, |_| {
            render::reacted(id, sign, sent.map(|sent| sent.state))
        })
    })
    .await
}

/// `kukuri react --undo`
pub async fn undo(args: &ProfileArgs, wish: ReactWish<'_>) -> Result<(), Failure> {
    about_post(args, &wish, async |target, console| {
        let mut own = target.own_reactions();
        if let Some(sign) = wish.sign {
            own.retain(|content, _| *content == sign.trim());
        }
        if own.len() > 1 {
            let signs: Vec<String> = own.keys().map(|content| text::one_line(content)).collect();
            let message = format!("you have reacted with {}", signs.join(" and "));
            return Err(Failure::new(Exit::Usage, message)
                .hint("name the sign that you take back: kukuri react TOPIC ID SIGN --undo"));
        }
        let sent = match own.into_values().next() {
            Some(own) => Some(target.client.delete(&target.topic, own).await?),
            None => None,
        };
        let id = target.id();
        let sent = target.follow(console, sent).await;
        let answer = json!({ "reacted": false, "changed": sent.is_some(), "sent": sent });
        console.answer(&answer, |_| {
            render::reaction_undone(id, sent.map(|sent| sent.state))
        })
    })
    .await
}

/// `kukuri delete`
pub async fn delete(
    args: &ProfileArgs,
    topic: &str,
    id: &str,
    wait: Duration,
) -> Result<(), Failure> {
    let wish = ReactWish {
        topic,
        id,
        sign: None,
        wait,
    };
    about_post(args, &wish, async |target, console| {
        let id = target.id();
        let sent = match target.post.deleted_at {
            Some(_) => None,
            None => Some(target.client.delete(&target.topic, id).await?),
        };
        let sent = target.follow(console, sent).await;
        let answer = json!({ "deleted": true, "changed": sent.is_some(), "sent": sent });
        console.answer(&answer, |_| {
            render::deleted(id, sent.map(|sent| sent.state))
        })
    })
    .await
}
