//! Where each source stands: running, tried, failing, and when it is asked again.

use std::collections::BTreeMap;

use kukuri_domain::peer::SourceKind;

use super::{Failure, Settings};

/// Pauses between two looks at the DHT while alone, in milliseconds: short at first, because two
/// members that start together miss each other's first record, then ever longer.
const DHT_PAUSES_MS: [u64; 8] = [250, 400, 700, 1_200, 2_000, 3_000, 5_000, 8_000];

/// Pause after a source could not be reached: nothing was sent far, so it may be asked soon.
const UNREACHABLE_PAUSE_MS: u64 = 1_500;

/// Pause before remembered peers are tried again while alone.
const KNOWN_PAUSE_MS: u64 = 30_000;

/// Pause before configured peers are tried again.
const CONFIGURED_PAUSE_MS: u64 = 15_000;

/// Pause before a watch that broke is begun again.
const WATCH_PAUSE_MS: u64 = 5_000;

#[derive(Debug, Default, Clone)]
pub(super) struct Search {
    pub(super) running: bool,
    pub(super) tried: bool,
    pub(super) failures: u32,
    pub(super) rounds: u32,
    pub(super) found_now: usize,
    pub(super) last_error: Option<Failure>,
}

/// One [`Search`] per enabled source.
#[derive(Debug)]
pub(super) struct Searches {
    by_source: BTreeMap<SourceKind, Search>,
}

impl Searches {
    pub(super) fn new(settings: &Settings) -> Self {
        let by_source = settings
            .sources
            .iter()
            .map(|s| (*s, Search::default()))
            .collect();
        Self { by_source }
    }

    pub(super) fn get(&self, source: SourceKind) -> Option<&Search> {
        self.by_source.get(&source)
    }

    /// Marks a search as running; false when it runs already.
    pub(super) fn begin(&mut self, source: SourceKind) -> bool {
        let Some(search) = self.by_source.get_mut(&source) else {
            return false;
        };
        if search.running {
            return false;
        }
        search.running = true;
        search.found_now = 0;
        true
    }

    pub(super) fn note_found(&mut self, source: SourceKind) {
        if let Some(search) = self.by_source.get_mut(&source) {
            search.found_now += 1;
        }
    }

    /// How many the running search has found.
    pub(super) fn found(&self, source: SourceKind) -> usize {
        self.by_source
            .get(&source)
            .map_or(0, |search| search.found_now)
    }

    /// Marks a search as ended.
    pub(super) fn end(&mut self, source: SourceKind, outcome: &Result<(), Failure>) {
        let Some(search) = self.by_source.get_mut(&source) else {
            return;
        };
        search.running = false;
        match outcome {
            Ok(()) => {
                search.tried = true;
                search.failures = 0;
                search.rounds += 1;
                search.last_error = None;
            }
            Err(failure) => {
                search.failures += 1;
                search.last_error = Some(failure.clone());
            }
        }
    }

    /// When the source is to be asked again while that makes sense; `None` for never.
    pub(super) fn next_after_ms(
        &mut self,
        source: SourceKind,
        outcome: &Result<(), Failure>,
        settings: &Settings,
    ) -> Option<u64> {
        let search = self.by_source.get_mut(&source)?;
        if outcome.is_err() {
            if search.failures <= settings.retries {
                // At once; the caller adds the jitter of up to `jitter_ms`.
                return Some(settings.jitter_ms);
            }
            search.tried = true;
            search.failures = 0;
            search.rounds += 1;
        }
        let unreachable = matches!(outcome, Err(Failure::Unreachable(_)));
        match source {
            SourceKind::Dht if unreachable => Some(UNREACHABLE_PAUSE_MS),
            SourceKind::Dht => {
                let round = search.rounds.saturating_sub(1) as usize;
                Some(DHT_PAUSES_MS[round.min(DHT_PAUSES_MS.len() - 1)])
            }
            SourceKind::Known => Some(KNOWN_PAUSE_MS),
            SourceKind::Manual | SourceKind::Bootstrap => Some(CONFIGURED_PAUSE_MS),
            SourceKind::Mdns => Some(WATCH_PAUSE_MS),
            SourceKind::Ticket => None,
        }
    }

    /// Begins the pauses anew, because the situation changed.
    pub(super) fn reset(&mut self) {
        for search in self.by_source.values_mut() {
            search.rounds = 0;
            search.failures = 0;
            search.tried = false;
        }
    }

    pub(super) fn was_tried(&self, source: SourceKind) -> bool {
        self.by_source
            .get(&source)
            .is_some_and(|s| s.tried || s.running)
    }

    /// Whether every source that is asked at once has ended and found nobody. A watch has no
    /// end and does not count.
    pub(super) fn others_failed(&self) -> bool {
        self.by_source.iter().all(|(source, search)| match source {
            SourceKind::Bootstrap | SourceKind::Mdns => true,
            _ => search.tried && search.found_now == 0 && !search.running,
        })
    }

    /// Whether every source was asked at least once since the last reset.
    pub(super) fn all_tried(&self) -> bool {
        self.by_source
            .iter()
            .all(|(source, search)| *source == SourceKind::Mdns || search.tried)
    }
}
