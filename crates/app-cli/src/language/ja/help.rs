//! The help, by paragraph.

pub const HELP: &[(&str, &str)] = &[
    // The parser's own.
    ("Print help", "ヘルプを表示する"),
    (
        "Print help (see more with '--help')",
        "ヘルプを表示する（詳しくは '--help'）",
    ),
    (
        "Print help (see a summary with '-h')",
        "ヘルプを表示する（短いものは '-h'）",
    ),
    ("Print version", "バージョンを表示する"),
    (
        "Print this message or the help of the given subcommand(s)",
        "この説明、または指定したコマンドのヘルプを表示する",
    ),
    ("Usage:", "使い方:"),
    ("Commands:", "コマンド:"),
    ("Arguments:", "引数:"),
    ("Options:", "オプション:"),
    ("Possible values:", "指定できる値:"),
    ("[possible values: ", "[指定できる値: "),
    ("[default: ", "[既定値: "),
    ("[env: ", "[環境変数: "),
    ("For more information, try ", "詳しい使い方: "),
    ("The system's keyring", "システムのキーリング"),
    (
        "A file sealed with a passphrase",
        "パスフレーズで封じたファイル",
    ),
    ("Examples:\n", "例:\n"),
    // All commands.
    (
        "Talk in topics without a server: members find each other by the topic's name",
        "サーバーなしでトピックごとに語り合う。参加者はトピックの名前で互いを見つける",
    ),
    (
        "Examples:\n\
         \x20 kukuri demo                          three nodes on this machine find each other and talk\n\
         \x20 kukuri join lobby                    chat in the topic #lobby\n\
         \x20 echo hello | kukuri join lobby       post a line and leave\n\
         \x20 kukuri --profile work join team      as another person, with another database\n\
         \x20 kukuri --set network.mode=lan join lobby",
        "例:\n\
         \x20 kukuri demo                          このマシンの三つのノードが互いを見つけて話す\n\
         \x20 kukuri join lobby                    トピック #lobby でチャットする\n\
         \x20 echo hello | kukuri join lobby       一行を投稿して終わる\n\
         \x20 kukuri --profile work join team      別の人として、別のデータベースで参加する\n\
         \x20 kukuri --set network.mode=lan join lobby",
    ),
    (
        "Exit codes: 0 done, 1 unexpected, 2 usage, 3 configuration, 4 profile in use, 5 network,\n\
         6 keyring, 7 database or disk, 8 not found, 9 refused, 130 interrupted.",
        "終了コード: 0 成功、1 予期しないエラー、2 使い方、3 設定、4 プロファイルが使用中、5 ネットワーク、\n\
         6 キーリング、7 データベースかディスク、8 見つからない、9 拒否、130 中断。",
    ),
    (
        "Folder that holds everything of the profile, configuration included",
        "設定も含め、プロファイルのすべてを置くフォルダー",
    ),
    (
        "Profile: its own identity, database and port",
        "プロファイル。本人を表す鍵、データベース、ポートを別に持つ",
    ),
    (
        "Show the log on standard error: error, warn, info, debug, trace, or a filter",
        "ログを標準エラーに表示する。error、warn、info、debug、trace、またはフィルター",
    ),
    (
        "Without it the log goes to the file logs/kukuri.log of the profile, at the level of KUKURI_LOG, else RUST_LOG, else info.",
        "指定しなければ、ログはプロファイルの logs/kukuri.log に書かれる。詳しさは KUKURI_LOG、RUST_LOG、info の順に決まる。",
    ),
    (
        "Print one JSON document instead of words; errors too, on standard error",
        "言葉の代わりに JSON を一つ出力する。エラーも標準エラーに JSON で出す",
    ),
    (
        "Set a configuration key for this run, above file and environment",
        "今回だけ設定を変える。ファイルや環境変数より優先する",
    ),
    (
        "Chat in a topic: history, live messages, who is here",
        "トピックでチャットする。これまでの投稿、新しい投稿、誰がいるかを表示する",
    ),
    (
        "In the chat: /status, /peers, /explain, /help, /quit; a line that begins with // posts one slash.\n\
         Ctrl-C or Ctrl-D leaves. When standard input is a pipe, each line is a post.",
        "チャットでは /status、/peers、/explain、/help、/quit が使える。// で始まる行は / で始まる投稿になる。\n\
         Ctrl-C か Ctrl-D で終わる。標準入力がパイプなら、一行が一つの投稿になる。",
    ),
    (
        "Name of the topic, with or without #",
        "トピックの名前。# はあってもなくてもよい",
    ),
    (
        "Name of the topic, or id: and the beginning of its id",
        "トピックの名前、または id: と ID の先頭",
    ),
    (
        "Run the node in the foreground, for the other commands",
        "ノードを動かし続ける。ほかのコマンドがこれを使う",
    ),
    (
        "The node joins every joined topic, and prints a line for each thing that matters. Ctrl-C stops it.\n\
         The other commands use it while it runs.",
        "参加しているすべてのトピックに入り、大事なことを一行ずつ表示する。Ctrl-C で止まる。\n\
         動いている間は、ほかのコマンドがこのノードを使う。",
    ),
    (
        "UDP port to listen on, on all interfaces",
        "待ち受ける UDP ポート。すべてのインターフェースで使う",
    ),
    (
        "Post a text in a joined topic",
        "参加しているトピックに投稿する",
    ),
    (
        "The post is on the disk when the command ends. What nobody has taken by then goes out when a node\n\
         of this profile meets somebody.",
        "コマンドが終わるとき、投稿はディスクに保存されている。まだ誰も受け取っていなければ、\n\
         このプロファイルのノードが誰かに会ったときに送られる。",
    ),
    (
        "The text; - or nothing reads it from standard input",
        "本文。- か省略で標準入力から読む",
    ),
    (
        "Answer this post: at least the first 8 digits of its id, note1... or nevent1...",
        "この投稿に返信する。ID の先頭 8 桁以上、note1... か nevent1...",
    ),
    (
        "Each post stands behind the beginning of its id, by which the other commands know it.",
        "投稿の前には ID の先頭が表示される。ほかのコマンドではこれで投稿を指定する。",
    ),
    (
        "Print a post with its answers, oldest first",
        "投稿とその返信を古い順に表示する",
    ),
    (
        "Any post of the thread: at least the first 8 digits of its id, note1... or nevent1...",
        "スレッドの中の投稿どれか。ID の先頭 8 桁以上、note1... か nevent1...",
    ),
    (
        "Each post stands behind the beginning of its id. An answer to another answer names whom it answers.",
        "投稿の前には ID の先頭が表示される。返信への返信には、誰への返信かが示される。",
    ),
    (
        "React to a post with a sign or a short word",
        "記号か短い言葉で投稿に反応する",
    ),
    (
        "The post: at least the first 8 digits of its id, note1... or nevent1...",
        "投稿。ID の先頭 8 桁以上、note1... か nevent1...",
    ),
    ("The sign or word, + by default", "記号か言葉。省略すると +"),
    ("Take your reaction back", "自分の反応を取り消す"),
    (
        "Seconds to wait for somebody who takes it, if no node is running",
        "ノードが動いていないとき、受け取る相手を待つ秒数",
    ),
    (
        "A second time changes nothing; --undo without a sign takes back the only reaction that you gave.",
        "二度目は何も変わらない。記号なしの --undo は、自分の反応が一つだけならそれを取り消す。",
    ),
    (
        "Take an own post back: ask everybody who holds it to hide it",
        "自分の投稿を取り消す。持っている人みなに、隠すように頼む",
    ),
    (
        "The text is not shown here any more. Others who hold it are asked to do the same (NIP-09); nobody\n\
         can be made to, and who has read it has read it.",
        "本文はここでは表示されなくなる。持っているほかの参加者にも同じことを頼むが（NIP-09）、\n\
         強制はできず、読んだ人の記憶からは消えない。",
    ),
    (
        "Seconds to wait for somebody who takes the post, if no node is running",
        "ノードが動いていないとき、受け取る相手を待つ秒数",
    ),
    (
        "Print the posts of a joined topic, oldest first",
        "参加しているトピックの投稿を古い順に表示する",
    ),
    ("How many posts, the newest ones", "新しいものから何件か"),
    (
        "Only posts before this one (its id or the first 8 digits, note1..., nevent1...) or this time (RFC 3339)",
        "この投稿（ID かその先頭 8 桁、note1...、nevent1...）か時刻（RFC 3339）より前の投稿だけ",
    ),
    (
        "Only posts of this author (npub1... or 64 hexadecimal digits)",
        "この投稿者（npub1... か 64 桁の 16 進数）の投稿だけ",
    ),
    (
        "Go on with what is posted from now on",
        "これから投稿されるものも続けて表示する",
    ),
    (
        "Find posts by their words, in Japanese and English",
        "日本語や英語の言葉で投稿を探す",
    ),
    (
        "A Japanese word is found inside a sentence, an English one as a whole word; capital and small\n\
         letters are the same.",
        "日本語は文の中の言葉も見つかる。英語は単語ごとに探し、大文字と小文字は区別しない。",
    ),
    ("Words that must all occur", "すべて含まれるべき言葉"),
    ("Only in this topic", "このトピックだけ"),
    (
        "Hide what an author posts, here and in no other place; without one, who is muted",
        "投稿者の投稿をここだけで隠す。省略すると、隠している投稿者を表示する",
    ),
    (
        "What is muted stays in the database and goes on to other members; nobody is told.",
        "隠した投稿もデータベースに残り、ほかの参加者にも渡る。誰にも知らされない。",
    ),
    (
        "npub1... or 64 hexadecimal digits",
        "npub1... か 64 桁の 16 進数",
    ),
    (
        "Show what an author posts again",
        "隠した投稿者の投稿をまた表示する",
    ),
    ("The topics of this profile", "このプロファイルのトピック"),
    ("The joined topics", "参加しているトピックの一覧"),
    ("One joined topic", "参加しているトピック一つの詳細"),
    (
        "Print what a program with the stock topic tracker needs to join",
        "標準のトピックトラッカーを使うプログラムが参加に必要とする値を表示する",
    ),
    (
        "Join a topic: from now on each node of this profile is a member",
        "トピックに参加する。これからこのプロファイルのノードが参加者になる",
    ),
    (
        "Leave a topic; its posts stay in the database",
        "トピックから抜ける。投稿はデータベースに残る",
    ),
    ("Who is connected", "誰とつながっているか"),
    ("The node and its topics", "ノードとトピックの状態"),
    (
        "How members of a topic were found, what was tried and what failed",
        "参加者をどう見つけたか、何を試して何がうまくいかなかったか",
    ),
    (
        "Who this profile is: show it, name it, copy its key, replace it, move it to another store",
        "このプロファイルが誰か。表示、名前、鍵の書き出し、入れ替え、置き場所の移動",
    ),
    (
        "A secret key is never an argument: it is asked for without echo, or read from standard input.",
        "秘密鍵は引数では渡さない。画面に出さずに尋ねるか、標準入力から読む。",
    ),
    (
        "Who this profile is, and where its keys are",
        "このプロファイルが誰か、鍵がどこにあるか",
    ),
    (
        "How you want to be called: show it, or set it",
        "自分の名前を表示する、または決める",
    ),
    (
        "Every member of your topics sees it. Names are not unique: two authors of one name are shown with\n\
         the beginning of their keys. An empty --about removes the description.",
        "名前は、参加しているトピックの全員に見える。同じ名前の人がいることもあり、そのときは鍵の先頭も\n\
         表示される。空の --about で自己紹介を消せる。",
    ),
    (
        "The name; without it and --about the present one is shown",
        "名前。--about もなければ、今の名前を表示する",
    ),
    ("A few words about you", "短い自己紹介"),
    (
        "Print the secret key of the author, sealed with a passphrase",
        "投稿者の秘密鍵をパスフレーズで封じて出力する",
    ),
    (
        "Without --nsec the key is sealed with a passphrase (NIP-49, ncryptsec1...), which many Nostr\n\
         programs can open.",
        "--nsec がなければ、鍵はパスフレーズで封じられる（NIP-49、ncryptsec1...）。\n\
         多くの Nostr プログラムで開ける。",
    ),
    (
        "Print the key in the clear (nsec1...): whoever sees it can post as you for ever",
        "鍵をそのまま出力する（nsec1...）。見た人はずっとあなたとして投稿できる",
    ),
    (
        "Do not ask whether the key may be shown in the clear",
        "鍵をそのまま表示してよいか尋ねない",
    ),
    (
        "File whose first line is the passphrase of the copy; otherwise a terminal asks",
        "一行目が写しのパスフレーズであるファイル。なければ端末で尋ねる",
    ),
    (
        "Make another key the author of this profile",
        "別の鍵をこのプロファイルの投稿者にする",
    ),
    (
        "Takes nsec1..., ncryptsec1... and 64 hexadecimal digits. The device keys of the profile stay.",
        "nsec1...、ncryptsec1...、64 桁の 16 進数を受け付ける。プロファイルのデバイス鍵は変わらない。",
    ),
    (
        "- reads the key from standard input; otherwise a terminal asks",
        "- なら鍵を標準入力から読む。なければ端末で尋ねる",
    ),
    (
        "Do not ask whether the present identity may be replaced",
        "今の鍵を入れ替えてよいか尋ねない",
    ),
    (
        "File whose first line is the passphrase of an ncryptsec1... key; otherwise a terminal asks",
        "一行目が ncryptsec1... の鍵のパスフレーズであるファイル。なければ端末で尋ねる",
    ),
    (
        "Move the keys of this profile to another store",
        "このプロファイルの鍵を別の置き場所に移す",
    ),
    (
        "The keys are written to the new place, read back, and only then removed from the old one. A move\n\
         that was interrupted is finished by the same command.",
        "鍵を新しい場所に書き、読み戻して確かめてから、古い場所から消す。\n\
         途中で止まったときは、同じコマンドで続きを行う。",
    ),
    (
        "The store: the system's keyring, or a file sealed with a passphrase",
        "置き場所。システムのキーリングか、パスフレーズで封じたファイル",
    ),
    (
        "Look at what a node needs: database, keyring, clock, DHT, LAN, UDP",
        "ノードに必要なものを調べる。データベース、キーリング、時計、DHT、LAN、UDP",
    ),
    (
        "It changes nothing and asks for no passphrase. The exit code is 1 if something does not work.",
        "何も変更せず、パスフレーズも尋ねない。動かないものがあれば終了コードは 1 になる。",
    ),
    (
        "What the configuration is, and where it comes from",
        "設定の内容と、その出どころ",
    ),
    (
        "Every key with its value and where it was set",
        "すべてのキーの値と、どこで設定されたか",
    ),
    (
        "Every key with its meaning and default, in the form of a config.toml",
        "すべてのキーの意味と既定値を config.toml の形で表示する",
    ),
    (
        "Where the configuration file is; it need not exist",
        "設定ファイルの場所。なくてもよい",
    ),
    ("Print the completions of a shell", "シェルの補完を出力する"),
    ("Which shell", "シェルの種類"),
    (
        "Three nodes and a private DHT in one process: find each other, talk, compare the timings",
        "一つのプロセスで三つのノードとプライベートな DHT を動かす。互いを見つけて話し、時間を比べる",
    ),
    (
        "It needs no internet: the DHT is private, and nothing but the loopback interface is used.",
        "インターネットは不要。DHT はプライベートで、ループバックだけを使う。",
    ),
    (
        "Keep the folder with the three databases",
        "三つのデータベースのフォルダーを残す",
    ),
];
