//! What the window may ask: each command is one call of the client.
//!
//! Owns the names and arguments of the bridge. Must never hold a rule, and never give a secret.

use kukuri_application::views::{
    AuthorView, ChecksView, DiscoveryView, EntryView, ExplainView, FoundView, PeerView, PostView,
    ProfileView, StatusView, TopicView,
};
use kukuri_domain::{AuthorId, EntryKey, EventId, TopicName, TopicRef, UnixMs};
use kukuri_node::client::{Before, Entries, EntryQuery, EntryWrite, FindQuery, Posts, ReadQuery};
use kukuri_wiring::Failure;
use serde::Deserialize;
use tauri::{AppHandle, Manager as _, State, ipc::Channel};
use tauri_plugin_opener::OpenerExt as _;
use tokio::time::{Duration, Instant, sleep};

use crate::{
    app::{App, AppState},
    error::AppError,
    news::{self, NewsBatch},
    notify,
    settings::{SettingsChange, SettingsView},
};

type Answer<T> = Result<T, AppError>;

/// How long the DHT may take to answer for the first time.
const DHT_PATIENCE: Duration = Duration::from_secs(10);

/// Which posts the window wants.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PageQuery {
    /// In which topic.
    topic: TopicRef,
    /// How many at most.
    limit: u32,
    /// Only those before this post.
    before: Option<EventId>,
    /// Only those of this author.
    author: Option<AuthorId>,
    /// Only first posts of threads, as the timeline shows them.
    roots: bool,
}

/// What the window searches for.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TextQuery {
    /// Words that must all occur.
    text: String,
    /// In which topic; in all when `None`.
    topic: Option<TopicRef>,
    /// How many at most.
    limit: u32,
    /// Only posts before this time, by the clocks of their authors.
    before: Option<UnixMs>,
}

/// Which entries the window wants.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KeysQuery {
    /// In which topic.
    topic: TopicRef,
    /// Only those whose keys begin so.
    prefix: String,
    /// Only those after this key.
    after: Option<EntryKey>,
    /// How many at most.
    limit: u32,
}

/// Opens the profile: starts the node, or attaches to the one that runs. Again after `blocked`.
#[tauri::command]
pub async fn init_p2p(app: State<'_, App>) -> Answer<AppState> {
    app.open().await
}

/// Keeps the keys in a passphrase file, because there is no keyring, and goes on.
#[tauri::command]
pub async fn use_passphrase_file(app: State<'_, App>) -> Answer<AppState> {
    app.use_passphrase_file().await
}

