//! Lines from standard input that is no terminal.

use std::io::{self, BufRead, Read as _};

use tokio::sync::mpsc;

use crate::screen::Typed;

/// Lines that were read and wait to be posted; a fast writer waits for the disk.
const LINES_CAPACITY: usize = 64;

/// Bytes of a line that are kept. It is more than a post can have, so that a longer line is
/// refused as a whole and never cut.
const LINE_BYTES_MAX: u64 = 256 * 1024;

/// Reads on a thread of its own, which sleeps in the system and may end only with the process.
pub(super) fn read_lines() -> mpsc::Receiver<Typed> {
    let (sender, receiver) = mpsc::channel(LINES_CAPACITY);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let typed = match next_line(&mut input) {
                Ok(Some(line)) => Typed::Line(line),
                Ok(None) | Err(_) => Typed::End,
            };
            let is_last = typed == Typed::End;
            if sender.blocking_send(typed).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// The next line without its end; bytes that are no UTF-8 are shown as such.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    input
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == LINE_BYTES_MAX {
        skip_rest(input)?;
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

fn skip_rest(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        let (used, is_end) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (bytes.len(), bytes.is_empty()),
        };
        input.consume(used);
        if is_end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(bytes: &[u8]) -> Vec<String> {
        let mut input = io::BufReader::with_capacity(7, bytes);
        std::iter::from_fn(|| next_line(&mut input).expect("memory can be read")).collect()
    }

    #[test]
    fn each_line_is_one_whether_or_not_the_last_one_ends() {
        assert_eq!(
            lines_of(b"one\r\n\ntwo\nthree"),
            ["one", "", "two", "three"]
        );
        assert!(lines_of(b"").is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_reading() {
        assert_eq!(lines_of(b"a\xffb\nc"), ["a\u{fffd}b", "c"]);
    }

    #[test]
    fn an_endless_line_is_not_kept_and_the_next_one_is_read() {
        let mut bytes = vec![b'x'; 2 * LINE_BYTES_MAX as usize];
        bytes.extend_from_slice(b"\nnext\n");
        let lines = lines_of(&bytes);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].len() as u64, LINE_BYTES_MAX);
        assert_eq!(lines[1], "next");
    }
}
