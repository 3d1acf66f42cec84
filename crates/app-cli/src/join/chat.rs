//! The conversation: what is typed goes to the node, what happens in the topic to the output.
//!
//! Owns what was shown already and how far own posts have come. Must never show a post that is
//! not stored, nor one twice.

mod own_posts;
mod shown;

use std::time::Duration;

use chrono::Local;
use kukuri_application::{
    ports::PostState,
    session::Arrival,
    views::{PeerView, PostView, TopicEvent},
};
use kukuri_domain::{
    EventId, EventOrder, PeerId, SignedEvent, TopicName, UnixMs,
    peer::{ConnectionState, FoundBy},
};
use kukuri_node::{
    Client, ClientError, TopicEvents,
    client::{Code, ReadQuery},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::output::Output;
use kukuri_wiring::{Exit, Failure};

use crate::{
    commands::conversation::learn,
    failure,
    language::say,
    render::{self, Render, Seen},
    screen::Typed,
    stopping::StopGuard,
};
use own_posts::OwnPosts;
use shown::Shown;

/// Posts that are worth a bar while they are fetched: fewer come within a second.
const PROGRESS_FROM: u64 = 500;

/// Posts of the stored history that are shown at the start.
const HISTORY_SHOWN: u32 = 200;

/// How long posts that come as history are gathered, to be shown in their order.
const GATHER: Duration = Duration::from_millis(400);

/// When it is said that nobody was found so far, although some source is still being asked.
const ALONE_AFTER: Duration = Duration::from_secs(6);

/// A post that is older than this when it comes is history, and shown in its order.
const LATE_MS: u64 = 10_000;

/// How long the end of the input waits for somebody to hold what was posted.
const HAND_OVER_MAX: Duration = Duration::from_secs(5);

/// How the conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// By the user's wish.
    Left,
    /// By Ctrl-C or a signal.
    Interrupted,
}

/// One conversation.
pub(super) struct Chat {
    client: Client,
    topic: TopicName,
    output: Output,
    render: Render<Local>,
    has_commands: bool,
    shown: Shown,
    is_history_shown: bool,
    last_at: Option<UnixMs>,
    /// The newest post that was shown.
    newest: Option<EventOrder>,
    gathered: Vec<PostView>,
    gathered_until: Option<Instant>,
    own: OwnPosts,
    members: Vec<PeerId>,
    /// When it is said that nobody is here; `None` once it was.
    alone_at: Option<Instant>,
    refused: u64,
    leaving_by: Option<Instant>,
}

/// What happened.
enum Step {
    Typed(Option<Typed>),
    Event(Box<Option<TopicEvent>>),
    Signal,
    Due,
}

impl Chat {
    pub(super) fn new(
        client: Client,
        topic: TopicName,
        output: Output,
        has_commands: bool,
    ) -> Self {
        let render = Render {
            zone: Local,
            own: client.author(),
            has_colours: output.has_colours(),
            has_ids: false,
            seen: Seen::default(),
        };
        Self {
            client,
            topic,
            output,
            render,
            has_commands,
            shown: Shown::default(),
            is_history_shown: false,
            last_at: None,
            newest: None,
            gathered: Vec::new(),
            gathered_until: None,
            own: OwnPosts::default(),
            members: Vec::new(),
            alone_at: Some(Instant::now() + ALONE_AFTER),
            refused: 0,
            leaving_by: None,
        }
    }

    /// Joins the topic and talks until the user leaves.
    pub(super) async fn run(
        &mut self,
        typed: &mut mpsc::Receiver<Typed>,
        guard: &StopGuard,
    ) -> Result<Ended, Failure> {
        let mut events = self.begin().await?;
        loop {
            let due = self.due();
            let step = tokio::select! {
                line = typed.recv(), if self.leaving_by.is_none() => Step::Typed(line),
                event = events.next() => Step::Event(Box::new(event)),
                () = guard.asked() => Step::Signal,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Step::Due,
            };
            if let Some(ended) = self.handle(step).await? {
                self.mark_read().await?;
                return self.end(ended);
            }
            if self.output.is_gone() {
                return self.end(Ended::Left);
            }
        }
    }

