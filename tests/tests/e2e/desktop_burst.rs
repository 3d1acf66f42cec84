//! The desktop app while thousands of posts a second come in.
//!
//! Owns what a person notices of that: how long a frame takes and whether what they type is there,
//! beside the same before it began. How many come in a second depends on the machine and on the
//! build; with `--nocapture` it is said. Run with `cargo xtask test desktop`.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use kukuri_application::ports::{EventStore as _, Origin};
use kukuri_domain::{
    AuthorId, SignedEvent, TopicKeys, TopicName, UnixMs, VerifiedEvent, event::Draft,
};
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually},
    window::{AppProfile, PATIENCE, Screen, Window, is_enabled},
};
use nostr::{event::SignEvent as _, key::Keys};
use serde_json::json;

use crate::LIMIT;

/// Posts that come at once.
const POSTS: u64 = 20_000;

/// Of one author; a page of the timeline has several.
const AUTHORS: usize = 20;

/// Longest that the page may show nothing new, in milliseconds: what people take for a hang is a
/// second, on a machine that does nothing else.
const STILL_MS_MAX: f64 = 1_000.0;

/// How long most frames may take, in milliseconds: beyond it typing does not feel immediate.
const FRAME_MS_MAX: f64 = 100.0;

/// How many times as long as before they may take where a machine is slower than that anyway.
const SLOWER_MAX: f64 = 5.0;

/// Keys that are typed before.
const KEYS: usize = 20;

/// The least that is a burst, in posts a second, without optimisation on a busy machine.
const RATE_MIN: f64 = 500.0;

/// Notes the pauses between frames from now on.
const NOTE_FRAMES: &str = r#"
    window.__pauses = [];
    let last = performance.now();
    const frame = (now) => {
        window.__pauses.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
"#;

/// How many posts the node of the window has.
const COUNT: &str = r#"
    const [topic, answer] = arguments;
    window.__TAURI_INTERNALS__.invoke("topics")
        .then((topics) => answer(topics.find((one) => one.name === topic)?.posts ?? 0));
"#;

/// How long 95 % of the frames took since the last call, and the longest one, in milliseconds.
async fn frames(window: &Window) -> anyhow::Result<(f64, f64)> {
    let pauses = window
        .run("return window.__pauses.splice(0)", vec![])
        .await?;
    let pauses = pauses.as_array().context("no list")?.iter();
    let mut pauses: Vec<f64> = pauses.filter_map(serde_json::Value::as_f64).collect();
    pauses.sort_by(f64::total_cmp);
    let longest = *pauses.last().context("no frame")?;
    Ok((pauses[pauses.len() * 95 / 100], longest))
}

/// Genuine posts, a second apart.
fn posts(topic: &TopicName) -> anyhow::Result<Vec<VerifiedEvent>> {
    let authors: Vec<Keys> = (0..AUTHORS).map(|_| Keys::generate()).collect();
    let post = |(number, author): (u64, &Keys)| {
        let at = UnixMs(1_700_000_000_000 + number * 1_000);
        let draft = Draft::post(topic, &format!("number {number} of many"), at);
        let unsigned = draft.unsigned(AuthorId(author.public_key().to_bytes()))?;
        Ok(SignedEvent::new(author.sign_event(unsigned)?)?.verify()?)
    };
    (0..POSTS).zip(authors.iter().cycle()).map(post).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn desktop_burst_leaves_the_window_usable() -> anyhow::Result<()> {
    if !is_enabled() {
        return Ok(());
    }
    let (dht, screen) = (PrivateDht::start(10, None).await?, Screen::start().await?);
    let topic: TopicName = "mesh-lab".parse()?;
    let member = TestNode::start(NodeOptions::on(&dht)).await?;
    let id = TopicKeys::public(topic.clone()).id;
    member
        .database
        .commit(id, posts(&topic)?, Origin::Peer)
        .await?;

    let profile = AppProfile::on(&dht.bootstrap())?;
    let profile = profile.with_keys_and_topics(&[topic.as_str()]).await?;
    let window = Window::open(&screen, &profile).await?;
    window
        .find("nav bdi[title='mesh-lab']")
        .await?
        .click()
        .await?;
    let composer = window.find(".timeline textarea").await?;
    window.run(NOTE_FRAMES, vec![]).await?;
    let mut typed = String::new();
    for _ in 0..KEYS {
        composer.send_keys("m").await?;
        typed.push('m');
    }
    let (before_it, _) = frames(&window).await?;
    member.join(&topic).await?;

    let count = async || -> anyhow::Result<u64> {
        let count = window.run_until_answered(COUNT, vec![json!(topic)]).await?;
        count
            .as_u64()
            .with_context(|| format!("{count} is no number"))
    };
    let before = eventually(LIMIT, async || {
        Ok(Some(count().await?).filter(|count| *count > 0))
    });
    let (before, began) = (before.await?, Instant::now());
    // Somebody goes on typing.
    let after = loop {
        let have = count().await?;
        if have == POSTS {
            break Instant::now();
        }
        ensure!(began.elapsed() < PATIENCE, "{have} of {POSTS} posts came");
        composer.send_keys("m").await?;
        typed.push('m');
    };
    let (usual, longest) = frames(&window).await?;
    let rate = (POSTS - before) as f64 / (after - began).as_secs_f64();
    println!(
        "{rate:.0} posts/s; 95 % of the frames within {usual:.0} ms, all within {longest:.0} ms, \
         within {before_it:.0} ms before; {} keys",
        typed.len()
    );
    ensure!(rate >= RATE_MIN, "{rate} posts/s are no burst");
    ensure!(
        usual <= FRAME_MS_MAX.max(before_it * SLOWER_MAX),
        "95 % of the frames took up to {usual} ms, {before_it} ms before it"
    );
    ensure!(
        longest <= STILL_MS_MAX,
        "nothing was shown for {longest} ms"
    );
    let shown = composer.prop("value").await?;
    ensure!(shown.as_deref() == Some(&typed), "{shown:?} for {typed:?}");
    // And it shows the newest ones.
    window
        .wait_for_text(&format!("number {} of many", POSTS - 1))
        .await?;
    window.quit().await?;
    member.shutdown().await
}
