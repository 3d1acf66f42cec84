//! Trials, their percentiles, and the report that a bench prints.
//!
//! Owns what "p95" means (nearest rank: a value that was really measured) and how a figure is
//! compared with its target. Must never leave a failed trial out: it counts as a failure and is
//! printed with its reason.

use std::{fmt, time::Duration};

use tokio::task::JoinSet;

/// The outcomes of one measurement, repeated.
#[derive(Debug, Default, Clone)]
pub struct Trials {
    times: Vec<Duration>,
    failures: Vec<String>,
}

impl Trials {
    /// Adds a trial: what it took, or why it failed.
    pub fn push(&mut self, outcome: Result<Duration, String>) {
        match outcome {
            Ok(time) => self.times.push(time),
            Err(reason) => self.failures.push(reason),
        }
    }

    /// Runs `trials` trials, up to `at_once` at the same time; a failure says which it was.
    ///
    /// # Errors
    /// When a trial panicked.
    pub async fn run<F>(
        trials: usize,
        at_once: usize,
        one: impl Fn(usize) -> F,
    ) -> anyhow::Result<Self>
    where
        F: Future<Output = anyhow::Result<Duration>> + Send + 'static,
    {
        let mut times = Self::default();
        let mut running = JoinSet::new();
        for number in 0..trials {
            if running.len() >= at_once.max(1)
                && let Some(outcome) = running.join_next().await
            {
                times.push(outcome?);
            }
            let trial = one(number);
            running.spawn(async move {
                let outcome = trial.await;
                outcome.map_err(|error| format!("trial {number}: {error:#}"))
            });
        }
        while let Some(outcome) = running.join_next().await {
            times.push(outcome?);
        }
        Ok(times)
    }

    /// Number of trials, failed ones included.
    pub fn len(&self) -> usize {
        self.times.len() + self.failures.len()
    }

    /// Whether nothing was tried.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Why trials failed.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The times of the trials that succeeded, in the order of the trials.
    pub fn times(&self) -> &[Duration] {
        &self.times
    }

    /// The smallest time that `percent` of all successful trials did not exceed; `None` when
    /// none succeeded.
    pub fn percentile(&self, percent: u32) -> Option<Duration> {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent as usize).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    /// The longest time.
    pub fn max(&self) -> Option<Duration> {
        self.times.iter().max().copied()
    }
}

impl fmt::Display for Trials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |time: Option<Duration>| time.map_or("-".to_owned(), millis);
        write!(
            f,
            "trials {}  failures {}  p50 {}  p95 {}  p99 {}  max {}",
            self.len(),
            self.failures.len(),
            shown(self.percentile(50)),
            shown(self.percentile(95)),
            shown(self.percentile(99)),
            shown(self.max()),
        )
    }
}

/// A time for people: milliseconds with as many digits as mean something.
pub fn millis(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

/// One comparison with a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was reached, and what must be.
    pub text: String,
    /// Whether it is enough.
    pub is_met: bool,
}

impl Check {
    /// A percentile of the successful trials against the most it may be.
    pub fn percentile(trials: &Trials, percent: u32, most: Duration) -> Self {
        let reached = trials.percentile(percent);
        Self {
            text: format!(
                "p{percent} {} (target: at most {})",
                reached.map_or("-".to_owned(), millis),
                millis(most)
            ),
            is_met: reached.is_some_and(|reached| reached <= most),
        }
    }

    /// Failures against the most of them in a hundred trials. Of fewer trials none may fail.
    pub fn failures(trials: &Trials, most_in_100: usize) -> Self {
        let allowed = most_in_100 * trials.len() / 100;
        let failed = trials.failures().len();
        Self {
            text: format!(
                "failures {failed} of {} (target: at most {allowed})",
                trials.len()
            ),
            is_met: failed <= allowed && !trials.is_empty(),
        }
    }

    /// Any other comparison.
    pub fn new(text: impl Into<String>, is_met: bool) -> Self {
        Self {
            text: text.into(),
            is_met,
        }
    }
}

