//! The members at work, and what is measured meanwhile.
//!
//! A delivery is measured from the call that posts to the event that the receiver's node tells
//! after its commit: signing, two databases and the network lie in between.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    time::{Duration, Instant},
};

use kukuri_application::views::TopicEvent;
use kukuri_domain::{EventId, PeerId, TopicName, peer::FoundBy};
use kukuri_node::{
    Client,
    client::{PAGE_POSTS_MAX, ReadQuery},
};
use tokio::{sync::mpsc, task::JoinSet};

use super::report;
use kukuri_wiring::{Exit, Failure};

use crate::language::say;

/// Events of all members on their way to the script: more than one demo has.
const SEEN_CAPACITY: usize = 4_096;

/// How long the members may look for each other. The target is half of it.
const MEET_MAX: Duration = Duration::from_secs(10);

/// How long everybody may take to meet everybody once all have met somebody.
const MESH_MAX: Duration = Duration::from_millis(1_500);

/// How long the last deliveries may take.
const DELIVER_MAX: Duration = Duration::from_secs(8);

/// Pause between two posts: as fast as people never are, but no flood either.
const PACE: Duration = Duration::from_millis(10);

/// One member.
pub struct Member {
    /// For people.
    pub name: &'static str,
    /// Its node.
    pub client: Client,
}

/// Who found whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Who tells.
    pub who: &'static str,
    /// The other one.
    pub whom: &'static str,
    /// By which path.
    pub found_by: FoundBy,
    /// From joining.
    pub after: Duration,
}

impl fmt::Display for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            who,
            whom,
            found_by,
            after,
        } = self;
        let after = report::ms(*after);
        f.write_str(&match found_by {
            FoundBy::Inbound => say!(
                "{who} was found by {whom} after {after}",
                who = who,
                whom = whom,
                after = after
            ),
            FoundBy::Neighbour => say!(
                "{who} was told of {whom} by a member after {after}",
                who = who,
                whom = whom,
                after = after
            ),
            // The nodes of the demo have no other source than the DHT.
            _ => say!(
                "{who} found {whom} by DHT in {after}",
                who = who,
                whom = whom,
                after = after
            ),
        })
    }
}

/// One post at one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// From the call to the event.
    pub took: Duration,
}

/// What a member's node told.
struct Seen {
    member: usize,
    at: Instant,
    event: TopicEvent,
}

/// All members in one topic.
pub struct Swarm {
    members: Vec<Member>,
    topic: TopicName,
    seen: mpsc::Receiver<Seen>,
    _listeners: JoinSet<()>,
}

