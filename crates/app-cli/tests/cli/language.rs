//! Japanese for people where the locale says so; the same bytes as ever for programs.

use crate::program::{Home, Said, run};

const JAPANESE: &str = "ja_JP.UTF-8";

fn in_japanese(home: &Home, args: &[&str]) -> Said {
    run(home.kukuri(args).env("LANG", JAPANESE), "")
}

fn in_english(home: &Home, args: &[&str]) -> Said {
    run(&mut home.kukuri(args), "")
}

#[test]
fn help_is_japanese() {
    let home = Home::new();
    let said = in_japanese(&home, &["--help"]);
    said.check(0, &[]);
    for part in [
        "使い方: kukuri",
        "コマンド:",
        "オプション:",
        "例:\n",
        "終了コード:",
        "[環境変数: KUKURI_HOME",
        "kukuri join lobby",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    for english in ["Usage", "Options", "Examples", "Print help"] {
        assert!(!said.out.contains(english), "{english}: {}", said.out);
    }
    let said = in_japanese(&home, &["topic", "show", "-h"]);
    said.check(0, &[]);
    assert!(said.out.contains("引数:"), "{}", said.out);
    let said = in_japanese(&home, &["--version"]);
    said.check(0, &[]);
    assert_eq!(said.out, in_english(&home, &["--version"]).out);
    // Some shells keep what this prints in a file.
    assert_eq!(
        in_japanese(&home, &["completions", "fish"]).out,
        in_english(&home, &["completions", "fish"]).out
    );
}

#[test]
fn what_commands_say_is_japanese() {
    let home = Home::new();
    in_japanese(&home, &["topic", "join", "lobby"]).check(0, &[]);
    let listed = in_japanese(&home, &["topic", "list"]);
    listed.check(0, &[]);
    assert!(listed.out.starts_with("トピック  状態"), "{listed:#?}");
    let posted = in_japanese(&home, &["post", "lobby", "hello", "--wait", "0"]);
    posted.check(0, &[]);
    assert!(posted.out.contains("保存済み"), "{posted:#?}");
    let read = in_japanese(&home, &["read", "lobby"]);
    assert!(read.out.contains("-- 今日 ---"), "{read:#?}");
}

#[test]
fn errors_begin_with_their_meaning() {
    let home = Home::new();
    in_japanese(&home, &["topic", "join", "lobby"]).check(0, &[]);
    in_japanese(&home, &["read", "nowhere"]).check(
        8,
        &[
            "エラー: このトピックには参加していません\n  ",
            "\n  対処: 先に参加してください: kukuri topic join nowhere\n",
        ],
    );
    in_japanese(&home, &["dance"]).check(
        2,
        &["エラー: コマンドの使い方が違います\n", "'dance'", "使い方:"],
    );
    in_japanese(&home, &["join", " # "]).check(2, &["対処: トピックの名前は"]);
    let locked_out = run(
        home.kukuri(&["join", "a"])
            .env("LC_ALL", JAPANESE)
            .env_remove("KUKURI_KEYRING__PASSPHRASE_FILE"),
        "",
    );
    locked_out.check(
        6,
        &[
            "エラー: パスフレーズが必要です\n",
            "KUKURI_KEYRING__PASSPHRASE_FILE=",
            "対処: 自分だけが読めるファイルに",
        ],
    );
}

#[test]
fn json_is_the_same_in_every_language() {
    let home = Home::new();
    in_english(&home, &["topic", "join", "lobby"]).check(0, &[]);
    in_english(&home, &["post", "lobby", "hello", "--wait", "0"]).check(0, &[]);
    for args in [
        &["--json", "topic", "list"][..],
        &["--json", "read", "lobby"],
        &["--json", "read", "nowhere"],
        &["--json", "read", "lobby", "--before", "yesterday"],
        &["--json", "join", " # "],
        &["--json", "dance"],
        &["--json", "config", "show"],
        &["--json", "status"],
        &["config", "show", "--default"],
    ] {
        let english = in_english(&home, args);
        let japanese = in_japanese(&home, args);
        assert_eq!(japanese.code, english.code, "{args:?}");
        assert_eq!(japanese.out, english.out, "{args:?}");
        assert_eq!(japanese.err, english.err, "{args:?}");
    }
}
