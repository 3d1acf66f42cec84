//! `kukuri doctor`: shows what was found of what a node needs, and says what is wrong and what to
//! do.
//!
//! Owns the words and the exit code. The looking is in `kukuri_wiring::checks`.

use kukuri_application::views::{CheckResult, CheckView, ChecksView};
use kukuri_wiring::{Exit, Failure, checks};

use crate::{
    access::place_of,
    args::ProfileArgs,
    console::Console,
    language::{phrase, say},
    text,
};

/// Runs every check, shows each as it ends, and fails if one did.
pub async fn run(args: &ProfileArgs) -> Result<(), Failure> {
    let console = Console::of_process(args.json);
    let place = place_of(args)?;
    let show = |check: &CheckView| match console.is_json {
        true => Ok(()),
        false => console.text(&line(check)),
    };
    let found = checks::run(&place, show).await?;
    console.answer(&found, |found| conclusion(found).join("\n"))?;
    let is_bad = |check: &CheckView| check.result == CheckResult::Fails;
    match found.checks.iter().any(is_bad) {
        false => Ok(()),
        true => Err(Failure::quiet(Exit::Unexpected)),
    }
}

fn line(check: &CheckView) -> String {
    let mark = match check.result {
        CheckResult::Ok => say!("ok"),
        CheckResult::Warn => say!("warn"),
        CheckResult::Fails => say!("fails"),
        CheckResult::Skipped => "-".to_owned(),
    };
    format!(
        "{}{}{}",
        text::padded(&mark, 7),
        text::padded(&phrase(&check.name), 20),
        text::one_line(&phrase(&check.detail))
    )
}

/// The last lines.
fn conclusion(found: &ChecksView) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(cause) = &found.cause {
        lines.push(say!("cause  {cause}", cause = phrase(cause)));
    }
    if let Some(remedy) = &found.remedy {
        lines.push(say!("do     {remedy}", remedy = phrase(remedy)));
    }
    if lines.is_empty() {
        lines.push(say!("nothing is wrong"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::in_japanese;

    fn check(name: &str, result: CheckResult, detail: &str) -> CheckView {
        CheckView {
            name: name.to_owned(),
            result,
            detail: detail.to_owned(),
            took_ms: 1,
        }
    }

    #[test]
    fn a_check_is_a_line() {
        let lan = check("LAN", CheckResult::Ok, "multicast works");
        assert_eq!(line(&lan), "ok     LAN                 multicast works");
        let node = check("node", CheckResult::Skipped, "x\u{1b}y");
        assert_eq!(line(&node), "-      node                x\\x1by");
        let dht = check(
            "DHT",
            CheckResult::Fails,
            "no answer from any of 4 bootstrap nodes in 5 s",
        );
        in_japanese(|| {
            assert!(line(&dht).starts_with("異常   DHT  "), "{}", line(&dht));
            assert!(line(&dht).contains("応答なし"), "{}", line(&dht));
        });
    }

    #[test]
    fn the_last_lines_say_what_to_do() {
        let mut found = ChecksView::default();
        assert_eq!(conclusion(&found), ["nothing is wrong"]);
        found.cause = Some("the DHT cannot be reached".to_owned());
        found.remedy = Some("wait".to_owned());
        let lines = ["cause  the DHT cannot be reached", "do     wait"];
        assert_eq!(conclusion(&found), lines);
    }
}