/// Waits until the DHT has answered, at most 10 s.
#[tauri::command]
pub async fn init_dht_discovery(app: State<'_, App>) -> Answer<DiscoveryView> {
    let client = app.client().await?;
    let end = Instant::now() + DHT_PATIENCE;
    loop {
        let discovery = client.status().await?.discovery;
        if !discovery.dht.enabled || discovery.dht.bootstrapped || Instant::now() >= end {
            return Ok(discovery);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// How many peers are connected in one topic, or in any.
#[tauri::command]
pub async fn get_peer_count(app: State<'_, App>, topic: Option<TopicRef>) -> Answer<usize> {
    Ok(peers(app, topic).await?.len())
}

/// Gives the new author a name and joins the first topics.
#[tauri::command]
pub async fn finish_first_start(
    app: State<'_, App>,
    name: String,
    topics: Vec<String>,
) -> Answer<AppState> {
    app.finish_first_start(&name, topics).await
}

/// The node, its author and its topics.
#[tauri::command]
pub async fn status(app: State<'_, App>) -> Answer<StatusView> {
    Ok(app.client().await?.status().await?)
}

/// The joined topics, by name.
#[tauri::command]
pub async fn topics(app: State<'_, App>) -> Answer<Vec<TopicView>> {
    Ok(app.client().await?.topics().await?)
}

/// Joins a public topic and begins to look for its members.
#[tauri::command]
pub async fn join_topic(app: State<'_, App>, name: String) -> Answer<TopicView> {
    let name: TopicName = name.parse().map_err(Failure::from)?;
    Ok(app.client().await?.join(&name).await?)
}

/// Leaves a topic; its posts stay here.
#[tauri::command]
pub async fn leave_topic(app: State<'_, App>, topic: TopicRef) -> Answer<()> {
    app.client().await?.leave(topic).await?;
    Ok(())
}

/// Posts of a topic, newest first.
#[tauri::command]
pub async fn read_posts(app: State<'_, App>, query: PageQuery) -> Answer<Posts> {
    let query = ReadQuery {
        topic: query.topic,
        limit: query.limit,
        before: query.before.map(Before::Event),
        author: query.author,
        roots: query.roots,
    };
    Ok(app.client().await?.read(&query).await?)
}

/// The first post of a thread and all answers, oldest first.
#[tauri::command]
pub async fn read_thread(
    app: State<'_, App>,
    topic: TopicRef,
    root: EventId,
) -> Answer<Vec<PostView>> {
    Ok(app.client().await?.thread(topic, root).await?)
}

/// Those of the posts that are held, in any order.
#[tauri::command]
pub async fn read_some(
    app: State<'_, App>,
    topic: TopicRef,
    ids: Vec<EventId>,
) -> Answer<Vec<PostView>> {
    Ok(app.client().await?.posts(topic, ids).await?)
}

/// Posts, or answers a post. Once it returns, the post is on the disk.
#[tauri::command]
pub async fn post(
    app: State<'_, App>,
    topic: TopicRef,
    text: String,
    reply_to: Option<EventId>,
) -> Answer<PostView> {
    let client = app.client().await?;
    Ok(match reply_to {
        None => client.post(topic, &text).await?,
        Some(to) => client.reply(topic, to, &text).await?,
    })
}

/// Reacts, or takes the own reaction of the same content back. Returns the post anew.
#[tauri::command]
pub async fn react(
    app: State<'_, App>,
    topic: TopicRef,
    id: EventId,
    content: String,
) -> Answer<PostView> {
    let client = app.client().await?;
    let before = one(client.posts(&topic, vec![id]).await?, id)?;
    let same = before.reactions.iter().find(|r| r.content == content);
    match same.and_then(|reaction| reaction.own) {
        Some(own) => client.delete(&topic, own).await?,
        None => client.react(&topic, id, &content).await?,
    };
    one(client.posts(&topic, vec![id]).await?, id)
}

fn one(posts: Vec<PostView>, id: EventId) -> Answer<PostView> {
    let missing = || AppError::new("no_event", format!("there is no post {} here", id.short()));
    posts.into_iter().next().ok_or_else(missing)
}

/// Asks everybody to delete an own post or reaction.
#[tauri::command]
pub async fn delete_event(app: State<'_, App>, topic: TopicRef, id: EventId) -> Answer<()> {
    Ok(app.client().await?.delete(topic, id).await.map(drop)?)
}

/// Posts that match, newest first.
#[tauri::command]
pub async fn search(app: State<'_, App>, query: TextQuery) -> Answer<Vec<FoundView>> {
    let query = FindQuery {
        text: query.text,
        topic: query.topic,
        limit: query.limit,
        before: query.before,
    };
    Ok(app.client().await?.search(&query).await?)
}

/// Entries that hold something, by key.
#[tauri::command]
pub async fn read_entries(app: State<'_, App>, query: KeysQuery) -> Answer<Entries> {
    let query = EntryQuery {
        topic: query.topic,
        prefix: query.prefix,
        after: query.after,
        limit: query.limit,
    };
    Ok(app.client().await?.entries(&query).await?)
}

/// The write that counts of a key, also where it deletes or has expired; none if the key was never
/// written.
#[tauri::command]
pub async fn read_entry(
    app: State<'_, App>,
    topic: TopicRef,
    key: EntryKey,
) -> Answer<Option<EntryView>> {
    Ok(app.client().await?.entry(topic, key).await?)
}

/// The writes to a key: that which counts first, then those that lost, greatest first.
#[tauri::command]
pub async fn entry_history(
    app: State<'_, App>,
    topic: TopicRef,
    key: EntryKey,
    limit: u32,
) -> Answer<Vec<EntryView>> {
    let client = app.client().await?;
    Ok(client.entry_history(topic, key, limit).await?)
}

/// Writes entries, or deletes them. Once it returns, all are on the disk.
#[tauri::command]
pub async fn write_entries(
    app: State<'_, App>,
    topic: TopicRef,
    writes: Vec<EntryWrite>,
) -> Answer<Vec<EntryView>> {
    Ok(app.client().await?.write_entries(topic, writes).await?)
}

/// Notes that a topic was read up to and including this post.
#[tauri::command]
pub async fn mark_read(app: State<'_, App>, topic: TopicRef, up_to: EventId) -> Answer<()> {
    Ok(app.client().await?.mark_read(topic, up_to).await?)
}

/// Shows nothing of this author any more. Returns whether they were not muted before.
#[tauri::command]
pub async fn mute(app: State<'_, App>, author: AuthorId) -> Answer<bool> {
    Ok(app.client().await?.mute(author).await?)
}

/// Shows this author again. Returns whether they were muted.
#[tauri::command]
pub async fn unmute(app: State<'_, App>, author: AuthorId) -> Answer<bool> {
    Ok(app.client().await?.unmute(author).await?)
}

/// The muted authors.
#[tauri::command]
pub async fn muted(app: State<'_, App>) -> Answer<Vec<AuthorView>> {
    Ok(app.client().await?.muted().await?)
}

/// Who is connected in one topic, or in any.
#[tauri::command]
pub async fn peers(app: State<'_, App>, topic: Option<TopicRef>) -> Answer<Vec<PeerView>> {
    let client = app.client().await?;
    Ok(match topic {
        Some(topic) => client.peers(topic).await?,
        None => client.all_peers().await?,
    })
}

/// Why the topic is connected the way it is.
#[tauri::command]
pub async fn explain(app: State<'_, App>, topic: TopicRef) -> Answer<ExplainView> {
    Ok(app.client().await?.explain(topic).await?)
}

/// Looks for members of all topics at once, as after a change of network.
#[tauri::command]
pub async fn look_again(app: State<'_, App>) -> Answer<()> {
    Ok(app.client().await?.look_again().await?)
}

/// What an author told about themselves.
#[tauri::command]
pub async fn profile(app: State<'_, App>, author: AuthorId) -> Answer<ProfileView> {
    Ok(app.client().await?.profile_of(author).await?)
}

/// Tells everybody how the own author wants to be called.
#[tauri::command]
pub async fn set_profile(
    app: State<'_, App>,
    name: String,
    about: Option<String>,
) -> Answer<ProfileView> {
    let client = app.client().await?;
    Ok(client.set_profile(&name, about.as_deref()).await?)
}

/// The settings.
#[tauri::command]
pub async fn settings(app: State<'_, App>) -> Answer<SettingsView> {
    app.settings().await
}

/// Changes settings; all of them, or none if one is refused.
#[tauri::command]
pub async fn change_settings(app: State<'_, App>, change: SettingsChange) -> Answer<SettingsView> {
    app.change_settings(change).await
}

/// Looks at what a node needs. It asks for nothing and changes nothing.
#[tauri::command]
pub async fn check_device(app: State<'_, App>) -> Answer<ChecksView> {
    app.check_device().await
}

/// Opens the folder of the logs in the file manager.
#[tauri::command]
pub fn open_log_folder(app: State<'_, App>, handle: AppHandle) -> Answer<()> {
    open(&handle, app.home.logs())
}

/// Opens the folder of the profile in the file manager.
#[tauri::command]
pub fn open_data_folder(app: State<'_, App>, handle: AppHandle) -> Answer<()> {
    open(&handle, app.home.folder().to_owned())
}

fn open(handle: &AppHandle, folder: std::path::PathBuf) -> Answer<()> {
    let path = folder.display().to_string();
    let opened = handle.opener().open_path(path, None::<&str>);
    opened.map_err(|error| AppError::new("unexpected", error.to_string()))
}

/// From now on the window is told what happens, until it or the node is gone.
#[tauri::command]
pub async fn subscribe(app: State<'_, App>, channel: Channel<NewsBatch>) -> Answer<()> {
    let events = app.client().await?.subscribe_all().await?;
    tauri::async_runtime::spawn(news::forward(events, channel));
    Ok(())
}

/// Tells the desktop of a post that is meant for whoever sits here. Does nothing while the window
/// is looked at, while notifications are off, and a moment after the last one.
#[tauri::command]
pub async fn notify(
    app: State<'_, App>,
    handle: AppHandle,
    topic: TopicName,
    id: EventId,
) -> Answer<()> {
    let is_looked_at = handle
        .get_webview_window(crate::WINDOW)
        // Who cannot tell is told once too often rather than never.
        .is_some_and(|window| window.is_focused().unwrap_or(false));
    let Some(language) = app.language_of_notices().await else {
        return Ok(());
    };
    if is_looked_at || !app.notifier.is_due(std::time::Instant::now()) {
        return Ok(());
    }
    let reference = TopicRef::from(topic.clone());
    let post = one(app.client().await?.posts(&reference, vec![id]).await?, id)?;
    notify::show(&post, &topic, language).await;
    Ok(())
}
