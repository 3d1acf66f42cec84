//! The one-shot commands: each asks a client, prints the answer and ends.
//!
//! Owns what the commands have in common: a client that fits, and an orderly end by Ctrl-C. What
//! the answers look like is in `render`.

pub mod authors;
pub mod config;
pub mod conversation;
pub mod doctor;
pub mod entries;
pub mod posts;
pub mod sending;
pub mod state;
pub mod topics;
pub mod up;

use kukuri_wiring::{Access, Failure, Need};

use crate::{access, args::ProfileArgs, console::Console, screen::LogScreen, stopping::StopGuard};

/// Runs one command with a client that can do what it needs, and ends what was begun for it.
/// Ctrl-C ends the command wherever it is.
pub async fn with_client<F>(args: &ProfileArgs, need: Need, work: F) -> Result<(), Failure>
where
    F: AsyncFnOnce(&Access, Console) -> Result<(), Failure>,
{
    if need == Need::Read {
        let access = access::open(args, need, &LogScreen::default()).await?;
        let done = work(&access, Console::of_process(args.json)).await;
        return access.close().await.and(done);
    }
    with_guard(args, need, async |access, console, guard| {
        tokio::select! {
            done = work(access, console) => done,
            () = guard.asked() => Err(Failure::interrupted()),
        }
    })
    .await
}

/// The same for a command that ends by itself where an end is asked for.
pub async fn with_guard<F>(args: &ProfileArgs, need: Need, work: F) -> Result<(), Failure>
where
    F: AsyncFnOnce(&Access, Console, &StopGuard) -> Result<(), Failure>,
{
    let console = Console::of_process(args.json);
    let log = LogScreen::default();
    let guard = StopGuard::watch()?;
    let access = tokio::select! {
        opened = access::open(args, need, &log) => opened?,
        () = guard.asked() => {
            crate::screen::restore();
            return Err(Failure::interrupted());
        }
    };
    let done = work(&access, console, &guard).await;
    let closed = access.close().await;
    done.and(closed)
}
