//! Lines from standard input that is no terminal.

use std::io::{self, BufRead, Read as _};

use tokio::sync::mpsc;

use crate::screen::Typed;

/// Lines that were read and wait to be taken; a fast writer waits for the disk.
const LINES_CAPACITY: usize = 64;

/// Bytes of a line that are kept. It is more than a post or a value can have, so that a longer line
/// is refused as a whole and never cut.
const LINE_BYTES_MAX: u64 = 256 * 1024;

/// Reads on a thread of its own, which sleeps in the system and may end only with the process.
pub fn read_lines() -> mpsc::Receiver<Typed> {
    let (sender, receiver) = mpsc::channel(LINES_CAPACITY);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        for line in 1.. {
            let typed = match next_line(&mut input) {
                Ok(Some(bytes)) => typed(bytes, line),
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

fn typed(bytes: Vec<u8>, line: u64) -> Typed {
    match String::from_utf8(bytes) {
        Ok(text) => Typed::Line(text),
        Err(error) => Typed::NotText {
            line,
            byte: error.utf8_error().valid_up_to(),
        },
    }
}

/// The next line without its end.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
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
    Ok(Some(line))
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

    fn typed_of(bytes: &[u8]) -> Vec<Typed> {
        let mut input = io::BufReader::with_capacity(7, bytes);
        let lines = std::iter::from_fn(|| next_line(&mut input).expect("memory can be read"));
        lines.zip(1..).map(|(bytes, n)| typed(bytes, n)).collect()
    }

    fn line(text: &str) -> Typed {
        Typed::Line(text.to_owned())
    }

    #[test]
    fn each_line_is_one_whether_or_not_the_last_one_ends() {
        assert_eq!(
            typed_of(b"one\r\n\ntwo\nthree"),
            ["one", "", "two", "three"].map(line)
        );
        assert!(typed_of(b"").is_empty());
    }

    #[test]
    fn a_line_that_is_no_text_is_named_and_the_next_one_is_read() {
        assert_eq!(
            typed_of(b"\xe7\x8c\xab\nab\xffc\nd"),
            [line("猫"), Typed::NotText { line: 2, byte: 2 }, line("d")]
        );
    }

    #[test]
    fn an_endless_line_is_not_kept_and_the_next_one_is_read() {
        let mut bytes = vec![b'x'; 2 * LINE_BYTES_MAX as usize];
        bytes.extend_from_slice(b"\nnext\n");
        let kept = "x".repeat(LINE_BYTES_MAX as usize);
        assert_eq!(typed_of(&bytes), [line(&kept), line("next")]);
    }
}
