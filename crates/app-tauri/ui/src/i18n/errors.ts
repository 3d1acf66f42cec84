// What an error's code means, as a heading. The exact words of Rust stay below it.
import type { AppError, Language } from "../ipc/bindings";

type Meaning = { en: string; ja: string };

const MEANINGS: Record<string, Meaning> = {
  usage: { en: "That is not possible like this", ja: "この内容では実行できません" },
  query: { en: "These words cannot be searched for", ja: "この言葉では検索できません" },
  ambiguous: { en: "More than one topic is meant", ja: "複数のトピックに当てはまります" },
  config: { en: "The configuration has a mistake", ja: "設定に誤りがあります" },
  in_use: {
    en: "Another program uses this profile",
    ja: "このプロファイルはほかのプロセスが使っています",
  },
  protocol: {
    en: "The running node is of another version",
    ja: "動いているノードのバージョンが違います",
  },
  port_taken: { en: "The UDP port is taken", ja: "UDP ポートがほかで使われています" },
  network: { en: "The network cannot be used", ja: "ネットワークが使えません" },
  no_node: { en: "No node is running", ja: "動いているノードがありません" },
  vault: { en: "The keys cannot be used", ja: "鍵を使えません" },
  no_keyring: { en: "There is no keyring here", ja: "ここではキーリングが使えません" },
  vault_locked: { en: "The system keyring is locked", ja: "キーリングがロックされています" },
  vault_refused: { en: "The keyring refused", ja: "キーリングが要求を拒否しました" },
  vault_slow: { en: "The keyring does not answer", ja: "キーリングが応答しません" },
  vault_unreachable: { en: "The keyring cannot be reached", ja: "キーリングに接続できません" },
  vault_damaged: { en: "The file with the keys is damaged", ja: "鍵のファイルが壊れています" },
  not_a_key: {
    en: "The keyring holds something that is no key",
    ja: "キーリングの項目が鍵ではありません",
  },
  missing_passphrase: { en: "A passphrase is needed", ja: "パスフレーズが必要です" },
  wrong_passphrase: { en: "The passphrase does not fit", ja: "パスフレーズが違います" },
  keys_missing: {
    en: "The keys of this profile are gone",
    ja: "このプロファイルの鍵が見つかりません",
  },
  profile_damaged: {
    en: "A file of the profile is damaged",
    ja: "プロファイルのファイルが壊れています",
  },
  signing: { en: "The post could not be signed", ja: "投稿に署名できません" },
  database: {
    en: "The database or the disk failed",
    ja: "データベースかディスクで問題が起きました",
  },
  disk_full: { en: "The disk is full", ja: "ディスクに空きがありません" },
  read_only: { en: "The folder cannot be written", ja: "ファイルかフォルダーに書き込めません" },
  corrupt: { en: "The database is damaged", ja: "データベースが壊れています" },
  newer_schema: {
    en: "A newer version made the database",
    ja: "データベースは新しいバージョンで作られています",
  },
  not_joined: { en: "You are not in this topic", ja: "このトピックには参加していません" },
  no_event: { en: "That post is not here", ja: "その投稿はここにありません" },
  no_entry: { en: "The key holds nothing here", ja: "このキーにはここに値がありません" },
  conflict: { en: "The key was written meanwhile", ja: "その間にこのキーが書き換えられました" },
  not_yours: { en: "Only its author may do that", ja: "書いた本人だけができます" },
  not_found: { en: "Not found", ja: "見つかりません" },
  no_identity: { en: "This profile has no keys yet", ja: "このプロファイルにはまだ鍵がありません" },
  empty: { en: "The post is empty", ja: "本文が空です" },
  too_long: { en: "The post is too long", ja: "投稿が長すぎます" },
  refused: { en: "The rules of the topic do not allow it", ja: "許可されていません" },
  busy: { en: "The node has too many visitors", ja: "ノードへの接続が多すぎます" },
  closed: { en: "The node has stopped", ja: "ノードが止まりました" },
  request: {
    en: "The node did not understand the request",
    ja: "ノードへの要求が正しくありません",
  },
  unexpected: { en: "kukuri met a problem it does not know", ja: "予期しない問題が起きました" },
};

/** What the error means, in the language of the window. */
export function meaningOf(error: AppError, language: Language): string {
  const meaning = MEANINGS[error.code] ?? MEANINGS["unexpected"];
  return meaning === undefined ? error.message : meaning[language];
}

/** What "Copy details" copies. */
export function detailsOf(error: AppError): string {
  return [`code: ${error.code}`, `message: ${error.message}`, `hint: ${error.hint ?? "-"}`].join(
    "\n",
  );
}
