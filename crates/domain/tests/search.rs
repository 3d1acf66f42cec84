//! How texts are split and found: tables of cases, and what an index may rely on.

use std::collections::HashSet;

use kukuri_domain::search::{QUERY_CHARS_MAX, SearchQuery, SearchQueryError, index_terms};
use proptest::prelude::*;
use rstest::rstest;

/// What is found, as text, or `None`.
fn found(text: &str, query: &str) -> Option<Vec<String>> {
    let chars: Vec<char> = text.chars().collect();
    let query = SearchQuery::parse(query).expect("a query");
    let matches = query.find(text)?;
    Some(
        matches
            .into_iter()
            .map(|range| chars[range].iter().collect())
            .collect(),
    )
}

#[rstest]
#[case("", &[])]
#[case("?! -- ...", &[])]
#[case("The weave, the Pattern!", &["the", "weave", "pattern"])]
#[case("v2.10", &["v2", "10"])]
#[case("猫", &["猫"])]
#[case("東京都", &["東", "京", "都", "東京", "京都"])]
#[case("東京tower", &["東", "京", "東京", "tower"])]
#[case("ＴＯＫＹＯ２", &["tokyo2"])]
#[case("ﾃﾞｰﾀ", &["デ", "ー", "タ", "デー", "ータ"])]
#[case("明日、また", &["明", "日", "明日", "ま", "た", "また"])]
#[case("中・黒", &["中", "黒"])]
#[case("안녕 여러", &["안", "녕", "안녕", "여", "러", "여러"])]
#[case("Straße", &["strasse"])]
#[case("caf\u{65}\u{301}", &["café"])]
#[case("हिन्दी", &["हिन्दी"])]
#[case("🧶❤️", &["🧶", "❤", "🧶❤"])]
fn a_text_is_split(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(index_terms(text), expected);
}

#[rstest]
// Words are found whole, whatever their case and width.
#[case("Hello both", "hello", Some(vec!["Hello"]))]
#[case("Hello both", "hell", None)]
#[case("Hello both", "BOTH hello", Some(vec!["Hello", "both"]))]
#[case("Hello both", "hello all", None)]
#[case("ｈｅｌｌｏ", "HELLO", Some(vec!["ｈｅｌｌｏ"]))]
#[case("tic tac tic", "tic", Some(vec!["tic", "tic"]))]
#[case("see config_key", "key", Some(vec!["key"]))]
#[case("I don't know", "don't", Some(vec!["don't"]))]
#[case("I don’t know", "don't", Some(vec!["don’t"]))]
#[case("don, t", "don't", Some(vec!["don, t"]))]
#[case("t don", "don't", None)]
// Runs are found anywhere within.
#[case("東京都に住む", "東京", Some(vec!["東京"]))]
#[case("東京都に住む", "京都", Some(vec!["京都"]))]
#[case("東の京都", "東京", None)]
#[case("東京、京都", "東京都", None)]
#[case("猫", "猫", Some(vec!["猫"]))]
#[case("黒猫がいる", "猫", Some(vec!["猫"]))]
#[case("明日もう一度試します", "明日", Some(vec!["明日"]))]
#[case("明日もう一度試します", "一度 明日", Some(vec!["明日", "一度"]))]
#[case("東京tower", "東京tower", Some(vec!["東京tower"]))]
#[case("東京TOWERで", "tower", Some(vec!["TOWER"]))]
#[case("東京tower2", "tower", None)]
#[case("tower東京", "東京tower", None)]
#[case("ﾃﾞｰﾀを送る", "データ", Some(vec!["ﾃﾞｰﾀ"]))]
#[case("データ", "ﾃﾞ", Some(vec!["デ"]))]
#[case("か\u{3099}く", "がく", Some(vec!["か\u{3099}く"]))]
#[case("がく", "か", None)]
#[case("안녕하세요", "안녕", Some(vec!["안녕"]))]
#[case("㍿の株", "株式", Some(vec!["㍿"]))]
#[case("ああああ", "ああ", Some(vec!["ああああ"]))]
#[case("Straße", "STRASSE", Some(vec!["Straße"]))]
#[case("love ❤️ it", "❤", Some(vec!["❤"]))]
#[case("東京都", "東京 京都", Some(vec!["東京都"]))]
fn a_query_finds(#[case] text: &str, #[case] query: &str, #[case] expected: Option<Vec<&str>>) {
    let joined = |parts: &[&str]| parts.concat();
    match (found(text, query), expected) {
        (None, None) => {}
        // Neighbouring matches may be told as one.
        (Some(found), Some(expected)) => assert_eq!(found.concat(), joined(&expected)),
        other => panic!("{text:?} {query:?}: {other:?}"),
    }
}

