//! Tells the desktop of posts that are meant for whoever sits here, while the window is not looked
//! at.
//!
//! Owns the pace: a flood of mentions is one notification. Must never show the text of a post: a
//! desktop may take it for markup, and shows it on a locked screen.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use kukuri_application::views::PostView;
use kukuri_domain::TopicName;
use notify_rust::Notification;

use crate::settings::Language;

/// Least time between two notifications.
const PACE: Duration = Duration::from_secs(5);

/// Most letters of a name that are shown.
const NAME_CHARS_MAX: usize = 32;

/// When the desktop was told last.
#[derive(Debug, Default)]
pub struct Notifier {
    last: Mutex<Option<Instant>>,
}

impl Notifier {
    /// Whether it is time to tell again; then this is the last time.
    pub fn is_due(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.duration_since(last) >= PACE);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

/// Hands a notification to the desktop; where there is nobody to take it, nothing happens.
pub async fn show(post: &PostView, topic: &TopicName, language: Language) {
    let (title, text) = words(post, topic, language);
    let mut notification = Notification::new();
    notification.appname("kukuri").summary(&title).body(&text);
    if let Err(error) = notification.show_async().await {
        tracing::debug!(%error, "the desktop takes no notifications");
    }
}

/// Who wrote, and where. Letters with a meaning in markup are left out of names.
fn words(post: &PostView, topic: &TopicName, language: Language) -> (String, String) {
    let plain = |text: &str| -> String {
        let is_plain = |c: &char| !c.is_control() && !matches!(c, '<' | '>' | '&');
        text.chars().filter(is_plain).take(NAME_CHARS_MAX).collect()
    };
    let npub = post.author.pubkey.npub();
    let name = match post.author.name.as_deref().map(plain) {
        Some(name) if !name.trim().is_empty() => name,
        _ => plain(&npub),
    };
    let topic = plain(topic.as_str());
    match language {
        Language::English => (name, format!("wrote to you in {topic}")),
        Language::Japanese => (name, format!("{topic} であなた宛ての投稿があります")),
    }
}

#[cfg(test)]
mod tests {
    use kukuri_application::ports::PostState;
    use kukuri_domain::{SignedEvent, UnixMs};

    use super::*;

    fn post(name: Option<&str>) -> PostView {
        let text = format!(
            r#"{{"id":"{}","pubkey":"{}","created_at":1,"kind":1,"tags":[],"content":"<b>secret</b>","sig":"{}"}}"#,
            "0a".repeat(32),
            "01".repeat(32),
            "0b".repeat(64),
        );
        let event = SignedEvent::from_json(&text).expect("an event");
        let mut post = PostView::bare(event, UnixMs(1_000), PostState::default());
        post.author.name = name.map(str::to_owned);
        post
    }

    #[test]
    fn it_says_who_and_where_and_never_what() {
        let topic = "mesh-lab".parse().expect("a name");
        let (title, text) = words(&post(Some("み<i>なと\n")), &topic, Language::English);
        assert_eq!(
            (title.as_str(), text.as_str()),
            ("みiなと", "wrote to you in mesh-lab")
        );
        let (title, text) = words(&post(Some("<<>>")), &topic, Language::Japanese);
        assert!(title.starts_with("npub1"), "{title}");
        assert!(
            !text.contains("secret") && text.contains("mesh-lab"),
            "{text}"
        );
        let (title, _) = words(&post(Some(&"x".repeat(500))), &topic, Language::English);
        assert_eq!(title.len(), NAME_CHARS_MAX);
    }

    #[test]
    fn many_at_once_are_one() {
        let (notifier, start) = (Notifier::default(), Instant::now());
        assert!(notifier.is_due(start));
        assert!(!notifier.is_due(start + Duration::from_millis(4_999)));
        assert!(notifier.is_due(start + PACE));
        assert!(!notifier.is_due(start + PACE));
    }
}
