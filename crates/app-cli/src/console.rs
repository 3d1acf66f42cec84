//! What a one-shot command prints: text for people, or one JSON document for programs.
//!
//! Must never print anything else on standard output when JSON was asked for, and never fail
//! because the reader of a pipe has seen enough.

use std::io::{self, IsTerminal as _, Write as _};

use chrono::Local;
use kukuri_domain::AuthorId;
use kukuri_wiring::{Exit, Failure};
use serde::Serialize;

use crate::render::{Render, Seen};

/// Columns of output that is no terminal.
const PLAIN_COLUMNS: usize = 80;

/// Where a command prints, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    /// Whether programs read it.
    pub is_json: bool,
    /// Whether somebody reads it on a terminal.
    pub is_terminal: bool,
    has_colours: bool,
    columns: usize,
}

impl Console {
    /// Standard output of this process.
    pub fn of_process(is_json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let size = crossterm::terminal::size().map(|(columns, _)| usize::from(columns));
        Self {
            is_json,
            is_terminal,
            has_colours: is_terminal && !is_json && wants_colours(),
            // A terminal that does not tell its size is as wide as most.
            columns: if is_terminal {
                size.unwrap_or(PLAIN_COLUMNS)
            } else {
                PLAIN_COLUMNS
            },
        }
    }

    /// Whether the output understands colours, and the user wants them.
    pub fn has_colours(&self) -> bool {
        self.has_colours
    }

    /// Columns to fill.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Posts for this reader, with their ids.
    pub fn render(&self, own: AuthorId) -> Render<Local> {
        Render {
            zone: Local,
            own,
            has_colours: self.has_colours,
            has_ids: true,
            seen: Seen::default(),
        }
    }

    /// Prints the answer: as JSON, or in words.
    pub fn answer<T: Serialize>(
        &self,
        answer: &T,
        words: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.is_json {
            self.json(answer)
        } else {
            self.text(&words(answer))
        }
    }

    /// Prints one JSON document on one line.
    pub fn json(&self, answer: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(answer)
            .map_err(|error| Failure::new(Exit::Unexpected, error.to_string()))?;
        self.text(&line)
    }

    /// Prints lines.
    pub fn text(&self, lines: &str) -> Result<(), Failure> {
        self.bytes(format!("{lines}\n").as_bytes())
    }

    /// Prints bytes as they are. Must not be called with those of others for a terminal.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::output_gone()),
            Err(error) => Err(Failure::new(
                Exit::Disk,
                format!("failed to write the output: {error}"),
            )),
        }
    }

    /// Says something to a person that is no part of the answer.
    pub fn remark(&self, text: &str) {
        if !self.is_json {
            eprintln!("{text}");
        }
    }
}

/// Whether the user wants colours (<https://no-color.org>) and the terminal knows them.
pub fn wants_colours() -> bool {
    let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let is_able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    is_wanted && is_able
}
