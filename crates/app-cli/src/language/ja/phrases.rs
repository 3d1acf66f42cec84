//! English that is made in other places, or kept as data, and is said in Japanese when a person
//! reads it: states, results of discovery, what `kukuri doctor` finds.

pub const PHRASES: &[(&str, &str)] = &[
    // States of a topic.
    ("starting", "起動中"),
    ("listening", "待ち受け中"),
    ("discovering", "探索中"),
    ("connecting", "接続中"),
    ("joined", "参加中"),
    ("syncing", "同期中"),
    ("alone", "ひとり"),
    // Paths.
    ("direct", "直接"),
    ("relay", "リレー"),
    ("lan", "LAN"),
    ("none", "なし"),
    // Where keys are.
    ("os", "キーリング"),
    ("file", "ファイル"),
    ("memory", "メモリー"),
    // What came of an attempt.
    ("running", "実行中"),
    ("found", "発見"),
    ("nothing", "なし"),
    ("failed", "失敗"),
    ("timed out", "時間切れ"),
    ("published", "公開済み"),
    ("skipped", "見送り"),
    // Where a source of discovery stands.
    ("off", "オフ"),
    ("none configured", "設定なし"),
    ("switched off by the configuration", "設定で無効"),
    ("waits", "待機中"),
    ("not needed", "不要"),
    ("asking", "問い合わせ中"),
    ("not tried yet", "未実施"),
    ("no answer in time", "時間内に応答なし"),
    ("none remembered", "記録なし"),
    ("no one on this network", "このネットワークには誰もいない"),
    ("the ticket names nobody", "チケットに相手がない"),
    (
        "nobody has published a record",
        "レコードを公開した人がいない",
    ),
    ("{n} found", "{n} 件発見"),
    ("found at {n} s", "{n} 秒で発見"),
    ("asking since {n} s", "{n} 秒から問い合わせ中"),
    ("tried at {n} s", "{n} 秒に確認"),
    ("reached {peers}", "{peers} に到達"),
    ("not reachable: {why}", "到達不可: {why}"),
    ("failed: {why}", "失敗: {why}"),
    (
        "own record published at {n} s",
        "自分のレコードを {n} 秒に公開",
    ),
    ("read back at {n} s", "{n} 秒に読み戻し"),
    // Where a configuration key was set.
    ("environment variable {name}", "環境変数 {name}"),
    // The checks of `kukuri doctor`.
    ("node", "ノード"),
    ("database", "データベース"),
    ("keyring", "キーリング"),
    ("clock", "時計"),
    ("DHT", "DHT"),
    ("LAN", "LAN"),
    ("UDP", "UDP"),
    ("runs, version {version}", "動作中、バージョン {version}"),
    (
        "none is running for this profile",
        "このプロファイルのノードは動いていない",
    ),
    ("there is none yet", "まだない"),
    (
        "{size}, looked through without finding damage; #{topic} takes {stored} of at most {most}",
        "{size}、全体を調べて破損なし、#{topic} は {stored}（上限 {most}）",
    ),
    (
        "{size}, looked through without finding damage",
        "{size}、調べて破損なし",
    ),
    (
        "{size}, opens; looking through all of it takes more than {n} s",
        "{size}、開ける。全体を調べるには {n} 秒以上かかる",
    ),
    (
        "the system's keyring, self-test {n} ms",
        "システムのキーリング、自己テスト {n} ms",
    ),
    (
        "a file sealed with a passphrase, readable",
        "パスフレーズで封じたファイル、読み取り可",
    ),
    (
        "the sealed file is made at the first start",
        "封じたファイルは最初の起動時に作られる",
    ),
    (
        "needs a running node with members: kukuri up",
        "参加者とつながったノードが必要: kukuri up",
    ),
    (
        "{n} nodes in the table of the running node",
        "動作中のノードの表に {n} ノード",
    ),
    (
        "answers, {n} nodes in the table",
        "応答あり、表に {n} ノード",
    ),
    (
        "no answer from any of {asked} bootstrap nodes in {n} s{why}",
        "{asked} 個のブートストラップノードのどれからも {n} 秒以内に応答なし{why}",
    ),
    ("multicast works", "マルチキャストが使える"),
    (
        "multicast does not work: {error}",
        "マルチキャストが使えない: {error}",
    ),
    (
        "packets go to the internet and come back",
        "インターネットとの間でパケットが往復する",
    ),
    (
        "packets go to the configured DHT nodes and come back",
        "設定した DHT ノードとの間でパケットが往復する",
    ),
    (
        "only the configured DHT nodes are asked, and none answers",
        "設定した DHT ノードだけに問い合わせ、どれも応答しない",
    ),
    (
        "nothing on the internet is asked",
        "インターネットには何も問い合わせない",
    ),
    ("blocked; TCP works", "遮断されている。TCP は使える"),
    (
        "nothing on the internet answers, TCP neither: {error}",
        "インターネットから応答なし、TCP も不可: {error}",
    ),
    (
        "no member has told its time yet",
        "まだ誰からも時刻を聞いていない",
    ),
    ("{skew} s from 1 member", "参加者 1 人との差 {skew} 秒"),
    ("{skew} s from {n} members", "参加者 {n} 人との差 {skew} 秒"),
    // What follows from the checks.
    ("the database cannot be used", "データベースが使えません"),
    (
        "put a backup of kukuri.db in its place, or move it away: members send back what they hold",
        "kukuri.db をバックアップから戻すか、別の場所に移してください。参加者が持っている投稿は送り直されます",
    ),
    (
        "the keys cannot be read, and without them no node starts",
        "鍵が読めません。鍵がないとノードは起動しません",
    ),
    (
        "unlock the keyring or start its service; or keep the keys in a passphrase file: kukuri identity move --to file",
        "キーリングのロックを解除するか、サービスを起動してください。パスフレーズで封じたファイルに移すこともできます: kukuri identity move --to file",
    ),
    (
        "the running node does not answer",
        "動作中のノードが応答しません",
    ),
    (
        "stop that process and start it again: kukuri up",
        "そのプロセスを止めて、起動し直してください: kukuri up",
    ),
    (
        "this machine's clock is wrong, and others refuse its posts",
        "このマシンの時計がずれていて、投稿がほかの参加者に拒否されます",
    ),
    (
        "set the clock, best by switching on network time",
        "時計を合わせてください。ネットワーク時刻を有効にするのが確実です",
    ),
    (
        "UDP to the internet is blocked by this network (TCP works)",
        "このネットワークはインターネットへの UDP を遮断しています（TCP は使えます）",
    ),
    (
        "allow outgoing UDP, or set network.relays to a relay that is reachable by HTTPS",
        "外向きの UDP を許可するか、HTTPS で届くリレーを network.relays に設定してください",
    ),
    (
        "this machine has no way to the internet",
        "このマシンからインターネットに届きません",
    ),
    (
        "check the network; on a LAN without internet set network.mode to lan",
        "ネットワークを確認してください。インターネットのない LAN では network.mode を lan にします",
    ),
    ("the DHT cannot be reached", "DHT に届きません"),
    (
        "set discovery.dht.bootstrap to nodes that answer, or name peers in network.peers",
        "discovery.dht.bootstrap に応答するノードを設定するか、network.peers に相手を書いてください",
    ),
    (
        "members on the same LAN are not found by multicast",
        "同じ LAN の参加者をマルチキャストで見つけられません",
    ),
    (
        "connect to a network, or allow multicast on this one (guest networks often forbid it)",
        "ネットワークに接続するか、マルチキャストを許可してください（来客用のネットワークでは禁止されていることがよくあります）",
    ),
    ("somebody already", "すでに別の人のもの"),
];