    /// Joins; says where and who one is and what is looked for; shows the stored history.
    async fn begin(&mut self) -> Result<TopicEvents, Failure> {
        let view = self.client.join(&self.topic).await?;
        let events = self.client.subscribe(&self.topic).await?;
        self.output.print(&render::topic_intro(&view));
        self.output.print(&render::identity_intro(
            self.client.author(),
            &self.client.profile().home,
        ));
        let explain = self.client.explain(&self.topic).await?;
        self.remark(&render::looking(&explain.sources));
        self.show_history().await?;
        for peer in explain.peers {
            self.show_member(peer.id, peer.found_by, peer.found_after_ms, Some(&peer));
        }
        Ok(events)
    }

    /// What was shown was read.
    async fn mark_read(&self) -> Result<(), Failure> {
        match self.newest {
            Some(newest) => Ok(self.client.mark_read(&self.topic, newest.id).await?),
            None => Ok(()),
        }
    }

    async fn handle(&mut self, step: Step) -> Result<Option<Ended>, Failure> {
        match step {
            Step::Signal | Step::Typed(Some(Typed::Interrupt)) => {
                return Ok(Some(Ended::Interrupted));
            }
            Step::Typed(Some(Typed::Line(line))) => return self.take_line(&line).await,
            Step::Typed(Some(Typed::NotText { line, byte })) => {
                let failure = Failure::new(
                    Exit::Usage,
                    format!("line {line} of standard input is not UTF-8 at byte {byte}"),
                );
                self.refuse(&failure.hint("posts are text; convert the input to UTF-8"));
            }
            Step::Typed(Some(Typed::End) | None) if self.has_commands => {
                return Ok(Some(Ended::Left));
            }
            Step::Typed(Some(Typed::End) | None) => {
                self.leaving_by = Some(Instant::now() + HAND_OVER_MAX);
            }
            Step::Event(event) => match *event {
                Some(event) => self.take_event(event).await?,
                None => return Err(ClientError::closed().into()),
            },
            Step::Due => self.take_due().await?,
        }
        let has_time_left = self.leaving_by.is_none_or(|by| Instant::now() < by);
        let is_done = self.leaving_by.is_some() && (self.own.all_held() || !has_time_left);
        Ok(is_done.then_some(Ended::Left))
    }

    fn end(&mut self, ended: Ended) -> Result<Ended, Failure> {
        self.show_gathered();
        for (event, state) in self.own.take_all() {
            self.show_later_state(&event, state);
        }
        if let Some(remark) = self.own.what_is_open() {
            self.output.complain(&remark);
        }
        if ended == Ended::Left && self.refused > 0 && !self.has_commands {
            let n = render::grouped(self.refused);
            let lines = if self.refused == 1 { "line" } else { "lines" };
            return Err(
                Failure::new(Exit::Refused, format!("{n} {lines} could not be posted"))
                    .code("lines_refused"),
            );
        }
        Ok(ended)
    }

    async fn take_line(&mut self, line: &str) -> Result<Option<Ended>, Failure> {
        let text = line.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if !self.has_commands {
            self.post(line).await?;
        } else if let Some(rest) = text.strip_prefix("//") {
            self.post(&format!("/{rest}")).await?;
        } else if text.starts_with('/') {
            return self.command(text).await;
        } else {
            self.post(line).await?;
        }
        Ok(None)
    }

    /// Posts. What is wrong with this post alone is told; a database that takes no posts ends a
    /// chat through pipes, whose lines would be lost one by one.
    async fn post(&mut self, text: &str) -> Result<(), Failure> {
        match self.client.post(&self.topic, text).await {
            Ok(posted) => {
                self.show_own(posted);
                Ok(())
            }
            Err(error) => {
                let is_about_the_post =
                    matches!(error.code, Code::TooLong | Code::Empty | Code::Refused);
                let failure = Failure::from(error);
                if !is_about_the_post && !self.has_commands {
                    return Err(failure);
                }
                self.refuse(&failure);
                Ok(())
            }
        }
    }

