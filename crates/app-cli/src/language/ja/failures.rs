//! Errors: what each code means, and what to do.
//!
//! The exact words of an error stay English below its meaning, so that they can be found in the
//! log, in the documentation and by others.

/// What an error of this code means.
pub const CODES: &[(&str, &str)] = &[
    ("usage", "コマンドの使い方が違います"),
    ("query", "この言葉では検索できません"),
    ("ambiguous", "複数のトピックか投稿に当てはまります"),
    ("config", "設定に誤りがあります"),
    ("in_use", "このプロファイルはほかのプロセスが使っています"),
    ("protocol", "動いているノードのバージョンが違います"),
    ("port_taken", "UDP ポートがほかで使われています"),
    ("network", "ネットワークが使えません"),
    ("no_node", "動いているノードがありません"),
    ("vault", "鍵を使えません"),
    ("no_keyring", "ここではキーリングが使えません"),
    ("vault_locked", "鍵の保管場所がロックされています"),
    ("vault_refused", "キーリングが要求を拒否しました"),
    ("vault_slow", "キーリングが応答しません"),
    ("vault_unreachable", "キーリングに接続できません"),
    ("vault_damaged", "鍵のファイルが壊れています"),
    ("not_a_key", "キーリングの項目が鍵ではありません"),
    ("missing_passphrase", "パスフレーズが必要です"),
    ("wrong_passphrase", "パスフレーズが違います"),
    ("keys_missing", "このプロファイルの鍵が見つかりません"),
    ("profile_damaged", "プロファイルのファイルが壊れています"),
    ("signing", "投稿に署名できません"),
    ("database", "データベースかディスクで問題が起きました"),
    ("disk_full", "ディスクに空きがありません"),
    ("read_only", "ファイルかフォルダーに書き込めません"),
    ("corrupt", "データベースが壊れています"),
    (
        "newer_schema",
        "データベースは新しいバージョンで作られています",
    ),
    ("not_joined", "このトピックには参加していません"),
    ("not_yours", "ほかの人の投稿は削除できません"),
    ("profile", "名前か自己紹介に使えないところがあります"),
    ("no_event", "その投稿はここにありません"),
    ("no_entry", "そのキーには値がありません"),
    ("conflict", "キーの値が予想と違います"),
    ("not_found", "見つかりません"),
    ("no_identity", "このプロファイルにはまだ鍵がありません"),
    ("empty", "中身が空です"),
    ("too_long", "長すぎます"),
    ("lines_refused", "投稿できなかった行があります"),
    ("refused", "許可されていません"),
    ("not_confirmed", "確認されませんでした"),
    ("store_occupied", "移す先に別の鍵があります"),
    ("busy", "ノードへの接続が多すぎます"),
    ("closed", "ノードが止まりました"),
    ("request", "ノードへの要求が正しくありません"),
    ("interrupted", "中断されました"),
    ("output_gone", "出力を読む相手がいません"),
    ("unexpected", "予期しない問題が起きました"),
];

