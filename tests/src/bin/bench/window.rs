//! What the window costs: its start with a large database, a post until it is seen, doing
//! nothing, its size on the disk.
//!
//! Owns the figures of the desktop app. The app is what packagers build (profile `dist`), in a real
//! web view under Xvfb, looked at through WebDriver; times are taken by the page itself. Must never
//! compare with an empty window of another run.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use kukuri_domain::TopicName;
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_tests::{
    node::{NodeOptions, TestNode, fresh_topic},
    stats::{Check, Report, Trials},
    window::{AppProfile, Screen, UndrivenApp, Window, packaged_program},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    DHT_NODES,
    idle::{TICKS_PER_SECOND, cpu_seconds},
    join::LIMIT,
    posts::Writers,
    store::fill,
};

/// How much later than an empty window the app may be usable.
const START_MAX: Duration = Duration::from_millis(500);

/// From the end of the writer's call to the frame that shows the post.
const VISIBLE_MAX: Duration = Duration::from_millis(100);

/// Share of a core, in percent.
const CPU_PERCENT_MAX: f64 = 1.0;

/// Time of our scripts in one step of scrolling.
const SCROLL_MAX: Duration = Duration::from_millis(16);

const SCROLL_STEPS: usize = 500;

/// Rows of the timeline in the page.
const ROWS_MAX: u64 = 200;

/// Size of the program, in MB.
const BINARY_MB_MAX: f64 = 30.0;

/// How long an idle window may settle before it is measured.
const SETTLE: Duration = Duration::from_secs(30);

/// Pause between two posts: each is seen before the next one is written.
const PAUSE: Duration = Duration::from_millis(100);

/// When the page got how far until it was usable: milliseconds since the Unix epoch by its own
/// clock.
const USABLE: &str = r#"
    const answer = arguments[arguments.length - 1];
    const at = (name) => {
        const mark = performance.getEntriesByName(`kukuri:${name}`)[0];
        return mark && performance.timeOrigin + mark.startTime;
    };
    const look = () => {
        if (!at("timeline")) return setTimeout(look, 20);
        answer({
            page: performance.timeOrigin,
            script: at("script"),
            letters: at("letters"),
            node: at("node"),
            timeline: at("timeline"),
        });
    };
    look();
"#;

/// The same for an empty page: when it was loaded.
const LOADED: &str = r#"
    const answer = arguments[arguments.length - 1];
    const look = () => {
        const timing = performance.getEntriesByType("navigation")[0];
        if (timing && timing.loadEventEnd > 0)
            answer({ timeline: performance.timeOrigin + timing.loadEventEnd });
        else if (document.readyState === "complete") answer({ timeline: performance.timeOrigin });
        else setTimeout(look, 20);
    };
    look();
"#;

/// Steps of a start that are told beside the whole.
const STEPS: [(&str, &str); 4] = [
    ("page", "the page begins"),
    ("script", "its script runs"),
    ("letters", "its letters are there"),
    ("node", "the node is open and heard"),
];

/// Goes to the end of the timeline, where new posts come: it opens where the unread ones begin.
const TO_THE_END: &str = r#"
    const scroller = document.querySelector(".feed-scroll");
    if (!scroller) return false;
    const left = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    const button = document.querySelector(".below button");
    button?.click();
    return !button && left < 2;
"#;

/// From now on the page notes the frame in which each new post is first shown.
const NOTE_POSTS: &str = r#"
    window.__shown = {};
    const note = () => {
        for (const article of document.querySelectorAll("article")) {
            const probe = /probe \d+/.exec(article.textContent);
            if (probe && !(probe[0] in window.__shown)) {
                window.__shown[probe[0]] = null;
                requestAnimationFrame(() => { window.__shown[probe[0]] = Date.now(); });
            }
        }
    };
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
"#;

/// A step upwards through the timeline and what it cost: the time that our scripts had, and rows.
const SCROLL: &str = r#"
    const answer = arguments[arguments.length - 1];
    const scroller = document.querySelector(".feed-scroll");
    const before = performance.now();
    scroller.scrollTop = Math.max(0, scroller.scrollTop - 600);
    scroller.dispatchEvent(new Event("scroll"));
    const spent = performance.now() - before;
    requestAnimationFrame(() => requestAnimationFrame(() => answer({
        spent,
        rows: document.querySelectorAll(".feed-row").length,
    })));
"#;

