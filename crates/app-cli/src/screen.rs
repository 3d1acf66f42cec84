//! The terminal while somebody chats: messages above, the line that is being typed below.
//!
//! Owns raw mode, the keyboard thread and every byte written to the terminal. The typed line
//! takes exactly one row (a longer one is shown in part), so that a message can replace it and
//! draw it anew below in one write, at any moment and whatever its width. A polling line editor
//! would wake ten times a second for that; here the keyboard is read by a thread that sleeps.

mod line;

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crossterm::{
    cursor,
    event::{
        self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind,
        KeyModifiers,
    },
    execute, terminal,
};
use tokio::sync::mpsc;
use tracing_subscriber::fmt::MakeWriter;

use crate::text;
use line::Line;

const PROMPT: &str = "> ";

/// Lines that were typed and wait to be taken. Nobody types faster; when it is full, typing waits.
const TYPED_CAPACITY: usize = 64;

/// Columns that are assumed where the terminal does not say.
const COLUMNS_DEFAULT: usize = 80;

/// How wide the terminal is that standard output goes to; `None` when that is none.
pub fn columns() -> Option<usize> {
    // What a test expects does not depend on the window that it runs in.
    if cfg!(test) || !io::stdout().is_terminal() {
        return None;
    }
    // A terminal that does not tell its size is taken as it comes, like no terminal.
    terminal::size().ok().map(|(columns, _)| columns.into())
}

/// What the keyboard or a pipe gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line.
    Line(String),
    /// A line that is no UTF-8.
    NotText {
        /// Which line of the input, from 1.
        line: u64,
        /// How many bytes of it are right before the first wrong one.
        byte: usize,
    },
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line, or the terminal is gone.
    End,
}

/// The terminal. Dropping the last handle restores it.
#[derive(Debug, Clone)]
pub struct Screen {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    line: Line,
    columns: usize,
    /// Whether the terminal is ours; afterwards lines are printed plainly.
    active: bool,
    /// The text printed last, if it may be replaced, and its name.
    replaceable: Option<(u64, String)>,
}

impl Screen {
    /// Takes over the terminal.
    ///
    /// # Errors
    /// The system's error if standard input is no terminal.
    pub fn open() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        execute!(io::stdout(), EnableBracketedPaste)?;
        let columns = terminal::size().map_or(COLUMNS_DEFAULT, |(columns, _)| usize::from(columns));
        let state = State {
            line: Line::default(),
            columns,
            active: true,
            replaceable: None,
        };
        let screen = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
            }),
        };
        screen.state().redraw("");
        Ok(screen)
    }

    /// Reads the keyboard on a thread of its own. It sleeps in the system until a key comes, and
    /// so ends only with the process.
    pub fn read_keyboard(&self) -> mpsc::Receiver<Typed> {
        let (sender, receiver) = mpsc::channel(TYPED_CAPACITY);
        let screen = self.clone();
        std::thread::spawn(move || {
            loop {
                let typed = match event::read() {
                    Ok(event) => screen.state().apply(event),
                    Err(_terminal_is_gone) => Some(Typed::End),
                };
                let is_last = typed == Some(Typed::End);
                let is_taken = typed.is_none_or(|typed| sender.blocking_send(typed).is_ok());
                if is_last || !is_taken {
                    return;
                }
            }
        });
        receiver
    }

    /// Prints lines above the typed one.
    pub fn print(&self, lines: &str) {
        let mut state = self.state();
        state.replaceable = None;
        state.redraw(lines);
    }

    /// Prints lines that may be replaced as long as nothing follows them.
    pub fn print_replaceable(&self, name: u64, lines: &str) {
        let mut state = self.state();
        state.redraw(lines);
        state.replaceable = Some((name, lines.to_owned()));
    }

    /// Replaces lines in place; `false` when something was printed since.
    pub fn replace(&self, name: u64, lines: &str) -> bool {
        self.state().replace(name, lines)
    }

    /// Columns of the terminal.
    pub fn columns(&self) -> usize {
        self.state().columns
    }

    /// Gives the terminal back; the typed line disappears. Doing it twice does no harm.
    pub fn close(&self) {
        self.state().close();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while drawing leaves nothing that the next drawing does not repair.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.state
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .close();
    }
}

