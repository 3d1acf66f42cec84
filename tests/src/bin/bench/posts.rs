//! Genuine posts in large numbers.
//!
//! Owns their authors and texts: English and Japanese, with frequent and rare words, so that an
//! index of them is like one of real posts. Must never make an event that a topic would refuse.

use std::ops::Range;

use anyhow::Context as _;
use kukuri_domain::{AuthorId, SignedEvent, TopicName, UnixMs, VerifiedEvent, event::Draft};
use nostr::{event::SignEvent as _, key::Keys};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::task::JoinSet;

/// Size of the text of a post, in bytes.
pub(crate) const POST_BYTES: usize = 300;

/// Authors of a topic.
const AUTHORS: usize = 200;

/// Different made-up English words.
const WORDS: usize = 20_000;

/// Every how manieth post is Japanese.
const JAPANESE_EVERY: u64 = 3;

/// The first post's time; each later one is 100 ms younger.
const FIRST: UnixMs = UnixMs(1_700_000_000_000);

/// Parts of Japanese sentences.
const PARTS: &[&str] = &[
    "東京",
    "京都",
    "大阪",
    "猫",
    "犬",
    "明日",
    "昨日",
    "今日",
    "もう一度",
    "試します",
    "電車で",
    "行きました",
    "食べたい",
    "写真を",
    "撮った",
    "雨が",
    "降っています",
    "ありがとう",
    "ございます",
    "会議は",
    "三時から",
    "新しい",
    "設定を",
    "変更した",
    "データ",
    "ネットワーク",
    "つながらない",
    "なぜか",
    "動きません",
    "でした",
    "それから",
    "ところで",
    "編み物",
    "模様が",
    "八本の",
    "糸で",
    "できます",
    "図書館に",
    "本を返す",
    "散歩",
    "夕焼け",
    "きれい",
    "すごく",
    "寒い",
    "暖かい",
    "春",
    "夏休み",
    "宿題",
    "忘れた",
    "、",
    "。",
    "！",
];

/// The people who write in a topic.
pub(crate) struct Writers {
    topic: TopicName,
    authors: Vec<Keys>,
    words: Vec<String>,
}

impl Writers {
    pub(crate) fn new(topic: TopicName) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        Self {
            topic,
            authors: (0..AUTHORS).map(|_| Keys::generate()).collect(),
            words: (0..WORDS).map(|_| word(&mut rng)).collect(),
        }
    }

    /// A word of this place in the order of frequency.
    pub(crate) fn word(&self, place: usize) -> &str {
        &self.words[place]
    }

    /// One of the authors.
    pub(crate) fn author(&self) -> AuthorId {
        AuthorId(self.authors[0].public_key().to_bytes())
    }

    /// The posts of these numbers. The same number gives the same text and time.
    pub(crate) fn sign(&self, numbers: Range<u64>) -> anyhow::Result<Vec<SignedEvent>> {
        numbers.map(|number| self.sign_one(number)).collect()
    }

    fn sign_one(&self, number: u64) -> anyhow::Result<SignedEvent> {
        let mut rng = StdRng::seed_from_u64(number);
        let text = match number % JAPANESE_EVERY {
            0 => japanese(&mut rng),
            _ => self.english(&mut rng),
        };
        let keys = &self.authors[rng.random_range(0..AUTHORS)];
        let draft = Draft::post(&self.topic, &text, UnixMs(FIRST.0 + 100 * number));
        let unsigned = draft.unsigned(AuthorId(keys.public_key().to_bytes()))?;
        Ok(SignedEvent::new(keys.sign_event(unsigned)?)?)
    }

    /// Words by Zipf's law: the tenth is a tenth as frequent as the first.
    fn english(&self, rng: &mut StdRng) -> String {
        let mut text = String::with_capacity(POST_BYTES + 16);
        while text.len() < POST_BYTES {
            let place = (WORDS as f64).powf(rng.random::<f64>()) as usize - 1;
            text.push_str(&self.words[place]);
            text.push(' ');
        }
        text.truncate(POST_BYTES);
        text
    }
}

fn japanese(rng: &mut StdRng) -> String {
    let mut text = String::with_capacity(POST_BYTES + 32);
    while text.len() < POST_BYTES {
        text.push_str(PARTS.choose(rng).copied().unwrap_or_default());
    }
    text
}

fn word(rng: &mut StdRng) -> String {
    const SYLLABLES: &[&str] = &[
        "ka", "ti", "lo", "mer", "sun", "ve", "dra", "pol", "ix", "ost",
    ];
    let syllables = rng.random_range(1..=4);
    let word = (0..syllables).filter_map(|_| SYLLABLES.choose(rng).copied());
    let mut word: String = word.collect();
    word.push_str(&rng.random_range(0..100).to_string());
    word
}

/// Verified posts of these numbers, made on all cores.
pub(crate) async fn verified(
    writers: &std::sync::Arc<Writers>,
    numbers: Range<u64>,
) -> anyhow::Result<Vec<VerifiedEvent>> {
    const CHUNK: u64 = 2_500;
    let mut tasks = JoinSet::new();
    for start in numbers.clone().step_by(CHUNK as usize) {
        let (writers, end) = (writers.clone(), (start + CHUNK).min(numbers.end));
        tasks.spawn_blocking(move || -> anyhow::Result<Vec<VerifiedEvent>> {
            let events = writers.sign(start..end)?.into_iter();
            events
                .map(|event| event.verify().context("signed just now"))
                .collect()
        });
    }
    let mut all = Vec::new();
    while let Some(chunk) = tasks.join_next().await {
        all.extend(chunk??);
    }
    Ok(all)
}
