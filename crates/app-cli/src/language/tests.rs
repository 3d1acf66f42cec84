//! The catalogue against the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use kukuri_node::{
    config::{self, ConfigError},
    home::HomeError,
};

use super::*;

/// Texts of the catalogue that the code makes at run time, or other crates do.
const MADE_ELSEWHERE: [&str; 6] = [
    "{n} post",
    "{n} missed post",
    "{n} answer",
    "{n} member",
    "{n} node",
    "{n} topic",
];

#[test]
fn the_environment_is_asked_in_its_order() {
    let check = |variables: &[(&str, &str)], expected| {
        let of = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(OsString::from(found.1))
        };
        assert_eq!(Language::of(of), expected, "{variables:?}");
    };
    check(&[], Language::English);
    check(&[("LANG", "ja_JP.UTF-8")], Language::Japanese);
    check(&[("LANG", "ja")], Language::Japanese);
    check(&[("LANG", "de_DE.UTF-8")], Language::English);
    check(
        &[("LANG", "ja_JP.UTF-8"), ("LC_MESSAGES", "en_GB.UTF-8")],
        Language::English,
    );
    check(
        &[
            ("LC_ALL", "ja_JP.UTF-8"),
            ("LC_MESSAGES", "C"),
            ("LANG", "C"),
        ],
        Language::Japanese,
    );
    check(&[("LC_ALL", ""), ("LANG", "ja")], Language::Japanese);
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path
                .iter()
                .any(|part| part == "language" || part == "language.rs")
        {
            found.push(path);
        }
    }
}

/// A string literal at the beginning of this text, as the compiler reads it.
fn literal(text: &str) -> Option<String> {
    let mut chars = text.trim_start().strip_prefix('"')?.chars().peekable();
    let mut value = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                c @ ('"' | '\\') => value.push(c),
                other => panic!("an escape that the test does not know: {other}"),
            },
            c => value.push(c),
        }
    }
}

/// The texts that the code says, and where.
fn said() -> BTreeMap<String, PathBuf> {
    let said = literals_after(&["say!(", "noted!("]);
    assert!(
        said.len() > 100,
        "the sources were not understood: {said:?}"
    );
    said
}

/// The string literals that stand right behind one of these, and where.
fn literals_after(begins: &[&str]) -> BTreeMap<String, PathBuf> {
    let mut files = Vec::new();
    for folder in ["src", "../wiring/src"] {
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut files,
        );
    }
    let mut said = BTreeMap::new();
    for file in files {
        let code = fs::read_to_string(&file).expect("readable");
        for begin in begins {
            for (at, _) in code.match_indices(begin) {
                if let Some(text) = literal(&code[at + begin.len()..]) {
                    said.insert(text, file.clone());
                }
            }
        }
    }
    said
}

#[test]
fn every_advice_has_its_japanese() {
    let advice = literals_after(&[".hint(", ".hint(format!("]);
    assert!(advice.len() > 20, "the sources were not understood");
    let missing: Vec<_> = advice
        .into_iter()
        // What other settings a first start is told is filled in there.
        .map(|(text, file)| (text.replace("{FILE_SETTINGS}", "{settings}"), file))
        .filter(|(text, _)| of_catalogue(text).is_none())
        .collect();
    assert!(missing.is_empty(), "no Japanese: {missing:#?}");
}

/// What other crates advise comes as English text and is known by its form.
#[test]
fn the_advice_of_other_crates_has_its_japanese() {
    let text = || "x".to_owned();
    let unknown = |similar| ConfigError::UnknownKey {
        key: text(),
        origin: text(),
        similar,
    };
    let mut advice: Vec<String> = [
        unknown(None),
        unknown(Some("network.mode")),
        ConfigError::Value {
            key: text(),
            origin: text(),
            problem: text(),
        },
        ConfigError::File(text()),
        ConfigError::Flag(text()),
    ]
    .iter()
    .map(ConfigError::hint)
    .collect();
    let io = |kind: io::ErrorKind| HomeError::NotWritable {
        path: PathBuf::new(),
        source: kind.into(),
    };
    advice.extend(
        [
            HomeError::ProfileName(text()),
            HomeError::NotAFolder {
                path: PathBuf::new(),
            },
            io(io::ErrorKind::StorageFull),
            io(io::ErrorKind::PermissionDenied),
        ]
        .iter()
        .map(HomeError::hint),
    );
    let lan = ["network.mode=lan", "discovery.dht.enabled=true"].map(str::to_owned);
    let sources = config::ConfigSources {
        flags: lan.to_vec(),
        ..Default::default()
    };
    advice.push(config::load(&sources).expect_err("it contradicts").hint());
    for advice in advice {
        let japanese = in_japanese(|| phrase(&advice));
        assert_ne!(japanese, advice, "no Japanese");
    }
}

