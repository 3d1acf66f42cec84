//! Owns the filter that keeps our DHT node a client: it says which incoming datagrams may reach
//! the DHT crate.
//!
//! It must never let a query pass. n0-mainline turns a reachable client into a server after 15
//! minutes, and learns that it is reachable from a query (a ping that seems to come from its own
//! public address, which anyone can forge). So the filter decides by what it can prove: only a
//! datagram whose top-level key `y` says response or error passes, whatever the order of its keys.

/// Deepest nesting of lists and dictionaries that is followed; real messages need 3.
const DEPTH_MAX: usize = 16;

/// Whether `datagram` is a KRPC response or error (BEP 5): the only kinds a client needs.
pub(crate) fn is_answer(datagram: &[u8]) -> bool {
    kind(datagram).is_some_and(|kind| kind == b"r" || kind == b"e")
}

/// The value of the key `y` of the top-level dictionary, if there is exactly one.
fn kind(datagram: &[u8]) -> Option<&[u8]> {
    let mut rest = datagram.strip_prefix(b"d")?;
    let mut found = None;
    while !rest.starts_with(b"e") {
        let (key, after_key) = string(rest)?;
        if key == b"y" {
            let (value, after_value) = string(after_key)?;
            if found.replace(value).is_some() {
                return None;
            }
            rest = after_value;
        } else {
            rest = skip(after_key, 0)?;
        }
    }
    found
}

/// Splits one bencoded string off.
fn string(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = input.iter().take(6).position(|byte| *byte == b':')?;
    // What is no number is no length, and then this is no string.
    let length: usize = std::str::from_utf8(&input[..colon]).ok()?.parse().ok()?;
    input[colon + 1..].split_at_checked(length)
}

/// What follows one bencoded value of any type.
fn skip(input: &[u8], depth: usize) -> Option<&[u8]> {
    if depth > DEPTH_MAX {
        return None;
    }
    match input.first()? {
        b'i' => {
            let end = input.iter().position(|byte| *byte == b'e')?;
            Some(&input[end + 1..])
        }
        b'l' | b'd' => {
            let mut rest = &input[1..];
            while !rest.starts_with(b"e") {
                rest = skip(rest, depth + 1)?;
            }
            Some(&rest[1..])
        }
        _ => string(input).map(|(_, rest)| rest),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_answers_pass() {
        let cases: [(&[u8], bool); 10] = [
            (b"d1:rd2:id3:abce1:t2:aa1:y1:re", true),
            (b"d1:eli201e5:errore1:t2:aa1:y1:ee", true),
            (b"d1:ad2:id3:abce1:q4:ping1:t2:aa1:y1:qe", false),
            // The keys of a query in another order, which serde would still accept.
            (b"d1:y1:q1:ad2:id3:abce1:q4:ping1:t2:aae", false),
            // A value that contains what a query looks like does not make it a query.
            (b"d1:rd1:v7:1:y1:q e1:y1:re", true),
            (b"d1:y1:r1:y1:qe", false),
            (b"d1:rd2:id3:abce1:t2:aae", false),
            (b"", false),
            (b"d1:y1:r", false),
            (b"d999999:y", false),
        ];
        for (datagram, passes) in cases {
            assert_eq!(
                is_answer(datagram),
                passes,
                "{}",
                String::from_utf8_lossy(datagram)
            );
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion_to_the_end() {
        let mut deep = b"d1:x".to_vec();
        deep.extend(std::iter::repeat_n(b'l', 100_000));
        assert!(!is_answer(&deep));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: crate::dht::slots::tests::cases(), ..ProptestConfig::default() })]
        #[test]
        fn any_bytes_are_judged_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
            let _judged: bool = is_answer(&bytes);
        }
    }
}
