//! `kukuri kv import`
//!
//! Owns the reading of JSON lines and the batches in which they are written. Must never write
//! anything of a file with a line that is wrong, and never leave untold how far it came.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal as _, Read as _},
    path::Path,
    time::{Duration, Instant},
};

use chrono::DateTime;
use data_encoding::BASE64;
use kukuri_application::views::EntryView;
use kukuri_domain::{EntryKey, EntryValue, TopicRef, UnixMs};
use kukuri_node::client::{EntryWrite, WRITES_MAX};
use kukuri_wiring::{Access, Exit, Failure, Need};
use serde::Deserialize;
use serde_json::json;

use super::{Desk, value::not_read};
use crate::{
    args::ProfileArgs,
    commands::{
        sending::{Sending, Sent},
        with_guard,
    },
    language::say,
    render,
    stopping::StopGuard,
};

/// Longest line: a value in which every character is escaped, with room for other fields.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// Most bytes of one request, in JSON: half of what the control socket takes in a line.
const BATCH_BYTES_MAX: usize = 512 * 1024;

/// Wrong lines that are named.
const NAMED_MAX: usize = 10;

/// When it is shown how far the writing has come.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// Times to live end at a full second; a write may be made this much after it was asked for and
/// still end at the same one.
const SLACK_MS: u64 = 999;

/// `kukuri kv import`
pub(super) async fn import(
    args: &ProfileArgs,
    topic: &str,
    file: Option<&Path>,
    wait: Duration,
) -> Result<(), Failure> {
    let topic: TopicRef = topic.parse()?;
    let lines = match file {
        Some(path) if path != Path::new("-") => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| not_read(&name, &error))?;
            read(BufReader::new(file), &name)?
        }
        _ => {
            if io::stdin().is_terminal() {
                eprintln!("{}", say!("JSON lines, then Ctrl-D:"));
            }
            read(io::stdin().lock(), "standard input")?
        }
    };
    with_guard(args, Need::Node, async |access, console, guard| {
        let begun = async {
            // Members are looked for while it is written.
            Sending::begin(access, &topic, Duration::ZERO).await?;
            let desk = Desk::open(access.client(), console, &topic).await?;
            desk.changes(lines).await
        };
        let (desk, changes) = tokio::select! {
            begun = begun => begun?,
            () = guard.asked() => return Err(Failure::interrupted()),
        };
        let mut import = Import::new(&desk, changes);
        let result = import.write(guard).await;
        import.end(access, guard, result, wait).await
    })
    .await
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    write: EntryWrite,
    /// In full seconds.
    expires_at: Option<UnixMs>,
}

impl Line {
    /// Whether an entry holds the same, as long.
    fn is_held_by(&self, entry: &EntryView) -> bool {
        self.write.value == entry.value
            && self.write.value_base64 == entry.value_base64
            && self.expires_at == entry.expires_at
    }

    /// The write, made now; `None` if its time is over.
    fn write_at(&self, now: UnixMs) -> Option<EntryWrite> {
        let mut write = self.write.clone();
        if let Some(end) = self.expires_at {
            let ttl_ms = end.0.checked_sub(now.0)?.checked_sub(SLACK_MS)?;
            write.ttl_ms = Some(ttl_ms);
        }
        Some(write)
    }
}

/// What is looked at of a line. Exported lines hold more, which does not matter here.
#[derive(Debug, Deserialize)]
struct Form {
    key: EntryKey,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    value_base64: Option<String>,
    #[serde(default)]
    expires_at: Option<String>,
}

