//! What the search index holds and how it is asked.
//!
//! Owns places (the order of time as one number) and the texts that FTS5 is given. Must never
//! decide what a word is: that is `kukuri_domain::search`.

use kukuri_domain::{
    EventOrder, TopicId,
    search::{SearchQuery, index_terms},
};

/// Bits of a place that tell posts of one millisecond apart: the first ones of their ids, so that
/// the order of places is that of events.
const ID_BITS: u32 = 20;

/// Greatest number of terms that the index is asked for. The texts that it gives are looked
/// through for all of the query anyway.
const TERMS_MAX: usize = 24;

/// Begins the term of a topic. A character for private use, which is in no word of a text.
const TOPIC_MARK: char = '\u{E000}';

/// Where an event stands among all. Two may have the same place, and times beyond the year 2248
/// are one.
pub(crate) fn place(order: &EventOrder) -> i64 {
    const MS_MAX: u64 = (1 << (i64::BITS - 1 - ID_BITS)) - 1;
    let [a, b, c, ..] = order.id.0;
    let id = u32::from_be_bytes([0, a, b, c]) >> (24 - ID_BITS);
    let place = (order.at().0.min(MS_MAX) << ID_BITS) | u64::from(id);
    i64::try_from(place).expect("it has 63 bits")
}

/// The terms of a post, and one for its topic.
pub(crate) fn document(topic: &TopicId, content: &str) -> String {
    let mut terms = index_terms(content);
    terms.push(topic_term(topic));
    terms.join(" ")
}

/// The question for posts of any of these topics that may match.
pub(crate) fn question(topics: &[TopicId], query: &SearchQuery) -> String {
    let terms = query.terms();
    let terms: Vec<String> = terms.iter().take(TERMS_MAX).map(quoted).collect();
    let topics: Vec<String> = topics.iter().map(|t| quoted(&topic_term(t))).collect();
    format!("({}) AND {}", topics.join(" OR "), terms.join(" AND "))
}

fn topic_term(topic: &TopicId) -> String {
    format!("{TOPIC_MARK}{}", hex::encode(topic.0))
}

/// A string of FTS5's query language. No term holds a quotation mark.
fn quoted(term: &String) -> String {
    format!("\"{term}\"")
}

#[cfg(test)]
mod tests {
    use kukuri_domain::EventId;

    use super::*;

    #[test]
    fn places_are_in_the_order_of_events() {
        let order = |created_at, ms, id: u8| EventOrder {
            created_at,
            ms,
            id: EventId([id; 32]),
        };
        let orders = [
            order(0, 0, 0),
            order(0, 0, 9),
            order(0, 1, 0),
            order(1_700_000_000, 999, 0xfe),
            order(1_700_000_000, 999, 0xff),
            order(1_700_000_001, 0, 0),
        ];
        let places = orders.map(|order| place(&order));
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert_eq!(place(&order(u64::MAX, 999, 0xff)), i64::MAX);
    }

    #[test]
    fn a_question_names_topics_and_terms() {
        let query = SearchQuery::parse("東京tower \"x\"").expect("a query");
        let question = question(&[TopicId([1; 32]), TopicId([2; 32])], &query);
        let topics = ["01", "02"].map(|byte| format!("\"\u{E000}{}\"", byte.repeat(32)));
        let expected = format!(
            "({} OR {}) AND \"東京\" AND \"tower\" AND \"x\"",
            topics[0], topics[1]
        );
        assert_eq!(question, expected);
    }

    #[test]
    fn no_text_can_pass_for_a_topic() {
        let topic = TopicId([1; 32]);
        let text = format!("{}{}", TOPIC_MARK, hex::encode(topic.0));
        let document = document(&TopicId([2; 32]), &text);
        let term = topic_term(&topic);
        assert!(document.split(' ').all(|found| found != term), "{document}");
    }
}
