//! Entries: one line each in lists and while they are watched, their writes, and why a key holds
//! what it holds.
//!
//! Owns how keys and values are quoted. Must never show a value without its quotes where other
//! words stand beside it: what others write would pass for what the program says.

use chrono::TimeZone;
use kukuri_application::views::{EntryView, Outcome};
use kukuri_domain::{Hlc, UnixMs};

use super::{
    Render,
    conversation::sent,
    figures::{duration, milliseconds, table},
    grouped,
};
use crate::{
    commands::entries::{LostBy, bytes_of},
    language::say,
    quoting::{in_quotes, quoted},
    text,
};

/// Least columns that a value gets.
const VALUE_COLUMNS_MIN: usize = 16;

/// Most columns that a value gets where others stand below it.
const VALUE_COLUMNS_MAX: usize = 60;

/// Up to here the difference of two clocks is told in milliseconds.
const MILLISECONDS_MAX: u64 = 10_000;

/// `kukuri kv put`, `kukuri kv delete`
pub fn entry_written(entry: &EntryView) -> String {
    let key = quoted(entry.key.as_str());
    let revision = entry.revision.short();
    let what = match bytes_of(entry) {
        Some(_) => say!(
            "{key} is at revision {revision}",
            key = key,
            revision = revision
        ),
        None => say!(
            "{key} is deleted, by revision {revision}",
            key = key,
            revision = revision
        ),
    };
    format!("{what}\n{}", sent(entry.state))
}

impl<Tz: TimeZone> Render<Tz> {
    /// `kukuri kv list`
    pub fn entries(&self, entries: &[EntryView], now: UnixMs, columns: usize) -> String {
        let keys = entries.iter().map(|entry| quoted(entry.key.as_str()));
        let keys: Vec<String> = keys.collect();
        let widest = keys.iter().map(|key| text::width(key)).max().unwrap_or(0);
        // Author, time and the gaps take about as much as this.
        let room = columns.saturating_sub(widest + 30);
        let room = room.clamp(VALUE_COLUMNS_MIN, VALUE_COLUMNS_MAX);
        let mut rows = vec![[say!("key"), say!("value"), say!("by"), say!("written")]];
        rows.extend(entries.iter().zip(keys).map(|(entry, key)| {
            let ago = duration(now.0.saturating_sub(entry.written_at.0));
            [
                key,
                text::shortened(&value(entry), room),
                self.name_of(&entry.author),
                say!("{time} ago", time = ago),
            ]
        }));
        table(&rows)
    }

    /// A line of `kukuri kv watch`.
    pub fn entry(&self, entry: &EntryView, now: UnixMs) -> String {
        let key = quoted(entry.key.as_str());
        let name = self.name_of(&entry.author);
        let is_over = is_over(entry);
        let at = match entry.expires_at {
            Some(at) if is_over => at,
            _ => entry.written_at,
        };
        let what = match (is_over, bytes_of(entry)) {
            (true, _) => say!(
                "{key} has expired, written by {name}",
                key = key,
                name = name
            ),
            (false, None) => say!("{key} was deleted by {name}", key = key, name = name),
            (false, Some(_)) => {
                let by = say!("by {name}", name = name);
                format!("{key} = {}  {}", value(entry), self.dim(&by))
            }
        };
        format!("{}  {what}", self.dim(&self.moment(at, now)))
    }

    /// `kukuri kv history`
    pub fn entry_history(&self, writes: &[EntryView], columns: usize) -> String {
        // Revision, author, time, clock, state and the gaps take about as much as this.
        let room = columns.saturating_sub(62);
        let room = room.clamp(VALUE_COLUMNS_MIN, VALUE_COLUMNS_MAX);
        let mut rows = vec![[
            say!("revision"),
            say!("value"),
            say!("by"),
            say!("written"),
            say!("state"),
        ]];
        rows.extend(writes.iter().map(|entry| {
            let state = match entry.outcome {
                Outcome::Lost => say!("lost"),
                Outcome::Deleted if is_over(entry) => say!("expired"),
                Outcome::Won | Outcome::Deleted => say!("counts"),
            };
            [
                entry.revision.short(),
                text::shortened(&value(entry), room),
                self.name_of(&entry.author),
                self.clock(entry.clock, None),
                state,
            ]
        }));
        table(&rows)
    }

