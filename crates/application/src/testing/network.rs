//! A network in memory: several nodes in one process that dial, talk and ask each other.
//!
//! Owns who reaches whom, how long it takes, and a record of what was asked of it. Must never
//! open a socket or read a clock: delays are tokio's, so a test with paused time decides them.
//!
//! What it keeps of the real network, because callers depend on it: joining dials nobody;
//! dialling a peer that has not joined the topic is lost without a reply; messages reach every
//! member that is connected through others, never the sender; a full channel loses messages and
//! says so once, but never loses a neighbour notice; dropping a [`TopicLink`] leaves.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, Weak},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use kukuri_domain::{
    PeerAddress, PeerId, TopicId, TopicKeys, UnixMs, limits::GOSSIP_PAYLOAD_BYTES_MAX,
    peer::PathKind,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::ports::{
    DialReport, NetworkChanges, NetworkError, NetworkEvent, NetworkStatus, PeerPath, SyncAnswer,
    SyncCall, SyncRequest, TopicLink, TopicNetwork,
};

/// Capacity of a joined topic's channel unless [`Hub::set_channel_capacity`] says otherwise: the
/// real adapter's.
pub const CHANNEL_CAPACITY: usize = 1_024;

/// One request that a node made of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// It joined a topic.
    Join(TopicId),
    /// It left a topic, by asking or by dropping the link.
    Leave(TopicId),
    /// It dialled.
    Dial {
        /// For which topic.
        topic: TopicId,
        /// Whom.
        peer: PeerId,
        /// With these addresses.
        addresses: Vec<PeerAddress>,
        /// Without meeting first.
        is_member: bool,
    },
    /// It broadcast to the whole topic.
    Broadcast(TopicId, Bytes),
    /// It broadcast to its neighbours.
    BroadcastNeighbours(TopicId, Bytes),
    /// It asked a member.
    Call {
        /// In which topic.
        topic: TopicId,
        /// Whom.
        peer: PeerId,
        /// What.
        request: SyncRequest,
    },
    /// It was told where a peer was reached before.
    Remember {
        /// Who.
        peer: PeerId,
        /// Where.
        addresses: Vec<PeerAddress>,
    },
    /// It was told that the machine may be elsewhere.
    Renew,
}

/// How a node treats those who try to reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// It answers.
    #[default]
    Open,
    /// Nothing answers: dials and calls fail after [`Hub::set_unreachable_after`].
    Dead,
    /// Dials and calls never end.
    Hangs,
}

/// Connects fake networks with each other. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    nodes: BTreeMap<PeerId, Node>,
    members: BTreeMap<(TopicId, PeerId), Member>,
    cut: BTreeSet<(PeerId, PeerId)>,
    skew_ms: BTreeMap<PeerId, i64>,
    dial_delay: Duration,
    message_delay: Duration,
    unreachable_after: Duration,
    loses_messages: bool,
    channel_capacity: usize,
    next_membership: u64,
    tasks: JoinSet<()>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            nodes: BTreeMap::new(),
            members: BTreeMap::new(),
            cut: BTreeSet::new(),
            skew_ms: BTreeMap::new(),
            dial_delay: Duration::ZERO,
            message_delay: Duration::ZERO,
            unreachable_after: Duration::ZERO,
            loses_messages: false,
            channel_capacity: CHANNEL_CAPACITY,
            next_membership: 0,
            tasks: JoinSet::new(),
        }
    }
}

#[derive(Debug, Default)]
struct Node {
    reach: Reach,
    is_closed: bool,
    requests: Vec<Request>,
}

#[derive(Debug)]
struct Member {
    membership: u64,
    events: mpsc::Sender<NetworkEvent>,
    neighbours: BTreeSet<PeerId>,
    /// Neighbour notices and a `Lagged` that found the channel full; they follow with the next
    /// event for this member.
    held_back: VecDeque<NetworkEvent>,
    has_lagged: bool,
}

impl Member {
    fn notice(&mut self, event: NetworkEvent) {
        self.held_back.push_back(event);
        self.flush();
    }

    fn message(&mut self, from: PeerId, payload: Bytes) {
        self.flush();
        let is_lost = !self.held_back.is_empty()
            || self
                .events
                .try_send(NetworkEvent::Message {
                    from,
                    is_direct: true,
                    payload,
                })
                .is_err();
        if !is_lost {
            self.has_lagged = false;
        } else if !self.has_lagged {
            self.has_lagged = true;
            self.held_back.push_back(NetworkEvent::Lagged);
        }
    }

