//! The simulator itself: a seed repeats its run, good code keeps the rules, and what is left out
//! of the product on purpose is noticed.

use kukuri_sim::{Plan, Report, Sabotage, World};

fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<Report, String> {
    let outcome = World::new(Plan::of_seed(seed, None), sabotage).run();
    outcome.map_err(|broken| broken.to_string())
}

#[test]
fn a_seed_gives_the_same_run_again_and_another_seed_another() {
    let first = run(5, None).expect("it keeps the rules");
    assert_eq!(run(5, None).expect("it keeps the rules"), first);
    assert_ne!(
        run(6, None).expect("it keeps the rules").digest,
        first.digest
    );
    assert!((20..=24).contains(&first.nodes));
    assert!(first.posts >= 190, "some fall to a commit that fails");
}

#[test]
fn a_story_is_told_of_a_run_without_changing_it() {
    let told = || World::new(Plan::of_seed(5, None), None).telling();
    let (mut one, mut other) = (told(), told());
    let report = one.run().expect("it keeps the rules");
    other.run().expect("it keeps the rules");
    assert!(one.story().iter().any(|line| line.ends_with("is killed")));
    assert!(one.story() == other.story(), "the story is another one");
    assert_eq!(run(5, None).expect("it keeps the rules"), report);
}

#[test]
fn two_groups_that_never_met_become_one() {
    // Every fourth plan begins with a cut.
    let report = run(24, None).expect("it keeps the rules");
    assert!(report.posts >= 190);
}

#[test]
fn what_is_left_out_is_noticed() {
    for (name, sabotage, seed, rule) in [
        ("never-reconcile", Sabotage::NeverReconcile, 1, "lacks"),
        ("never-rendezvous", Sabotage::NeverRendezvous, 24, "lacks"),
        (
            "never-rejoin",
            Sabotage::NeverRejoin,
            216,
            "gossip does not reach",
        ),
        (
            "merge-by-arrival",
            Sabotage::MergeByArrival,
            5,
            "does not hold the greatest write",
        ),
    ] {
        run(seed, None).unwrap_or_else(|broken| panic!("whole without {name}: {broken}"));
        let Err(broken) = run(seed, Some(sabotage)) else {
            panic!("{name} is not noticed by seed {seed}");
        };
        assert!(broken.contains(rule), "{name}: {broken}");
    }
}

#[test]
fn a_commit_that_is_not_made_is_noticed_at_once() {
    let broken = run(3, Some(Sabotage::ForgetCommits)).expect_err("it forgets");
    assert!(
        broken.contains("not stored") || broken.contains("before it is stored"),
        "{broken}"
    );
}

#[test]
fn a_calm_day_loses_nothing_and_needs_no_comparing() {
    let mut world = World::new(Plan::calm(1, 30, 50, 200_000), None);
    let report = world.run().unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!((report.posts, report.rejoins), (50, 0));
    assert_eq!(report.delays_us.len(), 50 * 29);
    let slowest = report.delays_us.iter().max().copied().unwrap_or_default();
    assert!(
        slowest < 1_000_000,
        "gossip alone brings everything: {slowest} us"
    );
    assert!(report.mean_hops() > 0.5 && report.redundancy() > 0.0);
}
