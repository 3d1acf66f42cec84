//! The shell without a person: lines of standard input are commands.
//!
//! Must never run a command after one that failed.

use std::time::Duration;

use kukuri_wiring::{Exit, Failure};

use super::{Next, Shell};
use crate::{input, screen::Typed, stopping::StopGuard, text};

/// Columns of a line that is named because it failed.
const LINE_COLUMNS: usize = 60;

pub(super) async fn run(
    shell: &mut Shell<'_>,
    guard: &StopGuard,
    wait: Duration,
) -> Result<(), Failure> {
    shell.looks_for_members = true;
    tokio::select! {
        done = all_lines(shell) => done?,
        () = guard.asked() => return Err(Failure::interrupted()),
    }
    tokio::select! {
        done = shell.see_off(wait) => done,
        () = guard.asked() => Err(Failure::interrupted()),
    }
}

async fn all_lines(shell: &mut Shell<'_>) -> Result<(), Failure> {
    let mut lines = input::read_lines();
    let mut number = 0_u64;
    while let Some(typed) = lines.recv().await {
        number += 1;
        let line = match typed {
            Typed::Line(line) => line,
            Typed::NotText { line, byte } => {
                let message = format!("line {line} of standard input is not UTF-8 at byte {byte}");
                return Err(Failure::new(Exit::Usage, message)
                    .hint("put bytes into a file, and add it with --file"));
            }
            Typed::End | Typed::Interrupt => return Ok(()),
        };
        match shell.run(&line).await {
            Ok(Next::Line) => {}
            Ok(Next::Exit) => return Ok(()),
            Err(failure) => {
                let line = text::shortened(&text::one_line(&line), LINE_COLUMNS);
                return Err(failure.detail(format!("line {number}: {line}")));
            }
        }
    }
    Ok(())
}