    /// `kukuri kv why`
    pub fn entry_why(
        &self,
        won: &EntryView,
        lost: &[(&EntryView, LostBy)],
        now: UnixMs,
        columns: usize,
    ) -> String {
        let key = quoted(won.key.as_str());
        let room = columns.saturating_sub(48);
        let room = room.clamp(VALUE_COLUMNS_MIN, VALUE_COLUMNS_MAX);
        let shown = text::shortened(&value(won), room);
        let first = match (won.outcome, bytes_of(won)) {
            (_, None) => format!("{key} {shown}"),
            (Outcome::Deleted, Some(_)) => {
                let ended = won.expires_at.map_or(0, |at| now.0.saturating_sub(at.0));
                let ended = say!("(expired {time} ago)", time = duration(ended));
                format!("{key} = {shown} {ended}")
            }
            (_, Some(_)) => format!("{key} = {shown}"),
        };
        let by = |entry: &EntryView, before: Option<UnixMs>| {
            let name = self.name_of(&entry.author);
            say!(
                "by {name}, {time}",
                name = name,
                time = self.clock(entry.clock, before)
            )
        };
        let mut rows = vec![(first, by(won, None), String::new())];
        rows.extend(lost.iter().map(|(entry, lost_by)| {
            let shown = text::shortened(&value(entry), room);
            let head = say!("  lost: {value}", value = shown);
            (head, by(entry, Some(won.written_at)), reason(*lost_by))
        }));
        let width = |column: &dyn Fn(&(String, String, String)) -> usize| {
            rows.iter().map(column).max().unwrap_or(0)
        };
        let head = width(&|(head, ..)| text::width(head));
        let middle = width(&|(_, by, _)| text::width(by));
        let lines = rows.iter().map(|(what, by, reason)| {
            let line = format!(
                "{}   {}   {reason}",
                text::padded(what, head),
                text::padded(by, middle)
            );
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A write's clock; without its day where the write before stands on the same.
    fn clock(&self, clock: Hlc, before: Option<UnixMs>) -> String {
        let Some(at) = self.local(clock.at()) else {
            return format!("{} ms +{}", grouped(clock.ms), clock.counter);
        };
        let at = at.naive_local();
        let is_same_day = before.and_then(|before| self.date(before)) == Some(at.date());
        let form = match is_same_day {
            true => "%H:%M:%S%.3f",
            false => "%Y-%m-%d %H:%M:%S%.3f",
        };
        format!("{} +{}", at.format(form), clock.counter)
    }

    /// The time of day; with the day where it is not today's.
    fn moment(&self, at: UnixMs, now: UnixMs) -> String {
        let Some(local) = self.local(at) else {
            return "--:--:--".to_owned();
        };
        let form = match self.date(at) == self.date(now) {
            true => "%H:%M:%S",
            false => "%Y-%m-%d %H:%M",
        };
        local.naive_local().format(form).to_string()
    }
}

/// Whether the write counts, and its time is over.
fn is_over(entry: &EntryView) -> bool {
    entry.outcome == Outcome::Deleted && bytes_of(entry).is_some()
}

/// What was written, on one line.
fn value(entry: &EntryView) -> String {
    match (&entry.value, bytes_of(entry)) {
        (Some(text), _) => in_quotes(text),
        (None, Some(bytes)) => say!("({n} bytes)", n = grouped(bytes.len() as u64)),
        (None, None) => say!("(deleted)"),
    }
}

/// Why a write lost.
fn reason(lost_by: LostBy) -> String {
    match lost_by {
        LostBy::Clock { older_ms } => {
            let by = match older_ms {
                0..=MILLISECONDS_MAX => milliseconds(older_ms),
                more => duration(more),
            };
            say!("{time} older", time = by)
        }
        LostBy::Counter => say!("same millisecond, lower counter"),
        LostBy::Author => say!("same clock, lower author"),
        LostBy::Revision => say!("same clock and author, lower revision"),
    }
}

/// "1 entry", "1,204 entries".
pub fn entries_counted(n: u64) -> String {
    match n {
        1 => say!("1 entry"),
        n => say!("{n} entries", n = grouped(n)),
    }
}

/// What an import came to.
pub fn imported(written: u64, unchanged: u64, expired: u64) -> String {
    let mut text = say!(
        "{written} written, {unchanged} unchanged",
        written = grouped(written),
        unchanged = grouped(unchanged)
    );
    if expired > 0 {
        text.push_str(&say!(", {n} expired", n = grouped(expired)));
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use kukuri_application::{ports::PostState, views::AuthorView};
    use kukuri_domain::{AuthorId, EntryKey, EventId};

    use super::*;
    use crate::render::Seen;

    const NOW: UnixMs = UnixMs(1_795_425_601_200); // 2026-11-23 09:20:01.2

    fn render() -> Render<Utc> {
        Render {
            zone: Utc,
            own: AuthorId([9; 32]),
            has_colours: false,
            has_ids: true,
            seen: Seen::default(),
        }
    }

    fn write(who: u8, name: &str, text: Option<&str>, ms_ago: u64, counter: u32) -> EntryView {
        let ms = NOW.0 - ms_ago;
        EntryView {
            key: EntryKey::new("config/colour").expect("a key"),
            value: text.map(str::to_owned),
            value_base64: None,
            revision: EventId([who; 32]),
            author: AuthorView {
                pubkey: AuthorId([who; 32]),
                name: (!name.is_empty()).then(|| name.to_owned()),
            },
            clock: Hlc { ms, counter },
            written_at: UnixMs(ms),
            expires_at: None,
            received_at: NOW,
            state: PostState::default(),
            outcome: Outcome::Won,
        }
    }

    #[test]
    fn why_says_what_lost_by_whom_and_by_what() {
        let won = write(1, "aoi", Some("indigo"), 86, 0);
        let lost = |mut entry: EntryView| {
            entry.outcome = Outcome::Lost;
            entry
        };
        let all = [
            lost(write(9, "mika", Some("teal"), 110, 2)),
            lost(write(2, "taro", None, 200_000_000, 0)),
            lost(write(0, "", Some("a\x1b[2J \" by you"), 86, 0)),
        ];
        let with: Vec<_> = all.iter().map(|e| (e, LostBy::of(&won, e))).collect();
        let shown = render().entry_why(&won, &with, NOW, 100);
        let expected = "\
config/colour = \"indigo\"         by aoi, 2026-11-23 09:20:01.114 +0
  lost: \"teal\"                   by you, 09:20:01.090 +2               24 ms older
  lost: (deleted)                by taro, 2026-11-21 01:46:41.200 +0   2 days older
  lost: \"a\\u{1b}[2J \\\" by you\"   by 00000000, 09:20:01.114 +0          same clock, lower author";
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_watched_takes_one_line_and_says_what_became_of_it() {
        let now = UnixMs(NOW.0 + 1_000);
        let line = |entry: &EntryView| render().entry(entry, now);
        let mut entry = write(1, "aoi", Some("two\nlines"), 0, 0);
        assert_eq!(
            line(&entry),
            "09:20:01  config/colour = \"two\\nlines\"  by aoi"
        );
        (entry.expires_at, entry.outcome) = (Some(now), Outcome::Deleted);
        assert_eq!(
            line(&entry),
            "09:20:02  config/colour has expired, written by aoi"
        );
        let gone = EntryView {
            outcome: Outcome::Deleted,
            ..write(9, "", None, 90_000_000, 0)
        };
        assert_eq!(
            line(&gone),
            "2026-11-22 08:20  config/colour was deleted by you"
        );
    }

    #[test]
    fn a_list_is_a_table_whose_values_are_shortened() {
        let mut long = write(1, "aoi", Some(&"x".repeat(500)), 12_000, 0);
        long.key = EntryKey::new("a \u{202e}b").expect("a key");
        let short = write(9, "", Some("明日"), 240_000, 0);
        let shown = render().entries(&[long, short], NOW, 80);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].starts_with("key            value"), "{shown}");
        assert!(lines[1].starts_with("\"a \\u{202e}b\"  \"xxx"), "{shown}");
        assert!(lines[1].ends_with("…  aoi  12 s ago"), "{shown}");
        assert!(lines[2].starts_with("config/colour  \"明日\""), "{shown}");
        assert!(lines[2].ends_with("you  4 min ago"), "{shown}");
        assert!(shown.lines().all(|line| text::width(line) <= 80), "{shown}");
    }
}
