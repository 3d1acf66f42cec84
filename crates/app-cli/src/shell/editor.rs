//! The line that is typed: a thread that reads the keyboard with completion, history and hints.
//!
//! Owns the terminal while a line is typed, and gives it back with each line. It wakes ten times a
//! second to print what others posted; the chat, which stays open for days, does without.

use std::{
    borrow::Cow,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self as sync_mpsc, SyncSender},
    },
};

use kukuri_domain::TopicName;
use reedline::{
    ColumnarMenu, DefaultHinter, Emacs, ExternalPrinter, FileBackedHistory, KeyCode, KeyModifiers,
    MenuBuilder as _, Prompt, PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent,
    ReedlineMenu, Signal, default_emacs_keybindings,
};
use tokio::sync::mpsc;

use super::completion::LineCompleter;
use crate::{language::say, screen::Typed};

/// Lines that the arrow keys bring back.
const HISTORY_MAX: usize = 1_000;

/// Messages that wait to be printed above the line.
const MESSAGES_MAX: usize = 1_024;

const MENU: &str = "completion";

/// The keyboard.
pub(super) struct Editor {
    ask: sync_mpsc::Sender<TopicPrompt>,
    typed: mpsc::Receiver<Typed>,
    stop: Arc<AtomicBool>,
    printer: SyncSender<String>,
}

impl Editor {
    /// Starts the thread; it ends with this, or with the line that is being typed.
    pub(super) fn start(completer: LineCompleter, history: PathBuf, has_colours: bool) -> Self {
        let (ask, asked) = sync_mpsc::channel();
        let (sender, typed) = mpsc::channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let messages = ExternalPrinter::new(MESSAGES_MAX);
        let printer = messages.sender();
        let editor = reedline(completer, history, has_colours)
            .with_external_printer(messages)
            .with_break_signal(stop.clone());
        std::thread::spawn(move || read(editor, &asked, &sender));
        Self {
            ask,
            typed,
            stop,
            printer,
        }
    }

    /// The next line. Cancel-safe once it was asked for.
    pub(super) async fn line(&mut self, topic: Option<&TopicName>) -> Typed {
        let prompt = TopicPrompt(topic.map(ToString::to_string).unwrap_or_default());
        if self.ask.send(prompt).is_err() {
            return Typed::End;
        }
        self.typed.recv().await.unwrap_or(Typed::End)
    }

    /// Gives the terminal back while a line is being typed.
    pub(super) async fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.typed.recv().await;
    }

    /// Prints lines above the one that is typed.
    pub(super) fn printer(&self) -> SyncSender<String> {
        self.printer.clone()
    }
}

fn reedline(completer: LineCompleter, history: PathBuf, has_colours: bool) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let tab = vec![
        ReedlineEvent::Menu(MENU.to_owned()),
        ReedlineEvent::MenuNext,
    ];
    keys.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(tab),
    );
    let menu = ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name(MENU)));
    let editor = Reedline::create()
        .with_completer(Box::new(completer))
        .with_menu(menu)
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_history_exclusion_prefix(Some(" ".to_owned()))
        .with_ansi_colors(has_colours)
        .use_bracketed_paste(true);
    // Without colours a hint would look like what was typed.
    let editor = match has_colours {
        true => editor.with_hinter(Box::new(DefaultHinter::default())),
        false => editor,
    };
    match FileBackedHistory::with_file(HISTORY_MAX, history) {
        Ok(history) => editor.with_history(Box::new(history)),
        Err(error) => {
            let why = error.to_string();
            eprintln!("{}", say!("lines are not remembered: {why}", why = why));
            editor
        }
    }
}

fn read(
    mut editor: Reedline,
    asked: &sync_mpsc::Receiver<TopicPrompt>,
    typed: &mpsc::Sender<Typed>,
) {
    while let Ok(prompt) = asked.recv() {
        let line = editor.read_line(&prompt);
        // A line that cannot be remembered was still typed.
        let _ = editor.sync_history();
        let line = line_of(line);
        let is_last = line == Typed::End;
        if typed.blocking_send(line).is_err() || is_last {
            return;
        }
    }
}

fn line_of(signal: io::Result<Signal>) -> Typed {
    match signal {
        Ok(Signal::Success(line)) => Typed::Line(line),
        Ok(Signal::CtrlC) => Typed::Interrupt,
        // Ctrl-D, an end that was asked for, or the terminal is gone.
        Ok(_) | Err(_) => Typed::End,
    }
}

/// `#lobby> `
struct TopicPrompt(String);

impl Prompt for TopicPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        match self.0.is_empty() {
            true => Cow::Borrowed(""),
            false => Cow::Owned(format!("#{}", self.0)),
        }
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("  ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(say!("(search: {term}) ", term = search.term))
    }
}
