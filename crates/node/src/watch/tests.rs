//! Sleep, a clock that was set, a process that was stopped, and nothing at all.

use kukuri_domain::UnixMs;

use super::*;

const START_MS: u64 = 1_700_000_000_000;

/// Time passes: on the wall, on the monotonic clock, and asleep as the system counts it.
#[derive(Debug, Clone, Copy)]
struct Passing {
    wall_ms: i64,
    mono_ms: u64,
    slept_ms: u64,
}

fn check(counts_sleep: bool, passing: Passing, expected: Option<u64>) {
    let first = Reading {
        now: Now {
            unix: UnixMs(START_MS),
            mono_ms: 50_000,
        },
        slept_ms: counts_sleep.then_some(7_000),
    };
    let second = Reading {
        now: Now {
            unix: UnixMs(START_MS.saturating_add_signed(passing.wall_ms)),
            mono_ms: 50_000 + passing.mono_ms,
        },
        slept_ms: counts_sleep.then_some(7_000 + passing.slept_ms),
    };
    let mut wakefulness = Wakefulness::new(first, LOOK_EVERY_MS);
    assert_eq!(wakefulness.look(second), expected, "{passing:?}");
    assert_eq!(wakefulness.look(second), None, "it is told once");
}

fn passing(wall_ms: i64, mono_ms: u64, slept_ms: u64) -> Passing {
    Passing {
        wall_ms,
        mono_ms,
        slept_ms,
    }
}

#[test]
fn where_the_system_counts_sleep_its_count_decides() {
    check(true, passing(2_000, 2_000, 0), None);
    check(true, passing(3_602_000, 2_000, 3_600_000), Some(3_600_000));
    check(true, passing(5_000, 2_000, 3_000), Some(3_000));
    check(true, passing(4_000, 2_000, 2_000), None);
    // The wall clock was set, an hour forward or back: nobody slept.
    check(true, passing(3_602_000, 2_000, 0), None);
    check(true, passing(-3_598_000, 2_000, 0), None);
}

#[test]
fn elsewhere_wall_time_that_nobody_was_awake_for_is_sleep() {
    check(false, passing(2_000, 2_000, 0), None);
    check(false, passing(3_602_000, 2_000, 0), Some(3_600_000));
    check(false, passing(12_000, 2_000, 0), Some(10_000));
    // A second or two is a clock that was corrected, and so is a step back.
    check(false, passing(4_500, 2_000, 0), None);
    check(false, passing(-60_000, 2_000, 0), None);
}

#[test]
fn a_process_that_was_not_run_was_away() {
    for counts_sleep in [true, false] {
        check(counts_sleep, passing(32_000, 32_000, 0), Some(30_000));
        // A busy machine is late, and that is all.
        check(counts_sleep, passing(9_000, 9_000, 0), None);
    }
}
