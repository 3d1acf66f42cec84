//! A disk that fills up while history is fetched.

use super::*;
use crate::{
    ports::{Origin, StoreTrouble},
    views::StalledView,
};

const EVENTS: u64 = 600;

fn storage(event: &TopicEvent) -> Option<Option<StalledView>> {
    match event {
        TopicEvent::Storage { stalled } => Some(*stalled),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn fetching_stops_on_a_full_disk_and_goes_on_when_there_is_room() {
    let hub = Hub::new();
    let a = node(&hub, 1, vec![]);
    let topic = a.engine.join(lobby()).await.expect("joins").keys().id;
    let author = FakeIdentity::from_seed(9);
    let old = (0..EVENTS).map(|n| {
        let draft = Draft::post(&lobby(), &format!("old {n}"), UnixMs(BASE.0 - EVENTS + n));
        let event = author.sign_now(draft).expect("signs");
        event.verify().expect("genuine")
    });
    let stored = a.store.commit(topic, old.collect(), Origin::Peer).await;
    stored.expect("a working store");
    let source = (SourceKind::Known, Script::Finds(vec![peer(1)]));
    let b = node(&hub, 2, vec![source]);
    // Enough for the newest, not for the others.
    b.store.set_room(Some(300));
    let at_b = b.engine.join(lobby()).await.expect("joins");
    let mut events = at_b.subscribe();
    let stalled = wait_for(&mut events, storage).await.expect("it begins");
    assert_eq!(stalled.reason, StoreTrouble::DiskFull);

    // What was under way ends, and then nothing is asked for before the next summary.
    sleep(Duration::from_millis(500)).await;
    let gets = || {
        let is_get = |request: &Request| {
            let Request::Call { request, .. } = request else {
                return false;
            };
            matches!(
                request,
                SyncRequest::Get(_) | SyncRequest::Newest { .. } | SyncRequest::Reconcile { .. }
            )
        };
        hub.requests(b.id).iter().filter(|r| is_get(r)).count()
    };
    let (kept, asked) = (b.store.ids(topic), gets());
    let tried = b.store.commit_calls().len();
    assert!((200..301).contains(&kept.len()));
    sleep(Duration::from_secs(10)).await;
    assert_eq!((gets(), b.store.ids(topic)), (asked, kept));
    let trials = b.store.commit_calls().split_off(tried);
    assert!((2..5).contains(&trials.len()), "{} trials", trials.len());
    assert!(trials.iter().all(|(_, ids, _)| ids.len() <= 256));
    let explained = at_b.explain().await.expect("explains");
    let told = explained.topic.stalled.expect("it is so still");
    assert_eq!(told.reason, StoreTrouble::DiskFull);
    assert_eq!(explained.state, Some(ConnectionState::Joined));

    b.store.set_room(None);
    let settled = timeout(Duration::from_secs(60), async {
        while b.store.ids(topic) != a.store.ids(topic) {
            sleep(Duration::from_millis(100)).await;
        }
    });
    settled.await.expect("everything is fetched by itself");
    let view = at_b.view().await.expect("a view");
    assert_eq!((view.stalled, view.posts), (None, EVENTS));
    assert_eq!(view.counters.stored, EVENTS);
}
