//! The codes of the source and those of docs/reference/errors.md are the same ones, with the same
//! exit codes; and the codes that no command line provokes at will.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use kukuri_application::{
    engine::PostError,
    keys::MoveError,
    ports::{Clock, IdentityError, KeyStore, SecretName},
};
use kukuri_domain::{
    AuthorId, PeerId, TopicRef,
    event::{AdmissionError, ProfileError},
};
use kukuri_infra_db::{Database, OpenOptions};
use kukuri_node::{Client, client::Profile, platform::SystemClock};

use super::*;

/// Every code of a client. A new one is missed here by the compiler.
fn client_codes() -> Vec<Code> {
    let all = vec![
        Code::NotJoined,
        Code::NoEvent,
        Code::NoEntry,
        Code::Conflict,
        Code::Ambiguous,
        Code::TooLong,
        Code::Empty,
        Code::Refused,
        Code::NotYours,
        Code::Profile,
        Code::Query,
        Code::Signing,
        Code::DiskFull,
        Code::ReadOnly,
        Code::Database,
        Code::Network,
        Code::NoNode,
        Code::Closed,
        Code::Request,
        Code::Protocol,
        Code::Busy,
        Code::Unexpected,
    ];
    for code in &all {
        match code {
            Code::NotJoined | Code::NoEvent | Code::Ambiguous | Code::TooLong | Code::Empty => {}
            Code::Refused | Code::Query | Code::Signing | Code::DiskFull | Code::ReadOnly => {}
            Code::Database | Code::Network | Code::NoNode | Code::Closed | Code::Request => {}
            Code::NotYours | Code::Profile | Code::NoEntry | Code::Conflict => {}
            Code::Protocol | Code::Busy | Code::Unexpected => {}
        }
    }
    all
}

/// Every exit code that comes with an error.
fn exits() -> Vec<Exit> {
    let all = vec![
        Exit::Unexpected,
        Exit::Usage,
        Exit::Config,
        Exit::InUse,
        Exit::Network,
        Exit::Vault,
        Exit::Disk,
        Exit::NotFound,
        Exit::Refused,
    ];
    for exit in &all {
        match exit {
            Exit::Unexpected | Exit::Usage | Exit::Config | Exit::InUse | Exit::Network => {}
            Exit::Vault | Exit::Disk | Exit::NotFound | Exit::Refused => {}
            // Nothing is said about these two.
            Exit::OutputGone | Exit::Interrupted => {}
        }
    }
    all
}

/// The words that the source gives closer names with: `.code("...")`.
fn closer_words(folder: &Path, words: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            closer_words(&path, words);
            continue;
        }
        let text = fs::read_to_string(&path).expect("source is text");
        let calls = text.split(".code(\"").skip(1);
        words.extend(calls.filter_map(|rest| {
            let word = rest.split('"').next().unwrap_or_default();
            let is_word =
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            is_word.then(|| word.to_owned())
        }));
    }
}

/// The codes of the page with their exit codes.
fn page() -> Vec<(String, u8)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| {
        let (code, rest) = row.split_once("` |")?;
        // A row of another table has no number there.
        let exit = rest.split('|').next()?.trim().parse().ok()?;
        Some((code.to_owned(), exit))
    })
    .collect()
}

#[test]
fn the_page_names_the_codes_of_the_source_and_no_others() {
    let mut source = BTreeSet::new();
    source.extend(client_codes().iter().map(|code| code.as_str().to_owned()));
    source.extend(exits().iter().map(|exit| exit.code().to_owned()));
    for folder in ["src", "../app-cli/src"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        closer_words(&folder, &mut source);
    }
    let page: BTreeSet<String> = page().into_iter().map(|(code, _)| code).collect();
    assert_eq!(page, source);
}

