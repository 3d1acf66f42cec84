//! What follows from the checks of `kukuri doctor`: the cause, and what to do.
//!
//! Pure: outcomes in, words out.

use serde::Serialize;

use crate::{
    language::{noted, phrase, say},
    text,
};

/// Clocks that are further apart make posts come in a wrong order.
const SKEW_WARN_MS: u64 = 5_000;

/// Posts that lie further ahead are refused by others.
const SKEW_FAILS_MS: u64 = kukuri_domain::limits::EVENT_FUTURE_MS_MAX;

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// A way of finding members is missing, others remain.
    Warn,
    /// It does not work.
    Fails,
    /// It was not looked at.
    Skipped,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    verdict: Verdict,
    detail: String,
}

impl Outcome {
    /// As it should be.
    pub fn ok(detail: String) -> Self {
        Self {
            verdict: Verdict::Ok,
            detail,
        }
    }

    /// Not as it should be, and not fatal.
    pub fn warn(detail: String) -> Self {
        Self {
            verdict: Verdict::Warn,
            detail,
        }
    }

    /// It does not work.
    pub fn fails(detail: String) -> Self {
        Self {
            verdict: Verdict::Fails,
            detail,
        }
    }

    /// It was not looked at, and why.
    pub fn skipped(why: String) -> Self {
        Self {
            verdict: Verdict::Skipped,
            detail: why,
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    name: &'static str,
    result: Verdict,
    detail: String,
    took_ms: u64,
}

impl Check {
    /// A check that ended.
    pub fn new(name: &'static str, outcome: Outcome, took_ms: u64) -> Self {
        Self {
            name,
            result: outcome.verdict,
            detail: outcome.detail,
            took_ms,
        }
    }

    /// For people.
    pub fn line(&self) -> String {
        let mark = match self.result {
            Verdict::Ok => say!("ok"),
            Verdict::Warn => say!("warn"),
            Verdict::Fails => say!("fails"),
            Verdict::Skipped => "-".to_owned(),
        };
        format!(
            "{}{}{}",
            text::padded(&mark, 7),
            text::padded(&phrase(self.name), 20),
            text::one_line(&phrase(&self.detail))
        )
    }
}

/// All checks, and what follows from them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// In the order in which they were made.
    pub checks: Vec<Check>,
    cause: Option<String>,
    remedy: Option<String>,
}

impl Report {
    /// Whether the check of this name found what it should.
    pub fn is_ok(&self, name: &str) -> bool {
        self.verdict(name) == Some(Verdict::Ok)
    }

    /// Whether something does not work.
    pub fn has_failure(&self) -> bool {
        self.checks
            .iter()
            .any(|check| check.result == Verdict::Fails)
    }

    fn verdict(&self, name: &str) -> Option<Verdict> {
        let check = self.checks.iter().find(|check| check.name == name)?;
        Some(check.result)
    }

    fn fails(&self, name: &str) -> bool {
        self.verdict(name) == Some(Verdict::Fails)
    }

    fn says(&self, name: &str, part: &str) -> bool {
        let mut checks = self.checks.iter();
        checks.any(|check| check.name == name && check.detail.contains(part))
    }

    /// Names the first thing that has to be mended: what comes later may follow from it.
    pub fn judge(&mut self) {
        let found = if self.fails("database") {
            Some((
                noted!("the database cannot be used"),
                noted!(
                    "put a backup of kukuri.db in its place, or move it away: members send back what they hold"
                ),
            ))
        } else if self.fails("keyring") {
            Some((
                noted!("the keys cannot be read, and without them no node starts"),
                noted!(
                    "unlock the keyring or start its service; or keep the keys in a passphrase file: kukuri identity move --to file"
                ),
            ))
        } else if self.fails("node") {
            Some((
                noted!("the running node does not answer"),
                noted!("stop that process and start it again: kukuri up"),
            ))
        } else if self.fails("clock") {
            Some((
                noted!("this machine's clock is wrong, and others refuse its posts"),
                noted!("set the clock, best by switching on network time"),
            ))
        } else if self.fails("UDP") && self.says("UDP", "TCP works") {
            Some((
                noted!("UDP to the internet is blocked by this network (TCP works)"),
                noted!(
                    "allow outgoing UDP, or set network.relays to a relay that is reachable by HTTPS"
                ),
            ))
        } else if self.fails("UDP") {
            Some((
                noted!("this machine has no way to the internet"),
                noted!("check the network; on a LAN without internet set network.mode to lan"),
            ))
        } else if self.fails("DHT") {
            Some((
                noted!("the DHT cannot be reached"),
                noted!(
                    "set discovery.dht.bootstrap to nodes that answer, or name peers in network.peers"
                ),
            ))
        } else if self.verdict("LAN") == Some(Verdict::Warn) {
            Some((
                noted!("members on the same LAN are not found by multicast"),
                noted!(
                    "connect to a network, or allow multicast on this one (guest networks often forbid it)"
                ),
            ))
        } else {
            None
        };
        if let Some((cause, remedy)) = found {
            self.cause = Some(cause);
            self.remedy = Some(remedy);
        }
    }

