//! A restart with nothing but what the database remembers.
//!
//! The DHT and mDNS are off. Most of the remembered peers are dead: their ports answer nothing, as
//! after a night in which others switched their machines off.

use std::{
    net::UdpSocket,
    sync::Arc,
    time::{Duration, Instant},
};

use kukuri_application::ports::{Clock as _, PeerContact, TopicBook as _};
use kukuri_domain::{
    PeerAddress, PeerId, TopicKeys,
    peer::{FoundBy, PeerSpec},
};
use kukuri_node::platform::SystemClock;
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually, fresh_topic, shutdown_all},
    stats::{Check, Report, Trials},
};

use crate::join::LIMIT;

/// Within this the first neighbour is there.
const TARGET: Duration = Duration::from_secs(1);

/// Remembered peers that are dead. They were reached last, so they come first where only the time
/// counts.
const DEAD: usize = 6;

/// Members that are alive.
const ALIVE: usize = 2;

pub(crate) async fn measure(trials: usize) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!(
        "restart to the first neighbour by known peers only, {DEAD} of {} remembered are dead",
        DEAD + ALIVE
    ));
    let (mut from_start, mut from_join) = (Trials::default(), Trials::default());
    for number in 0..trials {
        match one().await {
            Ok((start, join)) => {
                from_start.push(Ok(start));
                from_join.push(Ok(join));
            }
            Err(error) => from_start.push(Err(format!("trial {number}: {error:#}"))),
        }
    }
    report.trials("from the start of the node", &from_start);
    report.trials("from joining", &from_join);
    report.check(Check::failures(&from_start, 0));
    report.check(Check::percentile(&from_start, 95, TARGET));
    Ok(report)
}

/// Sockets that take everything and answer nothing, and peers that are said to be there.
fn dead_peers() -> anyhow::Result<Vec<(UdpSocket, PeerSpec)>> {
    let dead = |_| {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let secret = iroh::SecretKey::from_bytes(&rand::random());
        let spec = PeerSpec {
            peer: PeerId(*secret.public().as_bytes()),
            addresses: vec![PeerAddress::Ip(socket.local_addr()?)],
        };
        Ok((socket, spec))
    };
    (0..DEAD).map(dead).collect()
}

async fn one() -> anyhow::Result<(Duration, Duration)> {
    let topic = fresh_topic();
    let id = TopicKeys::public(topic.clone()).id;
    let mut members = Vec::new();
    for _ in 0..ALIVE {
        let manual = match members.first() {
            Some(first) => vec![TestNode::spec(first).await],
            None => Vec::new(),
        };
        let member = TestNode::start(NodeOptions::with_manual(manual)).await?;
        member.join(&topic).await?;
        members.push(member);
    }
    let manual = vec![members[0].spec().await];
    let before = TestNode::start(NodeOptions::with_manual(manual)).await?;
    before.join_and_meet(&topic, LIMIT).await?;
    let remembered = || async {
        let known = before.database.known_peers(id, 10).await?;
        let reachable = known.iter().filter(|peer| !peer.addresses.is_empty());
        Ok((reachable.count() >= 1).then_some(()))
    };
    eventually(LIMIT, remembered).await?;
    let dead = dead_peers()?;
    let now = Arc::new(SystemClock::start()).now().unix;
    for (_, spec) in &dead {
        let contact = PeerContact::Reached(spec.addresses.clone());
        before
            .database
            .note_contact(id, spec.peer, contact, now)
            .await?;
    }
    let profile = before.profile();
    before.shutdown().await?;

    let started = Instant::now();
    let after = TestNode::start(NodeOptions {
        profile: Some(profile),
        known_peers: true,
        ..NodeOptions::default()
    })
    .await?;
    let joined = after.join_and_meet(&topic, LIMIT).await?;
    let took = started.elapsed();
    let peers = after.client().peers(&topic).await?;
    anyhow::ensure!(
        peers.iter().any(|peer| peer.found_by == FoundBy::Known),
        "found by {:?}",
        peers.first().map(|peer| peer.found_by)
    );
    members.push(after);
    shutdown_all(members).await?;
    Ok((took, joined))
}
