//! What `explain` says about the sources, in plain words.

use std::collections::BTreeSet;

use kukuri_domain::peer::SourceKind;

use super::{Discovery, Failure, searches::Search};
use crate::views::{AttemptResult, AttemptView, SourceView};

impl Discovery {
    /// The attempts of this topic, oldest first.
    pub fn attempts(&self) -> Vec<AttemptView> {
        self.log.views().cloned().collect()
    }

    /// Where each source stands. The ticket is left out where there is none.
    pub fn sources(&self) -> Vec<SourceView> {
        SourceKind::ALL
            .into_iter()
            .filter(|source| *source != SourceKind::Ticket || self.settings.is_enabled(*source))
            .map(|source| self.source_view(source))
            .collect()
    }

    fn source_view(&self, source: SourceKind) -> SourceView {
        let Some(search) = self.searches.get(source) else {
            let (state, result) = match source {
                SourceKind::Manual | SourceKind::Bootstrap => ("-", "none configured"),
                _ => ("off", "switched off by the configuration"),
            };
            let (state, result) = (state.to_owned(), result.to_owned());
            return SourceView {
                source,
                enabled: false,
                state,
                result,
            };
        };
        let state = self.state_text(source, search);
        let result = self.result_text(source, search);
        SourceView {
            source,
            enabled: true,
            state,
            result,
        }
    }

    fn state_text(&self, source: SourceKind, search: &Search) -> String {
        let found = self.first(source, |a| {
            a.peer.is_some() && a.result == AttemptResult::Found
        });
        if let Some(ms) = found {
            return format!("found at {}", secs(ms));
        }
        match (source, search.running) {
            (SourceKind::Mdns, true) => "listening".to_owned(),
            (SourceKind::Bootstrap, _) if !search.tried && !search.running => if self.is_alone() {
                "waits"
            } else {
                "not needed"
            }
            .to_owned(),
            (_, true) => match self.last_start(source) {
                Some(ms) => format!("asking since {}", secs(ms)),
                None => "asking".to_owned(),
            },
            (_, false) => match self.last_start(source) {
                Some(ms) => format!("tried at {}", secs(ms)),
                None => "not tried yet".to_owned(),
            },
        }
    }

    fn result_text(&self, source: SourceKind, search: &Search) -> String {
        let mut parts = Vec::new();
        let reached: BTreeSet<_> = self
            .log
            .views()
            .filter(|a| a.source == source && a.result == AttemptResult::Found)
            .filter_map(|a| a.peer)
            .collect();
        if !reached.is_empty() {
            let names: Vec<String> = reached.iter().map(|peer| peer.short()).collect();
            parts.push(format!("reached {}", names.join(", ")));
        }
        match &search.last_error {
            Some(Failure::TimedOut) => parts.push("no answer in time".to_owned()),
            Some(Failure::Unreachable(why)) => parts.push(format!("not reachable: {why}")),
            Some(Failure::Failed(why)) => parts.push(format!("failed: {why}")),
            None => {}
        }
        if source == SourceKind::Dht {
            if let Some(ms) = self.published_after_ms {
                parts.push(format!("own record published at {}", secs(ms)));
            }
            if let Some(ms) = self.own_record_read_after_ms {
                parts.push(format!("read back at {}", secs(ms)));
            }
        }
        if parts.is_empty() {
            parts.push(match self.last_detail(source) {
                Some(detail) if !detail.is_empty() => detail,
                _ if source == SourceKind::Mdns => super::nothing_text(source).to_owned(),
                _ => "-".to_owned(),
            });
        }
        parts.join("; ")
    }

    fn first(&self, source: SourceKind, is_it: impl Fn(&AttemptView) -> bool) -> Option<u64> {
        let first = self.log.views().find(|a| a.source == source && is_it(a))?;
        Some(first.started_after_ms + first.took_ms.unwrap_or(0))
    }

    fn last_start(&self, source: SourceKind) -> Option<u64> {
        let last = self
            .log
            .views()
            .rev()
            .find(|a| a.source == source && a.peer.is_none())?;
        Some(last.started_after_ms)
    }

    fn last_detail(&self, source: SourceKind) -> Option<String> {
        let ended = |a: &&AttemptView| a.source == source && a.result != AttemptResult::Running;
        self.log.views().rev().find(ended).map(|a| a.detail.clone())
    }
}

fn secs(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1_000.0)
}
