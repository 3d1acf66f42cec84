//! `kukuri shell`: commands in a topic, typed one after the other or read from a pipe.
//!
//! Owns the topic that is in use and what was written last. The commands themselves are those of
//! the command line: nothing is asked of the node or shown here that has its own place there.

mod completion;
mod editor;
mod interactive;
mod line;
mod news;
mod piped;

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use kukuri_domain::{TopicName, TopicRef};
use kukuri_node::{Client, client::ReadQuery};
use kukuri_wiring::{Access, Exit, Failure, Need};
use serde_json::json;

use crate::{
    access::home_of,
    args::{ProfileArgs, PutArgs, ShellCommand},
    commands::{
        entries::{Desk, deletion_of, key_of, write_of},
        posts,
        sending::{Sending, Sent},
        state, topics, with_guard,
    },
    console::Console,
    language::say,
    render,
};
use line::Parsed;

/// Runs the command until its input ends.
///
/// # Errors
/// [`Failure`]; from a pipe that of the first command that failed.
pub async fn run(args: &ProfileArgs, topic: Option<&str>, wait: Duration) -> Result<(), Failure> {
    let topic: Option<TopicRef> = topic.map(str::parse).transpose()?;
    let history = home_of(args)?.shell_history();
    let is_typed = io::stdin().is_terminal() && io::stdout().is_terminal();
    let need = match is_typed {
        true => Need::LastingNode,
        false => Need::Node,
    };
    with_guard(args, need, async |access, console, guard| {
        let opened = Shell::open(access, console, topic.as_ref());
        let mut shell = tokio::select! {
            opened = opened => opened?,
            () = guard.asked() => return Err(Failure::interrupted()),
        };
        match is_typed {
            true => interactive::run(&mut shell, guard, history).await,
            false => piped::run(&mut shell, guard, wait).await,
        }
    })
    .await
}

/// What follows after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The next one.
    Line,
    /// The end.
    Exit,
}

/// A topic in use.
struct Shell<'a> {
    access: &'a Access,
    console: Console,
    topic: Option<TopicName>,
    /// What was written last, to see it off.
    last: Option<(TopicName, Sent)>,
    /// Whether members are looked for before it is said who is there.
    looks_for_members: bool,
}

impl<'a> Shell<'a> {
    async fn open(
        access: &'a Access,
        console: Console,
        topic: Option<&TopicRef>,
    ) -> Result<Self, Failure> {
        if let Some(node) = access.own_node() {
            node.join_noted_topics().await?;
        }
        let client = access.client();
        let topic = match topic {
            Some(topic) => Some(client.topic(topic).await?.name),
            None => {
                let mut joined = client.topics().await?.into_iter();
                // Of several none is meant more than another.
                joined
                    .next()
                    .filter(|_| joined.next().is_none())
                    .map(|topic| topic.name)
            }
        };
        Ok(Self {
            access,
            console,
            topic,
            last: None,
            looks_for_members: false,
        })
    }

