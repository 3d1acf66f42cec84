//! A topic's name as a person types it.

#![no_main]

use kukuri_domain::TopicName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<TopicName>() {
        assert!((1..=64).contains(&name.as_str().chars().count()));
        // A name that begins with '#' after the first was dropped keeps its own.
        assert_eq!(format!("#{name}").parse::<TopicName>(), Ok(name));
    }
});
