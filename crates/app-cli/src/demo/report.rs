//! What the demo measured, beside what was promised.

use std::{collections::BTreeSet, io::Write as _, time::Duration};

use kukuri_domain::EventId;

use super::measure::{Delivery, Meeting};
use kukuri_wiring::{Exit, Failure};

use crate::{language::say, text::padded};

/// R1: members find each other by the name alone.
const FOUND_MAX: Duration = Duration::from_secs(5);

/// R6: a message is shown at local peers.
const SHOWN_MAX: Duration = Duration::from_millis(100);

/// R7: propagation among 2 to 5 nodes.
const PROPAGATION_MAX: Duration = Duration::from_millis(10);

/// One figure.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    what: String,
    measured: String,
    target: String,
    is_reached: bool,
}

/// All figures.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Compares what was measured with the targets.
    pub fn new(
        meetings: &[Meeting],
        deliveries: &[Delivery],
        sets: &[(&'static str, BTreeSet<EventId>)],
        posts: usize,
    ) -> Self {
        let rows = vec![
            found(meetings),
            shown(deliveries),
            propagation(deliveries, sets.len()),
            stored(sets, posts),
            identical(sets),
        ];
        Self { rows }
    }

    /// Prints the table.
    pub fn print(&self) {
        line("");
        for row in self.shown() {
            line(&row);
        }
        line("");
    }

    fn shown(&self) -> Vec<String> {
        let row = |what: &str, measured: &str, target: &str, verdict: &str| {
            let (what, measured) = (padded(what, 44), padded(measured, 28));
            let row = format!("{what}  {measured}  {}  {verdict}", padded(target, 16));
            row.trim_end().to_owned()
        };
        let mut lines = vec![row(&say!("what"), &say!("measured"), &say!("target"), "")];
        lines.extend(self.rows.iter().map(|figure| {
            let verdict = match figure.is_reached {
                true => say!("ok"),
                false => say!("missed"),
            };
            row(&figure.what, &figure.measured, &figure.target, &verdict)
        }));
        lines
    }

    /// Whether everything was reached.
    ///
    /// # Errors
    /// [`Failure`] that names what was not.
    pub fn verdict(&self) -> Result<(), Failure> {
        let mut missed = self.rows.iter().filter(|row| !row.is_reached).peekable();
        if missed.peek().is_none() {
            return Ok(());
        }
        let failure = Failure::new(Exit::Unexpected, "a target was missed");
        let failure = missed.fold(failure, |failure, row| {
            failure.detail(format!(
                "{}: {}, target {}",
                row.what, row.measured, row.target
            ))
        });
        Err(failure.hint("run it again with the release build on a machine that is otherwise idle"))
    }
}

fn found(meetings: &[Meeting]) -> Row {
    // Each node counts from its own join to its first member.
    let first = |who| {
        meetings
            .iter()
            .filter(|m| m.who == who)
            .map(|m| m.after)
            .min()
    };
    let slowest = meetings
        .iter()
        .filter_map(|meeting| first(meeting.who))
        .max();
    Row {
        what: say!("R1 found by name alone, slowest node"),
        measured: slowest.map_or_else(|| say!("nobody"), ms),
        target: say!("within {n} s", n = FOUND_MAX.as_secs()),
        is_reached: slowest.is_some_and(|slowest| slowest <= FOUND_MAX),
    }
}

fn shown(deliveries: &[Delivery]) -> Row {
    let p99 = percentile(deliveries, 99);
    Row {
        what: say!("R6 post to stored and shown at a peer, p99"),
        measured: ms(p99),
        target: say!("at most {n} ms", n = SHOWN_MAX.as_millis()),
        is_reached: !deliveries.is_empty() && p99 <= SHOWN_MAX,
    }
}

fn propagation(deliveries: &[Delivery], nodes: usize) -> Row {
    let p50 = percentile(deliveries, 50);
    Row {
        what: say!("R7 propagation among {nodes} nodes, p50", nodes = nodes),
        measured: ms(p50),
        target: say!("under {n} ms", n = PROPAGATION_MAX.as_millis()),
        is_reached: !deliveries.is_empty() && p50 < PROPAGATION_MAX,
    }
}

fn stored(sets: &[(&'static str, BTreeSet<EventId>)], posts: usize) -> Row {
    let counts: Vec<String> = sets
        .iter()
        .map(|(name, set)| format!("{name} {}", set.len()))
        .collect();
    Row {
        what: say!("events stored per node"),
        measured: counts.join(", "),
        target: say!("{posts} each", posts = posts),
        is_reached: sets.iter().all(|(_, set)| set.len() == posts),
    }
}

fn identical(sets: &[(&'static str, BTreeSet<EventId>)]) -> Row {
    let is_reached = sets.windows(2).all(|pair| pair[0].1 == pair[1].1);
    Row {
        what: say!("identical sets"),
        measured: if is_reached { say!("yes") } else { say!("no") },
        target: say!("yes"),
        is_reached,
    }
}

/// The smallest measured time that at least `percent` of all do not exceed.
fn percentile(deliveries: &[Delivery], percent: usize) -> Duration {
    let mut all: Vec<Duration> = deliveries.iter().map(|delivery| delivery.took).collect();
    all.sort();
    let rank = (all.len() * percent).div_ceil(100);
    all.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// A duration as "3.2 ms", from a second on as "1.23 s".
pub fn ms(duration: Duration) -> String {
    if duration >= Duration::from_secs(1) {
        say!("{n} s", n = format!("{:.2}", duration.as_secs_f64()))
    } else {
        let ms = format!("{:.1}", duration.as_secs_f64() * 1_000.0);
        say!("{n} ms", n = ms)
    }
}

/// Prints a line.
pub fn line(text: &str) {
    // A reader that has gone away does not end the demo: its exit code is still of use.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use kukuri_domain::peer::FoundBy;

    use super::*;

    fn deliveries(ms: &[u64]) -> Vec<Delivery> {
        ms.iter()
            .map(|ms| Delivery {
                took: Duration::from_millis(*ms),
            })
            .collect()
    }

    fn meeting(who: &'static str, after_ms: u64) -> Meeting {
        Meeting {
            who,
            whom: "x",
            found_by: FoundBy::Dht,
            after: Duration::from_millis(after_ms),
        }
    }

    fn sets(counts: [u8; 2]) -> Vec<(&'static str, BTreeSet<EventId>)> {
        let set = |n: u8| (0..n).map(|i| EventId([i; 32])).collect();
        vec![("aoi", set(counts[0])), ("taro", set(counts[1]))]
    }

    #[test]
    fn percentiles_are_measured_values() {
        let all = deliveries(&(1..=200).rev().collect::<Vec<_>>());
        assert_eq!(percentile(&all, 50), Duration::from_millis(100));
        assert_eq!(percentile(&all, 99), Duration::from_millis(198));
        assert_eq!(percentile(&deliveries(&[7]), 99), Duration::from_millis(7));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }

    #[test]
    fn the_slowest_first_meeting_counts() {
        let row = found(&[meeting("a", 300), meeting("a", 9_000), meeting("b", 400)]);
        assert_eq!((row.measured.as_str(), row.is_reached), ("400.0 ms", true));
        assert!(!found(&[meeting("a", 5_001)]).is_reached);
        assert!(!found(&[]).is_reached);
    }

    #[test]
    fn a_missed_target_fails_and_is_named() {
        let good = Report::new(&[meeting("a", 1)], &deliveries(&[2, 3]), &sets([2, 2]), 2);
        assert_eq!(good.verdict(), Ok(()));
        let check = |report: Report, name: &str| {
            let failure = report.verdict().expect_err("missed");
            assert!(
                failure.details.iter().any(|line| line.contains(name)),
                "{failure:?}"
            );
        };
        check(
            Report::new(&[meeting("a", 1)], &deliveries(&[2, 101]), &sets([2, 2]), 2),
            "R6",
        );
        check(
            Report::new(&[meeting("a", 1)], &deliveries(&[10, 11]), &sets([2, 2]), 2),
            "R7",
        );
        check(Report::new(&[meeting("a", 1)], &[], &sets([2, 2]), 2), "R7");
        check(
            Report::new(&[meeting("a", 1)], &deliveries(&[2]), &sets([1, 2]), 2),
            "identical",
        );
        check(
            Report::new(&[meeting("a", 1)], &deliveries(&[2]), &sets([1, 1]), 2),
            "stored",
        );
    }
}