#[test]
fn the_exit_codes_of_the_page_are_those_of_the_source() {
    let page = page();
    let exit_of = |code: &str| page.iter().find(|(name, _)| name == code).map(|row| row.1);
    for code in client_codes() {
        let failure = Failure::from(ClientError::new(code, "x"));
        assert_eq!(failure.code, code.as_str());
        assert_eq!(exit_of(failure.code), Some(failure.exit as u8), "{code:?}");
    }
    for exit in exits() {
        assert_eq!(exit_of(exit.code()), Some(exit as u8), "{exit:?}");
    }
    for error in [
        StoreError::DiskFull("x".into()),
        StoreError::ReadOnly("x".into()),
        StoreError::Corrupt("x".into()),
        StoreError::NewerSchema { found: 9, known: 1 },
    ] {
        let failure = Failure::from(error);
        assert_eq!(exit_of(failure.code), Some(7), "{failure:?}");
        assert!(failure.hint.is_some(), "{failure:?}");
    }
}

#[tokio::test]
async fn what_needs_a_node_says_so_without_one() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("kukuri.db");
    let database = Database::open(&path, OpenOptions::default(), clock.clone()).await;
    let database = Arc::new(database.expect("it opens"));
    let profile = Profile {
        name: "default".to_owned(),
        home: "~".to_owned(),
        version: "1".to_owned(),
        author: AuthorId([0; 32]),
        peer_id: PeerId([0; 32]),
        key_store: KeyStore::Memory,
    };
    let client = Client::offline(database.clone(), database, clock, profile);
    let topic: TopicRef = "lobby".parse().expect("a name");
    let error = client.post(&topic, "hello").await.expect_err("no node");
    let failure = Failure::from(error);
    assert_eq!((failure.code, failure.exit), ("no_node", Exit::Network));
    assert_eq!(failure.hint.as_deref(), Some("start one: kukuri up"));
}

#[test]
fn a_post_that_cannot_be_signed_is_a_matter_of_the_keys() {
    let error = PostError::Identity(IdentityError::Key("the key is gone".into()));
    let failure = Failure::from(ClientError::from(error));
    assert_eq!((failure.code, failure.exit), ("signing", Exit::Vault));
    assert!(
        failure.in_one_line().contains("the key is gone"),
        "{failure:?}"
    );
}

#[test]
fn a_post_that_breaks_a_rule_is_refused() {
    let failure = Failure::from(ClientError::from(PostError::Refused(
        AdmissionError::OtherTopic,
    )));
    assert_eq!((failure.code, failure.exit), ("refused", Exit::Refused));
}

#[test]
fn what_is_said_about_others_and_oneself_has_its_rules() {
    let check = |error: ClientError, code: &str| {
        let failure = Failure::from(error);
        assert_eq!((failure.code, failure.exit), (code, Exit::Refused));
    };
    check(PostError::NotYours.into(), "not_yours");
    check(PostError::NoReaction.into(), "refused");
    check(ProfileError::EmptyName.into(), "profile");
}

#[test]
fn what_a_keyring_does_has_its_own_word() {
    let page = page();
    let check = |failure: Failure, code: &str| {
        assert_eq!(failure.code, code, "{failure:?}");
        let exit = page.iter().find(|(name, _)| name == code).map(|row| row.1);
        assert_eq!(exit, Some(failure.exit as u8), "{failure:?}");
        assert!(failure.hint.is_some(), "{failure:?}");
    };
    let not_a_key = VaultError::NotAKey {
        entry: "root@1".into(),
        why: "7 bytes".into(),
    };
    for (error, code) in [
        (VaultError::Unavailable("no bus".into()), "no_keyring"),
        (VaultError::Locked("dismissed".into()), "vault_locked"),
        (VaultError::Refused("denied".into()), "vault_refused"),
        (VaultError::Slow { waited_ms: 30_000 }, "vault_slow"),
        (VaultError::Access("gone".into()), "vault_unreachable"),
        (not_a_key, "not_a_key"),
    ] {
        check(crate::keys::of_vault(KeyStore::Os, &error), code);
    }
    let occupied = MoveError::Occupied {
        store: KeyStore::Os,
        name: SecretName::Identity,
    };
    check(crate::keys::of_move(&occupied), "store_occupied");
}
