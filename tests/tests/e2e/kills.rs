//! Members that are killed while they compare and fetch.

use std::{path::Path, sync::Arc, time::Duration};

use kukuri_application::ports::{EventStore as _, Origin};
use kukuri_domain::{
    EventId, SignedEvent, TopicKeys, TopicName, UnixMs, limits::EVENT_FUTURE_MS_MAX,
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_node::platform::SystemClock;
use kukuri_tests::{
    node::fresh_topic,
    script::{NodeArgs, Process, Request, unix_ms},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{LIMIT, history::history};

/// Kills of each pair, in turn of either side; two pairs run at once.
const KILLS: u64 = 25;

/// Posts that either side has at first; half of them the other has, too.
const HISTORY: u64 = 1_000;

/// A member that can be killed, and started again as the same.
struct Member {
    home: TempDir,
    seed: u8,
    process: Option<Process>,
}

impl Member {
    async fn holding(seed: u8, topic: &TopicName, events: &[SignedEvent]) -> anyhow::Result<Self> {
        let home = tempfile::Builder::new().prefix("kukuri-kills-").tempdir()?;
        let verified = events.iter().cloned().map(SignedEvent::verify);
        let verified = verified.collect::<Result<Vec<_>, _>>()?;
        let database = open(home.path()).await?;
        let topic = TopicKeys::public(topic.clone()).id;
        database.commit(topic, verified, Origin::Peer).await?;
        database.close().await?;
        let process = None;
        Ok(Self {
            home,
            seed,
            process,
        })
    }

    async fn start(&mut self, topic: &TopicName, other: Option<&Member>) -> anyhow::Result<()> {
        let spec = other.and_then(|other| other.process.as_ref());
        let spec = spec.and_then(|process| process.ready["spec"].as_str());
        let args = NodeArgs {
            join: Some(topic.to_string()),
            home: Some(self.home.path().to_owned()),
            seed: self.seed,
            peer: spec.map(str::parse).transpose()?.into_iter().collect(),
            ..NodeArgs::default()
        };
        let words = args.to_words();
        self.process = Some(Process::start(None, env!("CARGO_BIN_EXE_node"), &words).await?);
        Ok(())
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it was started")
    }

    async fn posts(&mut self, topic: &TopicName) -> anyhow::Result<u64> {
        let topic = topic.to_string();
        let posts = self.process().ask(&Request::Posts { topic }).await?;
        Ok(posts.as_u64().unwrap_or(0))
    }
}

async fn open(home: &Path) -> anyhow::Result<Database> {
    let clock = Arc::new(SystemClock::start());
    let path = home.join("kukuri.db");
    Ok(Database::open(&path, OpenOptions::default(), clock).await?)
}

/// What a member holds in the end, looked at without it.
async fn check(
    member: &Member,
    topic: &TopicName,
    events: &[SignedEvent],
    posted: &[EventId],
) -> anyhow::Result<kukuri_domain::wire::SetSummary> {
    let database = open(member.home.path()).await?;
    database.check_integrity().await?;
    let id = TopicKeys::public(topic.clone()).id;
    let ids: Vec<EventId> = events.iter().map(SignedEvent::id).collect();
    let ids = [&ids, posted].concat();
    let missing = database.missing(id, ids.clone()).await?;
    anyhow::ensure!(missing.is_empty(), "{} are missing", missing.len());
    let summary = database.summary(id, events[0].author()).await?;
    let (held, expected) = (summary.posts, ids.len() as u64);
    anyhow::ensure!(held == expected, "{held} posts, not {expected}");
    let cut = UnixMs(unix_ms() + EVENT_FUTURE_MS_MAX);
    let set = database.set_summary(id, cut, UnixMs(0)).await?;
    database.close().await?;
    // The cut is another one for each.
    Ok(kukuri_domain::wire::SetSummary {
        cut: UnixMs(0),
        ..set
    })
}

async fn a_pair_survives(seed: u64) -> anyhow::Result<()> {
    let topic = fresh_topic();
    let begin = std::time::Instant::now();
    let events = history(&topic, HISTORY * 3 / 2).await?;
    let third = events.len() / 3;
    let first = u8::try_from(2 * seed + 1)?;
    let mut members = [
        Member::holding(first, &topic, &events[..2 * third]).await?,
        Member::holding(first + 1, &topic, &events[third..]).await?,
    ];
    let [a, b] = &mut members;
    a.start(&topic, None).await?;
    b.start(&topic, Some(a)).await?;
    let (mut rng, mut posted) = (StdRng::seed_from_u64(seed), Vec::new());
    for kill in 0..KILLS {
        let [a, b] = &mut members;
        let (victim, other) = if kill % 2 == 0 { (a, b) } else { (b, a) };
        let request = Request::Post {
            topic: topic.to_string(),
            text: format!("before kill {kill}"),
        };
        let post = other.process().ask(&request).await?;
        let id = post["id"].as_str().unwrap_or_default().to_owned();
        posted.push(id.parse::<EventId>()?);
        // It comes with the first of what is fetched: the newest.
        let has_come = |line: &serde_json::Value| line["type"] == "post" && line["id"] == id;
        victim.process().wait_for(LIMIT, has_come).await?;
        // In the middle of whatever follows.
        sleep(Duration::from_millis(rng.random_range(0..120))).await;
        victim.process = None;
        victim.start(&topic, Some(other)).await?;
    }
    println!("the kills of a pair took {:?}", begin.elapsed());
    let all = (events.len() + posted.len()) as u64;
    for member in &mut members {
        let begin = std::time::Instant::now();
        while member.posts(&topic).await? < all {
            if begin.elapsed() > 2 * LIMIT {
                let story = Request::Explain {
                    topic: topic.to_string(),
                };
                let story = member.process().ask(&story).await?;
                let posts = member.posts(&topic).await?;
                anyhow::bail!("the last sync did not end: {posts} of {all} posts\n{story}");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    let mut sets = Vec::new();
    for mut member in members {
        // The last one: what is on the disk has to be right however it ended.
        member.process = None;
        sets.push(check(&member, &topic, &events, &posted).await?);
    }
    anyhow::ensure!(sets[0] == sets[1], "{sets:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_in_the_middle_of_a_sync_lose_and_double_nothing() -> anyhow::Result<()> {
    let (first, second) = tokio::join!(a_pair_survives(1), a_pair_survives(2));
    first.and(second)
}
