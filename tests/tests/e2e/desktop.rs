//! The desktop app in real windows: two people in two windows, with posts and with entries, one
//! beside a terminal, and posts that mean harm.
//!
//! Owns what a person does and sees there. Run with `cargo xtask test desktop`; with
//! `KUKURI_TEST_PICTURES=FOLDER` pictures of what is seen are kept there.

use std::{collections::BTreeSet, path::PathBuf, process::Stdio, sync::Arc};

use anyhow::{Context as _, ensure};
use fantoccini::elements::Element;
use kukuri_application::ports::{EventStore as _, Origin};
use kukuri_domain::{
    AuthorId, SignedEvent, TopicKeys, TopicName, UnixMs, VerifiedEvent, event::Draft,
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_iroh::testnet::PrivateDht;
use kukuri_node::platform::SystemClock;
use kukuri_tests::window::{AppProfile, Screen, Window, is_enabled};
use nostr::{event::SignEvent as _, key::Keys};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::ChildStdout,
    time::timeout,
};

use crate::LIMIT;

/// A folder for pictures, if somebody wants them.
const PICTURES: &str = "KUKURI_TEST_PICTURES";

/// Posts that mean harm; the tests of the front end use the same.
const HOSTILE: &str = "../crates/app-tauri/ui/src/testing/hostile.json";

/// Looks without anything new, after which the end of a timeline is reached: older posts come by
/// the page.
const STILL_MAX: u32 = 20;

/// Ctrl and Enter, which post.
const CTRL_ENTER: &str = "\u{e009}\u{e007}\u{e000}";

/// The key that changes an entry.
const F2: &str = "\u{e032}";

/// What the controls of the first start are called in a language.
struct Words {
    language: &'static str,
    passphrase_file: &'static str,
    name: &'static str,
    add_topic: &'static str,
    open: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    passphrase_file: "Keep the key in a passphrase file",
    name: "Name",
    add_topic: "Add a topic",
    open: "Open kukuri",
};

const JAPANESE: Words = Words {
    language: "ja",
    passphrase_file: "鍵をパスフレーズのファイルに保管する",
    name: "名前",
    add_topic: "トピックを追加",
    open: "kukuri を開く",
};

async fn keep(window: &Window, name: &str) -> anyhow::Result<()> {
    match std::env::var_os(PICTURES) {
        Some(folder) => {
            // What passes by would lie over what stays.
            let close =
                "document.querySelectorAll('.toast .icon-button').forEach((b) => b.click())";
            window.run(close, Vec::new()).await?;
            let is_gone = "return document.querySelector('.toast') === null";
            window.wait_for(is_gone).await?;
            window.picture(&PathBuf::from(folder).join(name)).await
        }
        None => Ok(()),
    }
}

/// From the first start to the timeline: the keys into a file, a name, one topic of one's own.
async fn start_as(window: &Window, words: &Words, name: &str, topic: &str) -> anyhow::Result<()> {
    window.click(words.passphrase_file).await?;
    window.type_into(words.name, name).await?;
    window.type_into(words.add_topic, topic).await?;
    keep(window, &format!("first-start-{}.png", words.language)).await?;
    window.click(words.open).await?;
    open_topic(window, topic).await
}

async fn open_topic(window: &Window, topic: &str) -> anyhow::Result<()> {
    let row = window.find(&format!("nav bdi[title='{topic}']")).await?;
    row.click().await?;
    window.find(".timeline textarea").await?;
    Ok(())
}

/// Writes into a composer and posts, by the keyboard alone.
async fn write(window: &Window, composer: &str, text: &str) -> anyhow::Result<()> {
    let field = window.find(composer).await?;
    field.send_keys(text).await?;
    field.send_keys(CTRL_ENTER).await?;
    Ok(())
}

/// The post with this text, as soon as it is in the timeline.
async fn post_with(window: &Window, text: &str) -> anyhow::Result<Element> {
    window
        .find_by_path(&format!("//article[contains(., '{text}')]"))
        .await
}

