//! Entries and the shell: the help by paragraph, and what the commands say.

pub const HELP_OF_ENTRIES: &[(&str, &str)] = &[
    (
        "Values under keys, which the members of a topic share",
        "キーと値。トピックの参加者みんなで共有する",
    ),
    (
        "Everybody in a topic can write every key: in a public topic whoever knows its name. Of two writes to\n\
         a key the later one counts, for all members the same; 'why' shows what lost.",
        "トピックの参加者は、どのキーにも書き込める。公開トピックでは名前を知っている人なら誰でもそうできる。\n\
         同じキーへの書き込みは、後のものが全員で同じように有効になる。負けたものは why で見られる。",
    ),
    ("Store a value under a key", "キーに値を保存する"),
    (
        "The write is on the disk when the command ends. What nobody has taken by then goes out when a node\n\
         of this profile meets somebody.",
        "コマンドが終わったとき、書き込みはディスクにある。まだ誰も受け取っていなければ、\n\
         このプロファイルのノードが次に誰かと会ったときに送られる。",
    ),
    (
        "The key: 1 to 256 bytes of UTF-8",
        "キー。UTF-8 で 1 から 256 バイト",
    ),
    ("The key", "キー"),
    (
        "The value, up to 64 KiB; - or nothing reads it from standard input, byte for byte",
        "値。64 KiB まで。- または省略で、標準入力をそのまま読む",
    ),
    (
        "Take the value from this file, byte for byte; - is standard input",
        "このファイルの中身をそのまま値にする。- は標準入力",
    ),
    (
        "Only if this is the write that counts here, or with 'none' if the key holds nothing here",
        "ここでこの書き込みが有効なときだけ。none なら、ここでキーに値がないときだけ",
    ),
    (
        "It is compared with what is stored on this machine. Another member may write the same key at the same time; then the later write counts for all, and 'why' shows both.",
        "比べるのはこのマシンに保存されている内容だけ。ほかの参加者が同時に同じキーに書くこともあり、そのときは後の書き込みが全員で有効になる。why で両方を見られる。",
    ),
    (
        "For how long it is to count: 90s, 15m, 12h or 30d",
        "有効な長さ。90s、15m、12h、30d のように書く",
    ),
    (
        "Print the value of a key, byte for byte",
        "キーの値をそのまま出力する",
    ),
    ("Print the value of a key", "キーの値を表示する"),
    (
        "On a terminal the text is made safe to show and ends its line; into a file or pipe go the bytes as\n\
         they were written. The exit code is 8 if the key holds nothing.",
        "端末では表示しても安全な形にし、行を終える。ファイルやパイプには書かれたままのバイトを出す。\n\
         キーに値がなければ終了コードは 8 になる。",
    ),
    (
        "The keys that hold something, with their values",
        "値のあるキーと、その値",
    ),
    ("Only keys that begin so", "この文字で始まるキーだけ"),
    ("How many at most", "多くて何件か"),
    ("Only those after this key", "このキーより後だけ"),
    ("Delete a key", "キーを削除する"),
    (
        "Other members are told; a later write brings the key back. The exit code is 8 if it holds nothing.",
        "ほかの参加者にも伝わる。後の書き込みでキーは戻る。値がなければ終了コードは 8 になる。",
    ),
    (
        "Only if this is the write that counts here: at least the first 8 digits of its revision",
        "ここでこの書き込みが有効なときだけ。リビジョンの先頭 8 桁以上",
    ),
    ("Follow what changes", "変化を追い続ける"),
    (
        "Follow what changes, until Ctrl-C",
        "Ctrl-C まで変化を追い続ける",
    ),
    (
        "A line for each write that counts, and for each value whose time is over. Of several quick writes to\n\
         a key the earlier ones may be left out. Ctrl-C ends it.",
        "有効になった書き込みと、期限の切れた値を一行ずつ表示する。一つのキーに続けて書かれたときは、\n\
         先のものを省くことがある。Ctrl-C で終わる。",
    ),
    (
        "Print first what there is now",
        "はじめに今ある値を表示する",
    ),
    (
        "The writes to a key, the one that counts first",
        "キーへの書き込み。有効なものが先頭",
    ),
    (
        "It reaches back 30 days at least.",
        "少なくとも 30 日前までさかのぼる。",
    ),
    (
        "Why a key holds what it holds: the write that counts, and what each other one lost by",
        "キーの値がなぜそうなのか。有効な書き込みと、ほかのものが負けた理由",
    ),
    (
        "Each write carries a clock, which runs ahead of all that its author had seen: milliseconds, and a\n\
         counter behind +. The greatest counts; with equal clocks the greater key of the author decides.",
        "書き込みには、書いた人が見たどれよりも進んだ時計が付く。ミリ秒と、+ の後のカウンターである。\n\
         最も大きいものが有効になる。時計が同じなら、書いた人の鍵が大きいほうになる。",
    ),
    (
        "Write the entries of a file of JSON lines",
        "一行に一つの JSON を読み、書き込む",
    ),
    (
        "The file; - or nothing reads standard input",
        "ファイル。- または省略で標準入力を読む",
    ),
    (
        "Seconds to wait for somebody who takes them, if no node is running",
        "ノードが動いていないとき、受け取る人を待つ秒数",
    ),
    (
        "Each line is an object with 'key', and 'value' or 'value_base64'; 'expires_at' is kept, other fields\n\
         are ignored. All lines are checked before anything is written, and what holds the same value already\n\
         is left alone: after Ctrl-C the same command goes on.",
        "一行は key と、value か value_base64 を持つオブジェクト。expires_at は保たれ、ほかの項目は無視する。\n\
         すべての行を確かめてから書き始める。同じ値がすでにあるキーには書かないので、Ctrl-C の後に\n\
         同じコマンドで続けられる。",
    ),
    (
        "Print the entries as JSON lines",
        "キーと値を一行に一つの JSON で出力する",
    ),
    (
        "What changes meanwhile may be in it or not.",
        "出力している間の変化は、含まれることも含まれないこともある。",
    ),
    (
        "Type commands in a topic, with completion and history; from a pipe one command per line",
        "トピックでコマンドを打つ。補完と履歴が使える。パイプからは一行に一つのコマンド",
    ),
    (
        "Name of the topic, or id: and the beginning of its id; without it the only joined one",
        "トピックの名前、または id: と ID の先頭。省略すると、ただ一つ参加しているトピック",
    ),
    (
        "Seconds to wait at the end for somebody who takes what was written, if no node is running",
        "ノードが動いていないとき、書いたものを受け取る人を最後に待つ秒数",
    ),
    (
        "Commands: add, get, list, delete, watch, history, why, post, read, topics, use, status, peers, info,\n\
         explain, help, exit; 'help COMMAND' says what one takes. A value with spaces stands in quotes:\n\
         'single' as it is, \"double\" with \\n, \\t, \\\\, \\\" and \\u{1f411}. Tab completes commands, topics and\n\
         keys, Ctrl-C clears the line, Ctrl-D leaves. What others post appears above the line.",
        "コマンドは add、get、list、delete、watch、history、why、post、read、topics、use、status、peers、info、\n\
         explain、help、exit。詳しくは help COMMAND。空白を含む値は引用符で囲む。'単引用符' はそのまま、\n\
         \"二重引用符\" では \\n、\\t、\\\\、\\\"、\\u{1f411} が使える。Tab でコマンド、トピック、キーを補完し、\n\
         Ctrl-C で行を消し、Ctrl-D で終わる。ほかの人の投稿は行の上に表示される。",
    ),
    (
        "When standard input is a pipe, each line is a command, a line that begins with # is none, and the\n\
         first command that fails ends it with its exit code.",
        "標準入力がパイプなら、一行が一つのコマンドになる。# で始まる行は読み飛ばし、\n\
         最初に失敗したコマンドの終了コードで終わる。",
    ),
    ("What can be typed here", "ここで使えるコマンド"),
    ("Post a text", "投稿する"),
    (
        "The text: the rest of the line as it is, or in quotes",
        "本文。行の残りをそのまま、または引用符で囲んで書く",
    ),
    (
        "Print the newest posts, oldest first",
        "新しい投稿を古い順に表示する",
    ),
    (
        "Go to another topic, which is joined",
        "参加している別のトピックに移る",
    ),
    (
        "Who is connected in the topic",
        "このトピックで誰とつながっているか",
    ),
    ("Who you are, and the topic", "自分とトピックについて"),
    (
        "How members of the topic were found, what was tried and what failed",
        "トピックの参加者をどう見つけたか。何を試し、何が失敗したか",
    ),
    (
        "Leave the shell (also Ctrl-D)",
        "シェルを終わる（Ctrl-D でも）",
    ),
];