impl State {
    fn apply(&mut self, event: Event) -> Option<Typed> {
        let typed = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.apply_key(key),
            Event::Paste(text) => {
                self.line.insert(text.trim_end_matches(['\r', '\n']));
                None
            }
            Event::Resize(columns, _) => {
                self.columns = usize::from(columns);
                self.replaceable = None;
                None
            }
            _ => return None,
        };
        self.redraw("");
        typed
    }

    fn apply_key(&mut self, key: KeyEvent) -> Option<Typed> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let word = control || key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Enter => return Some(Typed::Line(self.line.take())),
            // A line that was typed before the terminal was ours ends like this.
            KeyCode::Char('j') if control => return Some(Typed::Line(self.line.take())),
            KeyCode::Char('c') if control => return Some(Typed::Interrupt),
            KeyCode::Char('d') if control && self.line.is_empty() => return Some(Typed::End),
            KeyCode::Char('d') if control => self.line.delete(),
            KeyCode::Char('a') if control => self.line.home(),
            KeyCode::Char('e') if control => self.line.end(),
            KeyCode::Char('b') if control => self.line.left(),
            KeyCode::Char('f') if control => self.line.right(),
            KeyCode::Char('u') if control => self.line.kill_to_start(),
            KeyCode::Char('k') if control => self.line.kill_to_end(),
            KeyCode::Char('w') if control => self.line.kill_word(),
            KeyCode::Char('h') if control => self.line.backspace(),
            KeyCode::Char('p') if control => self.line.previous(),
            KeyCode::Char('n') if control => self.line.next(),
            KeyCode::Char('l') if control => self.clear(),
            KeyCode::Char(c) if !control => self.line.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if word => self.line.kill_word(),
            KeyCode::Backspace => self.line.backspace(),
            KeyCode::Delete => self.line.delete(),
            KeyCode::Left if word => self.line.word_left(),
            KeyCode::Right if word => self.line.word_right(),
            KeyCode::Left => self.line.left(),
            KeyCode::Right => self.line.right(),
            KeyCode::Home => self.line.home(),
            KeyCode::End => self.line.end(),
            KeyCode::Up => self.line.previous(),
            KeyCode::Down => self.line.next(),
            _ => {}
        }
        None
    }

    /// Writes `lines` over the typed line, and the typed line below them.
    fn redraw(&mut self, lines: &str) {
        if !self.active {
            if !lines.is_empty() {
                write_out(format!("{lines}\n").as_bytes());
            }
            return;
        }
        let bytes = self.drawn(lines);
        write_out(bytes.as_bytes());
    }

    fn drawn(&self, lines: &str) -> String {
        let mut bytes = String::from("\r\x1b[2K");
        for line in lines.lines() {
            bytes.push_str(line);
            bytes.push_str("\r\n");
        }
        let prompt = text::width(PROMPT);
        let view = self.line.view(self.columns.saturating_sub(prompt));
        bytes.push_str(PROMPT);
        bytes.push_str(&view.shown);
        bytes.push_str(&format!("\r\x1b[{}C", prompt + view.cursor));
        bytes
    }

    fn replace(&mut self, name: u64, lines: &str) -> bool {
        let Some((printed, old)) = self
            .replaceable
            .take()
            .filter(|(printed, _)| *printed == name)
        else {
            return false;
        };
        if !self.active {
            return false;
        }
        let rows: usize = old.lines().map(|line| rows(line, self.columns)).sum();
        let bytes = format!("\r\x1b[{rows}A\x1b[J{}", self.drawn(lines));
        write_out(bytes.as_bytes());
        self.replaceable = Some((printed, lines.to_owned()));
        true
    }

    fn clear(&mut self) {
        self.replaceable = None;
        write_out(b"\x1b[2J\x1b[H");
    }

    fn close(&mut self) {
        if !self.active {
            return;
        }
        self.active = false;
        write_out(b"\r\x1b[2K");
        // The terminal may be gone already; there is nobody left to tell.
        let _ = execute!(io::stdout(), DisableBracketedPaste, cursor::Show);
        // For the same reason.
        let _ = terminal::disable_raw_mode();
    }
}

/// Rows that a printed line takes; colours take none.
fn rows(line: &str, columns: usize) -> usize {
    text::width(&without_colours(line))
        .div_ceil(columns.max(1))
        .max(1)
}

