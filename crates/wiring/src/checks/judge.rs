//! What follows from the checks: the cause of what does not work, and what to do.
//!
//! Pure: what was found in, words out.

use kukuri_application::views::{CheckResult, CheckView, ChecksView};

use super::{Outcome, noted};

/// Clocks that are further apart make posts come in a wrong order.
const SKEW_WARN_MS: u64 = 5_000;

/// Posts that lie further ahead are refused by others.
const SKEW_FAILS_MS: u64 = kukuri_domain::limits::EVENT_FUTURE_MS_MAX;

/// The checks with the first thing that has to be mended: what comes later may follow from it.
pub(super) fn judged(checks: Vec<CheckView>) -> ChecksView {
    let (cause, remedy) = diagnosis(&checks).unzip();
    ChecksView {
        checks,
        cause,
        remedy,
    }
}

/// How the check of this name ended.
pub(super) fn result_of(checks: &[CheckView], name: &str) -> Option<CheckResult> {
    let check = checks.iter().find(|check| check.name == name)?;
    Some(check.result)
}

/// Cause and remedy.
fn diagnosis(checks: &[CheckView]) -> Option<(String, String)> {
    let fails = |name: &str| result_of(checks, name) == Some(CheckResult::Fails);
    let says = |name: &str, part: &str| {
        let mut checks = checks.iter();
        checks.any(|check| check.name == name && check.detail.contains(part))
    };
    if fails("database") {
        Some((
            noted!("the database cannot be used"),
            noted!(
                "put a backup of kukuri.db in its place, or move it away: members send back what they hold"
            ),
        ))
    } else if fails("keyring") {
        Some((
            noted!("the keys cannot be read, and without them no node starts"),
            noted!(
                "unlock the keyring or start its service; or keep the keys in a passphrase file: kukuri identity move --to file"
            ),
        ))
    } else if fails("node") {
        Some((
            noted!("the running node does not answer"),
            noted!("stop that process and start it again: kukuri up"),
        ))
    } else if fails("clock") {
        Some((
            noted!("this machine's clock is wrong, and others refuse its posts"),
            noted!("set the clock, best by switching on network time"),
        ))
    } else if fails("UDP") && says("UDP", "TCP works") {
        Some((
            noted!("UDP to the internet is blocked by this network (TCP works)"),
            noted!(
                "allow outgoing UDP, or set network.relays to a relay that is reachable by HTTPS"
            ),
        ))
    } else if fails("UDP") {
        Some((
            noted!("this machine has no way to the internet"),
            noted!("check the network; on a LAN without internet set network.mode to lan"),
        ))
    } else if fails("DHT") {
        Some((
            noted!("the DHT cannot be reached"),
            noted!(
                "set discovery.dht.bootstrap to nodes that answer, or name peers in network.peers"
            ),
        ))
    } else if result_of(checks, "LAN") == Some(CheckResult::Warn) {
        Some((
            noted!("members on the same LAN are not found by multicast"),
            noted!(
                "connect to a network, or allow multicast on this one (guest networks often forbid it)"
            ),
        ))
    } else {
        None
    }
}