/// What to do.
pub const FAILURES: &[(&str, &str)] = &[
    ("see kukuri --help", "kukuri --help をご覧ください"),
    (
        "name the topic with 1 to 64 letters, for example: kukuri join lobby",
        "トピックの名前は 1 から 64 文字で指定してください。例: kukuri join lobby",
    ),
    (
        "use the same version of kukuri for both, or stop that one first",
        "両方に同じバージョンの kukuri を使うか、先に動いている方を止めてください",
    ),
    (
        "close that program, or use another profile with --profile NAME",
        "そのプログラムを終えるか、--profile NAME で別のプロファイルを使ってください",
    ),
    (
        "use it with the other commands, or run another profile with --profile NAME",
        "ほかのコマンドからこのノードを使うか、--profile NAME で別のプロファイルを動かしてください",
    ),
    (
        "make the profile's folder writable for this user, and move away what is there",
        "プロファイルのフォルダーをこのユーザーが書き込めるようにし、そこにあるものを移してください",
    ),
    (
        "see the ids: kukuri topic list --json",
        "ID の一覧: kukuri topic list --json",
    ),
    (
        "make the folder writable for this user, or name another with --home DIR",
        "フォルダーをこのユーザーが書き込めるようにするか、--home DIR で別のフォルダーを指定してください",
    ),
    (
        "make it writable for this user, or name another folder with --home DIR",
        "このユーザーが書き込めるようにするか、--home DIR で別のフォルダーを指定してください",
    ),
    (
        "make room on this disk; nothing was half written",
        "ディスクに空きを作ってください。書きかけのものは残っていません",
    ),
    (
        "make room on this disk, or name a folder on another with --home DIR",
        "ディスクに空きを作るか、--home DIR で別のディスクのフォルダーを指定してください",
    ),
    (
        "make the profile's folder and files writable for this user",
        "プロファイルのフォルダーとファイルをこのユーザーが書き込めるようにしてください",
    ),
    (
        "make the profile's folder and files readable and writable for this user",
        "プロファイルのフォルダーとファイルをこのユーザーが読み書きできるようにしてください",
    ),
    (
        "make the profile's folder readable and writable for this user",
        "プロファイルのフォルダーをこのユーザーが読み書きできるようにしてください",
    ),
    (
        "put a backup in its place, or move it away: members send back what they hold",
        "バックアップから戻すか、別の場所に移してください。参加者が持っている投稿は送り直されます",
    ),
    (
        "use the newer version of kukuri",
        "新しいバージョンの kukuri を使ってください",
    ),
    (
        "run any command that writes, such as `kukuri up`: it brings the database up to date",
        "`kukuri up` など書き込みをするコマンドを実行してください。データベースが新しい形になります",
    ),
    (
        "close the program that uses it, or choose another port in network.bind (KUKURI_NETWORK__BIND=0.0.0.0:PORT)",
        "使っているプログラムを終えるか、network.bind（KUKURI_NETWORK__BIND=0.0.0.0:PORT）で別のポートを選んでください",
    ),
    (
        "put the passphrase into a file that only you can read, and set \
         KUKURI_KEYRING__PASSPHRASE_FILE=/path/to/file (or keyring.passphrase_file in config.toml)",
        "自分だけが読めるファイルにパスフレーズを書き、KUKURI_KEYRING__PASSPHRASE_FILE=/path/to/file \
         を設定してください（config.toml では keyring.passphrase_file）",
    ),
    (
        "put it into a file that only you can read, and name it with --passphrase-file FILE",
        "自分だけが読めるファイルに書き、--passphrase-file FILE で指定してください",
    ),
    (
        "try again, or check the file that keyring.passphrase_file names",
        "もう一度試すか、keyring.passphrase_file のファイルを確かめてください",
    ),
    (
        "see that the file which keyring.passphrase_file names is there, that you can read it, and \
         that others cannot",
        "keyring.passphrase_file のファイルがあり、自分だけが読めることを確かめてください",
    ),
    (
        "use the same version of kukuri for both",
        "両方に同じバージョンの kukuri を使ってください",
    ),
    (
        "put a backup of the file 'vault' in its place",
        "ファイル 'vault' をバックアップから戻してください",
    ),
    (
        "put a backup of the file in its place",
        "ファイルをバックアップから戻してください",
    ),
    (
        "put the profile's 'vault' file back beside its database, or use another profile with --profile NAME",
        "プロファイルの 'vault' ファイルをデータベースの隣に戻すか、--profile NAME で別のプロファイルを使ってください",
    ),
    (
        "log in as the user and to the desktop whose keyring has them, or use another profile with --profile NAME",
        "鍵のあるキーリングのユーザーとデスクトップでログインするか、--profile NAME で別のプロファイルを使ってください",
    ),
    (
        "start the keyring of this desktop session (the Secret Service on the bus that \
         DBUS_SESSION_BUS_ADDRESS names) and try again",
        "このデスクトップのキーリング（DBUS_SESSION_BUS_ADDRESS のバスにある Secret Service）を起動して、もう一度試してください",
    ),
    (
        "unlock it, by logging in to the desktop or in its own program, and try again",
        "デスクトップにログインするか、キーリングのプログラムでロックを解除して、もう一度試してください",
    ),
    (
        "look into the keyring's own program (for example Passwords and Keys), and try again",
        "キーリングのプログラム（「パスワードと鍵」など）を確かめて、もう一度試してください",
    ),
    (
        "look for a window of the keyring that waits for you, or restart the keyring, and try again",
        "入力を待っているキーリングのウィンドウがないか探すか、キーリングを再起動して、もう一度試してください",
    ),
    (
        "open the keyring's own program, look at the entry of the service 'kukuri', \
         and put back the right one or remove it",
        "キーリングのプログラムでサービス 'kukuri' の項目を開き、正しいものに戻すか削除してください",
    ),
    (
        "search for one or more words, for example: kukuri search 東京",
        "一つ以上の言葉で検索してください。例: kukuri search 東京",
    ),
    (
        "run it again with the release build on a machine that is otherwise idle",
        "ほかに何も動いていないマシンで、リリースビルドを使ってもう一度実行してください",
    ),
    ("try again", "もう一度試してください"),
    (
        "to keep them in a file sealed with a passphrase, {settings}",
        "パスフレーズで封じたファイルに保管するには、{settings}",
    ),
    (
        "{hint}; or to do without the keyring, {settings}",
        "{hint}。キーリングを使わないなら、{settings}",
    ),
    (
        "to do without the keyring, {settings}",
        "キーリングを使わないなら、{settings}",
    ),
    (
        "set KUKURI_KEYRING__STORE=file and KUKURI_KEYRING__PASSPHRASE_FILE=/path/to/file, a file \
         with a passphrase that only you can read (in config.toml: keyring.store and keyring.passphrase_file)",
        "KUKURI_KEYRING__STORE=file と KUKURI_KEYRING__PASSPHRASE_FILE=/path/to/file を設定してください。\
         ファイルには自分だけが読めるようにパスフレーズを書きます（config.toml では keyring.store と keyring.passphrase_file）",
    ),
    (
        "it may be the only copy of another identity: put it away before you try again",
        "別の人の唯一の鍵かもしれません。別の場所に移してから、もう一度試してください",
    ),
    (
        "make one by joining a topic (kukuri join lobby), or bring yours (kukuri identity import)",
        "トピックに参加すると作られます（kukuri join lobby）。手持ちの鍵も取り込めます（kukuri identity import）",
    ),
    (
        "a new profile gets its keys in the store that keyring.store names",
        "新しいプロファイルの鍵は、keyring.store の場所に作られます",
    ),
    (
        "make a copy first (kukuri identity export), then add --yes",
        "先に写しを作り（kukuri identity export）、それから --yes を付けてください",
    ),
    (
        "leave out --nsec to get a copy that is sealed with a passphrase, or add --yes",
        "パスフレーズで封じた写しにするなら --nsec を外し、このまま続けるなら --yes を付けてください",
    ),
    (
        "give it on standard input (kukuri identity import - < FILE), or type it when asked; if this was your key, think of it as known to others",
        "標準入力で渡すか（kukuri identity import - < FILE）、尋ねられたときに入力してください。これが本当の鍵なら、もう人に知られたものと考えてください",
    ),
    (
        "give it on standard input: kukuri identity import - < FILE",
        "標準入力で渡してください: kukuri identity import - < FILE",
    ),
    (
        "give the digits that `kukuri read` shows before a post, or a time such as 2026-11-21T09:00:00Z",
        "`kukuri read` で投稿の前に表示される桁か、2026-11-21T09:00:00Z のような時刻を指定してください",
    ),
    (
        "give npub1... or 64 hexadecimal digits, as `kukuri read --json` shows them",
        "npub1... か 64 桁の 16 進数を指定してください。`kukuri read --json` で確かめられます",
    ),
    (
        "check the name of the file",
        "ファイルの名前を確かめてください",
    ),
    ("choose a shorter key", "短いキーにしてください"),
    (
        "keep the bytes elsewhere, and here what leads to them",
        "データは別の場所に置き、ここにはその場所だけを書いてください",
    ),
    (
        "each line is an object with 'key', and 'value' or 'value_base64'",
        "一行は key と、value か value_base64 を持つオブジェクトです",
    ),
    (
        "choose one of those that 'topics' lists: use TOPIC",
        "topics で表示される中から選んでください: use TOPIC",
    ),
    (
        "give it behind the key, or name a file: --file FILE",
        "キーの後に書くか、ファイルを指定してください: --file FILE",
    ),
    (
        "'help' lists the commands, 'help COMMAND' says what one takes",
        "help でコマンドの一覧、help COMMAND で使い方がわかります",
    ),
    (
        "put a text with quotes of its own in quotes of the other kind",
        "引用符を含む文字は、もう一方の引用符で囲んでください",
    ),
    (
        "put bytes into a file, and add it with --file",
        "バイト列はファイルに入れ、--file で指定してください",
    ),
    (
        "see which there are: kukuri kv list TOPIC",
        "どのキーがあるか確かめてください: kukuri kv list TOPIC",
    ),
    (
        "read it again and decide anew: kukuri kv get TOPIC KEY",
        "もう一度読み、決め直してください: kukuri kv get TOPIC KEY",
    ),
    (
        "posts are text; convert the input to UTF-8",
        "投稿は文字です。入力を UTF-8 に変換してください",
    ),
    (
        "join a topic first: kukuri topic join lobby",
        "先にトピックに参加してください: kukuri topic join lobby",
    ),
    (
        "start its node once: kukuri up",
        "一度ノードを起動してください: kukuri up",
    ),
    (
        "make room, or set TMPDIR to a folder that can be written",
        "空きを作るか、TMPDIR に書き込めるフォルダーを設定してください",
    ),
    // Of the node.
    (
        "join it first: kukuri topic join {topic}",
        "先に参加してください: kukuri topic join {topic}",
    ),
    (
        "see which topics are joined: kukuri topic list",
        "参加しているトピックの一覧: kukuri topic list",
    ),
    (
        "give more digits, or the name",
        "桁数を増やすか、名前で指定してください",
    ),
    ("start one: kukuri up", "起動してください: kukuri up"),
    (
        "start it again: kukuri up",
        "起動し直してください: kukuri up",
    ),
    (
        "split it into several posts",
        "いくつかの投稿に分けてください",
    ),
    (
        "give the id of a post that `kukuri read` shows, or a time",
        "`kukuri read` で見られる投稿の ID か、時刻を指定してください",
    ),
    (
        "see the posts with their ids: kukuri read {topic}",
        "投稿とその ID を見るには: kukuri read {topic}",
    ),
    (
        "give more digits of the id",
        "ID の桁をもっと多く指定してください",
    ),
    (
        "give the digits that `kukuri read` shows before the post",
        "`kukuri read` で投稿の前に表示される桁を指定してください",
    ),
    (
        "name the sign that you take back: kukuri react TOPIC ID SIGN --undo",
        "取り消す記号を指定してください: kukuri react トピック ID 記号 --undo",
    ),
    (
        "give both: kukuri identity name NAME --about TEXT",
        "両方を指定してください: kukuri identity name 名前 --about 自己紹介",
    ),
    (
        "set HOME, or name a folder with --home DIR",
        "HOME を設定するか、--home DIR でフォルダーを指定してください",
    ),
    (
        "choose another name with --profile NAME",
        "--profile NAME で別の名前を選んでください",
    ),
    (
        "move it away, or name another folder with --home DIR",
        "それを移すか、--home DIR で別のフォルダーを指定してください",
    ),
    ("end one of them", "どれか一つの接続を終えてください"),
    (
        "remove the setting, or move the keys with: kukuri identity move --to {store}",
        "設定を削除するか、次のコマンドで鍵を移してください: kukuri identity move --to {store}",
    ),
    ("did you mean `{similar}`?", "`{similar}` のことですか"),
    (
        "remove it, or see the list of keys in docs/reference/configuration.md",
        "削除するか、docs/reference/configuration.md でキーの一覧を確かめてください",
    ),
    (
        "correct the value, or remove it to use the default",
        "値を直すか、削除して既定値を使ってください",
    ),
    (
        "correct the file, or move it away to use the defaults",
        "ファイルを直すか、別の場所に移して既定値を使ってください",
    ),
    (
        "for example --set discovery.mdns.enabled=false",
        "例: --set discovery.mdns.enabled=false",
    ),
    (
        "remove it, or choose another network.mode",
        "それを削除するか、network.mode を変えてください",
    ),
];
