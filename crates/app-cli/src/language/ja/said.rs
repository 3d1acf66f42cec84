//! What the commands say.

pub const SAID: &[(&str, &str)] = &[
    // Posts and days.
    ("you", "自分"),
    ("(deleted by its author)", "（本人が削除しました）"),
    ("to {name}: ", "{name} へ: "),
    ("to {name} {id}: ", "{name} {id} へ: "),
    ("to {id}, which is not here: ", "{id}（ここにない投稿）へ: "),
    ("{reaction} with yours", "{reaction}（自分も）"),
    ("{n} other reactions", "ほかの反応 {n} 種類"),
    ("{n} answer", "返信 {n} 件"),
    ("{n} answers or more", "返信 {n} 件以上"),
    (
        "the first post of this thread is not here",
        "このスレッドの最初の投稿はここにありません",
    ),
    (
        "only the newest {n} answers are shown",
        "新しい返信 {n} 件だけを表示します",
    ),
    (
        "you have reacted to {id} with {sign} already",
        "{id} にはすでに {sign} で反応しています",
    ),
    (
        "you have not reacted so to {id}",
        "{id} にそのような反応はしていません",
    ),
    (
        "{state}\nwhoever holds the post is asked to hide it (NIP-09); nobody can be made to",
        "{state}\n持っている人に、隠すように頼みます（NIP-09）。強制はできません",
    ),
    ("{id} was deleted already", "{id} はすでに削除しています"),
    ("today", "今日"),
    ("yesterday", "昨日"),
    ("stored here", "保存済み"),
    ("sent to {n}", "{n} 人に送信"),
    ("held by {n}", "{n} 人が保持"),
    // Times and numbers.
    ("{n} s", "{n} 秒"),
    ("{n} min", "{n} 分"),
    ("{n} h", "{n} 時間"),
    ("{n} days", "{n} 日"),
    ("{n} ms", "{n} ミリ秒"),
    ("< 1 ms", "1 ミリ秒未満"),
    ("{time} ago", "{time}前"),
    ("never", "なし"),
    ("{n} post", "投稿 {n} 件"),
    ("{n} missed post", "未取得の投稿 {n} 件"),
    ("{n} member", "参加者 {n} 人"),
    ("{n} node", "{n} ノード"),
    ("{n} topic", "トピック {n} 個"),
    // A chat begins.
    (
        "public topic: anyone who knows the name can join, members see each other's addresses",
        "公開トピック: 名前を知っていれば誰でも参加でき、参加者どうしは互いのアドレスが見えます",
    ),
    (
        "private topic: only who was invited can join",
        "非公開トピック: 招待された人だけが参加できます",
    ),
    (
        "you are {name} ({npub}), home {home}",
        "あなたは {name}（{npub}）、フォルダー {home}",
    ),
    (
        "looking for members   {asked}",
        "参加者を探しています   {asked}",
    ),
    (
        "nobody can be found: every way of looking for members is switched off",
        "参加者を見つけられません。探す方法がすべて無効になっています",
    ),
    (
        "nobody here yet   {asked}\nwhat you post is stored and goes out when somebody comes; looking goes on",
        "まだ誰もいません   {asked}\n投稿は保存され、誰かが来たときに送られます。引き続き探します",
    ),
    ("leaving", "終了しています"),
    // Ways of finding members.
    ("ticket", "チケット"),
    ("known peers", "以前の相手"),
    ("configured peers", "設定した相手"),
    ("bootstrap", "ブートストラップ"),
    ("by ticket", "チケット"),
    ("known from before", "以前の相手"),
    ("by LAN", "LAN"),
    ("by DHT", "DHT"),
    ("configured", "設定した相手"),
    ("by bootstrap", "ブートストラップ"),
    ("told by a member", "参加者の紹介"),
    ("it found us", "相手から"),
    // Members come and go.
    (
        "{peer} found us after {took}",
        "{took}後に {peer} がこちらを発見",
    ),
    (
        "found {peer} after {took}, told by a member",
        "{took}後に {peer} を発見（参加者の紹介）",
    ),
    (
        "found {peer} in {took}, known from before",
        "{took}で {peer} を発見（以前の相手）",
    ),
    (
        "found {peer} in {took}, a configured peer",
        "{took}で {peer} を発見（設定した相手）",
    ),
    (
        "found {peer} {by} in {took}",
        "{took}で {peer} を発見（{by}）",
    ),
    (", direct connection", "、直接接続"),
    (", through a relay", "、リレー経由"),
    (", direct connection on the LAN", "、LAN で直接接続"),
    (", {rtt}", "、{rtt}"),
    (
        "{peer} left, nobody else is here now; looking goes on",
        "{peer} が退出しました。今は誰もいません。引き続き探します",
    ),
    ("{peer} left", "{peer} が退出しました"),
    ("{peer} is {name}", "{peer} は {name} さんです"),
    ("fetched {posts} from {peer}", "{peer} から{posts}を取得"),
    (
        "fetching missed posts from {peer}  [{bar}] {fetched}/{of}",
        "{peer} から未取得の投稿を取得中  [{bar}] {fetched}/{of}",
    ),
    (
        "{stands}, complete: the same as {members}",
        "{stands}、{members}と同じ内容で揃っています",
    ),
    (
        "{stands}, complete since {date}: the same as {members}",
        "{stands}、{date} 以降は{members}と同じ内容で揃っています",
    ),
    ("kept here: {used}", "保存量: {used}"),
    (
        "kept here: {used}, nothing from before {date}",
        "保存量: {used}、{date} より前は保存していません",
    ),
    ("{stored} of at most {most}", "{stored}（上限 {most}）"),
    (
        "what was posted before {date} is not kept here: storage.topic_bytes_max is {most}",
        "{date} より前の投稿はここには保存されていません（storage.topic_bytes_max は {most}）",
    ),
    (
        "{why}: what others have is not fetched until that is mended; it goes on by itself then",
        "{why}。解消するまで、ほかの参加者の投稿は取得しません（解消すると自動で再開します）",
    ),
    (
        "posts are stored again: fetching goes on",
        "保存できるようになったので、取得を再開します",
    ),
    (
        "{why}: nothing was fetched for {time}; it goes on by itself when that is mended",
        "{why}。{time}前から取得を止めています（解消すると自動で再開します）",
    ),
    ("the disk is full", "ディスクに空きがありません"),
    (
        "the database cannot be written",
        "データベースに書き込めません",
    ),
    (
        "the database fails (the log says more)",
        "データベースで問題が起きています（詳細はログ）",
    ),
    (
        "in step with {peer} for {time}, seen {ago} ago",
        "{peer} と{time}前から同じ内容（{ago}前に確認）",
    ),
    // State of a topic and a node.
    (
        "#{topic}: {state}, {members} connected, {posts}",
        "#{topic}: {state}、{members}と接続、{posts}",
    ),
    (
        "you are {npub}, keys in {store}, up {time}",
        "あなたは {npub}、鍵の場所: {store}、稼働 {time}",
    ),
    (
        "since the start: {stored} stored, {known} known already, {forged} forged, {refused} refused, {malformed} malformed, {foreign} of other programs",
        "起動から: 保存 {stored}、既知 {known}、偽造 {forged}、拒否 {refused}、不正な形式 {malformed}、ほかのプログラム {foreign}",
    ),
    (
        "no topic is joined; join one: kukuri topic join lobby",
        "参加しているトピックはありません。参加するには: kukuri topic join lobby",
    ),
    ("topic", "トピック"),
    ("state", "状態"),
    ("members", "参加者"),
    ("posts", "投稿"),
    ("unread", "未読"),
    ("last post", "最後の投稿"),
    ("{state}, {members} connected", "{state}、{members}と接続"),
    ("no node is running", "ノードは動いていません"),
    (
        "{posts}, {unread} unread, last one {time}",
        "{posts} 件、未読 {unread} 件、最後は {time}",
    ),
    (
        "looking for members; see how: kukuri explain {topic}",
        "参加者を探しています。経過を見るには: kukuri explain {topic}",
    ),
    (
        "no node is running; the next one looks for members: kukuri up",
        "ノードは動いていません。次に動くノードが参加者を探します: kukuri up",
    ),
    ("joined {topic}\n{next}", "参加しました: {topic}\n{next}"),
    (
        "profile {profile}: the node runs in process {pid}, up {time}",
        "プロファイル {profile}: ノードはプロセス {pid} で動作中、稼働 {time}",
    ),
    (
        "profile {profile}: no node is running",
        "プロファイル {profile}: ノードは動いていません",
    ),
    (
        "you are {npub}, keys in {store}",
        "あなたは {npub}、鍵の場所: {store}",
    ),
    (
        "this node is {peer}, no address is known yet",
        "このノードは {peer}、アドレスはまだわかりません",
    ),
    (
        "others can set this node as a peer: {own}",
        "ほかのノードに相手として設定できる値: {own}",
    ),
    ("listening on {listen}", "待ち受け: {listen}"),
    ("no node has answered yet", "まだ応答なし"),
    ("on", "オン"),
    (
        "no topic is joined yet; join one from another terminal: kukuri topic join lobby",
        "参加しているトピックはまだありません。別の端末から参加するには: kukuri topic join lobby",
    ),
    (
        "profile {profile}, you are {npub}",
        "プロファイル {profile}、あなたは {npub}",
    ),
    ("Ctrl-C stops the node", "Ctrl-C でノードを止めます"),
    ("key", "キー"),
    ("value", "値"),
    ("set by", "設定元"),
    ("default", "既定値"),
    ("no member is connected", "接続している参加者はいません"),
    ("peer", "相手"),
    ("path", "経路"),
    ("rtt", "往復時間"),
    ("found by", "見つけた方法"),
    ("since", "接続時間"),
    ("source", "方法"),
    ("result", "結果"),
    ("at", "時点"),
    ("took", "所要"),
    (
        "/status   this topic and this node\n\
         /peers    who is connected, and how they were found\n\
         /explain  what was tried to find members, and what came of it\n\
         /help     this list\n\
         /quit     leave (also Ctrl-D and Ctrl-C)\n\
         //text    post a line that begins with /",
        "/status   このトピックとノードの状態\n\
         /peers    誰とつながっているか、どう見つけたか\n\
         /explain  参加者を探すために何を試し、どうなったか\n\
         /help     この一覧\n\
         /quit     終わる（Ctrl-D、Ctrl-C でも）\n\
         //text    / で始まる行を投稿する",
    ),
    (
        "there is no command {other}; /help lists them, and //text posts text that begins with /",
        "{other} というコマンドはありません。/help で一覧を表示します。/ で始まる文は //text と書くと投稿できます",
    ),
    (
        "nobody was here for {posts}: stored, and sent when members are found next time",
        "{posts}は受け取る人がいませんでした。保存してあり、次に参加者が見つかったときに送られます",
    ),
    (
        "{posts} sent, but nobody has confirmed to hold it yet",
        "{posts}を送りましたが、受け取ったという確認はまだありません",
    ),
    // Commands.
    ("{author} is muted", "{author} を隠しました"),
    (
        "{author} was muted already",
        "{author} はすでに隠しています",
    ),
    ("{author} is shown again", "{author} をまた表示します"),
    ("{author} was not muted", "{author} は隠していません"),
    ("nobody is muted", "隠している投稿者はいません"),
    (
        "stored here; looking for somebody who takes it (Ctrl-C leaves, nothing is lost)",
        "保存しました。受け取る相手を探しています（Ctrl-C で終えても失われません）",
    ),
    (
        "{state}; it goes out when a node of this profile meets somebody",
        "{state}。このプロファイルのノードが誰かに会ったときに送られます",
    ),
    (
        "the text, then Ctrl-D:",
        "本文を入力し、最後に Ctrl-D を押してください:",
    ),
    ("no posts in #{topic}", "#{topic} に投稿はありません"),
    (
        "some posts were skipped because the output was too slow",
        "出力が追いつかず、一部の投稿を飛ばしました",
    ),
    ("#{topic} was left", "#{topic} から抜けました"),
    ("nothing was found", "見つかりませんでした"),
    (
        "no node is running; one was started and looks for members for up to {n} s",
        "ノードが動いていないので起動しました。最長 {n} 秒、参加者を探します",
    ),
    (
        "topic hash      {id}\ntracker secret  {secret}\nBoth follow from the name #{name}; neither is secret.",
        "トピックのハッシュ  {id}\nトラッカーの値      {secret}\nどちらも名前 #{name} から決まり、秘密ではありません。",
    ),
    (
        "left {topic}; its posts stay in the database",
        "{topic} から抜けました。投稿はデータベースに残ります",
    ),
    ("stopping", "停止しています"),
    ("all topics", "すべてのトピック"),
    ("the topic was joined", "トピックに参加しました"),
    ("the topic was left", "トピックから退出しました"),
    (
        "some events were not shown, the output was too slow",
        "出力が追いつかず、一部の出来事を表示していません",
    ),
    ("ok", "正常"),
    ("warn", "注意"),
    ("fails", "異常"),
    ("cause  {cause}", "原因   {cause}"),
    ("do     {remedy}", "対処   {remedy}"),
    ("nothing is wrong", "問題はありません"),
    // Keys.
    (
        "waiting for the keyring; it may be asking for its password in a window of its own",
        "キーリングを待っています。別のウィンドウでパスワードを尋ねているかもしれません",
    ),
    (
        "No keyring is available here, so there is no safe place for the keys of this profile yet.\n\
         They can be kept in {file}, sealed with a passphrase that you choose.\n\
         Keep the keys in that file? [y/N] ",
        "ここではキーリングが使えないため、このプロファイルの鍵を安全に置く場所がまだありません。\n\
         {file} に、あなたが決めるパスフレーズで封じて保管できます。\n\
         このファイルに鍵を保管しますか？ [y/N] ",
    ),
    ("passphrase: ", "パスフレーズ: "),
    ("that is not it, passphrase: ", "違います。パスフレーズ: "),
    (
        "This profile has no keys yet. They are made now and kept in {vault}, sealed with a\n\
         passphrase that you choose. Without it nobody can open them, you neither.",
        "このプロファイルにはまだ鍵がありません。これから作り、あなたが決めるパスフレーズで封じて\n\
         {vault} に保管します。パスフレーズがなければ、あなたを含め誰も開けません。",
    ),
    (
        "The keys of this profile move to {vault}, sealed with a passphrase that you\n\
         choose. Without it nobody can open them, you neither.",
        "このプロファイルの鍵を、あなたが決めるパスフレーズで封じて {vault} に移します。\n\
         パスフレーズがなければ、あなたを含め誰も開けません。",
    ),
    (
        "The copy is sealed with a passphrase that you choose. Without it nobody can open the\n\
         copy, you neither.",
        "写しは、あなたが決めるパスフレーズで封じられます。パスフレーズがなければ、\n\
         あなたを含め誰も開けません。",
    ),
    ("new passphrase: ", "新しいパスフレーズ: "),
    (
        "empty, or not the same twice; new passphrase: ",
        "空か、二回の入力が一致しません。新しいパスフレーズ: ",
    ),
    ("the same again: ", "もう一度: "),
    ("in the system's keyring", "システムのキーリング"),
    (
        "in {home}/vault, sealed with a passphrase",
        "{home}/vault（パスフレーズで封じたファイル）",
    ),
    ("in memory", "メモリー"),
    (
        "you are  {npub}\npubkey   {pubkey}\ndevice   {device}\npeer id  {peer}\nkeys     {keys}",
        "あなた    {npub}\n公開鍵    {pubkey}\nデバイス  {device}\nノード ID {peer}\n鍵の場所  {keys}",
    ),
    ("name     {name}\n", "名前      {name}\n"),
    (
        "the name could not be read: {why}",
        "名前を読めませんでした: {why}",
    ),
    ("you are called {name}", "名前は {name} です"),
    (
        "you have no name yet; set one: kukuri identity name NAME",
        "名前はまだありません。決めるには: kukuri identity name 名前",
    ),
    (
        "the joined topics were told",
        "参加しているトピックに知らせました",
    ),
    (
        "no node is running; the next one tells the joined topics",
        "ノードは動いていません。次に動くノードが、参加しているトピックに知らせます",
    ),
    ("Type yes to go on: ", "続けるには yes と入力してください: "),
    (
        "This prints the secret key in the clear. Whoever sees it can post as you for ever, and\n\
         nobody can take that back. Without --nsec it is sealed with a passphrase.",
        "秘密鍵をそのまま表示します。見た人はずっとあなたとして投稿でき、取り消すことはできません。\n\
         --nsec を付けなければ、パスフレーズで封じられます。",
    ),
    ("you are {npub}", "あなたは {npub} です"),
    ("you are {npub} now", "あなたは {npub} になりました"),
    (
        "you are {npub} already; nothing was changed",
        "あなたはすでに {npub} です。何も変更していません",
    ),
    (
        "This profile is {who}.\nAfter the import nobody can post as that one any more, unless \
         there is a copy\n(kukuri identity export).",
        "このプロファイルは {who} です。\n取り込むと、写し（kukuri identity export）がない限り、\n\
         今の鍵では誰も投稿できなくなります。",
    ),
    (
        "secret key (nsec1..., ncryptsec1... or hex): ",
        "秘密鍵（nsec1...、ncryptsec1...、16 進数）: ",
    ),
    ("error: {message}", "エラー: {message}"),
    ("warning: {message}", "警告: {message}"),
    ("do: {hint}", "対処: {hint}"),
    (
        "{left}\nthe keys are in the new store as well, which is used from now on. To remove the \
         copy, run the same command again.",
        "{left}\n鍵は新しい場所にもあり、これからはそちらを使います。\
         残った写しを消すには、同じコマンドをもう一度実行してください。",
    ),
    (
        "keyring.store ({origin}) still says '{store}': remove it, or the next command is refused",
        "keyring.store（{origin}）はまだ '{store}' です。削除しないと、次のコマンドは拒否されます",
    ),
    ("the system's keyring", "システムのキーリング"),
    (
        "{home}/vault, sealed with a passphrase",
        "{home}/vault（パスフレーズで封じたファイル）",
    ),
    ("the keys are in {place} now", "鍵を移しました: {place}"),
    (
        "the keys are in {place} already",
        "鍵はすでにここにあります: {place}",
    ),
    ("what", "内容"),
    ("measured", "実測"),
    ("target", "目標"),
    ("missed", "未達"),
    (
        "R1 found by name alone, slowest node",
        "R1 名前だけで発見（最も遅いノード）",
    ),
    ("nobody", "なし"),
    ("within {n} s", "{n} 秒以内"),
    (
        "R6 post to stored and shown at a peer, p99",
        "R6 投稿が相手で保存・表示されるまで（p99）",
    ),
    ("at most {n} ms", "{n} ミリ秒以下"),
    (
        "R7 propagation among {nodes} nodes, p50",
        "R7 {nodes} ノード間の伝わり（p50）",
    ),
    ("under {n} ms", "{n} ミリ秒未満"),
    ("events stored per node", "ノードごとの保存件数"),
    ("{posts} each", "各 {posts}"),
    ("identical sets", "全ノードの内容が一致"),
    ("yes", "はい"),
    ("no", "いいえ"),
    (
        "{who} was found by {whom} after {after}",
        "{who} は {after} 後に {whom} に発見された",
    ),
    (
        "{who} was told of {whom} by a member after {after}",
        "{who} は {after} 後に参加者から {whom} を知らされた",
    ),
    (
        "{who} found {whom} by DHT in {after}",
        "{who} は DHT で {whom} を {after} で発見",
    ),
    (
        "the databases are kept in {folder}",
        "データベースを残しました: {folder}",
    ),
    (
        "private DHT: {n} nodes on this machine, ready after {time}",
        "専用の DHT: このマシンの {n} ノード、{time} で準備完了",
    ),
    (
        "stopped in {time}, all in {whole}",
        "停止 {time}、全体 {whole}",
    ),
    (
        "{n} nodes join #{topic}, each knows only this name and the DHT",
        "{n} ノードが #{topic} に参加。知っているのはこの名前と DHT だけです",
    ),
    (
        "  {name}  author {author}, endpoint {endpoint}",
        "  {name}  投稿者 {author}、エンドポイント {endpoint}",
    ),
    (
        "each posts {n} messages: {posts} posts, {deliveries} deliveries",
        "それぞれ {n} 件投稿: 投稿 {posts} 件、配信 {deliveries} 件",
    ),
    (
        "waiting for {holder}, which uses this profile for a moment",
        "このプロファイルを使っている {holder} が終わるのを待っています",
    ),
];
