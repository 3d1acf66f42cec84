//! Answers, reactions, deletions and names on the command line: the same through a running node
//! and without one.

use std::sync::Arc;

use kukuri_application::ports::{EventStore as _, Identity as _, Origin, SecretBytes};
use kukuri_domain::{
    SignedEvent, TopicKeys, TopicName, UnixMs,
    event::{Draft, Profile},
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_infra_keyring::LocalIdentity;
use kukuri_node::platform::SystemClock;
use serde_json::Value;

use crate::{
    commands::Scene,
    identity::NSEC_HEX,
    program::{Home, run},
};

pub const BASE: UnixMs = UnixMs(1_700_000_000_000);

pub fn lobby() -> TopicName {
    "lobby".parse().expect("a name")
}

/// An author who is not the profile's.
fn stranger(number: u8) -> LocalIdentity {
    let mut secret = [number; 32];
    if number == 0 {
        for (place, digits) in secret.iter_mut().zip(NSEC_HEX.as_bytes().chunks(2)) {
            let digits = str::from_utf8(digits).expect("digits");
            *place = u8::from_str_radix(digits, 16).expect("digits");
        }
    }
    LocalIdentity::from_secret(&SecretBytes::new(secret)).expect("a key")
}

/// What strangers say.
pub struct Strangers {
    events: Vec<SignedEvent>,
}

impl Strangers {
    pub fn new() -> Self {
        Self { events: Vec::new() }
    }

    pub fn say(&mut self, who: u8, draft: Draft) -> SignedEvent {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let signed = runtime.block_on(stranger(who).sign(draft)).expect("fine");
        self.events.push(signed.clone());
        signed
    }

    fn post(&mut self, who: u8, text: &str) -> SignedEvent {
        let at = UnixMs(BASE.0 + 1_000 * self.events.len() as u64);
        self.say(who, Draft::post(&lobby(), text, at))
    }

    pub fn name(&mut self, who: u8, name: &str) {
        let profile = Profile::new(name, None).expect("a name");
        self.say(who, Draft::profile(&lobby(), &profile, BASE));
    }

    /// A profile that has joined the topic and holds all of it.
    fn heard(&self) -> Home {
        let home = Home::new();
        run(&mut home.kukuri(&["topic", "join", "lobby"]), "").check(0, &[]);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let clock = Arc::new(SystemClock::start());
            let path = home.path().join("kukuri.db");
            let database = Database::open(&path, OpenOptions::default(), clock).await;
            let database = database.expect("it opens");
            let events = self.events.iter().cloned();
            let events = events.map(|event| event.verify().expect("genuine"));
            let topic = TopicKeys::public(lobby()).id;
            let committed = database
                .commit(topic, events.collect(), Origin::Peer)
                .await
                .expect("stored");
            assert!(committed.iter().all(|commit| commit.is_new));
            database.close().await.expect("closed");
        });
        home
    }

    /// The same profile through a node and without one.
    pub fn scenes(&self) -> [Scene; 2] {
        let alone = Scene {
            home: self.heard(),
            node: None,
        };
        [alone, Scene::with_node_in(self.heard())]
    }
}

fn id_of(post: &Value) -> &str {
    post["event"]["id"].as_str().expect("an id")
}

/// A joined topic with one own post, and its id.
fn with_post(scene: &Scene, text: &str) -> String {
    scene.json(&["topic", "join", "lobby"]);
    id_of(&scene.json(&["post", "lobby", text, "--wait", "0"])).to_owned()
}

#[track_caller]
fn words(scene: &Scene, args: &[&str]) -> String {
    let said = scene.run(args);
    said.check(0, &[]);
    said.out
}

#[test]
fn posts_are_answered_by_the_ids_that_read_shows() {
    for scene in Scene::both() {
        let root = with_post(&scene, "who comes on Saturday?");
        let short = &root[..8];
        let read = words(&scene, &["read", "lobby"]);
        let line = read.lines().last().expect("a post");
        assert!(line.starts_with(&format!("{short}  ")), "{read}");

        let post = |text: &str, to: &str| {
            let args = ["post", "lobby", text, "--wait", "0", "--reply-to", to];
            scene.json(&args)
        };
        let answer = post("I do", short);
        assert_eq!(answer["reply"]["root"], *root);
        assert_eq!(answer["reply"]["parent"], *root);
        let deeper = post("so do I", id_of(&answer));
        assert_eq!(deeper["reply"]["root"], *root);
        assert_eq!(deeper["reply"]["parent"], id_of(&answer));

        // Whatever post of a thread is named, all of it is shown.
        for named in [short, &root.to_ascii_uppercase(), &id_of(&deeper)[..12]] {
            let thread = scene.json(&["thread", "lobby", named]);
            assert_eq!(thread["topic"]["name"], "lobby");
            let posts = thread["posts"].as_array().expect("a list");
            let ids: Vec<&str> = posts.iter().map(id_of).collect();
            assert_eq!(ids, [&root, id_of(&answer), id_of(&deeper)]);
            assert_eq!(posts[0]["replies"]["count"], 2);
        }
        let thread = words(&scene, &["thread", "lobby", short]);
        let lines: Vec<&str> = thread.lines().collect();
        let starts = |line: &str, id: &str, indent: &str| {
            assert!(line.starts_with(&format!("{indent}{}", &id[..8])), "{line}");
        };
        assert!(lines[0].starts_with("-- today"), "{thread}");
        starts(lines[1], &root, "");
        assert_eq!(lines[2], "                 2 answers", "{thread}");
        starts(lines[3], id_of(&answer), "  ");
        assert!(lines[3].contains("  I do"), "{thread}");
        starts(lines[4], id_of(&deeper), "  ");
        let whom = format!("  to you {}: so do I", &id_of(&answer)[..8]);
        assert!(lines[4].contains(&whom), "{thread}");

        let before = scene.json(&["read", "lobby", "--before", &id_of(&answer)[..8]]);
        assert_eq!(before["posts"].as_array().map(Vec::len), Some(1));
        assert_eq!(id_of(&before["posts"][0]), root);
    }
}

