//! How a node and its topics stand.

use kukuri_application::{
    ports::StoreTrouble,
    views::{InStepView, StalledView},
};

use super::{
    super::standing::{headline, in_step, kept, not_kept, stalled, storage},
    *,
};

#[test]
fn a_topic_says_since_when_it_is_complete_and_how_much_room_it_takes() {
    let mut topic = topic();
    assert_eq!(kept(&topic), "kept here: 1.2 MB of at most 1.0 GB");
    assert_eq!(not_kept(&topic), None);
    topic.complete_since = Some(UnixMs(1_772_366_400_000));
    assert_eq!(
        kept(&topic),
        "kept here: 1.2 MB of at most 1.0 GB, nothing from before 2026-03-01"
    );
    assert_eq!(
        not_kept(&topic).expect("something is not kept"),
        "what was posted before 2026-03-01 is not kept here: storage.topic_bytes_max is 1.0 GB"
    );
    let peer = kukuri_domain::PeerId([7; 32]);
    topic.in_step.push(InStepView {
        peer,
        since: UnixMs(1),
        last: UnixMs(1),
    });
    let head = headline(&topic);
    assert!(
        head.ends_with(", complete since 2026-03-01: the same as 1 member"),
        "{head}"
    );
    topic.ceiling_bytes = None;
    topic.complete_since = None;
    topic.stored_bytes = 640_500;
    assert_eq!(kept(&topic), "kept here: 641 kB");
}

#[test]
fn a_topic_says_with_whom_it_is_complete() {
    let mut topic = topic();
    topic.in_step = vec![InStepView {
        peer: PeerId([0x3f; 32]),
        since: UnixMs(NOW.0 - 240_000),
        last: UnixMs(NOW.0 - 12_000),
    }];
    assert!(headline(&topic).ends_with(", complete: the same as 1 member"));
    assert_eq!(
        in_step(&topic.in_step[0], NOW),
        "in step with 3f3f3f3f for 4 min, seen 12 s ago"
    );
}

#[test]
fn a_topic_says_why_nothing_is_fetched() {
    let mut topic = topic();
    assert_eq!(stalled(&topic, NOW), None);
    let full = StalledView {
        reason: StoreTrouble::DiskFull,
        since: UnixMs(NOW.0 - 240_000),
    };
    topic.stalled = Some(full);
    let said = stalled(&topic, NOW).expect("it is so");
    assert!(
        said.starts_with("the disk is full: nothing was fetched for 4 min"),
        "{said}"
    );
    let said = storage(topic.stalled);
    assert!(said.starts_with("the disk is full: "), "{said}");
    assert!(storage(None).ends_with("fetching goes on"));
    crate::language::in_japanese(|| {
        let said = stalled(&topic, NOW).expect("it is so");
        assert!(said.starts_with("ディスクに空きがありません。"), "{said}");
    });
    for reason in [StoreTrouble::ReadOnly, StoreTrouble::Database] {
        let other = storage(Some(StalledView { reason, ..full }));
        assert!(other.starts_with("the database "), "{other}");
    }
}

#[test]
fn japanese_headings_keep_the_columns() {
    crate::language::in_japanese(|| {
        let mut view = topic();
        view.last_post_at = Some(UnixMs(NOW.0 - 240_000));
        let table = topics(&[view], NOW);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("トピック  状態    参加者"), "{table}");
        assert!(lines[1].starts_with("#lobby    参加中  1 "), "{table}");
        assert!(lines[1].ends_with("4 分前"), "{table}");
        let column = |line: &str, part: &str| {
            let at = line.find(part).expect("it is in the line");
            text::width(&line[..at])
        };
        assert_eq!(column(lines[0], "最後の投稿"), column(lines[1], "4 分前"));
        assert_eq!(column(lines[0], "未読"), column(lines[1], "0  "));
    });
}