    /// Says why a line was not posted.
    fn refuse(&mut self, failure: &Failure) {
        self.refused += 1;
        self.output.complain(failure::shown(failure).trim_end());
    }

    async fn command(&mut self, text: &str) -> Result<Option<Ended>, Failure> {
        let name = text.split_whitespace().next().unwrap_or_default();
        match name {
            "/quit" => return Ok(Some(Ended::Left)),
            "/help" => self.output.print(&render::help()),
            "/status" => {
                let status = self.client.status().await?;
                if let Some(topic) = status.topics.iter().find(|view| view.name == self.topic) {
                    self.output
                        .print(&render::status(&status, topic, self.client.now()));
                }
            }
            "/peers" => {
                let peers = self.client.peers(&self.topic).await?;
                self.output.print(&render::peers(&peers, self.client.now()));
            }
            "/explain" => {
                let explain = self.client.explain(&self.topic).await?;
                self.output
                    .print(&render::explain(&explain, self.client.now()));
            }
            other => {
                let other = crate::text::one_line(other);
                self.output.print(&say!(
                    "there is no command {other}; /help lists them, and //text posts text that begins with /",
                    other = other
                ));
            }
        }
        Ok(None)
    }

    async fn take_event(&mut self, event: TopicEvent) -> Result<(), Failure> {
        if let TopicEvent::Post { post, .. } = &event {
            let topic = &self.topic;
            learn(&self.client, topic, [post], &mut self.render).await?;
        }
        match event {
            TopicEvent::Post {
                post,
                arrival: Arrival::Fetched,
            } => self.gather(post),
            TopicEvent::Post { post, .. } if self.is_late(&post.event) => self.gather(post),
            TopicEvent::Post { post, .. } => self.show_post(&post, None),
            // What stands above in the terminal stays, and entries are no part of the talk.
            TopicEvent::PostChanged { .. } | TopicEvent::Entry { .. } => {}
            TopicEvent::Profile { author } => self.render.seen.name(&author),
            TopicEvent::PostState { id, state } => self.note_state(id, state),
            TopicEvent::PeerJoined {
                peer,
                found_by,
                after_ms,
            } => {
                // Without the list somebody came all the same, and is shown without a name.
                let peers = self.client.peers(&self.topic).await.unwrap_or_default();
                let view = peers.iter().find(|view| view.id == peer);
                self.show_member(peer, found_by, after_ms, view);
            }
            TopicEvent::PeerAuthor { peer, author } => {
                if let Some(line) = render::peer_author(peer, &author) {
                    self.remark(&line);
                }
            }
            TopicEvent::PeerLeft { peer } => {
                self.members.retain(|member| *member != peer);
                self.remark(&render::peer_left(peer, self.members.len()));
            }
            TopicEvent::State {
                state: ConnectionState::Alone,
            } => self.show_alone().await?,
            TopicEvent::State { .. } => {}
            TopicEvent::Fetched { peer, new } => {
                if new > 0 {
                    self.remark(&render::fetched(peer, new));
                }
                self.show_gathered();
            }
            TopicEvent::Progress { peer, fetched, of } if of >= PROGRESS_FROM => {
                self.output
                    .show_progress(&self.render.remark(&render::progress(peer, fetched, of)));
            }
            TopicEvent::Storage { stalled } => self.remark(&render::storage(stalled)),
            TopicEvent::Progress { .. } | TopicEvent::TopicJoined | TopicEvent::TopicLeft => {}
            TopicEvent::Resync => self.show_history().await?,
        }
        Ok(())
    }