#[test]
fn reactions_are_given_once_and_taken_back() {
    for scene in Scene::both() {
        let root = with_post(&scene, "the kettle is on");
        let short = &root[..8];
        let react = |more: &[&str]| {
            let args = ["react", "lobby", short, "--wait", "0"];
            scene.json(&[&args[..], more].concat())
        };
        let first = react(&[]);
        assert_eq!(first["reacted"], true);
        assert_eq!(first["changed"], true);
        assert_eq!(first["sent"]["state"]["stored"], true);
        let again = react(&["+"]);
        assert_eq!(
            (&again["changed"], &again["sent"]),
            (&false.into(), &Value::Null)
        );
        react(&["同感"]);
        let reactions = || {
            let page = scene.json(&["read", "lobby"]);
            page["posts"][0]["reactions"].clone()
        };
        assert_eq!(reactions()[0]["content"], "+");
        assert_eq!(reactions()[0]["count"], 1);
        assert_eq!(reactions()[0]["own"], first["sent"]["id"]);
        assert_eq!(reactions()[1]["content"], "同感");
        let read = words(&scene, &["read", "lobby"]);
        let details = read.lines().last().expect("a line");
        assert_eq!(details.trim_start(), "+ 1 with yours · 同感 1 with yours");

        // Which of the two?
        let error = scene.error(&["react", "lobby", short, "--undo"], 2);
        assert_eq!(error["code"], "usage");
        assert!(error["hint"].as_str().expect("a hint").contains("SIGN"));
        let undone = react(&["同感", "--undo"]);
        assert_eq!(
            (&undone["reacted"], &undone["changed"]),
            (&false.into(), &true.into())
        );
        assert_eq!(reactions().as_array().map(Vec::len), Some(1));
        assert_eq!(reactions()[0]["content"], "+", "the other one stays");
        react(&["--undo"]);
        assert_eq!(reactions().as_array().map(Vec::len), Some(0));
        assert_eq!(react(&["--undo"])["changed"], false);
        let said = words(&scene, &["react", "lobby", short, "--undo"]);
        assert_eq!(said, format!("you have not reacted so to {short}"));
        let error = scene.error(&["react", "lobby", short, "two words"], 9);
        assert_eq!(error["code"], "refused");
    }
}

#[test]
fn own_posts_are_taken_back_and_those_of_others_not() {
    let mut strangers = Strangers::new();
    let theirs = strangers.post(2, "mine");
    for scene in strangers.scenes() {
        let own = with_post(&scene, "a mistake");
        let error = scene.error(&["delete", "lobby", &theirs.id().to_string()], 9);
        assert_eq!(error["code"], "not_yours");
        let said = words(&scene, &["delete", "lobby", &own[..8], "--wait", "0"]);
        assert!(said.starts_with("stored here"), "{said}");
        assert!(said.contains("(NIP-09); nobody can be made to"), "{said}");
        let read = words(&scene, &["read", "lobby"]);
        assert!(read.contains("(deleted by its author)"), "{read}");
        assert!(
            !read.contains("a mistake") && read.contains("mine"),
            "{read}"
        );
        let again = scene.json(&["delete", "lobby", &own[..8], "--wait", "0"]);
        assert_eq!(
            (&again["deleted"], &again["changed"]),
            (&true.into(), &false.into())
        );
    }
}

/// Two texts whose posts have ids that begin with the same eight digits, with the key of the test
/// vector and at the time of [`BASE`].
const ALIKE: [&str; 2] = ["post 107965", "post 135469"];