#[test]
fn ranges_count_characters() {
    let query = SearchQuery::parse("京都 tower").expect("a query");
    let ranges = query.find("🧶東京都 TOWER").expect("found");
    assert_eq!(ranges, [2..4, 5..10]);
}

#[test]
fn a_query_needs_a_word() {
    for text in ["", "  ", "?!", "\u{3000}", "+-*\""] {
        assert_eq!(SearchQuery::parse(text), Err(SearchQueryError::NoWord));
    }
    let long = "a".repeat(QUERY_CHARS_MAX + 1);
    assert_eq!(
        SearchQuery::parse(&long),
        Err(SearchQueryError::TooLong(QUERY_CHARS_MAX + 1))
    );
    SearchQuery::parse(&long[1..]).expect("as long as allowed");
}

/// Texts in which much of what is looked for occurs.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("東京"),
        Just("猫"),
        Just("tower"),
        Just("Ａ"),
        Just(" "),
        Just("、"),
        Just("ﾃﾞ"),
        Just("が"),
        Just("か\u{3099}"),
        Just("ß"),
        Just("é"),
        Just("e\u{301}"),
        Just("안녕"),
        Just("\u{200d}"),
        Just("1"),
        Just("_"),
        Just("🧶"),
        Just("\u{1100}\u{1161}"),
        Just("ﬁ"),
    ];
    prop_oneof![
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

/// The commonest characters take a shorter way.
#[test]
fn every_character_is_folded_as_unicode_says() {
    use unicode_normalization::UnicodeNormalization as _;
    for c in ('\0'..='\u{3FFFF}').filter(|c| c.is_alphanumeric()) {
        let text = format!("{c}");
        let folded = caseless::default_case_fold_str(&text.nfkc().collect::<String>());
        let folded: String = folded.nfkc().collect();
        for term in index_terms(&text) {
            assert!(
                folded.contains(&term),
                "U+{:04X}: {term:?} of {folded:?}",
                c as u32
            );
        }
        if let Ok(query) = SearchQuery::parse(&folded) {
            assert!(
                query.find(&text).is_some(),
                "U+{:04X} as {folded:?}",
                c as u32
            );
        }
    }
}

proptest! {
    #[test]
    fn what_is_found_is_in_the_index(text in texts(), query in texts()) {
        let Ok(query) = SearchQuery::parse(&query) else { return Ok(()) };
        if let Some(ranges) = query.find(&text) {
            let terms: HashSet<String> = index_terms(&text).into_iter().collect();
            for term in query.terms() {
                prop_assert!(terms.contains(&term), "{term:?} of {query:?} is not in {terms:?}");
            }
            let chars = text.chars().count();
            prop_assert!(!ranges.is_empty());
            prop_assert!(ranges.iter().all(|r| r.start < r.end && r.end <= chars));
            prop_assert!(ranges.windows(2).all(|two| two[0].end <= two[1].start));
        }
    }

    #[test]
    fn a_text_has_its_own_words(text in texts()) {
        let short: String = text.chars().take(QUERY_CHARS_MAX).collect();
        if let Ok(query) = SearchQuery::parse(&short) {
            prop_assert!(query.find(&short).is_some());
            prop_assert!(!query.terms().is_empty());
        }
    }
}