/// Reads and checks all lines.
fn read(mut from: impl BufRead, name: &str) -> Result<BTreeMap<EntryKey, Line>, Failure> {
    let (mut lines, mut wrong, mut places) = (BTreeMap::new(), Vec::new(), HashMap::new());
    for number in 1_usize.. {
        let mut bytes = Vec::new();
        from.by_ref()
            .take(LINE_BYTES_MAX + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| not_read(name, &error))?;
        if bytes.is_empty() {
            break;
        }
        if bytes.len() as u64 > LINE_BYTES_MAX {
            wrong.push(format!("line {number}: longer than {LINE_BYTES_MAX} bytes"));
            // Where the next line begins is not looked for: this is no such file.
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        match line_of(&bytes) {
            Ok(line) => {
                let key = line.write.key.clone();
                if let Some(first) = places.insert(key.clone(), number) {
                    let key = key.as_str().escape_debug();
                    wrong.push(format!("line {number}: '{key}' is on line {first} too"));
                }
                lines.insert(key, line);
            }
            Err(why) => wrong.push(format!("line {number}: {why}")),
        }
    }
    if wrong.is_empty() {
        return Ok(lines);
    }
    let count = wrong.len();
    let message = match count {
        1 => format!("a line of {name} is wrong, nothing was written"),
        n => format!("{n} lines of {name} are wrong, nothing was written"),
    };
    let mut failure = Failure::new(Exit::Usage, message);
    for why in wrong.into_iter().take(NAMED_MAX) {
        failure = failure.detail(why);
    }
    if count > NAMED_MAX {
        failure = failure.detail(format!("and {} more", count - NAMED_MAX));
    }
    Err(failure.hint("each line is an object with 'key', and 'value' or 'value_base64'"))
}

fn line_of(bytes: &[u8]) -> Result<Line, String> {
    let form: Form = serde_json::from_slice(bytes).map_err(|error| {
        // Each line is read by itself: to the reader all are the first.
        error.to_string().replace(" at line 1 column", ", column")
    })?;
    let bytes = match (form.value, form.value_base64) {
        (Some(_), Some(_)) => return Err("both 'value' and 'value_base64'".to_owned()),
        (None, None) => return Err("neither 'value' nor 'value_base64'".to_owned()),
        (Some(text), None) => text.into_bytes(),
        (None, Some(base64)) => {
            let bytes = BASE64.decode(base64.as_bytes());
            bytes.map_err(|error| format!("'value_base64' is no base64: {error}"))?
        }
    };
    let value = EntryValue::new(bytes).map_err(|error| error.to_string())?;
    let expires_at = match form.expires_at {
        None => None,
        Some(text) => {
            let at = DateTime::parse_from_rfc3339(&text);
            let at = at.map_err(|error| format!("'expires_at' is no time: {error}"))?;
            let ms = u64::try_from(at.timestamp_millis()).unwrap_or(0);
            Some(UnixMs(ms.div_ceil(1_000).saturating_mul(1_000)))
        }
    };
    Ok(Line {
        write: EntryWrite::new(form.key, Some(&value)),
        expires_at,
    })
}

/// What is to be written, and how many of the lines are so already.
#[derive(Debug)]
struct Changes {
    lines: Vec<Line>,
    unchanged: u64,
}

impl<'a> Desk<'a> {
    /// The lines that change something here.
    async fn changes(
        self,
        mut lines: BTreeMap<EntryKey, Line>,
    ) -> Result<(Desk<'a>, Changes), Failure> {
        let all = lines.len();
        if let (Some((first, _)), Some((last, _))) =
            (lines.first_key_value(), lines.last_key_value())
        {
            let prefix = common_prefix(first.as_str(), last.as_str()).to_owned();
            self.each_page(&prefix, async |page| {
                for entry in &page {
                    let line = lines.get(&entry.key);
                    if line.is_some_and(|line| line.is_held_by(entry)) {
                        lines.remove(&entry.key);
                    }
                }
                Ok(())
            })
            .await?;
        }
        let unchanged = (all - lines.len()) as u64;
        let lines = lines.into_values().collect();
        Ok((self, Changes { lines, unchanged }))
    }
}

/// What two texts, and all between them in order, begin with.
fn common_prefix<'a>(first: &'a str, last: &str) -> &'a str {
    let same = first.char_indices().zip(last.chars());
    let differs = same.clone().find(|((_, a), b)| a != b);
    let end = differs.map_or_else(
        || same.last().map_or(0, |((at, c), _)| at + c.len_utf8()),
        |((at, _), _)| at,
    );
    &first[..end]
}

/// Lines on their way into a topic.
struct Import<'a> {
    desk: &'a Desk<'a>,
    lines: std::vec::IntoIter<Line>,
    all: u64,
    unchanged: u64,
    written: u64,
    expired: u64,
    last: Option<EntryView>,
    began: Instant,
}

impl<'a> Import<'a> {
    fn new(desk: &'a Desk<'a>, changes: Changes) -> Self {
        Self {
            desk,
            all: changes.lines.len() as u64,
            lines: changes.lines.into_iter(),
            unchanged: changes.unchanged,
            written: 0,
            expired: 0,
            last: None,
            began: Instant::now(),
        }
    }

    /// Writes batch after batch; between two it may be asked to end.
    async fn write(&mut self, guard: &StopGuard) -> Result<(), Failure> {
        let client = self.desk.client;
        loop {
            if guard.is_asked() {
                return Err(Failure::interrupted());
            }
            let batch = self.batch(client.now())?;
            if batch.is_empty() {
                return Ok(());
            }
            let count = batch.len() as u64;
            let written = client.write_entries(&self.desk.topic, batch).await?;
            self.written += count;
            self.last = written.into_iter().next_back().or(self.last.take());
            self.show_progress();
        }
    }

