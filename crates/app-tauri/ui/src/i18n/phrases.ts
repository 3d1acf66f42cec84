// English that Rust makes (states of discovery, what a check found, advice), in Japanese; and in
// shorter English where there is little room. What is not known stays as it is, so that it can be
// found in the log and the documentation.
import type { Language } from "../ipc/bindings";

/** English with places in braces, and its Japanese with the same places. */
const PHRASES: readonly (readonly [string, string])[] = [
  ["no answer in time", "時間内に応答なし"],
  ["is not in this topic", "このトピックにいません"],
  ["rate limit reached", "公開の回数の上限に達しました"],
  ["own record published", "自分の記録を公開しました"],
  ["own record: {why}", "自分の記録：{why}"],
  ["not needed", "不要"],
  ["none configured", "設定なし"],
  ["switched off by the configuration", "設定で無効"],
  ["not reachable: {why}", "届きません：{why}"],
  ["failed: {why}", "失敗：{why}"],
  ["runs, version {version}", "動作中、バージョン {version}"],
  ["there is none yet", "まだありません"],
  ["none is running for this profile", "このプロファイルのノードは動いていません"],
  ["{size}, looked through without finding damage", "{size}、破損なし"],
  [
    "{size}, opens; looking through all of it takes more than {n} s",
    "{size}、開けます。全体を調べるには {n} 秒以上かかります",
  ],
  ["the system's keyring, self-test {n} ms", "システムのキーリング、自己テスト {n} ms"],
  ["a file sealed with a passphrase, readable", "パスフレーズで封じたファイル、読み取り可"],
  ["needs a running node with members: kukuri up", "つながったメンバーが必要です"],
  ["{n} nodes in the table of the running node", "{n} ノードを把握"],
  ["answers, {n} nodes in the table", "応答あり、{n} ノードを把握"],
  ["multicast works", "マルチキャストが使えます"],
  ["multicast does not work: {error}", "マルチキャストが使えません：{error}"],
  ["packets go to the internet and come back", "パケットが往復しています"],
  ["nothing on the internet is asked", "インターネットには問い合わせません"],
  ["blocked; TCP works", "遮断されています。TCP は使えます"],
  ["no member has told its time yet", "まだ誰からも時刻を聞いていません"],
  ["{skew} s from 1 member", "1 人との差 {skew} 秒"],
  ["{skew} s from {n} members", "{n} 人との差 {skew} 秒"],
  ["the database cannot be used", "データベースが使えません"],
  [
    "the keys cannot be read, and without them no node starts",
    "鍵が読めません。鍵がないとノードは起動しません",
  ],
  ["the running node does not answer", "動作中のノードが応答しません"],
  [
    "this machine's clock is wrong, and others refuse its posts",
    "この端末の時計がずれています。ほかの人はあなたの書き込みを受け取りません",
  ],
  [
    "set the clock, best by switching on network time",
    "時計を合わせてください。ネットワーク時刻を有効にするのが確実です",
  ],
  [
    "UDP to the internet is blocked by this network (TCP works)",
    "このネットワークはインターネットへの UDP を遮断しています（TCP は使えます）",
  ],
  [
    "allow outgoing UDP, or set network.relays to a relay that is reachable by HTTPS",
    "外向きの UDP を許可するか、HTTPS で届くリレーを network.relays に設定してください",
  ],
  ["this machine has no way to the internet", "この端末からインターネットに届きません"],
  [
    "check the network; on a LAN without internet set network.mode to lan",
    "ネットワークを確認してください。インターネットのない LAN では「LAN のみ」にします",
  ],
  ["the DHT cannot be reached", "DHT に届きません"],
  [
    "members on the same LAN are not found by multicast",
    "同じ LAN の人をマルチキャストで見つけられません",
  ],
  [
    "connect to a network, or allow multicast on this one (guest networks often forbid it)",
    "ネットワークに接続するか、マルチキャストを許可してください（ゲスト用のネットワークでは禁止されていることがよくあります）",
  ],
  [
    "make room on this disk; nothing was half written",
    "ディスクに空きを作ってください。書きかけのものは残っていません",
  ],
  [
    "unlock the keyring in the window of your system, then try again",
    "システムの画面でキーリングのロックを解除してから、もう一度試してください",
  ],
];

/** What the checks find, for the narrow column of the panel: in English and in Japanese. */
const SHORT: readonly (readonly [string, string, string])[] = [
  ["packets go to the internet and come back", "works", "往復できます"],
  ["multicast works", "works", "使えます"],
  ["{n} nodes in the table of the running node", "{n} nodes known", "{n} ノードを把握"],
  ["answers, {n} nodes in the table", "{n} nodes known", "{n} ノードを把握"],
  ["the system's keyring, self-test {n} ms", "answers in {n} ms", "{n} ms で応答"],
  ["a file sealed with a passphrase, readable", "sealed file, readable", "ファイル、読み出し可"],
  ["{size}, looked through without finding damage", "{size}, sound", "{size}、破損なし"],
  ["{skew} s from 1 member", "{skew} s off", "差 {skew} 秒"],
  ["{skew} s from {n} members", "{skew} s off", "差 {skew} 秒"],
  ["no member has told its time yet", "not compared yet", "まだ比べていません"],
  ["runs, version {version}", "version {version}", "バージョン {version}"],
];

type Rule = { pattern: RegExp; said: string };

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const rulesOf = (phrases: readonly (readonly [string, string])[]): Rule[] =>
  phrases.map(([english, said]) => ({
    pattern: new RegExp(
      `^${english
        .split(/(\{\w+\})/)
        .map((part) => (/^\{\w+\}$/.test(part) ? `(?<${part.slice(1, -1)}>.+?)` : escaped(part)))
        .join("")}$`,
      "u",
    ),
    said,
  }));

const JAPANESE = rulesOf(PHRASES);
const BRIEF: Record<Language, Rule[]> = {
  en: rulesOf(SHORT.map(([rust, english]) => [rust, english])),
  ja: rulesOf(SHORT.map(([rust, , japanese]) => [rust, japanese])),
};

/** A text of Rust in the language of the window. */
export function said(text: string, language: Language): string {
  if (language === "en") return text;
  return text
    .split("; ")
    .map((part) => filled(part, JAPANESE))
    .join("；");
}

/** The same as a sentence of its own. */
export function sentenceOf(text: string, language: Language): string {
  const told = said(text, language);
  if (told === "" || /[.!?。]$/u.test(told)) return told;
  if (language === "ja") return `${told}。`;
  return `${told.charAt(0).toUpperCase()}${told.slice(1)}.`;
}

/** The same where there is little room. */
export function saidBriefly(text: string, language: Language): string {
  const brief = filled(text, BRIEF[language]);
  return brief === text ? said(text, language) : brief;
}

function filled(text: string, rules: readonly Rule[]): string {
  for (const rule of rules) {
    const match = rule.pattern.exec(text);
    if (match === null) continue;
    return rule.said.replace(/\{(\w+)\}/g, (_, place: string) =>
      filled(match.groups?.[place] ?? "", rules),
    );
  }
  return text;
}