pub(crate) async fn measure(trials: usize, events: u64, seconds: u64) -> anyhow::Result<Report> {
    let mut report = Report::begin(format!("the window, {events} posts"));
    let app = packaged_program("kukuri-desktop")?;
    let megabytes = fs::metadata(&app)?.len() as f64 / 1_000_000.0;
    report.check(Check::new(
        format!("{megabytes:.1} MB program (target: under {BINARY_MB_MAX} MB)"),
        megabytes < BINARY_MB_MAX,
    ));
    let screen = Screen::start().await?;
    let dht = PrivateDht::start(DHT_NODES, None).await?;
    let topic = fresh_topic();
    let profile = prepare(AppProfile::on(&dht.bootstrap())?, &topic, events).await?;
    start(&mut report, &screen, &profile, &app, trials).await?;
    let window = Window::open_program(&screen, &profile, &app).await?;
    seen(&mut report, &window, &dht, &topic, trials * 10).await?;
    scrolled(&mut report, &window).await?;
    let composer = center_of_the_composer(&window).await?;
    window.quit().await?;
    let app = UndrivenApp::open(&screen, &profile, &app).await?;
    write_in(&app, &profile, composer).await?;
    idle(&mut report, app.process(), Duration::from_secs(seconds)).await?;
    app.quit().await?;
    Ok(report)
}

/// A profile with this many posts in a topic, and two topics without any.
async fn prepare(
    profile: AppProfile,
    topic: &TopicName,
    events: u64,
) -> anyhow::Result<AppProfile> {
    let others = [fresh_topic(), fresh_topic()];
    let topics = [topic.as_str(), others[0].as_str(), others[1].as_str()];
    let profile = profile.with_keys_and_topics(&topics).await?;
    let path = profile.home().join("kukuri.db");
    let writers = Arc::new(Writers::new(topic.clone()));
    fill(&path, &writers, topic, events).await?;
    Ok(profile)
}

/// Both programs in turn, from the start of the process to a page that can be used.
async fn start(
    report: &mut Report,
    screen: &Screen,
    profile: &AppProfile,
    app: &Path,
    trials: usize,
) -> anyhow::Result<()> {
    // What is read later was read once.
    let first = Window::open_program(screen, profile, app).await?;
    first.find(".timeline textarea").await?;
    first.quit().await?;
    let empty = packaged_program("kukuri-empty-window")?;
    let elsewhere = AppProfile::on(&[])?;
    let (mut full, mut bare) = (Trials::default(), Trials::default());
    let mut steps: [Trials; STEPS.len()] = Default::default();
    for _ in 0..trials {
        let window = Window::open_program(screen, profile, app).await?;
        let started = since_start(&window, USABLE).await?;
        full.push(Ok(started("timeline")?));
        for (trials, (step, _)) in steps.iter_mut().zip(STEPS) {
            trials.push(Ok(started(step)?));
        }
        window.quit().await?;
        let window = Window::open_program(screen, &elsewhere, &empty).await?;
        bare.push(Ok(since_start(&window, LOADED).await?("timeline")?));
        window.quit().await?;
    }
    report.trials("an empty window", &bare);
    for (trials, (_, name)) in steps.iter().zip(STEPS) {
        report.trials(&format!("the app, {name}"), trials);
    }
    report.trials("the app, its newest posts shown", &full);
    let (Some(full), Some(bare)) = (full.percentile(50), bare.percentile(50)) else {
        bail!("no trial");
    };
    let more = full.saturating_sub(bare);
    report.check(Check::new(
        format!(
            "{} ms more than an empty window, medians (target: at most {} ms)",
            more.as_millis(),
            START_MAX.as_millis()
        ),
        more <= START_MAX,
    ));
    Ok(())
}

/// How long after the start of its process a page got how far.
async fn since_start(
    window: &Window,
    script: &str,
) -> anyhow::Result<impl Fn(&str) -> anyhow::Result<Duration> + use<>> {
    let reached = window.run_until_answered(script, vec![]).await?;
    let started = started_at(window.process())?;
    Ok(move |step: &str| {
        let at = reached[step].as_f64();
        let at = at.with_context(|| format!("{step} is missing in {reached}"))?;
        Ok(Duration::from_secs_f64((at - started).max(0.0) / 1_000.0))
    })
}

/// When a process was started, in milliseconds since the Unix epoch: field 22 of its `stat` counts
/// ticks since the machine's start.
fn started_at(process: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("the name is in brackets")?;
    let ticks: f64 = fields
        .split_whitespace()
        .nth(22 - 3)
        .context("it has this field")?
        .parse()?;
    let uptime = fs::read_to_string("/proc/uptime")?;
    let uptime: f64 = uptime
        .split_whitespace()
        .next()
        .context("it is not empty")?
        .parse()?;
    Ok(now_ms()? - (uptime - ticks / TICKS_PER_SECOND) * 1_000.0)
}