#[test]
fn ids_that_name_no_post_or_several_are_refused_with_what_to_do() {
    let mut strangers = Strangers::new();
    let alike = ALIKE.map(|text| strangers.say(0, Draft::post(&lobby(), text, BASE)));
    let ids = alike.map(|post| post.id().to_string());
    let short = &ids[0][..8];
    assert_eq!(short, &ids[1][..8], "the texts were searched for this");
    for scene in strangers.scenes() {
        for command in ["thread", "react", "delete"] {
            let error = scene.error(&[command, "lobby", short], 2);
            assert_eq!(error["code"], "ambiguous");
            assert_eq!(error["hint"], "give more digits of the id");
            let message = error["message"].as_str().expect("text");
            assert!(ids.iter().all(|id| message.contains(id)), "{message}");
            for no_id in ["3fa2", "3fa2bb0x", "yesterday", "note1qqqq"] {
                let error = scene.error(&[command, "lobby", no_id], 2);
                assert_eq!(error["code"], "usage", "{error}");
                assert!(error["hint"].is_string(), "{error}");
            }
            let error = scene.error(&[command, "lobby", "00000000"], 8);
            assert_eq!(error["code"], "no_event");
            let hint = "see the posts with their ids: kukuri read lobby";
            assert_eq!(error["hint"], hint);
            let error = scene.error(&[command, "nowhere", short], 8);
            assert_eq!(error["code"], "not_joined");
        }
        let reply = ["post", "lobby", "x", "--reply-to", short];
        assert_eq!(scene.error(&reply, 2)["code"], "ambiguous");
        let before = ["read", "lobby", "--before", short];
        assert_eq!(scene.error(&before, 2)["code"], "ambiguous");
        let more = scene.json(&["thread", "lobby", &ids[1][..16]]);
        assert_eq!(more["posts"][0]["event"]["content"], ALIKE[1]);
    }
}

#[test]
fn authors_have_the_names_that_they_give_themselves() {
    for scene in Scene::both() {
        scene.json(&["topic", "join", "lobby"]);
        let name = |more: &[&str]| scene.json(&[&["identity", "name"], more].concat());
        assert_eq!(name(&[])["author"]["name"], Value::Null);
        let said = words(&scene, &["identity", "name"]);
        assert!(said.contains("kukuri identity name NAME"), "{said}");
        let error = scene.error(&["identity", "name", "--about", "weaves"], 2);
        assert_eq!(error["code"], "usage");

        assert_eq!(name(&["Mika"])["author"]["name"], "Mika");
        // What is not given stays.
        assert_eq!(name(&["--about", "weaves"])["about"], "weaves");
        let told = name(&["Mika K."]);
        assert_eq!(told["author"]["name"], "Mika K.");
        assert_eq!(told["about"], "weaves");
        assert_eq!(name(&["--about", ""])["about"], Value::Null);
        assert_eq!(name(&[])["author"]["name"], "Mika K.");
        let status = scene.json(&["status"]);
        assert_eq!(status["author"]["name"], "Mika K.");
        assert_eq!(scene.json(&["identity", "show"])["name"], "Mika K.");
        let said = words(&scene, &["identity", "show"]);
        assert!(
            said.starts_with("name     Mika K.\nyou are  npub1"),
            "{said}"
        );
        let error = scene.error(&["identity", "name", " "], 9);
        assert_eq!(error["code"], "profile");
        let said = words(&scene, &["identity", "name", "Mika"]);
        let told = match scene.has_node() {
            true => "the joined topics were told",
            false => "no node is running; the next one tells the joined topics",
        };
        assert_eq!(said, format!("you are called Mika\n{told}"));
    }
}

#[test]
fn whom_an_answer_answers_and_who_shares_a_name_is_said() {
    let mut strangers = Strangers::new();
    strangers.name(2, "Aya");
    strangers.name(3, "aya");
    strangers.name(4, "Taro");
    let root = strangers.post(2, "morning");
    strangers.post(3, "good morning");
    let at = UnixMs(BASE.0 + 60_000);
    let answer = strangers.say(4, Draft::reply(&lobby(), &root, "and to you", at));
    let keys = [2, 3].map(|who| stranger(who).author().short());
    for scene in strangers.scenes() {
        let read = words(&scene, &["read", "lobby"]);
        assert!(
            read.contains(&format!("  Aya {}  morning", keys[0])),
            "{read}"
        );
        assert!(
            read.contains(&format!("  aya {}  good morning", keys[1])),
            "{read}"
        );
        let (root, answer) = (root.id().short(), answer.id().short());
        let line = format!("Taro      to Aya {} {root}: and to you", keys[0]);
        assert!(read.contains(&line), "{read}");
        // Also where the post that it answers is not in the page.
        let last = words(&scene, &["read", "lobby", "--limit", "1"]);
        assert!(
            last.contains(&format!("{answer}  22:14  Taro      to Aya {root}: ")),
            "{last}"
        );
        let found = words(&scene, &["search", "and"]);
        assert!(
            found.contains(&format!("to Aya {root}: and to you")),
            "{found}"
        );
        let chat = run(&mut scene.home.kukuri(&["join", "lobby"]), "");
        chat.check(0, &[]);
        let line = format!("22:14  Taro      to Aya {}: and to you", keys[0]);
        assert!(chat.out.contains(&line), "{chat:#?}");
    }
}
