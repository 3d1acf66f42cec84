//! Many plans at once, on all cores.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{Broken, Plan, Report, Sabotage, World};

/// Runs the plans of these seeds; `done` hears of each, in no order.
pub fn run(
    seeds: std::ops::Range<u64>,
    nodes: Option<usize>,
    sabotage: Option<Sabotage>,
    done: impl Fn(&Result<Report, Broken>) + Sync,
) -> Vec<Result<Report, Broken>> {
    let next = AtomicU64::new(seeds.start);
    let outcomes = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = World::new(Plan::of_seed(seed, nodes), sabotage).run();
                    done(&outcome);
                    let mut outcomes = outcomes.lock().expect("nobody panics while holding it");
                    outcomes.push((seed, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("all threads have ended");
    outcomes.sort_by_key(|(seed, _)| *seed);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