    async fn take_due(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        if self.alone_at.is_some_and(|at| at <= now) {
            self.show_alone().await?;
        }
        if self.gathered_until.is_some_and(|until| until <= now) {
            self.show_gathered();
        }
        for (event, state) in self.own.take_settled(now) {
            self.show_later_state(&event, state);
        }
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        let dues = [
            self.gathered_until,
            self.own.next_settled(),
            self.alone_at,
            self.leaving_by,
        ];
        dues.into_iter().flatten().min()
    }

    async fn show_history(&mut self) -> Result<(), Failure> {
        let query = ReadQuery::newest(&self.topic, HISTORY_SHOWN);
        let page = self.client.read(&query).await?;
        if !self.is_history_shown
            && let Some(remark) = render::begin_of(&page, HISTORY_SHOWN)
        {
            self.remark(&remark);
        }
        self.is_history_shown = true;
        let mut posts = page.posts;
        posts.reverse();
        learn(&self.client, &self.topic, &posts, &mut self.render).await?;
        for post in posts {
            self.show_post(&post, Some(post.state));
        }
        Ok(())
    }

    async fn show_alone(&mut self) -> Result<(), Failure> {
        if self.alone_at.take().is_some() {
            let explain = self.client.explain(&self.topic).await?;
            self.remark(&render::alone(&explain.sources));
        }
        Ok(())
    }

    fn show_member(
        &mut self,
        peer: PeerId,
        found_by: FoundBy,
        after_ms: u64,
        view: Option<&PeerView>,
    ) {
        if self.members.contains(&peer) {
            return;
        }
        self.members.push(peer);
        self.alone_at = None;
        let path = view.map(|view| (view.path, view.rtt_ms));
        self.remark(&render::peer_joined(peer, found_by, after_ms, path));
    }

    fn is_late(&self, event: &SignedEvent) -> bool {
        event.order().at().0 + LATE_MS < self.client.now().0
    }

    fn gather(&mut self, post: PostView) {
        self.gathered.push(post);
        self.gathered_until
            .get_or_insert_with(|| Instant::now() + GATHER);
    }

    fn show_gathered(&mut self) {
        self.gathered_until = None;
        let mut posts = std::mem::take(&mut self.gathered);
        posts.sort_by_key(|post| post.event.order());
        for post in posts {
            self.show_post(&post, None);
        }
    }

    fn show_post(&mut self, post: &PostView, state: Option<PostState>) {
        if self.begin_post(&post.event) {
            let lines = self.render.post(post, state, self.output.columns());
            self.output.print(&lines);
        }
    }

    fn show_own(&mut self, post: PostView) {
        let state = post.state;
        if self.begin_post(&post.event) {
            let lines = self.render.post(&post, Some(state), self.output.columns());
            self.output
                .print_replaceable(name_of(post.event.id()), &lines);
        }
        self.own.add(post.event, state);
    }

    /// Whether the post is still to be shown; then its day stands above it.
    fn begin_post(&mut self, event: &SignedEvent) -> bool {
        if !self.shown.add(event.id()) {
            return false;
        }
        let at = event.order().at();
        let columns = self.output.columns();
        if let Some(day) = self
            .render
            .day(at, self.last_at, self.client.now(), columns)
        {
            self.output.print(&day);
        }
        self.last_at = Some(at);
        self.newest = self.newest.max(Some(event.order()));
        true
    }

    fn show_later_state(&self, event: &SignedEvent, state: PostState) {
        let line = self.render.later_state(event, state, self.output.columns());
        self.output.print(&line);
    }

    fn note_state(&mut self, id: EventId, state: PostState) {
        let Some(event) = self.own.event(id) else {
            return;
        };
        let post = PostView::bare(event.clone(), self.client.now(), state);
        let lines = self.render.post(&post, Some(state), self.output.columns());
        let is_shown = self.output.replace(name_of(id), &lines);
        self.own.note(id, state, is_shown, Instant::now());
    }

    fn remark(&self, text: &str) {
        self.output.print(&self.render.remark(text));
    }
}

fn name_of(id: EventId) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&id.0[..8]);
    u64::from_be_bytes(bytes)
}
