use std::collections::BTreeSet;

use kukuri_domain::entry::LOST_KEPT_MS;
use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{sum::Sum, *};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

fn member(id: u32, at: u64, standing: Standing, until: Option<u64>) -> Member {
    let mut bytes = [0; 32];
    blake3::Hasher::new()
        .update(&id.to_le_bytes())
        .finalize_xof()
        .fill(&mut bytes);
    Member {
        order: EventOrder {
            created_at: at / 1_000,
            ms: (at % 1_000) as u16,
            id: EventId(bytes),
        },
        standing,
        until: until.map(UnixMs),
    }
}

/// Some around now, some long ago, some in a place, some surpassed there, some with an end.
fn members() -> impl Strategy<Value = Vec<Member>> {
    let around_now = || NOW.0 - 1_300_000..NOW.0 + 700_000;
    let times = prop_oneof![0..100_000_u64, around_now()];
    let one = (
        times,
        0..6_u8,
        prop_oneof![0..100_000_u64, around_now()],
        prop::option::of(around_now()),
    );
    prop::collection::vec(one, 0..60).prop_map(|parts| {
        let parts = parts.into_iter().zip(0..);
        let member = |((at, standing, surpassed, until), id): ((u64, _, u64, _), _)| {
            let standing = match standing {
                0 => Standing::Greatest,
                1 => Standing::Surpassed(UnixMs(surpassed.max(at))),
                _ => Standing::Free,
            };
            member(id, at, standing, until)
        };
        parts.map(member).collect()
    })
}

/// What the rules say, one by one.
fn by_the_rules(members: &[Member], cut: UnixMs, since: UnixMs) -> SetSummary {
    let mut sum = Sum::default();
    let within = members
        .iter()
        .filter(|member| member.belongs_at(cut) && !member.is_behind(since));
    let count = within.map(|member| sum.add(&member.order.id.0)).count() as u64;
    SetSummary {
        cut,
        since,
        count,
        fingerprint: sum.fingerprint(count),
    }
}

proptest! {
    #[test]
    fn a_summary_is_what_the_rules_say(
        members in members(),
        at_once in any::<bool>(),
        cut in prop_oneof![NOW.0 - 1_100_000..NOW.0 + 1_000_000, Just(NOW.0)],
        since in prop_oneof![Just(0), Just(100_001), NOW.0 - 1_300_000..NOW.0 + 900_000],
    ) {
        let (cut, since) = (UnixMs(cut), UnixMs(since));
        let mut set = match at_once {
            true => SyncSet::new(members.iter().copied(), NOW),
            false => SyncSet::default(),
        };
        for member in &members {
            set.insert(*member, NOW);
        }
        prop_assert_eq!(set.summary(cut, since), by_the_rules(&members, cut, since));
    }

    #[test]
    fn time_and_deletions_change_it_as_the_rules_say(
        members in members(),
        ends in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<bool>(), NOW.0 - 600_000..NOW.0 + 600_000),
            0..20),
        later in 0..1_000_000_u64,
        back in 0..1_000_000_u64,
        horizon in NOW.0 - 1_300_000..NOW.0 + 900_000,
        since in prop_oneof![Just(0), NOW.0 - 1_300_000..NOW.0 + 900_000],
    ) {
        let mut set = SyncSet::new(members.iter().copied(), NOW);
        let mut model = members;
        if !model.is_empty() {
            for (index, surpasses, at) in ends {
                let member = index.get_mut(&mut model);
                let was = *member;
                match surpasses && was.is_keyed() {
                    true => member.surpass(was.order.at().max(UnixMs(at))),
                    false => member.end(UnixMs(at)),
                }
                set.change(*member, was, NOW);
            }
        }
        let now = UnixMs(NOW.0 + later);
        set.advance(now);
        let cut = UnixMs(now.0 - back);
        prop_assert_eq!(set.summary(cut, UnixMs(0)), by_the_rules(&model, cut, UnixMs(0)));
        let (horizon, since) = (UnixMs(horizon), UnixMs(since));
        set.forget_before(horizon);
        let expected = by_the_rules(&model, cut, since.max(horizon));
        prop_assert_eq!(set.summary(cut, since), expected);
        // What comes late from before does not count, nor does an earlier horizon.
        set.forget_before(UnixMs(0));
        for member in &model {
            set.insert(*member, now);
        }
        prop_assert_eq!(set.summary(cut, since), expected);
    }
}

/// Lets `ours` find out how it differs from `theirs`; returns the ids with the messages that it
/// took and their bytes.
fn reconcile(ours: &SyncSet, theirs: &SyncSet, since: UnixMs) -> (Step, usize, usize) {
    let (mut all, mut messages, mut bytes) = (Step::default(), 0, 0);
    let mut message = Some(ours.initiate(since));
    while let Some(question) = message {
        assert!(question.len() <= RECONCILE_BYTES_MAX);
        let answer = theirs.respond(since, &question).expect("well-formed");
        assert!(answer.len() <= RECONCILE_BYTES_MAX);
        messages += 2;
        bytes += question.len() + answer.len();
        let step = ours.resolve(since, &answer).expect("well-formed");
        all.have.extend(step.have);
        all.need.extend(step.need);
        message = step.next;
    }
    (all, messages, bytes)
}

