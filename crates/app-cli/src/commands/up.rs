//! `kukuri up`: the node in the foreground.
//!
//! One line per thing that matters; posts are not among them, a topic can have many.

use chrono::Local;
use kukuri_application::views::{NodeEvent, TopicEvent};
use kukuri_wiring::{Access, Exit, Failure, Need};

use crate::{
    access,
    args::ProfileArgs,
    console::Console,
    language::{phrase, say},
    render,
    screen::LogScreen,
    stopping::StopGuard,
};

/// Runs the node until it is asked to end.
pub async fn run(args: &ProfileArgs, port: Option<u16>) -> Result<(), Failure> {
    let mut args = args.clone();
    if let Some(port) = port {
        args.set
            .push(format!("network.bind=0.0.0.0:{port},[::]:{port}"));
    }
    let console = Console::of_process(args.json);
    let guard = StopGuard::watch()?;
    let log = LogScreen::default();
    let access = tokio::select! {
        opened = access::open(&args, Need::LastingNode, &log) => opened?,
        () = guard.asked() => {
            crate::screen::restore();
            return Err(Failure::interrupted());
        }
    };
    if access.own_node().is_none() {
        return Err(already_running(&access).await);
    }
    let ended = tokio::select! {
        ended = tell(&access, console) => ended,
        () = guard.asked() => {
            if !console.is_json {
                console.text(&say!("stopping"))?;
            }
            Ok(())
        }
    };
    access.close().await.and(ended)
}

async fn already_running(access: &Access) -> Failure {
    let profile = access.client().profile();
    let message = format!("a node of profile \"{}\" is running already", profile.name);
    let pid = match access.client().status().await {
        Ok(status) => status.pid,
        // It ended meanwhile; the hint is the same.
        Err(_) => None,
    };
    let failure = Failure::new(Exit::InUse, message);
    let failure = match pid {
        Some(pid) => failure.detail(format!("process {pid}, {}", profile.home)),
        None => failure,
    };
    failure.hint("use it with the other commands, or run another profile with --profile NAME")
}

async fn tell(access: &Access, console: Console) -> Result<(), Failure> {
    let client = access.client();
    let mut events = client.subscribe_all().await?;
    if let Some(node) = access.own_node() {
        node.join_noted_topics().await?;
    }
    if !console.is_json {
        console.text(&render::up_intro(&client.status().await?))?;
    }
    while let Some(event) = events.next().await {
        if console.is_json {
            console.json(&event)?;
        } else if let Some(line) = line_of(&event) {
            console.text(&format!("{}  {line}", Local::now().format("%H:%M:%S")))?;
        }
    }
    Ok(())
}

fn line_of(event: &NodeEvent) -> Option<String> {
    let topic = match &event.topic {
        Some(name) => format!("#{name}"),
        None => say!("all topics"),
    };
    let text = match &event.event {
        TopicEvent::PeerJoined {
            peer,
            found_by,
            after_ms,
        } => render::peer_joined(*peer, *found_by, *after_ms, None),
        TopicEvent::PeerAuthor { peer, author } => render::peer_author(*peer, author)?,
        TopicEvent::PeerLeft { peer } => say!("{peer} left", peer = peer.short()),
        TopicEvent::State { state } => phrase(state.code()),
        TopicEvent::Fetched { peer, new } if *new > 0 => render::fetched(*peer, *new),
        TopicEvent::Storage { stalled } => render::storage(*stalled),
        TopicEvent::TopicJoined => say!("the topic was joined"),
        TopicEvent::TopicLeft => say!("the topic was left"),
        TopicEvent::Resync => say!("some events were not shown, the output was too slow"),
        TopicEvent::Post { .. }
        | TopicEvent::Entry { .. }
        | TopicEvent::PostState { .. }
        | TopicEvent::PostChanged { .. }
        | TopicEvent::Profile { .. }
        | TopicEvent::Progress { .. }
        | TopicEvent::Fetched { .. } => return None,
    };
    Some(format!("{topic}  {text}"))
}