    fn flush(&mut self) {
        while let Ok(room) = self.events.try_reserve() {
            let Some(event) = self.held_back.pop_front() else {
                return;
            };
            room.send(event);
        }
    }
}

impl Hub {
    /// An empty network on which everyone reaches everyone at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// A node on this network. Asking again for the same peer gives another handle to it.
    pub fn network(&self, peer: PeerId) -> Arc<FakeNetwork> {
        self.lock().nodes.entry(peer).or_default();
        Arc::new(FakeNetwork {
            peer,
            hub: self.clone(),
        })
    }

    /// How `peer` treats those who try to reach it from now on. Neighbours it has stay.
    pub fn set_reach(&self, peer: PeerId, reach: Reach) {
        self.lock().nodes.entry(peer).or_default().reach = reach;
    }

    /// Cuts or mends the path between two nodes; cutting also ends their being neighbours.
    pub fn set_connected(&self, a: PeerId, b: PeerId, is_connected: bool) {
        let mut state = self.lock();
        if is_connected {
            state.cut.remove(&pair(a, b));
            return;
        }
        state.cut.insert(pair(a, b));
        let topics: Vec<TopicId> = state.members.keys().map(|(topic, _)| *topic).collect();
        for topic in topics {
            state.unlink(topic, a, b);
        }
    }

    /// How long a dial, and a call, takes to get through.
    pub fn set_dial_delay(&self, delay: Duration) {
        self.lock().dial_delay = delay;
    }

    /// How long a message takes to each member.
    pub fn set_message_delay(&self, delay: Duration) {
        self.lock().message_delay = delay;
    }

    /// How long it takes until a dial or call to a dead node fails.
    pub fn set_unreachable_after(&self, delay: Duration) {
        self.lock().unreachable_after = delay;
    }

    /// Whether messages get lost from now on (neighbours and calls work on).
    pub fn set_loses_messages(&self, loses: bool) {
        self.lock().loses_messages = loses;
    }

    /// Capacity of the channel of topics joined from now on.
    pub fn set_channel_capacity(&self, capacity: usize) {
        self.lock().channel_capacity = capacity;
    }

    /// What calls of `peer` say that its clock shows, minus the receiver's.
    pub fn set_clock_skew_ms(&self, peer: PeerId, skew_ms: i64) {
        self.lock().skew_ms.insert(peer, skew_ms);
    }

    /// Makes two members neighbours, as if gossip had introduced them.
    pub fn link(&self, topic: TopicId, a: PeerId, b: PeerId) {
        self.lock().link(topic, a, b, false);
    }

    /// Ends two members' being neighbours.
    pub fn unlink(&self, topic: TopicId, a: PeerId, b: PeerId) {
        self.lock().unlink(topic, a, b);
    }

    /// Delivers bytes to one member as if `from`, who need not exist, had sent them.
    pub fn inject(&self, topic: TopicId, to: PeerId, from: PeerId, payload: Bytes) {
        if let Some(member) = self.lock().members.get_mut(&(topic, to)) {
            member.message(from, payload);
        }
    }

    /// Asks a member as if `from`, who need not exist, had; `None` when it is not joined or
    /// refuses.
    pub async fn inject_call(
        &self,
        topic: TopicId,
        to: PeerId,
        from: PeerId,
        request: SyncRequest,
    ) -> Option<SyncAnswer> {
        let (events, clock_skew_ms) = self.lock().call_target(topic, from, to)?;
        forward_call(&events, from, clock_skew_ms, request).await
    }