impl Swarm {
    /// All members join at the same time.
    pub async fn join(members: Vec<Member>, topic: &TopicName) -> Result<Self, Failure> {
        let (sender, seen) = mpsc::channel(SEEN_CAPACITY);
        let mut joining = JoinSet::new();
        for member in &members {
            let (client, topic) = (member.client.clone(), topic.clone());
            joining.spawn(async move { client.join(&topic).await });
        }
        for joined in joining.join_all().await {
            joined?;
        }
        let mut listeners = JoinSet::new();
        for (number, member) in members.iter().enumerate() {
            let mut events = member.client.subscribe(topic).await?;
            let sender = sender.clone();
            listeners.spawn(async move {
                while let Some(event) = events.next().await {
                    let seen = Seen {
                        member: number,
                        at: Instant::now(),
                        event,
                    };
                    if sender.send(seen).await.is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self {
            members,
            topic: topic.clone(),
            seen,
            _listeners: listeners,
        })
    }

    /// Waits until every member has met somebody, and a moment longer for those who have not met
    /// everybody: gossip does not promise a full mesh.
    pub async fn meet(&mut self) -> Result<Vec<Meeting>, Failure> {
        let mut meetings = Vec::new();
        // What happened before the subscription is in the list of peers.
        for (number, member) in self.members.iter().enumerate() {
            for peer in member.client.peers(&self.topic).await? {
                let after = Duration::from_millis(peer.found_after_ms);
                self.note(&mut meetings, number, peer.id, peer.found_by, after);
            }
        }
        let mut deadline = tokio::time::Instant::now() + MEET_MAX;
        let mut is_met = false;
        let wanted = self.members.len() * (self.members.len() - 1);
        while meetings.len() < wanted {
            if !is_met && self.lonely(&meetings).is_none() {
                is_met = true;
                deadline = tokio::time::Instant::now() + MESH_MAX;
            }
            let Ok(Some(seen)) = tokio::time::timeout_at(deadline, self.seen.recv()).await else {
                break;
            };
            if let TopicEvent::PeerJoined {
                peer,
                found_by,
                after_ms,
            } = seen.event
            {
                let after = Duration::from_millis(after_ms);
                self.note(&mut meetings, seen.member, peer, found_by, after);
            }
        }
        match self.lonely(&meetings) {
            None => Ok(meetings),
            Some(lonely) => Err(self.nobody_found(lonely).await),
        }
    }

    /// A member that has met nobody.
    fn lonely(&self, meetings: &[Meeting]) -> Option<&Member> {
        let met = |member: &&Member| meetings.iter().any(|meeting| meeting.who == member.name);
        self.members.iter().find(|member| !met(member))
    }

    fn note(
        &self,
        meetings: &mut Vec<Meeting>,
        who: usize,
        peer: PeerId,
        found_by: FoundBy,
        after: Duration,
    ) {
        let who = self.members[who].name;
        let whom = self
            .members
            .iter()
            .find(|member| member.client.peer_id() == peer);
        let Some(whom) = whom.map(|member| member.name) else {
            return;
        };
        if !meetings
            .iter()
            .any(|meeting| meeting.who == who && meeting.whom == whom)
        {
            meetings.push(Meeting {
                who,
                whom,
                found_by,
                after,
            });
        }
    }

    async fn nobody_found(&self, lonely: &Member) -> Failure {
        let seconds = MEET_MAX.as_secs();
        let failure = Failure::new(
            Exit::Network,
            format!("{} found nobody within {seconds} s", lonely.name),
        );
        match lonely.client.explain(&self.topic).await {
            Ok(explain) => {
                let text = crate::render::explain(&explain, lonely.client.now());
                text.lines()
                    .filter(|line| !line.is_empty())
                    .fold(failure, Failure::detail)
            }
            Err(_) => failure,
        }
    }

    /// The members post in turn; every post is awaited at every other member.
    pub async fn talk(&mut self, posts_each: usize) -> Result<Vec<Delivery>, Failure> {
        let mut sent: HashMap<EventId, Instant> = HashMap::new();
        for round in 0..posts_each {
            for member in &self.members {
                let at = Instant::now();
                let text = format!("message {} of {}", round + 1, member.name);
                let posted = member.client.post(&self.topic, &text).await?;
                sent.insert(posted.event.id(), at);
                tokio::time::sleep(PACE).await;
            }
        }
        let wanted = sent.len() * (self.members.len() - 1);
        self.deliveries(&sent, wanted).await
    }

    async fn deliveries(
        &mut self,
        sent: &HashMap<EventId, Instant>,
        wanted: usize,
    ) -> Result<Vec<Delivery>, Failure> {
        let mut seen_by: BTreeSet<(usize, EventId)> = BTreeSet::new();
        let mut deliveries = Vec::new();
        let deadline = tokio::time::Instant::now() + DELIVER_MAX;
        while deliveries.len() < wanted {
            let Ok(Some(seen)) = tokio::time::timeout_at(deadline, self.seen.recv()).await else {
                let missing = wanted - deliveries.len();
                let message = format!(
                    "{missing} of {wanted} deliveries were missing after {} s",
                    DELIVER_MAX.as_secs()
                );
                return Err(Failure::new(Exit::Unexpected, message));
            };
            let TopicEvent::Post { post, .. } = &seen.event else {
                continue;
            };
            let event = &post.event;
            let is_own = event.author() == self.members[seen.member].client.author();
            let Some(posted_at) = sent.get(&event.id()).filter(|_| !is_own) else {
                continue;
            };
            if seen_by.insert((seen.member, event.id())) {
                deliveries.push(Delivery {
                    took: seen.at.saturating_duration_since(*posted_at),
                });
            }
        }
        Ok(deliveries)
    }

    /// What each member's database holds.
    pub async fn stored(&self) -> Result<Vec<(&'static str, BTreeSet<EventId>)>, Failure> {
        let mut sets = Vec::new();
        for member in &self.members {
            let query = ReadQuery::newest(&self.topic, PAGE_POSTS_MAX);
            let posts = member.client.read(&query).await?.posts;
            sets.push((
                member.name,
                posts.iter().map(|post| post.event.id()).collect(),
            ));
        }
        Ok(sets)
    }
}