/// How far this machine's clock is from those of the peers: the middle one decides, since a
/// single peer may be wrong.
pub(super) fn clock(mut skews_ms: Vec<i64>) -> Outcome {
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

/// What the DHT says about UDP, since an answer of it is one by UDP; `None` where it says nothing.
/// Where configured nodes are is not known: a private DHT needs no internet.
pub(super) fn udp_by_dht(dht: CheckResult, is_configured: bool) -> Option<Outcome> {
    match (dht, is_configured) {
        (CheckResult::Skipped, _) => {
            Some(Outcome::skipped(noted!("nothing on the internet is asked")))
        }
        (CheckResult::Ok, false) => Some(Outcome::ok(noted!(
            "packets go to the internet and come back"
        ))),
        (CheckResult::Ok, true) => Some(Outcome::ok(noted!(
            "packets go to the configured DHT nodes and come back"
        ))),
        (CheckResult::Warn | CheckResult::Fails, true) => Some(Outcome::skipped(noted!(
            "only the configured DHT nodes are asked, and none answers"
        ))),
        (CheckResult::Warn | CheckResult::Fails, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(outcomes: &[(&str, Outcome)]) -> ChecksView {
        let checks = outcomes.iter();
        let checks = checks.map(|(name, outcome)| outcome.clone().into_view(name, 1));
        super::judged(checks.collect())
    }

    fn cause(outcomes: &[(&str, Outcome)]) -> String {
        judged(outcomes).cause.expect("something is wrong")
    }

    fn fails(detail: &str) -> Outcome {
        Outcome::fails(detail.to_owned())
    }

    fn ok() -> Outcome {
        Outcome::ok("fine".to_owned())
    }

    #[test]
    fn the_first_thing_to_mend_is_named() {
        let judged = judged(&[
            ("database", ok()),
            ("keyring", fails("locked")),
            ("DHT", fails("no answer")),
            ("UDP", fails("blocked; TCP works")),
        ]);
        let cause = judged.cause.expect("something is wrong");
        assert!(cause.starts_with("the keys cannot be read"), "{cause}");
        let remedy = judged.remedy.expect("there is something to do");
        assert!(remedy.contains("identity move --to file"), "{remedy}");
    }

    #[test]
    fn blocked_udp_is_told_from_no_internet() {
        let blocked = cause(&[("DHT", fails("x")), ("UDP", fails("blocked; TCP works"))]);
        assert!(
            blocked.contains("UDP to the internet is blocked"),
            "{blocked}"
        );
        let nothing = cause(&[("DHT", fails("x")), ("UDP", fails("nothing answers"))]);
        assert!(nothing.contains("no way to the internet"), "{nothing}");
    }

    #[test]
    fn a_warning_has_a_remedy_and_nothing_wrong_has_none() {
        let outcome = Outcome::warn("multicast does not work".to_owned());
        let remedy = judged(&[("LAN", outcome)]).remedy;
        assert!(
            remedy
                .expect("there is something to do")
                .contains("multicast")
        );
        let fine = judged(&[("LAN", ok())]);
        assert_eq!((fine.cause, fine.remedy), (None, None));
    }

    #[test]
    fn what_a_configured_dht_says_is_not_taken_for_the_internet() {
        let check = |dht, is_configured, expected: Option<(CheckResult, &str)>| {
            let outcome = udp_by_dht(dht, is_configured);
            let found = outcome.map(|outcome| (outcome.result, outcome.detail));
            let expected = expected.map(|(result, detail)| (result, detail.to_owned()));
            assert_eq!(found, expected, "{dht:?} {is_configured}");
        };
        let (ok, fails) = (CheckResult::Ok, CheckResult::Fails);
        let internet = "packets go to the internet and come back";
        check(ok, false, Some((CheckResult::Ok, internet)));
        let private = "packets go to the configured DHT nodes and come back";
        check(ok, true, Some((CheckResult::Ok, private)));
        check(fails, false, None);
        // Nothing follows about the internet, so that it is not said to be blocked.
        let silent = "only the configured DHT nodes are asked, and none answers";
        check(fails, true, Some((CheckResult::Skipped, silent)));
        let nothing = "nothing on the internet is asked";
        let skipped = CheckResult::Skipped;
        for is_configured in [false, true] {
            check(skipped, is_configured, Some((skipped, nothing)));
        }
    }

    #[test]
    fn one_wrong_peer_does_not_make_our_clock_wrong() {
        assert_eq!(
            clock(vec![-90_000_000, 120, 300]),
            Outcome::ok("0.1 s from 3 members".to_owned())
        );
        assert_eq!(clock(vec![6_000]).result, CheckResult::Warn);
        assert_eq!(clock(vec![-700_000, -700_100]).result, CheckResult::Fails);
        assert_eq!(clock(vec![]).result, CheckResult::Skipped);
    }
}