    fn client(&self) -> &'a Client {
        self.access.client()
    }

    /// The topic in use.
    fn topic(&self) -> Result<&TopicName, Failure> {
        self.topic.as_ref().ok_or_else(|| {
            Failure::new(Exit::Usage, "no topic is chosen")
                .hint("choose one of those that 'topics' lists: use TOPIC")
        })
    }

    fn desk(&self) -> Result<Desk<'a>, Failure> {
        Ok(Desk {
            client: self.client(),
            console: self.console,
            topic: self.topic()?.clone(),
        })
    }

    /// Runs a line.
    async fn run(&mut self, line: &str) -> Result<Next, Failure> {
        match line::parsed(line)? {
            Parsed::Nothing => Ok(Next::Line),
            Parsed::Help(help) => {
                self.console
                    .answer(&json!({ "help": help }), |_| help.clone())?;
                Ok(Next::Line)
            }
            Parsed::Command(ShellCommand::Exit) => Ok(Next::Exit),
            Parsed::Command(command) => self.command(command).await.map(|()| Next::Line),
        }
    }

    async fn command(&mut self, command: ShellCommand) -> Result<(), Failure> {
        let (client, console) = (self.client(), self.console);
        match command {
            ShellCommand::Add { put } => self.add(&put).await,
            ShellCommand::Get { key } => self.desk()?.get(key_of(&key)?, true).await,
            ShellCommand::List { page } => self.desk()?.list(page).await,
            ShellCommand::Delete { deletion } => self.write(deletion_of(&deletion)?).await,
            ShellCommand::Watch { watch } => self.desk()?.watch(watch).await,
            ShellCommand::History { history } => self.desk()?.history(&history).await,
            ShellCommand::Why { key } => self.desk()?.why(key_of(&key)?).await,
            ShellCommand::Post { text } => self.post(&text).await,
            ShellCommand::Read { limit } => {
                let query = ReadQuery::newest(self.topic()?, limit);
                posts::print_page(client, console, &query).await
            }
            ShellCommand::Topics => topics::show_all(client, console).await,
            ShellCommand::Use { topic } => self.use_topic(&topic).await,
            ShellCommand::Status => state::show_status(client, console).await,
            ShellCommand::Peers => {
                let topic = self.topic_with_members().await?;
                state::show_peers(client, console, Some(&topic)).await
            }
            ShellCommand::Info => self.info().await,
            ShellCommand::Explain => {
                let topic = self.topic_with_members().await?;
                state::show_explain(client, console, &topic).await
            }
            // Whoever runs lines has seen to it.
            ShellCommand::Exit => Ok(()),
        }
    }

    async fn add(&mut self, put: &PutArgs) -> Result<(), Failure> {
        let has_value = put.value.as_deref().is_some_and(|value| value != "-");
        if !has_value && put.file.is_none() {
            return Err(Failure::new(Exit::Usage, "there is no value")
                .hint("give it behind the key, or name a file: --file FILE"));
        }
        self.write(write_of(put)?).await
    }

    async fn write(&mut self, write: kukuri_node::client::EntryWrite) -> Result<(), Failure> {
        let desk = self.desk()?;
        let entry = desk.write(write).await?;
        let sent = Sent::Entry(entry.key.clone(), entry.revision);
        self.last = Some((desk.topic.clone(), sent));
        desk.answer_written(&entry)
    }

    async fn post(&mut self, text: &str) -> Result<(), Failure> {
        let topic = self.topic()?.clone();
        let posted = self.client().post(&topic, text).await?;
        self.last = Some((topic, Sent::Post(posted.event.id())));
        posts::answer_posted(self.console, &posted)
    }

    async fn use_topic(&mut self, topic: &str) -> Result<(), Failure> {
        let topic: TopicRef = topic.parse()?;
        let view = self.client().topic(&topic).await?;
        self.topic = Some(view.name.clone());
        self.console.answer(&view, render::topic_intro)
    }

    async fn topic_with_members(&self) -> Result<TopicRef, Failure> {
        let topic: TopicRef = self.topic()?.into();
        if self.looks_for_members {
            state::look_for_members(self.access, self.console, Some(&topic)).await?;
        }
        Ok(topic)
    }

    /// Who one is, and where.
    async fn info(&self) -> Result<(), Failure> {
        let client = self.client();
        let topic = match &self.topic {
            Some(topic) => Some(client.topic(topic).await?),
            None => None,
        };
        let profile = client.profile();
        let form = json!({ "profile": profile, "topic": topic });
        self.console.answer(&form, |_| {
            let who = render::identity_intro(profile.author, &profile.home);
            match &topic {
                Some(topic) => format!("{who}\n{}", render::topic(topic, client.now())),
                None => format!("{who}\n{}", say!("no topic is chosen; use TOPIC")),
            }
        })
    }

    /// Waits until somebody holds what was written last, where the node ends with this.
    async fn see_off(&mut self, wait: Duration) -> Result<(), Failure> {
        match self.last.take() {
            Some((topic, sent)) => {
                Sending::hand_over(self.access, self.console, &topic, sent, wait).await
            }
            None => Ok(()),
        }
    }
}