    /// The next writes; none after the last.
    fn batch(&mut self, now: UnixMs) -> Result<Vec<EntryWrite>, Failure> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < WRITES_MAX
            && let Some(line) = self.lines.as_slice().first()
        {
            if let Some(write) = line.write_at(now) {
                let json = serde_json::to_vec(&write)
                    .map_err(|error| Failure::new(Exit::Unexpected, error.to_string()))?;
                bytes += json.len();
                if bytes > BATCH_BYTES_MAX && !batch.is_empty() {
                    break;
                }
                batch.push(write);
            } else {
                self.expired += 1;
            }
            self.lines.next();
        }
        Ok(batch)
    }

    fn shows_progress(&self) -> bool {
        let is_seen = io::stderr().is_terminal() && !self.desk.console.is_json;
        is_seen && self.began.elapsed() >= PROGRESS_AFTER
    }

    fn show_progress(&self) {
        if self.shows_progress() {
            let line = say!(
                "{n} of {all} written",
                n = render::grouped(self.written),
                all = render::grouped(self.all)
            );
            eprint!("\r\x1b[2K{line}");
        }
    }

    /// Says what came of it.
    async fn end(
        self,
        access: &Access,
        guard: &StopGuard,
        result: Result<(), Failure>,
        wait: Duration,
    ) -> Result<(), Failure> {
        if self.shows_progress() {
            eprint!("\r\x1b[2K");
        }
        let Desk { console, topic, .. } = self.desk;
        let left = self.lines.len() as u64;
        let words = render::imported(self.written, self.unchanged, self.expired);
        match result {
            Err(failure) if failure.exit != Exit::Interrupted => {
                return Err(failure.detail(format!(
                    "{} written before that, {left} are left; the same command goes on with them",
                    self.written
                )));
            }
            Err(_) => console.remark(&say!(
                "interrupted: {words}; the same command goes on with the {left} that are left",
                words = words,
                left = render::grouped(left)
            )),
            Ok(()) => {}
        }
        let is_done = result.is_ok();
        if let Some(last) = self.last.filter(|_| is_done) {
            let sent = Sent::Entry(last.key, last.revision);
            tokio::select! {
                handed = Sending::hand_over(access, *console, topic, sent, wait) => handed?,
                () = guard.asked() => {}
            }
        }
        let form = json!({
            "topic": topic,
            "written": self.written,
            "unchanged": self.unchanged,
            "expired": self.expired,
            "left": left,
        });
        match is_done {
            true => console.answer(&form, |_| words),
            false if console.is_json => console.json(&form),
            false => Ok(()),
        }?;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Result<BTreeMap<EntryKey, Line>, Failure> {
        read(text.as_bytes(), "a file")
    }

    #[test]
    fn lines_are_read_whatever_else_they_hold() {
        let read = lines(
            "{\"key\":\"a\",\"value\":\"1\",\"revision\":7,\"author\":{}}\n\n\
             {\"key\":\"b\",\"value_base64\":\"/wA=\",\"value\":null}\r\n\
             {\"key\":\"c\",\"value_base64\":\"aGk=\",\"expires_at\":\"2026-11-21T09:20:00.001Z\"}",
        );
        let read = read.expect("all are right");
        let shown: Vec<_> = read
            .values()
            .map(|line| {
                let EntryWrite {
                    value,
                    value_base64,
                    ..
                } = &line.write;
                (value.as_deref(), value_base64.as_deref(), line.expires_at)
            })
            .collect();
        let end = Some(UnixMs(1_795_252_801_000));
        assert_eq!(
            shown,
            [
                (Some("1"), None, None),
                (None, Some("/wA="), None),
                (Some("hi"), None, end)
            ]
        );
    }

    #[test]
    fn every_wrong_line_is_named() {
        let text = [
            r#"{"key":"a","value":"1"}"#,
            r#"{"key":"","value":"1"}"#,
            r#"{"key":"b"}"#,
            r#"{"key":"c","value":"1","value_base64":"MQ=="}"#,
            r#"{"key":"d","value_base64":"?"}"#,
            r#"{"key":"a","value":"2"}"#,
            r#"{"key":"e","value":"1","expires_at":"soon"}"#,
            "key = f",
            r#"{"value":"1"}"#,
            &format!(r#"{{"key":"g","value":"{}"}}"#, "x".repeat(65_537)),
        ]
        .join("\n");
        let failure = lines(&text).expect_err("most are wrong");
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.starts_with("9 lines of a file are wrong"));
        let named = failure.details.join("\n");
        for part in [
            "line 2: a key has at least one character",
            "line 3: neither",
            "line 4: both",
            "line 5: 'value_base64' is no base64",
            "line 6: 'a' is on line 1 too",
            "line 7: 'expires_at' is no time",
            "line 8: expected value, column 1",
            "line 9: missing field `key`",
            "line 10: a value has at most 65536 bytes",
        ] {
            assert!(named.contains(part), "{part}: {named}");
        }
    }

    #[test]
    fn a_time_to_live_ends_at_the_same_second_again() {
        let line = Line {
            write: EntryWrite::new(EntryKey::new("a").expect("a key"), None),
            expires_at: Some(UnixMs(10_000)),
        };
        let ttl = |now| line.write_at(UnixMs(now)).map(|write| write.ttl_ms);
        assert_eq!(ttl(1_000), Some(Some(8_001)));
        // Made up to a second later it ends at the tenth second still.
        for late in [0, 500, 998] {
            let end: u64 = 1_000 + late + 8_001;
            assert_eq!(end.div_ceil(1_000), 10);
        }
        assert_eq!(ttl(9_500), None);
        assert_eq!(ttl(20_000), None);
    }

    #[test]
    fn what_keys_begin_with_is_found_between_the_first_and_the_last() {
        for (first, last, common) in [
            ("a/b", "a/c", "a/"),
            ("a", "a", "a"),
            ("a", "ab", "a"),
            ("明日", "明後", "明"),
            ("a", "b", ""),
        ] {
            assert_eq!(common_prefix(first, last), common);
        }
    }
}
