//! What the desktop app tells the desktop, on a bus with a real notification service.
//!
//! Owns what is told of a post and how often. Run with `cargo xtask test desktop`.

use std::time::{Duration, Instant};

use anyhow::ensure;
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::{
    node::{NodeOptions, TestNode, eventually},
    notices::Desktop,
    window::{AppProfile, PATIENCE, Screen, Window, is_enabled},
};
use tokio::time::sleep;

use crate::LIMIT;

/// Least time between two notifications, as the app promises.
const PACE: Duration = Duration::from_secs(5);

/// By how much the bus may shorten it: the first may be under way for longer than the second.
const BUS: Duration = Duration::from_millis(500);

/// Pause between two answers, so that many come within one notification.
const BETWEEN_ANSWERS: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread")]
async fn desktop_notices_say_who_and_where_at_most_once_in_5_seconds() -> anyhow::Result<()> {
    if !is_enabled() {
        return Ok(());
    }
    let (dht, screen) = (PrivateDht::start(10, None).await?, Screen::start().await?);
    let desktop = Desktop::start().await?;
    let profile = AppProfile::on(&dht.bootstrap())?
        .with("DBUS_SESSION_BUS_ADDRESS", desktop.address())
        .with_keys_and_topics(&["mesh-lab"])
        .await?;
    let window = Window::open(&screen, &profile).await?;
    let row = window.find("nav bdi[title='mesh-lab']").await?;
    row.click().await?;
    window.find(".timeline textarea").await?;

    let topic = "mesh-lab".parse()?;
    let ren = TestNode::start(NodeOptions::on(&dht)).await?;
    ren.client().set_profile("Ren <b>T</b>", None).await?;
    ren.join_and_meet(&topic, LIMIT).await?;
    window.wait_for_text("Connected to 1 person").await?;

    // Nobody is told of what is meant for nobody.
    ren.post(&topic, "to everybody, in confidence").await?;
    window.wait_for_text("to everybody, in confidence").await?;
    ensure!(desktop.told().is_empty(), "{:?}", desktop.told());

    let mut command = profile.kukuri(&["post", "mesh-lab", "who comes?"])?;
    let said = command.output().await?;
    ensure!(said.status.success(), "{said:?}");
    let question = eventually(LIMIT, async || {
        let posts = ren.posts(&topic).await?;
        let found = posts
            .into_iter()
            .find(|post| post.event.content() == "who comes?");
        Ok(found.map(|post| post.event.id()))
    })
    .await?;

    // Another window has the focus: this one is not looked at.
    let elsewhere = AppProfile::on(&dht.bootstrap())?;
    let other = Window::open(&screen, &elsewhere).await?;
    let (began, mut answers) = (Instant::now(), 0);
    while desktop.told().len() < 3 {
        ensure!(began.elapsed() < PATIENCE, "{:?}", desktop.told());
        let text = format!("in confidence: it is number {answers}");
        ren.client().reply(&topic, question, &text).await?;
        answers += 1;
        sleep(BETWEEN_ANSWERS).await;
    }
    let told = desktop.told();
    ensure!(answers >= 20, "{answers} answers in {:?}", began.elapsed());
    for notice in &told {
        ensure!(notice.program == "kukuri", "{notice:?}");
        ensure!(notice.summary == "Ren bT/b", "{notice:?}");
        ensure!(notice.body == "wrote to you in mesh-lab", "{notice:?}");
        ensure!(!notice.all.contains("confidence"), "{notice:?}");
    }
    for pair in told.windows(2) {
        let pause = pair[1].at - pair[0].at;
        ensure!(pause + BUS >= PACE, "told again after {pause:?}");
    }
    other.quit().await?;
    window.quit().await?;
    ren.shutdown().await
}