    /// The last lines for people.
    pub fn conclusion(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(cause) = &self.cause {
            lines.push(say!("cause  {cause}", cause = phrase(cause)));
        }
        if let Some(remedy) = &self.remedy {
            lines.push(say!("do     {remedy}", remedy = phrase(remedy)));
        }
        if lines.is_empty() {
            lines.push(say!("nothing is wrong"));
        }
        lines
    }
}

/// How far this machine's clock is from those of the peers: the middle one decides, since a
/// single peer may be wrong.
pub fn clock(mut skews_ms: Vec<i64>) -> Outcome {
    if skews_ms.is_empty() {
        return Outcome::skipped(noted!("no member has told its time yet"));
    }
    skews_ms.sort_unstable();
    let skew_ms = skews_ms[skews_ms.len() / 2].unsigned_abs();
    let skew = format!("{}.{}", skew_ms / 1_000, skew_ms % 1_000 / 100);
    let detail = match skews_ms.len() {
        1 => noted!("{skew} s from 1 member", skew = skew),
        n => noted!("{skew} s from {n} members", skew = skew, n = n),
    };
    match skew_ms {
        0..SKEW_WARN_MS => Outcome::ok(detail),
        SKEW_WARN_MS..SKEW_FAILS_MS => Outcome::warn(detail),
        _ => Outcome::fails(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(outcomes: &[(&'static str, Outcome)]) -> Vec<String> {
        let mut report = Report::default();
        for (name, outcome) in outcomes {
            report.checks.push(Check::new(name, outcome.clone(), 1));
        }
        report.judge();
        report.conclusion()
    }

    fn fails(detail: &str) -> Outcome {
        Outcome::fails(detail.to_owned())
    }

    fn ok() -> Outcome {
        Outcome::ok("fine".to_owned())
    }

    #[test]
    fn the_first_thing_to_mend_is_named() {
        let lines = judged(&[
            ("database", ok()),
            ("keyring", fails("locked")),
            ("DHT", fails("no answer")),
            ("UDP", fails("blocked; TCP works")),
        ]);
        assert!(
            lines[0].starts_with("cause  the keys cannot be read"),
            "{lines:?}"
        );
        assert!(lines[1].contains("identity move --to file"), "{lines:?}");
    }

    #[test]
    fn blocked_udp_is_told_from_no_internet() {
        let blocked = judged(&[("DHT", fails("x")), ("UDP", fails("blocked; TCP works"))]);
        assert!(
            blocked[0].contains("UDP to the internet is blocked"),
            "{blocked:?}"
        );
        let nothing = judged(&[("DHT", fails("x")), ("UDP", fails("nothing answers"))]);
        assert!(nothing[0].contains("no way to the internet"), "{nothing:?}");
    }

    #[test]
    fn a_warning_has_a_remedy_and_is_no_failure() {
        let mut report = Report::default();
        let outcome = Outcome::warn("multicast does not work".to_owned());
        report.checks.push(Check::new("LAN", outcome, 3));
        report.judge();
        assert!(!report.has_failure());
        assert!(report.conclusion()[1].contains("multicast"), "{report:?}");
        assert_eq!(judged(&[("LAN", ok())]), ["nothing is wrong"]);
    }

    #[test]
    fn one_wrong_peer_does_not_make_our_clock_wrong() {
        assert_eq!(
            clock(vec![-90_000_000, 120, 300]),
            Outcome::ok("0.1 s from 3 members".to_owned())
        );
        assert_eq!(clock(vec![6_000]).verdict, Verdict::Warn);
        assert_eq!(clock(vec![-700_000, -700_100]).verdict, Verdict::Fails);
        assert_eq!(clock(vec![]).verdict, Verdict::Skipped);
    }
}