/// The line without the colours that we put into it (text of others holds no escapes).
pub fn without_colours(line: &str) -> String {
    let mut parts = line.split('\x1b');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

fn write_out(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    // A terminal that takes nothing is gone: the keyboard thread notices and ends the chat.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Gives the terminal back, whoever took it over; for ends that come in between. It goes by
/// standard error, because standard output may be what hangs.
pub fn restore() {
    if terminal::is_raw_mode_enabled().unwrap_or(false) {
        // Where there is no terminal any more there is nothing to give back.
        let _ = terminal::disable_raw_mode();
        // For the same reason; and whoever closed standard error does not see the terminal.
        let _ = execute!(io::stderr(), DisableBracketedPaste);
    }
}

/// Reads a line that is not shown, for passphrases. `None` when it was interrupted.
///
/// # Errors
/// The system's error if the terminal cannot be read.
pub fn read_hidden(prompt: &str) -> io::Result<Option<zeroize::Zeroizing<String>>> {
    // First silence, then the question: whoever answers at once must not be shown.
    terminal::enable_raw_mode()?;
    // Standard error is not kept locked: the log may need it while somebody types.
    eprint!("{}", prompt.replace('\n', "\r\n"));
    let read = hidden_keys();
    terminal::disable_raw_mode()?;
    eprintln!();
    read
}

fn hidden_keys() -> io::Result<Option<zeroize::Zeroizing<String>>> {
    let mut secret = zeroize::Zeroizing::new(String::new());
    loop {
        let Event::Key(key) = event::read()? else {
            continue;
        };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(Some(secret)),
            // A line that was typed before the terminal was silent ends like this.
            KeyCode::Char('j') if control => return Ok(Some(secret)),
            KeyCode::Char('c' | 'd') if control => return Ok(None),
            KeyCode::Char('u') if control => secret.clear(),
            KeyCode::Backspace => {
                secret.pop();
            }
            KeyCode::Char(c) if !control => secret.push(c),
            _ => {}
        }
    }
}

/// Where log lines go that were asked for with `--log`: to standard error, and while somebody
/// chats above the line that is being typed.
#[derive(Debug, Clone, Default)]
pub struct LogScreen(Arc<Mutex<Option<Screen>>>);

impl LogScreen {
    /// From now on log lines go above the typed line of this screen, or to standard error again.
    pub fn show_on(&self, screen: Option<Screen>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = screen;
    }
}

impl<'a> MakeWriter<'a> for LogScreen {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for LogScreen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let screen = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match screen {
            Some(screen) => {
                for line in String::from_utf8_lossy(bytes).lines() {
                    screen.print(&text::one_line(line));
                }
            }
            None => io::stderr().lock().write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(typed: &str, columns: usize) -> State {
        let mut line = Line::default();
        line.insert(typed);
        State {
            line,
            columns,
            active: true,
            replaceable: None,
        }
    }

    #[test]
    fn a_message_is_drawn_above_and_the_typed_line_below() {
        let drawn = state("明日 hal", 40).drawn("09:12  aoi  morning\nsecond");
        assert_eq!(
            drawn,
            "\r\x1b[2K09:12  aoi  morning\r\nsecond\r\n> 明日 hal\r\x1b[10C"
        );
    }

    #[test]
    fn a_line_longer_than_the_row_is_shown_in_part_and_never_wraps() {
        let drawn = state(&"漢字".repeat(100), 20).drawn("");
        let row = drawn
            .split("\r\x1b[")
            .nth(1)
            .expect("the row")
            .trim_start_matches("2K");
        assert!(text::width(row) < 20, "{row:?}");
    }

    #[test]
    fn rows_count_columns_without_colours() {
        assert_eq!(rows("\x1b[2m09:12\x1b[0m hi", 80), 1);
        assert_eq!(rows(&"明".repeat(41), 80), 2);
        assert_eq!(rows("", 80), 1);
    }

    #[test]
    fn ctrl_c_and_ctrl_d_are_told_apart() {
        let key = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(state("x", 80).apply_key(key('c')), Some(Typed::Interrupt));
        assert_eq!(state("x", 80).apply_key(key('d')), None);
        assert_eq!(state("", 80).apply_key(key('d')), Some(Typed::End));
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        assert_eq!(
            state("hi", 80).apply_key(enter),
            Some(Typed::Line("hi".to_owned()))
        );
    }
}