/// `n` events, one in ten seconds, of which `of` says whether they are in the set.
fn set(n: u32, of: impl Fn(u32) -> bool) -> SyncSet {
    let ids = (0..n).filter(|id| of(*id));
    let standing = |id| match id % 997 {
        1 => Standing::Greatest,
        _ => Standing::Free,
    };
    let members = ids.map(|id| {
        let at = NOW.0 - u64::from(n - id) * 10_000;
        member(id, at, standing(id), None)
    });
    SyncSet::new(members, NOW)
}

fn ids(n: u32, of: impl Fn(u32) -> bool) -> BTreeSet<EventId> {
    let ids = (0..n).filter(|id| of(*id));
    ids.map(|id| member(id, 0, Standing::Free, None).order.id)
        .collect()
}

#[test]
fn both_find_exactly_what_the_other_lacks() {
    let mut rng = StdRng::seed_from_u64(7);
    for n in [0, 1, 31, 32, 500, 20_000] {
        let [a, b]: [u32; 2] = std::array::from_fn(|_| rng.random_range(1..40));
        let (in_a, in_b) = (|id| id % a != 0, |id| id % b != 1);
        let (ours, theirs) = (set(n, in_a), set(n, in_b));
        let (step, _, _) = reconcile(&ours, &theirs, UnixMs(0));
        let have: BTreeSet<EventId> = step.have.iter().copied().collect();
        let need: BTreeSet<EventId> = step.need.iter().copied().collect();
        assert_eq!(have, ids(n, |id| in_a(id) && !in_b(id)), "of {n}");
        assert_eq!(need, ids(n, |id| in_b(id) && !in_a(id)), "of {n}");
        assert_eq!(step.need.len(), need.len(), "none twice");
    }
}

#[test]
fn ten_of_a_hundred_thousand_cost_little() {
    let n = 100_000;
    let (ours, theirs) = (
        set(n, |id| id % 20_000 != 3),
        set(n, |id| id % 20_000 != 9_999),
    );
    let (step, messages, bytes) = reconcile(&ours, &theirs, UnixMs(0));
    assert_eq!((step.have.len(), step.need.len()), (5, 5));
    assert!(
        messages <= 10 && bytes < 50_000,
        "{messages} messages, {bytes} bytes"
    );
}

#[test]
fn a_newcomer_learns_of_the_newest_first() {
    let (n, nothing) = (20_000, SyncSet::default());
    let theirs = set(n, |_| true);
    let (step, _, _) = reconcile(&nothing, &theirs, UnixMs(0));
    assert_eq!(step.need.len(), n as usize);
    // Within one message the ids are in no order.
    let newest = ids(n, |id| id >= n - 1_000);
    let place = step.need.iter().rposition(|id| newest.contains(id));
    assert!(place.expect("they are there") < 5_000, "{place:?}");
}

#[test]
fn what_lies_before_the_horizon_is_left_alone() {
    let (n, half) = (2_000, UnixMs(NOW.0 - 10_000 * 1_000));
    let (ours, theirs) = (set(n, |id| id >= 1_000 || id % 997 == 1), set(n, |_| true));
    assert_ne!(ours.summary(NOW, UnixMs(0)), theirs.summary(NOW, UnixMs(0)));
    assert_eq!(ours.summary(NOW, half), theirs.summary(NOW, half));
    let (step, messages, _) = reconcile(&ours, &theirs, half);
    assert_eq!((step, messages), (Step::default(), 2));
}

#[test]
fn whoever_has_not_heard_of_a_greater_write_yet_finds_nothing_but_that() {
    let at = NOW.0 - 100_000;
    let greater = member(1, at + 50_000, Standing::Greatest, None);
    let (before, mut after) = (
        member(0, at, Standing::Greatest, None),
        member(0, at, Standing::Greatest, None),
    );
    after.surpass(greater.order.at());
    after.end(UnixMs(at + LOST_KEPT_MS));
    let rest = (2..100).map(|id| member(id, at, Standing::Free, None));
    let ours = SyncSet::new(rest.clone().chain([before]), NOW);
    let theirs = SyncSet::new(rest.chain([after, greater]), NOW);
    // Before it was written both are the same.
    let cut = UnixMs(at + 50_000);
    assert_eq!(ours.summary(cut, UnixMs(0)), theirs.summary(cut, UnixMs(0)));
    let (step, _, _) = reconcile(&ours, &theirs, UnixMs(0));
    let found: BTreeSet<EventId> = step.need.into_iter().collect();
    // Its place among the items has changed, so the one that lost is looked at again.
    assert!(found.contains(&greater.order.id));
    assert!(found.is_subset(&BTreeSet::from([greater.order.id, before.order.id])));
}

#[test]
fn nonsense_is_an_error_and_no_panic() {
    let set = set(1_000, |_| true);
    let mut rng = StdRng::seed_from_u64(11);
    let genuine = set.initiate(UnixMs(0));
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut message = genuine.clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..message.len());
            message[at] = rng.random();
        }
        message.truncate(rng.random_range(0..=message.len()));
        // Some happen to be well-formed.
        refused += usize::from(set.respond(UnixMs(0), &message).is_err());
        refused += usize::from(set.resolve(UnixMs(0), &message).is_err());
    }
    assert!(refused > 10_000, "{refused} of 40,000");
    assert_eq!(set.respond(UnixMs(0), b""), Err(MalformedMessage));
    assert_eq!(set.resolve(UnixMs(0), b"\x62"), Err(MalformedMessage));
}