/// Two profiles on one private DHT, the second in Japanese, and a screen for their windows.
struct Place {
    _dht: PrivateDht,
    screen: Screen,
    aya: AppProfile,
    ren: AppProfile,
}

impl Place {
    /// Both have made their identities, joined one topic and found each other by its name.
    async fn with_two() -> anyhow::Result<(Self, Window, Window)> {
        let (dht, screen) = (PrivateDht::start(10, None).await?, Screen::start().await?);
        let place = Self {
            aya: AppProfile::on(&dht.bootstrap())?,
            ren: AppProfile::on(&dht.bootstrap())?.with("LANG", "ja_JP.UTF-8"),
            _dht: dht,
            screen,
        };
        let (aya, ren) = place.open().await?;
        start_as(&aya, &ENGLISH, "Aya Kitamura", "mesh-lab").await?;
        start_as(&ren, &JAPANESE, "田中 蓮", "mesh-lab").await?;
        aya.wait_for_text("Connected to 1 person").await?;
        ren.wait_for_text("1 人とつながっています").await?;
        Ok((place, aya, ren))
    }

    async fn open(&self) -> anyhow::Result<(Window, Window)> {
        let aya = Window::open(&self.screen, &self.aya).await?;
        Ok((aya, Window::open(&self.screen, &self.ren).await?))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn desktop_two_people_in_two_windows() -> anyhow::Result<()> {
    if !is_enabled() {
        return Ok(());
    }
    let (place, aya, ren) = Place::with_two().await?;

    // A post, an answer to it, a reaction to the answer: each is seen on the other side.
    write(&aya, ".timeline textarea", "Does anybody have the antenna?").await?;
    let question = post_with(&ren, "the antenna?").await?;
    aya.wait_for_text("held by 1").await?;
    question.click().await?;
    question.send_keys("r").await?;
    write(&ren, ".thread textarea", "はい、明日持って行きます。").await?;
    let line = aya.find("button.replies").await?;
    line.click().await?;
    let answer = aya
        .find_by_path("//section[contains(@class, 'thread')]//article[contains(., '明日持って')]")
        .await?;
    answer.click().await?;
    answer.send_keys("e").await?;
    aya.click("Agree").await?;
    ren.find("[aria-label='賛成、1 件']").await?;
    // Each knows the name that the other chose.
    aya.wait_for_text("田中 蓮").await?;
    ren.wait_for_text("Aya Kitamura").await?;
    keep(&aya, "thread-en.png").await?;
    keep(&ren, "thread-ja.png").await?;

    // After a restart everything is there again, and so are they.
    aya.quit().await?;
    ren.quit().await?;
    let (aya, ren) = place.open().await?;
    for window in [&aya, &ren] {
        open_topic(window, "mesh-lab").await?;
        let question = "//article[contains(., 'the antenna?') and contains(., 'Aya Kitamura')]";
        window.find_by_path(question).await?;
        window.find("button.replies").await?.click().await?;
        post_with(window, "明日持って").await?;
    }
    aya.find("[aria-label='Agree, 1']").await?;
    ren.find("[aria-label='賛成、1 件']").await?;
    aya.wait_for_text("Connected to 1 person").await?;
    aya.quit().await?;
    ren.quit().await
}

/// Where the page has the control with this name, in pixels from its corner.
async fn place_of(window: &Window, name: &str) -> anyhow::Result<(f64, f64, f64, f64)> {
    let control = window.named(name).await?;
    Ok(control.rectangle().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn desktop_a_click_on_the_first_page_moves_nothing() -> anyhow::Result<()> {
    if !is_enabled() {
        return Ok(());
    }
    let (dht, screen) = (PrivateDht::start(1, None).await?, Screen::start().await?);
    let window = Window::open(&screen, &AppProfile::on(&dht.bootstrap())?).await?;
    window.click(ENGLISH.passphrase_file).await?;
    let before = place_of(&window, ENGLISH.open).await?;
    window.find("h1").await?.click().await?;
    ensure!(place_of(&window, ENGLISH.open).await? == before);
    window.type_into(ENGLISH.name, "Aya").await?;
    ensure!(place_of(&window, ENGLISH.open).await? == before);
    window.quit().await
}

/// Types into a field, in place of what stands there.
async fn fill_in(window: &Window, field: &str, text: &str) -> anyhow::Result<()> {
    let found = window.find(field).await?;
    found.clear().await?;
    Ok(found.send_keys(text).await?)
}

/// The row of an entry with this key and this value, as soon as it is in the table.
async fn entry_with(window: &Window, key: &str, value: &str) -> anyhow::Result<Element> {
    let path = format!("//*[@data-key='{key}' and contains(., '{value}')]");
    window.find_by_path(&path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn desktop_entries_in_two_windows() -> anyhow::Result<()> {
    if !is_enabled() {
        return Ok(());
    }
    let (place, aya, ren) = Place::with_two().await?;
    for window in [&aya, &ren] {
        window.find("#tab-entries").await?.click().await?;
    }

    // What one writes is in the other's table.
    aya.click("New entry").await?;
    fill_in(&aya, "#entry-key", "rooftop/連絡先").await?;
    fill_in(&aya, "#entry-text", "内線 12").await?;
    aya.click("Write").await?;
    entry_with(&aya, "rooftop/連絡先", "内線 12").await?;
    let row = entry_with(&ren, "rooftop/連絡先", "内線 12").await?;
    aya.wait_for_text("held by 1").await?;

    // Both change it, each from what was there before: the second is shown the first, and decides.
    row.send_keys(F2).await?;
    fill_in(&ren, "#entry-text", "内線 13").await?;
    aya.click("Change the value").await?;
    fill_in(&aya, "#entry-text", "内線 14").await?;
    aya.click("Write").await?;
    entry_with(&ren, "rooftop/連絡先", "内線 14").await?;
    ren.click("書き込む").await?;
    ren.wait_for_text("その間にこのキーが書き換えられました")
        .await?;
    keep(&ren, "entry-changed-ja.png").await?;
    ren.click("自分の値で上書き").await?;
    entry_with(&aya, "rooftop/連絡先", "内線 13").await?;
    aya.wait_for_text("3 writes").await?;
    keep(&aya, "entries-en.png").await?;

    // A deletion is seen on the other side, and after a restart it is still so.
    aya.click("Delete the key").await?;
    aya.find("[role=dialog] .button-danger")
        .await?
        .click()
        .await?;
    ren.find(".entry-gone[data-key='rooftop/連絡先']").await?;
    ren.quit().await?;
    let ren = Window::open(&place.screen, &place.ren).await?;
    open_topic(&ren, "mesh-lab").await?;
    ren.find("#tab-entries").await?.click().await?;
    ren.wait_for_text("にはまだエントリがありません").await?;
    aya.quit().await?;
    ren.quit().await
}

/// `kukuri join` in a terminal that is a pipe, and the lines that it prints.
async fn next_line_with(
    lines: &mut Lines<BufReader<ChildStdout>>,
    part: &str,
) -> anyhow::Result<String> {
    let found = async {
        while let Some(line) = lines.next_line().await? {
            if line.contains(part) {
                return Ok(line);
            }
        }
        anyhow::bail!("it ended without {part:?}")
    };
    timeout(LIMIT, found)
        .await
        .with_context(|| format!("{part:?} was not printed"))?
}

#[tokio::test(flavor = "multi_thread")]
async fn desktop_beside_a_terminal() -> anyhow::Result<()> {
    if !is_enabled() {
        return Ok(());
    }
    let (dht, screen) = (PrivateDht::start(10, None).await?, Screen::start().await?);
    let profile = AppProfile::on(&dht.bootstrap())?;
    let window = Window::open(&screen, &profile).await?;
    start_as(&window, &ENGLISH, "Aya Kitamura", "mesh-lab").await?;

    let other = AppProfile::on(&dht.bootstrap())?;
    let other = other.with_keys_and_topics(&[]).await?;
    let mut terminal = other
        .kukuri(&["join", "mesh-lab"])?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut typed = terminal.stdin.take().context("no standard input")?;
    let told = terminal.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(told).lines();
    window.wait_for_text("Connected to 1 person").await?;
    typed.write_all("from the terminal\n".as_bytes()).await?;
    post_with(&window, "from the terminal").await?;
    write(&window, ".timeline textarea", "from the window").await?;
    let line = next_line_with(&mut lines, "from the window").await?;
    ensure!(line.contains("Aya Kit…"), "{line}");

    // The node of the window serves the commands of its profile.
    let said = profile.kukuri(&["status", "--json"])?.output().await?;
    let status: Value = serde_json::from_slice(&said.stdout)?;
    ensure!(status["pid"] == window.process(), "{status}");
    window.quit().await?;
    drop(typed);
    ensure!(timeout(LIMIT, terminal.wait()).await??.success());

    // And a window on a profile whose node runs elsewhere is attached to it.
    let mut node = other.kukuri(&["up"])?.stdout(Stdio::piped()).spawn()?;
    let told = node.stdout.take().context("no standard output")?;
    // Read from until the end: a node that nobody listens to any more ends.
    let mut told = BufReader::new(told).lines();
    next_line_with(&mut told, "mesh-lab").await?;
    let window = Window::open(&screen, &other).await?;
    open_topic(&window, "mesh-lab").await?;
    post_with(&window, "from the window").await?;
    let id = node.id().context("the node ended")?;
    window
        .wait_for_text(&format!("kukuri up (process {id}) uses this profile"))
        .await?;
    window.quit().await?;
    ensure!(
        node.try_wait()?.is_none(),
        "the node goes on without the window"
    );
    Ok(())
}

/// Texts and names that mean harm.
#[derive(serde::Deserialize)]
struct Corpus {
    posts: Vec<String>,
    names: Vec<String>,
}

/// A topic full of these posts, by authors with these names.
async fn fill(profile: &AppProfile, topic: &TopicName, corpus: &Corpus) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock::start());
    let path = profile.home().join("kukuri.db");
    let database = Database::open(&path, OpenOptions::default(), clock).await?;
    let id = TopicKeys::public(topic.clone()).id;
    let start = UnixMs(1_700_000_000_000);
    let authors: Vec<Keys> = corpus.names.iter().map(|_| Keys::generate()).collect();
    let mut events = Vec::new();
    for (author, name) in authors.iter().zip(&corpus.names) {
        let mut draft = Draft::post(topic, &json!({ "name": name }).to_string(), start);
        draft.kind = 0;
        events.push(signed(author, draft)?);
    }
    for ((text, author), n) in corpus.posts.iter().zip(authors.iter().cycle()).zip(1_u64..) {
        let at = UnixMs(start.0 + n * 60_000);
        events.push(signed(author, Draft::post(topic, text, at))?);
    }
    database.commit(id, events, Origin::Peer).await?;
    Ok(database.close().await?)
}

fn signed(author: &Keys, draft: Draft) -> anyhow::Result<VerifiedEvent> {
    let unsigned = draft.unsigned(AuthorId(author.public_key().to_bytes()))?;
    Ok(SignedEvent::new(author.sign_event(unsigned)?)?.verify()?)
}

/// Notes in the page whatever a hostile post could do: run a script, load, go away, call Rust.
const WATCH: &str = r#"
    window.__harm = [];
    window.alert = window.prompt = window.confirm = () => window.__harm.push("dialog");
    window.open = (to) => { window.__harm.push("open " + to); return null; };
    addEventListener("securitypolicyviolation", (e) => window.__harm.push("csp " + e.blockedURI));
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
            if (!/^(tauri|ipc):/.test(entry.name)) window.__harm.push("load " + entry.name);
    }).observe({ type: "resource", buffered: true });
    window.__marker = "the same page";
"#;

/// What is in view and whether it keeps its place, then a step up (-1) or down (1).
const LOOK: &str = r#"
    const [direction, answer] = arguments;
    const scroller = document.querySelector(".feed-scroll");
    const broken = [];
    if (document.documentElement.scrollWidth > innerWidth) broken.push("the page is too wide");
    const frame = scroller.getBoundingClientRect();
    const rows = [...scroller.querySelectorAll(".feed-row")];
    rows.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    let end = -Infinity;
    for (const row of rows) {
        const box = row.getBoundingClientRect();
        const id = row.querySelector("[data-id]").dataset.id;
        if (box.top < end - 1) broken.push("overlaps: " + id);
        if (row.scrollWidth > row.clientWidth + 1) broken.push("too wide: " + id);
        if (box.left < frame.left - 1 || box.right > frame.right + 1) broken.push("outside: " + id);
        if (row.querySelector("script, iframe, img, object, embed, link, style, form, a"))
            broken.push("an element of its own: " + id);
        end = box.bottom;
    }
    const before = scroller.scrollTop;
    scroller.scrollTop = before + direction * scroller.clientHeight * 0.8;
    // Two frames later the new rows are there and measured.
    requestAnimationFrame(() => requestAnimationFrame(() => answer({
        ids: rows.map((row) => row.querySelector("[data-id]").dataset.id),
        broken,
        moved: scroller.scrollTop !== before,
    })));
"#;

#[tokio::test(flavor = "multi_thread")]
async fn desktop_hostile_posts_stay_text() -> anyhow::Result<()> {
    if !is_enabled() {
        return Ok(());
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(HOSTILE);
    let corpus: Corpus = serde_json::from_slice(&std::fs::read(&path)?)?;
    let texts = &corpus.posts;
    ensure!(texts.len() >= 200, "{} posts", texts.len());
    let screen = Screen::start().await?;
    let profile = AppProfile::on(&[])?
        .with_keys_and_topics(&["hostile"])
        .await?;
    let topic: TopicName = "hostile".parse()?;
    fill(&profile, &topic, &corpus).await?;
    let window = Window::open(&screen, &profile).await?;
    window.find(".feed-row").await?;
    window.run(WATCH, vec![]).await?;
    let address = window.client().current_url().await?;

    // Every one is scrolled into view, upwards to the first, then downwards to the last.
    let mut seen = BTreeSet::new();
    for direction in [-1, 1] {
        let mut still = 0;
        while still < STILL_MAX {
            let args = vec![json!(direction)];
            let shown = window.run_until_answered(LOOK, args).await?;
            let ids = shown["ids"].as_array().context("no list")?;
            let before = seen.len();
            seen.extend(ids.iter().filter_map(Value::as_str).map(str::to_owned));
            ensure!(shown["broken"] == json!([]), "the layout broke: {shown}");
            let is_still = shown["moved"] == json!(false) && seen.len() == before;
            still = if is_still { still + 1 } else { 0 };
        }
    }
    ensure!(
        seen.len() == texts.len(),
        "{} of {} were shown",
        seen.len(),
        texts.len()
    );
    keep(&window, "hostile.png").await?;
    let harm = window.run("return window.__harm", vec![]).await?;
    ensure!(harm == json!([]), "{harm}");
    // Whoever watches would have seen it: the policy of the page refuses this, and tells.
    let load = "new Image().src = 'https://example.invalid/pixel.png'";
    window.run(load, vec![]).await?;
    window.wait_for("return window.__harm.length > 0").await?;
    let marker = window.run("return window.__marker", vec![]).await?;
    ensure!(marker == "the same page" && window.client().current_url().await? == address);
    window.quit().await
}
