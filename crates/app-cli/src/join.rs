//! `kukuri join`: chat in a topic, on a terminal or through pipes.
//!
//! Owns the order of the command: check the name, take the profile, start the node, chat, stop.
//! Must never end a terminal in raw mode, and never take longer than five seconds to stop.

mod chat;
mod output;

use std::io::IsTerminal as _;

use kukuri_domain::TopicName;
use kukuri_wiring::{Access, Exit, Failure, Need};
use tokio::sync::mpsc;

use crate::{
    access,
    args::ProfileArgs,
    input,
    language::say,
    screen::{LogScreen, Screen, Typed},
    stopping::{self, StopGuard},
};
use chat::{Chat, Ended};
use output::Output;

/// Runs the command until the user leaves.
///
/// # Errors
/// [`Failure`] with its exit code; Ctrl-C and signals are [`Exit::Interrupted`].
pub async fn run(args: &ProfileArgs, topic: &str) -> Result<(), Failure> {
    let topic: TopicName = topic.parse()?;
    let guard = StopGuard::watch()?;
    let log = LogScreen::default();
    let access = tokio::select! {
        opened = access::open(args, Need::LastingNode, &log) => opened?,
        () = guard.asked() => {
            crate::screen::restore();
            return Err(Failure::interrupted());
        }
    };
    let (output, mut typed, has_commands) = open_terminal(&log)?;
    let mut chat = Chat::new(access.client().clone(), topic, output.clone(), has_commands);
    let ended = chat.run(&mut typed, &guard).await;
    log.show_on(None);
    output.print(&say!("leaving"));
    let stopped = stop(access, &mut typed).await;
    output.close();
    match ended? {
        Ended::Left => stopped,
        Ended::Interrupted => Err(Failure::interrupted()),
    }
}

/// A chat needs a terminal on both sides; otherwise lines are read and printed plainly. Commands
/// are understood when a person types.
fn open_terminal(log: &LogScreen) -> Result<(Output, mpsc::Receiver<Typed>, bool), Failure> {
    let is_typed = std::io::stdin().is_terminal();
    if is_typed && std::io::stdout().is_terminal() {
        let screen = Screen::open().map_err(|error| {
            Failure::new(
                Exit::Unexpected,
                format!("failed to take over the terminal: {error}"),
            )
        })?;
        log.show_on(Some(screen.clone()));
        let typed = screen.read_keyboard();
        return Ok((Output::Screen(screen), typed, true));
    }
    Ok((Output::plain(), input::read_lines(), is_typed))
}

/// Stops the node. A second Ctrl-C ends the process at once; on a terminal that a chat has taken
/// over it is a key, and no signal that the guard would see.
async fn stop(access: Access, typed: &mut mpsc::Receiver<Typed>) -> Result<(), Failure> {
    tokio::select! {
        stopped = access.close() => stopped,
        () = interrupted(typed) => stopping::end_now(),
    }
}

async fn interrupted(typed: &mut mpsc::Receiver<Typed>) {
    while let Some(typed) = typed.recv().await {
        if typed == Typed::Interrupt {
            return;
        }
    }
    std::future::pending().await
}
