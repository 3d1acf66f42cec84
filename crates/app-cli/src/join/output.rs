//! Where the chat's lines go: the screen above the typed line, or plainly to standard output.

use std::{
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{console, screen::Screen};

/// Columns of output that is no terminal.
const PLAIN_COLUMNS: usize = 80;

/// Where lines go. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Output {
    /// A terminal.
    Screen(Screen),
    /// A file or pipe; the flag says that nobody reads it any more.
    Plain(Arc<AtomicBool>),
}

impl Output {
    pub(super) fn plain() -> Self {
        Output::Plain(Arc::default())
    }

    /// Prints lines. A slow terminal or pipe holds up this task and no other.
    pub(super) fn print(&self, lines: &str) {
        tokio::task::block_in_place(|| match self {
            Output::Screen(screen) => screen.print(lines),
            Output::Plain(is_gone) => print_plain(lines, is_gone),
        });
    }

    /// Prints lines that may be replaced while nothing follows them.
    pub(super) fn print_replaceable(&self, name: u64, lines: &str) {
        match self {
            Output::Screen(screen) => {
                tokio::task::block_in_place(|| screen.print_replaceable(name, lines));
            }
            Output::Plain(_) => self.print(lines),
        }
    }

    /// Shows how far something has come, in one line that moves on; not where nothing can be
    /// replaced.
    pub(super) fn show_progress(&self, line: &str) {
        /// No post has this name.
        const PROGRESS: u64 = 0;
        if matches!(self, Output::Screen(_)) && !self.replace(PROGRESS, line) {
            self.print_replaceable(PROGRESS, line);
        }
    }

    /// Replaces lines in place; `false` when it is too late or not possible here.
    pub(super) fn replace(&self, name: u64, lines: &str) -> bool {
        match self {
            Output::Screen(screen) => tokio::task::block_in_place(|| screen.replace(name, lines)),
            Output::Plain(_) => false,
        }
    }

    /// Something that is no part of the conversation: on a terminal above the typed line,
    /// otherwise on standard error, so that standard output holds posts and remarks only.
    pub(super) fn complain(&self, lines: &str) {
        match self {
            Output::Screen(_) => self.print(lines),
            Output::Plain(_) => eprintln!("{lines}"),
        }
    }

    pub(super) fn columns(&self) -> usize {
        match self {
            Output::Screen(screen) => screen.columns(),
            Output::Plain(_) => PLAIN_COLUMNS,
        }
    }

    /// Whether nobody reads the output any more.
    pub(super) fn is_gone(&self) -> bool {
        match self {
            Output::Screen(_) => false,
            Output::Plain(is_gone) => is_gone.load(Ordering::Relaxed),
        }
    }

    /// Whether it understands colours, and the user wants them.
    pub(super) fn has_colours(&self) -> bool {
        matches!(self, Output::Screen(_)) && console::wants_colours()
    }

    /// Gives the terminal back.
    pub(super) fn close(&self) {
        if let Output::Screen(screen) = self {
            screen.close();
        }
    }
}

fn print_plain(lines: &str, is_gone: &AtomicBool) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{lines}").and_then(|()| out.flush()).is_err() {
        is_gone.store(true, Ordering::Relaxed);
    }
}
