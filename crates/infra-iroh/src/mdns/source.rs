//! Multicast DNS as a path of discovery.
//!
//! Owns the match between a topic and the tags that endpoints on the LAN show. Must never claim
//! that somebody is a member whose tag does not match.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use kukuri_application::{
    ports::{
        Announced, Announcement, Candidate, CandidateStream, Clock, PeerSource, Query, SourceError,
    },
    views::DiscoveryView,
};
use kukuri_domain::{
    PeerId, TopicKeys, UnixMs, limits::MDNS_TAGS_MAX, peer::SourceKind, presence::mdns_tag,
};
use tokio::sync::watch;

use super::{
    Mdns,
    table::{LanPeer, LanTable},
};

/// The path of discovery by multicast DNS. It announces by itself every topic that the network
/// has joined.
#[derive(Debug, Clone)]
pub struct MdnsSource(Result<Mdns, String>);

impl MdnsSource {
    /// With `Err`, the source says that it is not available, and why.
    pub(crate) fn new(mdns: Result<Mdns, String>) -> Self {
        Self(mdns)
    }
}

#[async_trait]
impl PeerSource for MdnsSource {
    fn kind(&self) -> SourceKind {
        SourceKind::Mdns
    }

    fn watches(&self) -> bool {
        true
    }

    async fn describe(&self, view: &mut DiscoveryView) {
        view.mdns.enabled = self.0.is_ok();
    }

    fn find(&self, query: Query) -> CandidateStream {
        match &self.0 {
            Ok(mdns) => Watch::new(mdns, query.topic).stream(),
            Err(reason) => {
                let error = SourceError::Unavailable(reason.clone());
                stream::iter([Err(error)]).boxed()
            }
        }
    }

    async fn announce(&self, _announcement: Announcement) -> Result<Announced, SourceError> {
        Ok(Announced::NotNeeded)
    }
}

/// One topic's watch over the LAN.
struct Watch {
    topic: Arc<TopicKeys>,
    clock: Arc<dyn Clock>,
    table: watch::Receiver<LanTable>,
    generation: u64,
    found: VecDeque<Candidate>,
}

impl Watch {
    fn new(mdns: &Mdns, topic: Arc<TopicKeys>) -> Self {
        let clock = mdns.0.clock.clone();
        Self {
            topic,
            clock,
            table: mdns.table(),
            generation: 0,
            found: VecDeque::new(),
        }
    }

    fn stream(self) -> CandidateStream {
        let next =
            |mut watch: Self| async { watch.next().await.map(|candidate| (Ok(candidate), watch)) };
        stream::unfold(self, next).boxed()
    }

    /// The next candidate; `None` when the network has closed.
    async fn next(&mut self) -> Option<Candidate> {
        loop {
            if let Some(candidate) = self.found.pop_front() {
                return Some(candidate);
            }
            let now = self.clock.now().unix;
            {
                let table = self.table.borrow_and_update();
                let changed = table.changed_after(self.generation);
                self.found
                    .extend(changed.filter_map(|(id, peer)| candidate(&self.topic, now, id, peer)));
                self.generation = table.generation();
            }
            if self.found.is_empty() {
                // The service ended, and the search with it.
                self.table.changed().await.ok()?;
            }
        }
    }
}

/// Whether an endpoint on the LAN is worth a dial for this topic.
fn candidate(topic: &TopicKeys, now: UnixMs, id: PeerId, peer: &LanPeer) -> Option<Candidate> {
    let hour = now.hour();
    // Clocks differ, and a record may be heard just after the hour has changed.
    let hours = [hour, hour.saturating_sub(1), hour.saturating_add(1)];
    let shows = |hour: &u64| {
        peer.tags
            .contains(&mdns_tag(&topic.presence_key, &id, *hour))
    };
    let is_member = hours.iter().any(shows);
    // A full list may have left this topic out: then meeting decides.
    let may_be_member = peer.tags.len() >= MDNS_TAGS_MAX;
    (is_member || may_be_member).then(|| Candidate {
        peer: id,
        addresses: peer.addresses.clone(),
        listed: Vec::new(),
        minute: None,
        is_member,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;

    fn topic(name: &str) -> TopicKeys {
        TopicKeys::public(name.parse().expect("a valid name"))
    }

    fn check(tags: Vec<[u8; 8]>, hour: u64, expected: Option<bool>) {
        let mut table = LanTable::default();
        table.seen(PeerId([1; 32]), vec![], tags);
        let (id, peer) = table.changed_after(0).next().expect("just seen");
        let found = candidate(&topic("lobby"), UnixMs(hour * HOUR_MS), id, peer);
        assert_eq!(found.map(|candidate| candidate.is_member), expected);
    }

    #[test]
    fn a_tag_counts_for_its_hour_and_its_neighbours() {
        let tag = mdns_tag(&topic("lobby").presence_key, &PeerId([1; 32]), 100);
        check(vec![[0; 8], tag], 100, Some(true));
        check(vec![tag], 99, Some(true));
        check(vec![tag], 101, Some(true));
        check(vec![tag], 102, None);
    }

    #[test]
    fn others_are_no_candidates_unless_their_list_is_full() {
        let other = mdns_tag(&topic("other").presence_key, &PeerId([1; 32]), 100);
        let copied = mdns_tag(&topic("lobby").presence_key, &PeerId([2; 32]), 100);
        check(vec![], 100, None);
        check(vec![other, copied], 100, None);
        check(vec![other; MDNS_TAGS_MAX], 100, Some(false));
    }
}
