//! The shell with a person at the terminal.
//!
//! Owns what Ctrl-C means: at the prompt it clears the line, while a command runs it ends that
//! command. Must never end because a command failed, and never leave the terminal raw.

use std::path::PathBuf;

use kukuri_wiring::{Exit, Failure};
use tokio::{runtime::Handle, sync::watch, task::JoinSet};

use super::{
    Next, Shell,
    completion::{LineCompleter, TopicInUse},
    editor::Editor,
    news,
};
use crate::{failure, language::say, render, screen, screen::Typed, stopping::StopGuard};

pub(super) async fn run(
    shell: &mut Shell<'_>,
    guard: &StopGuard,
    history: PathBuf,
) -> Result<(), Failure> {
    let client = shell.client();
    welcome(shell).await?;
    let in_use = TopicInUse::default();
    let completer = LineCompleter {
        client: client.clone(),
        topic: in_use.clone(),
        runtime: Handle::current(),
    };
    let mut editor = Editor::start(completer, history, shell.console.has_colours());
    let (topic, followed) = watch::channel(shell.topic.clone());
    let mut news = JoinSet::new();
    news.spawn(news::print(
        client.clone(),
        followed,
        shell.console.render(client.author()),
        shell.console.columns(),
        editor.printer(),
    ));
    loop {
        in_use.set(shell.topic.clone());
        topic.send_if_modified(|followed| {
            let is_other = *followed != shell.topic;
            followed.clone_from(&shell.topic);
            is_other
        });
        let typed = tokio::select! {
            typed = editor.line(shell.topic.as_ref()) => typed,
            () = guard.asked() => {
                editor.stop().await;
                screen::restore();
                return Err(Failure::interrupted());
            }
        };
        let line = match typed {
            Typed::Line(line) => line,
            Typed::Interrupt | Typed::NotText { .. } => continue,
            Typed::End => return Ok(()),
        };
        let part = guard.begin_part();
        let done = tokio::select! {
            done = shell.run(&line) => done,
            () = part.cancelled() => Err(Failure::interrupted()),
            () = guard.asked() => return Err(Failure::interrupted()),
        };
        guard.part_is_over();
        match done {
            Ok(Next::Line) => {}
            Ok(Next::Exit) => return Ok(()),
            // The terminal has shown ^C.
            Err(failure) if failure.exit == Exit::Interrupted => eprintln!(),
            Err(failure) if failure.exit == Exit::OutputGone => return Err(failure),
            Err(failure) if shell.console.is_json => eprintln!("{}", failure.json()),
            Err(failure) => eprint!("{}", failure::shown(&failure)),
        }
    }
}

/// Where one is, and how to go on.
async fn welcome(shell: &Shell<'_>) -> Result<(), Failure> {
    let client = shell.client();
    match &shell.topic {
        Some(topic) => {
            let view = client.topic(topic).await?;
            shell.console.remark(&render::topic_intro(&view));
        }
        None => shell.console.remark(&say!("no topic is chosen; use TOPIC")),
    }
    shell
        .console
        .remark(&say!("'help' lists the commands, Ctrl-D leaves"));
    Ok(())
}