    /// The neighbours of a member.
    pub fn neighbours(&self, topic: TopicId, peer: PeerId) -> Vec<PeerId> {
        let state = self.lock();
        let member = state.members.get(&(topic, peer));
        member
            .map(|m| m.neighbours.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Whether `peer` has joined `topic` and not left.
    pub fn is_joined(&self, topic: TopicId, peer: PeerId) -> bool {
        self.lock().members.contains_key(&(topic, peer))
    }

    /// Everything that `peer` asked of the network, in order.
    pub fn requests(&self, peer: PeerId) -> Vec<Request> {
        self.lock()
            .nodes
            .get(&peer)
            .map(|node| node.requests.clone())
            .unwrap_or_default()
    }

    /// Whom `peer` dialled, in order.
    pub fn dials(&self, peer: PeerId) -> Vec<PeerId> {
        let dialled = |request| match request {
            Request::Dial { peer, .. } => Some(peer),
            _ => None,
        };
        self.requests(peer)
            .into_iter()
            .filter_map(dialled)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no code panics while it holds the hub")
    }
}

fn pair(a: PeerId, b: PeerId) -> (PeerId, PeerId) {
    if a < b { (a, b) } else { (b, a) }
}

async fn forward_call(
    events: &mpsc::Sender<NetworkEvent>,
    peer: PeerId,
    clock_skew_ms: i64,
    request: SyncRequest,
) -> Option<SyncAnswer> {
    let (reply, answer) = oneshot::channel();
    let call = SyncCall {
        peer,
        clock_skew_ms,
        request,
        reply,
    };
    // A peer that has left, or goes while it is asked, gives no answer; the caller says so.
    events.send(NetworkEvent::Call(call)).await.ok()?;
    answer.await.ok()
}

impl State {
    fn note(&mut self, peer: PeerId, request: Request) {
        self.nodes.entry(peer).or_default().requests.push(request);
    }

    fn is_closed(&self, peer: PeerId) -> bool {
        self.nodes.get(&peer).is_some_and(|node| node.is_closed)
    }

    /// How `from` sees `to`; a node that does not exist, was shut down or is cut off is dead.
    fn reach(&self, from: PeerId, to: PeerId) -> Reach {
        match self.nodes.get(&to) {
            Some(node) if !node.is_closed && !self.cut.contains(&pair(from, to)) => node.reach,
            _ => Reach::Dead,
        }
    }

    /// Makes `a` and `b` neighbours; `is_dialled` when `a` opened the connection.
    fn link(&mut self, topic: TopicId, a: PeerId, b: PeerId, is_dialled: bool) {
        let keys = [(topic, a), (topic, b)];
        if a == b || !keys.iter().all(|key| self.members.contains_key(key)) {
            return;
        }
        for (at, other, inbound) in [(a, b, false), (b, a, is_dialled)] {
            if let Some(member) = self.members.get_mut(&(topic, at))
                && member.neighbours.insert(other)
            {
                member.notice(NetworkEvent::NeighborUp {
                    peer: other,
                    inbound,
                });
            }
        }
    }

    fn unlink(&mut self, topic: TopicId, a: PeerId, b: PeerId) {
        for (at, other) in [(a, b), (b, a)] {
            if let Some(member) = self.members.get_mut(&(topic, at))
                && member.neighbours.remove(&other)
            {
                member.notice(NetworkEvent::NeighborDown(other));
            }
        }
    }

    fn leave(&mut self, topic: TopicId, peer: PeerId) {
        let Some(member) = self.members.remove(&(topic, peer)) else {
            return;
        };
        self.note(peer, Request::Leave(topic));
        for other in member.neighbours {
            if let Some(left) = self.members.get_mut(&(topic, other))
                && left.neighbours.remove(&peer)
            {
                left.notice(NetworkEvent::NeighborDown(peer));
            }
        }
    }

    /// Everyone whom a message of `sender` reaches, with the neighbour that delivers it.
    fn audience(&self, topic: TopicId, sender: PeerId, is_neighbours_only: bool) -> Vec<Hop> {
        let mut seen = BTreeSet::from([sender]);
        let mut queue = VecDeque::from([sender]);
        let mut hops = Vec::new();
        while let Some(from) = queue.pop_front() {
            let Some(member) = self.members.get(&(topic, from)) else {
                continue;
            };
            for to in &member.neighbours {
                if seen.insert(*to) {
                    hops.push(Hop { from, to: *to });
                    if !is_neighbours_only {
                        queue.push_back(*to);
                    }
                }
            }
        }
        hops
    }

    fn deliver(&mut self, topic: TopicId, hops: &[Hop], payload: &Bytes) {
        for Hop { from, to } in hops {
            if let Some(member) = self.members.get_mut(&(topic, *to)) {
                member.message(*from, payload.clone());
            }
        }
    }

    fn call_target(
        &self,
        topic: TopicId,
        from: PeerId,
        to: PeerId,
    ) -> Option<(mpsc::Sender<NetworkEvent>, i64)> {
        let member = self.members.get(&(topic, to))?;
        Some((
            member.events.clone(),
            self.skew_ms.get(&from).copied().unwrap_or_default(),
        ))
    }
}

#[derive(Debug, Clone, Copy)]
struct Hop {
    from: PeerId,
    to: PeerId,
}

/// One node's network. Made by [`Hub::network`].
#[derive(Debug)]
pub struct FakeNetwork {
    peer: PeerId,
    hub: Hub,
}

impl FakeNetwork {
    /// Waits as long as getting through to `peer` takes, or fails as it fails.
    async fn get_through(&self, peer: PeerId) -> Result<(), NetworkError> {
        let (reach, delay, unreachable_after) = {
            let state = self.hub.lock();
            (
                state.reach(self.peer, peer),
                state.dial_delay,
                state.unreachable_after,
            )
        };
        match reach {
            Reach::Open => {
                pause(delay).await;
                Ok(())
            }
            Reach::Dead => {
                pause(unreachable_after).await;
                Err(NetworkError::Unreachable {
                    peer,
                    reason: "nobody answers".into(),
                })
            }
            Reach::Hangs => std::future::pending().await,
        }
    }

    fn send(
        &self,
        topic: TopicId,
        payload: Bytes,
        is_neighbours_only: bool,
    ) -> Result<(), NetworkError> {
        let mut state = self.hub.lock();
        self.check(&state, topic)?;
        if payload.len() > GOSSIP_PAYLOAD_BYTES_MAX {
            return Err(NetworkError::TooLarge(payload.len()));
        }
        let request = match is_neighbours_only {
            true => Request::BroadcastNeighbours(topic, payload.clone()),
            false => Request::Broadcast(topic, payload.clone()),
        };
        state.note(self.peer, request);
        if state.loses_messages {
            return Ok(());
        }
        let hops = state.audience(topic, self.peer, is_neighbours_only);
        if state.message_delay.is_zero() {
            state.deliver(topic, &hops, &payload);
            return Ok(());
        }
        let (delay, hub) = (state.message_delay, Arc::downgrade(&self.hub.state));
        state.tasks.spawn(async move {
            tokio::time::sleep(delay).await;
            if let Some(hub) = upgrade(&hub) {
                hub.lock().deliver(topic, &hops, &payload);
            }
        });
        Ok(())
    }

    fn check(&self, state: &State, topic: TopicId) -> Result<(), NetworkError> {
        if state.is_closed(self.peer) {
            return Err(NetworkError::Closed);
        }
        match state.members.contains_key(&(topic, self.peer)) {
            true => Ok(()),
            false => Err(NetworkError::NotJoined),
        }
    }
}

/// The tasks live in the hub's state, so they must not keep it alive.
fn upgrade(hub: &Weak<Mutex<State>>) -> Option<Hub> {
    hub.upgrade().map(|state| Hub { state })
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

#[async_trait]
impl TopicNetwork for FakeNetwork {
    fn local_peer(&self) -> PeerId {
        self.peer
    }

    async fn join(&self, topic: Arc<TopicKeys>) -> Result<TopicLink, NetworkError> {
        let mut state = self.hub.lock();
        if state.is_closed(self.peer) {
            return Err(NetworkError::Closed);
        }
        state.leave(topic.id, self.peer);
        state.note(self.peer, Request::Join(topic.id));
        let (sender, events) = mpsc::channel(state.channel_capacity);
        state.next_membership += 1;
        let membership = state.next_membership;
        let member = Member {
            membership,
            events: sender.clone(),
            neighbours: BTreeSet::new(),
            held_back: VecDeque::new(),
            has_lagged: false,
        };
        state.members.insert((topic.id, self.peer), member);
        let (hub, key) = (Arc::downgrade(&self.hub.state), (topic.id, self.peer));
        state.tasks.spawn(async move {
            sender.closed().await;
            let Some(hub) = upgrade(&hub) else { return };
            let mut state = hub.lock();
            if state
                .members
                .get(&key)
                .is_some_and(|member| member.membership == membership)
            {
                state.leave(key.0, key.1);
            }
        });
        Ok(TopicLink { events })
    }

    async fn leave(&self, topic: TopicId) -> Result<(), NetworkError> {
        let mut state = self.hub.lock();
        if state.is_closed(self.peer) {
            return Err(NetworkError::Closed);
        }
        state.leave(topic, self.peer);
        Ok(())
    }

    async fn dial(
        &self,
        topic: TopicId,
        peer: PeerId,
        addresses: Vec<PeerAddress>,
        is_member: bool,
    ) -> Result<DialReport, NetworkError> {
        {
            let mut state = self.hub.lock();
            self.check(&state, topic)?;
            let addresses = addresses.clone();
            state.note(
                self.peer,
                Request::Dial {
                    topic,
                    peer,
                    addresses,
                    is_member,
                },
            );
        }
        self.get_through(peer).await?;
        let mut state = self.hub.lock();
        self.check(&state, topic)?;
        if !is_member && !state.members.contains_key(&(topic, peer)) {
            return Ok(DialReport::NotAMember);
        }
        state.link(topic, self.peer, peer, true);
        let addresses = if addresses.is_empty() {
            vec![address_of(peer)]
        } else {
            addresses
        };
        Ok(DialReport::Asked { addresses })
    }

    async fn broadcast(&self, topic: TopicId, payload: Bytes) -> Result<(), NetworkError> {
        self.send(topic, payload, false)
    }

    async fn broadcast_neighbours(
        &self,
        topic: TopicId,
        payload: Bytes,
    ) -> Result<(), NetworkError> {
        self.send(topic, payload, true)
    }

    async fn call(
        &self,
        topic: TopicId,
        peer: PeerId,
        request: SyncRequest,
        _now: UnixMs,
    ) -> Result<SyncAnswer, NetworkError> {
        {
            let mut state = self.hub.lock();
            self.check(&state, topic)?;
            let request = request.clone();
            state.note(
                self.peer,
                Request::Call {
                    topic,
                    peer,
                    request,
                },
            );
        }
        self.get_through(peer).await?;
        let target = self.hub.lock().call_target(topic, self.peer, peer);
        let refused = |reason: &str| NetworkError::Refused {
            peer,
            reason: reason.into(),
        };
        let (events, skew_ms) = target.ok_or_else(|| refused("it is not in this topic"))?;
        let answer = forward_call(&events, self.peer, skew_ms, request).await;
        answer.ok_or_else(|| refused("its database does not answer"))
    }

    async fn paths(&self, peers: Vec<PeerId>) -> Vec<PeerPath> {
        let state = self.hub.lock();
        let is_neighbour = |peer: &PeerId| {
            let mine = state.members.iter().filter(|((_, at), _)| *at == self.peer);
            mine.into_iter()
                .any(|(_, member)| member.neighbours.contains(peer))
        };
        let path = |peer| match is_neighbour(&peer) {
            true => PeerPath {
                peer,
                kind: PathKind::Lan,
                rtt_ms: Some(1),
                clock_skew_ms: None,
                addresses: vec![address_of(peer)],
            },
            false => PeerPath {
                peer,
                kind: PathKind::None,
                rtt_ms: None,
                clock_skew_ms: None,
                addresses: Vec::new(),
            },
        };
        peers.into_iter().map(path).collect()
    }

    async fn status(&self) -> NetworkStatus {
        let PeerAddress::Ip(socket) = address_of(self.peer) else {
            return NetworkStatus::default();
        };
        NetworkStatus {
            listen: vec![socket],
            addresses: vec![address_of(self.peer)],
        }
    }

    /// The fake wire is always the same one.
    fn changes(&self) -> NetworkChanges {
        futures_util::stream::pending().boxed()
    }

    fn remember(&self, peer: PeerId, addresses: Vec<PeerAddress>) {
        let remembered = Request::Remember { peer, addresses };
        self.hub.lock().note(self.peer, remembered);
    }

    async fn renew(&self) {
        self.hub.lock().note(self.peer, Request::Renew);
    }

    async fn shutdown(&self) {
        let mut state = self.hub.lock();
        let topics: Vec<TopicId> = state
            .members
            .keys()
            .filter(|(_, at)| *at == self.peer)
            .map(|(t, _)| *t)
            .collect();
        for topic in topics {
            state.leave(topic, self.peer);
        }
        state.nodes.entry(self.peer).or_default().is_closed = true;
    }
}

/// The address of a node on this network: its own loopback address, from its id.
pub fn address_of(peer: PeerId) -> PeerAddress {
    let ip = Ipv4Addr::new(127, peer.0[0], peer.0[1], peer.0[2]);
    PeerAddress::Ip(SocketAddr::from((ip, 4_001)))
}