/// One row of the figures.
#[derive(Debug, Clone)]
pub struct Report {
    name: String,
    notes: Vec<String>,
    checks: Vec<Check>,
    load_before: String,
}

impl Report {
    /// Opens a row; the machine's load is noted now and when the row is printed.
    pub fn begin(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            notes: Vec::new(),
            checks: Vec::new(),
            load_before: load(),
        }
    }

    /// Adds a line.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Adds what was measured, with the reasons of failed trials.
    pub fn trials(&mut self, label: &str, trials: &Trials) {
        let label = if label.is_empty() {
            String::new()
        } else {
            format!("{label}: ")
        };
        self.notes.push(format!("{label}{trials}"));
        self.notes.extend(
            trials
                .failures()
                .iter()
                .map(|reason| format!("failed: {reason}")),
        );
    }

    /// Adds a comparison.
    pub fn check(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Whether every target was met; a row without targets is not met.
    pub fn is_met(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.is_met)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        for check in &self.checks {
            writeln!(
                f,
                "  {}  {}",
                if check.is_met { "met   " } else { "MISSED" },
                check.text
            )?;
        }
        write!(f, "  load before {}, after {}", self.load_before, load())
    }
}

/// The machine's load averages over 1, 5 and 15 minutes, as Linux tells them.
pub fn load() -> String {
    match std::fs::read_to_string("/proc/loadavg") {
        Ok(text) => text.split(' ').take(3).collect::<Vec<_>>().join(" "),
        // Other systems have no such file; the figures stand without it.
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(times_ms: &[u64], failures: usize) -> Trials {
        let mut trials = Trials::default();
        for ms in times_ms {
            trials.push(Ok(Duration::from_millis(*ms)));
        }
        for number in 0..failures {
            trials.push(Err(format!("reason {number}")));
        }
        trials
    }

    fn check(times_ms: &[u64], percent: u32, expected_ms: Option<u64>) {
        let expected = expected_ms.map(Duration::from_millis);
        assert_eq!(
            trials(times_ms, 0).percentile(percent),
            expected,
            "{times_ms:?} p{percent}"
        );
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        check(&[], 50, None);
        check(&[7], 50, Some(7));
        check(&[7], 99, Some(7));
        check(&[30, 10, 20], 50, Some(20));
        check(&[4, 1, 3, 2], 50, Some(2));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        check(&hundred, 95, Some(95));
        check(&hundred, 99, Some(99));
        check(&hundred, 100, Some(100));
    }

    #[test]
    fn one_failure_in_a_hundred_is_allowed_but_none_in_twenty() {
        assert!(Check::failures(&trials(&[1; 99], 1), 1).is_met);
        assert!(!Check::failures(&trials(&[1; 98], 2), 1).is_met);
        assert!(Check::failures(&trials(&[1; 20], 0), 1).is_met);
        assert!(!Check::failures(&trials(&[1; 19], 1), 1).is_met);
        assert!(!Check::failures(&trials(&[], 0), 1).is_met);
    }

    #[test]
    fn a_target_without_a_measurement_is_missed() {
        assert!(!Check::percentile(&trials(&[], 3), 95, Duration::from_secs(1)).is_met);
        assert!(Check::percentile(&trials(&[1_000], 0), 95, Duration::from_secs(1)).is_met);
        assert!(!Check::percentile(&trials(&[1_001], 0), 95, Duration::from_secs(1)).is_met);
    }

    #[test]
    fn a_report_says_what_failed_and_what_was_missed() {
        let mut report = Report::begin("join");
        assert!(!report.is_met(), "a row without targets proves nothing");
        let trials = trials(&[5, 6], 1);
        report.trials("", &trials);
        report.check(Check::percentile(&trials, 50, Duration::from_millis(5)));
        assert!(report.is_met());
        report.check(Check::failures(&trials, 1));
        assert!(!report.is_met());
        let text = report.to_string();
        for part in [
            "trials 3  failures 1",
            "failed: reason 0",
            "met   ",
            "MISSED",
            "load before",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