#[test]
fn all_that_is_said_has_its_japanese() {
    let missing: Vec<_> = said()
        .into_iter()
        .filter(|(text, _)| of_catalogue(text).is_none())
        .collect();
    assert!(missing.is_empty(), "no Japanese: {missing:#?}");
}

#[test]
fn the_catalogue_holds_nothing_that_is_not_said() {
    let said = said();
    let unused: Vec<&str> = ja::SAID
        .iter()
        .chain(ja::SAID_OF_ENTRIES)
        .map(|(english, _)| *english)
        .filter(|english| !said.contains_key(*english) && !MADE_ELSEWHERE.contains(english))
        .collect();
    assert!(unused.is_empty(), "nobody says: {unused:#?}");
}

#[test]
fn a_text_is_in_the_catalogue_once() {
    let mut seen = BTreeSet::new();
    for (english, _) in entries() {
        assert!(seen.insert(english), "twice: {english}");
    }
    let mut seen = BTreeSet::new();
    for (code, _) in ja::CODES {
        assert!(seen.insert(code), "twice: {code}");
    }
}

#[test]
fn both_languages_have_the_same_places() {
    let places = |text: &str| -> BTreeSet<String> {
        Part::of(text)
            .filter_map(|part| match part {
                Part::Place(name) => Some(name.to_owned()),
                Part::Text(_) => None,
            })
            .collect()
    };
    for (english, japanese) in entries() {
        assert_eq!(places(english), places(japanese), "{english}");
    }
}

#[test]
fn the_japanese_is_japanese() {
    for (english, japanese) in entries() {
        let is_name = matches!(english, "DHT" | "LAN" | "UDP" | "lan" | "by LAN" | "by DHT")
            || english == ", {rtt}";
        assert!(is_name || !japanese.is_ascii(), "{english}");
        assert!(!japanese.contains(['!', '！']), "{japanese}");
        assert!(is_name || english != japanese, "{english}");
    }
    for (code, meaning) in ja::CODES {
        assert!(!meaning.is_ascii(), "{code}");
    }
}

#[test]
fn every_code_of_the_reference_has_its_meaning() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    let page = fs::read_to_string(page).expect("the reference is there");
    let documented: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .filter(|code| *code != "code")
        .collect();
    assert!(documented.len() > 20, "{documented:?}");
    let known: BTreeSet<&str> = ja::CODES.iter().map(|(code, _)| *code).collect();
    let without: Vec<_> = documented.difference(&known).collect();
    assert!(without.is_empty(), "no Japanese: {without:?}");
    let silent = BTreeSet::from(["interrupted", "output_gone"]);
    let undocumented: Vec<_> = known
        .difference(&documented)
        .filter(|code| !silent.contains(*code))
        .collect();
    assert!(undocumented.is_empty(), "not documented: {undocumented:?}");
}

#[test]
fn values_are_taken_as_they_are() {
    let name: &dyn Display = &"{took}";
    assert_eq!(
        filled("{peer} {took}", &[("peer", name), ("took", &1)]),
        "{took} 1"
    );
    assert_eq!(filled("no places", &[]), "no places");
}

#[test]
fn a_phrase_is_known_by_its_form() {
    assert_eq!(phrase("tried at 0.4 s"), "tried at 0.4 s");
    in_japanese(|| {
        assert_eq!(phrase("tried at 0.4 s"), "0.4 秒に確認");
        assert_eq!(
            phrase("reached 3f3f3f3f; own record published at 1.4 s"),
            "3f3f3f3f に到達; 自分のレコードを 1.4 秒に公開"
        );
        assert_eq!(
            phrase("join it first: kukuri topic join 東京"),
            "先に参加してください: kukuri topic join 東京"
        );
        assert_eq!(
            phrase("join it first: kukuri topic join alone"),
            "先に参加してください: kukuri topic join alone"
        );
        assert_eq!(phrase("something unheard of"), "something unheard of");
        assert_eq!(phrase("failed: timed out"), "失敗: 時間切れ");
    });
}