pub const SAID_OF_ENTRIES: &[(&str, &str)] = &[
    (
        "{key} is at revision {revision}",
        "{key} はリビジョン {revision} になりました",
    ),
    (
        "{key} is deleted, by revision {revision}",
        "{key} を削除しました（リビジョン {revision}）",
    ),
    ("by", "書いた人"),
    ("written", "書かれた時刻"),
    ("revision", "リビジョン"),
    ("lost", "負け"),
    ("expired", "期限切れ"),
    ("counts", "有効"),
    ("by {name}", "{name} による"),
    (
        "{key} has expired, written by {name}",
        "{key} は期限が切れました（書いた人 {name}）",
    ),
    (
        "{key} was deleted by {name}",
        "{key} は {name} が削除しました",
    ),
    ("by {name}, {time}", "{name}、{time}"),
    ("(expired {time} ago)", "（{time}前に期限切れ）"),
    ("  lost: {value}", "  負け: {value}"),
    ("({n} bytes)", "（{n} バイト）"),
    ("(deleted)", "（削除）"),
    ("{time} older", "{time}古い"),
    (
        "same millisecond, lower counter",
        "同じミリ秒でカウンターが小さい",
    ),
    ("same clock, lower author", "同じ時計で書いた人の鍵が小さい"),
    (
        "same clock and author, lower revision",
        "同じ時計と人でリビジョンが小さい",
    ),
    ("1 entry", "値 1 件"),
    ("{n} entries", "値 {n} 件"),
    (
        "{written} written, {unchanged} unchanged",
        "{written} 件を書き込み、{unchanged} 件は変わらず",
    ),
    (", {n} expired", "、{n} 件は期限切れ"),
    (
        "the value, then Ctrl-D:",
        "値を入力し、Ctrl-D で終えてください:",
    ),
    (
        "JSON lines, then Ctrl-D:",
        "一行に一つの JSON を入力し、Ctrl-D で終えてください:",
    ),
    (
        "{n} bytes that are no text; to have them: kukuri kv get {topic} {key} > FILE",
        "文字ではない {n} バイトです。取り出すには: kukuri kv get {topic} {key} > FILE",
    ),
    ("no entries in #{topic}", "#{topic} に値はありません"),
    (
        "no such entries in #{topic}",
        "#{topic} に当てはまる値はありません",
    ),
    (
        "there are more: --after {key}",
        "続きがあります: --after {key}",
    ),
    (
        "watching #{topic}, {entries} now; Ctrl-C ends it",
        "#{topic} を見ています（今は{entries}）。Ctrl-C で終わります",
    ),
    (
        "{n} of {all} written",
        "{all} 件のうち {n} 件を書き込みました",
    ),
    (
        "interrupted: {words}; the same command goes on with the {left} that are left",
        "中断しました: {words}。同じコマンドで残りの {left} 件を続けられます",
    ),
    (
        "no topic is chosen; use TOPIC",
        "トピックが選ばれていません。use TOPIC で選びます",
    ),
    (
        "'help' lists the commands, Ctrl-D leaves",
        "help でコマンドの一覧、Ctrl-D で終わります",
    ),
    (
        "lines are not remembered: {why}",
        "行の履歴を保存できません: {why}",
    ),
    ("(search: {term}) ", "（検索: {term}）"),
];