/// Posts of another node, from the end of its call to the frame that shows them.
async fn seen(
    report: &mut Report,
    window: &Window,
    dht: &PrivateDht,
    topic: &TopicName,
    posts: usize,
) -> anyhow::Result<()> {
    let node = TestNode::start(NodeOptions::on(dht)).await?;
    node.join_and_meet(topic, LIMIT).await?;
    window
        .find(&format!("nav bdi[title='{topic}']"))
        .await?
        .click()
        .await?;
    window.find(".timeline textarea").await?;
    window.wait_for_text("Connected to 1 person").await?;
    window.wait_for(TO_THE_END).await?;
    window.run(NOTE_POSTS, vec![]).await?;
    let mut times = Trials::default();
    for number in 0..posts {
        let name = format!("probe {number}");
        node.post(topic, &name).await?;
        let written = now_ms()?;
        let end = Instant::now() + LIMIT;
        let shown = loop {
            let shown = window
                .run(
                    "return window.__shown[arguments[0]] ?? null",
                    vec![json!(name)],
                )
                .await?;
            if let Some(shown) = shown.as_f64() {
                break shown;
            }
            if Instant::now() >= end {
                bail!(
                    "{name} is not there; the window shows: {}",
                    window.text().await?
                );
            }
            sleep(Duration::from_millis(20)).await;
        };
        times.push(Ok(Duration::from_secs_f64(
            (shown - written).max(0.0) / 1_000.0,
        )));
        sleep(PAUSE).await;
    }
    report.trials("a post of another node until its frame", &times);
    report.check(Check::percentile(&times, 95, VISIBLE_MAX));
    node.shutdown().await
}

/// Upwards through the timeline.
async fn scrolled(report: &mut Report, window: &Window) -> anyhow::Result<()> {
    let (mut times, mut rows_max) = (Trials::default(), 0);
    for _ in 0..SCROLL_STEPS {
        let step = window.run_until_answered(SCROLL, vec![]).await?;
        let spent = step["spent"].as_f64().context("no time")?;
        times.push(Ok(Duration::from_secs_f64(spent / 1_000.0)));
        rows_max = rows_max.max(step["rows"].as_u64().context("no number")?);
    }
    report.trials("our scripts in a step of scrolling", &times);
    report.check(Check::percentile(&times, 95, SCROLL_MAX));
    report.check(Check::new(
        format!("{rows_max} rows in the page (target: at most {ROWS_MAX})"),
        rows_max <= ROWS_MAX,
    ));
    Ok(())
}

/// Where a click meets the composer: a window without a manager begins where its screen does.
async fn center_of_the_composer(window: &Window) -> anyhow::Result<(i64, i64)> {
    let composer = window.find(".timeline textarea").await?;
    let (x, y, width, height) = composer.rectangle().await?;
    Ok(((x + width / 2.0) as i64, (y + height / 2.0) as i64))
}

/// Writes a post as hands would, which leaves the cursor in the composer. That the node has it is
/// what says that it was so.
async fn write_in(
    app: &UndrivenApp<'_>,
    profile: &AppProfile,
    composer: (i64, i64),
) -> anyhow::Result<()> {
    let text = "typed by hands";
    let end = Instant::now() + LIMIT;
    // Nothing outside tells when the page is there to be typed into.
    loop {
        app.click_and_type(composer, text).await?;
        app.press("ctrl+Return").await?;
        let posted = profile.kukuri(&["search", text])?.output().await?;
        if String::from_utf8_lossy(&posted.stdout).contains(text) {
            return Ok(());
        }
        if Instant::now() >= end {
            bail!("what was typed was not posted: {posted:?}");
        }
        sleep(PAUSE).await;
    }
}

/// What an open window with three topics costs while nothing happens: the app and all its helpers.
/// The cursor is in the composer, where it is left. Nothing drives the window.
async fn idle(report: &mut Report, app: u32, period: Duration) -> anyhow::Result<()> {
    sleep(SETTLE).await;
    let before = cpu_of_all(app)?;
    let started = Instant::now();
    sleep(period).await;
    let after = cpu_of_all(app)?;
    let elapsed = started.elapsed().as_secs_f64();
    let mut percent = 0.0;
    for (name, seconds) in &after {
        // A process that was not there before began at nothing.
        let share = (seconds - before.get(name).unwrap_or(&0.0)) / elapsed * 100.0;
        report.note(format!("idle, {name}: {share:.2} % of a core"));
        percent += share;
    }
    report.check(Check::new(
        format!(
            "idle for {} s: {percent:.2} % of a core (target: under {CPU_PERCENT_MAX} %)",
            period.as_secs()
        ),
        percent < CPU_PERCENT_MAX,
    ));
    Ok(())
}

/// Processor time of a process and everything that it started, in seconds, by their names.
fn cpu_of_all(process: u32) -> anyhow::Result<BTreeMap<String, f64>> {
    let name = fs::read_to_string(format!("/proc/{process}/comm"))?;
    let mut all = BTreeMap::from([(name.trim_end().to_owned(), cpu_seconds(process)?)]);
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let children = fs::read_to_string(task?.path().join("children"))?;
        for child in children.split_whitespace() {
            for (name, seconds) in cpu_of_all(child.parse()?)? {
                *all.entry(name).or_default() += seconds;
            }
        }
    }
    Ok(all)
}

fn now_ms() -> anyhow::Result<f64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(now.as_secs_f64() * 1_000.0)
}
