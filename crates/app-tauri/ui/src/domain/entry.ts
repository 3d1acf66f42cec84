// Entries as the window holds them: which of two writes to a key counts, the order of keys, and how
// a key or a value is shown in one line. Pure. Never asks when a write arrived.
import type { AuthorView, EntryView, PostState } from "../ipc/bindings";

/** What Rust takes at most, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 256;
export const VALUE_BYTES_MAX = 65_536;
/** As much of a value as a row keeps: 100,000 of them are in memory. */
const PREVIEW_CHARS = 160;

/** What a table holds of the write that counts of a key. */
export type EntryRow = {
  readonly key: string;
  readonly kind: "text" | "binary" | "deleted";
  /** The beginning of a text. */
  readonly preview: string;
  readonly bytes: number;
  readonly revision: string;
  readonly author: AuthorView;
  readonly clock: EntryView["clock"];
  readonly writtenAt: number;
  readonly expiresAt: number | null;
  readonly state: PostState;
};

export function rowOf(view: EntryView): EntryRow {
  const isDeleted = view.value === undefined && view.value_base64 === undefined;
  return {
    key: view.key,
    kind: isDeleted ? "deleted" : view.value === undefined ? "binary" : "text",
    preview: whole((view.value ?? "").slice(0, PREVIEW_CHARS)),
    bytes: bytesOf(view),
    revision: view.revision,
    author: view.author,
    clock: view.clock,
    writtenAt: Date.parse(view.written_at),
    expiresAt: view.expires_at === null ? null : Date.parse(view.expires_at),
    state: view.state,
  };
}

/** Without half of a character at the end. */
const whole = (text: string) => text.replace(/[\ud800-\udbff]$/, "");

const encoder = new TextEncoder();

/** Bytes of a text in UTF-8. */
export const utf8Length = (text: string): number => encoder.encode(text).length;

/** How many bytes a write holds. */
export function bytesOf({ value, value_base64 }: EntryView): number {
  if (value !== undefined) return utf8Length(value);
  if (value_base64 === undefined) return 0;
  return (value_base64.length / 4) * 3 - (/=*$/.exec(value_base64)?.[0].length ?? 0);
}

/** "640 bytes", "1.2 KiB" */
export function bytesSaid(bytes: number, word: (n: number) => string): string {
  return bytes < 1024 ? word(bytes) : `${(bytes / 1024).toFixed(1)} KiB`;
}

type Rank = { clock: EntryView["clock"]; author: AuthorView; revision: string };

/** By what one write is greater than another. */
export type Difference = "clock" | "counter" | "author" | "revision";

/** Positive if the first write is greater: by clock, counter, author and then revision. */
export function comparedWrites(a: Rank, b: Rank): number {
  switch (differenceOf(a, b)) {
    case "clock":
      return a.clock.ms - b.clock.ms;
    case "counter":
      return a.clock.counter - b.clock.counter;
    case "author":
      return a.author.pubkey < b.author.pubkey ? -1 : 1;
    case "revision":
      return a.revision < b.revision ? -1 : a.revision > b.revision ? 1 : 0;
  }
}

export function differenceOf(a: Rank, b: Rank): Difference {
  if (a.clock.ms !== b.clock.ms) return "clock";
  if (a.clock.counter !== b.clock.counter) return "counter";
  return a.author.pubkey === b.author.pubkey ? "revision" : "author";
}

/** The order of keys in Rust, which is that of their bytes. */
export function comparedKeys(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at += 1) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x === y) continue;
    // Halves of pairs stand for characters that come after all others.
    if (isHalf(x) !== isHalf(y)) return isHalf(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

const isHalf = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;

/** Whether the key holds nothing now: it was deleted, or its value has expired. */
export function isGoneAt({ kind, expiresAt }: EntryRow, now: number): boolean {
  return kind === "deleted" || (expiresAt !== null && expiresAt <= now);
}

/** Controls, marks of direction, and what takes no room. */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc]|[\u{e0000}-\u{e0fff}]/gu;

/** A key in one line. What cannot be seen is shown by its number, so that two keys never look alike
 * by it. */
export function visibleKey(key: string): string {
  return key
    .replace(UNSEEN, (c) => `⟨${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()}⟩`)
    .replace(/^ +| +$/g, (spaces) => "␠".repeat(spaces.length));
}

/** What a key begins with, up to its last stroke, and the rest. */
export function keyParts(key: string): { path: string; name: string } {
  const at = key.slice(0, -1).lastIndexOf("/") + 1;
  return { path: key.slice(0, at), name: key.slice(at) };
}

/** The beginnings, up to a stroke, that most of the keys share, each with how many have it. */
export function beginningsOf(
  rows: readonly EntryRow[],
  prefix: string,
  most: number,
): { beginning: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { key, kind } of rows) {
    const at = key.indexOf("/", prefix.length);
    if (at < 0 || kind === "deleted") continue;
    const beginning = key.slice(0, at + 1);
    counts.set(beginning, (counts.get(beginning) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .sort(([a, n], [b, m]) => m - n || comparedKeys(a, b))
    .slice(0, most)
    .map(([beginning, count]) => ({ beginning, count }));
}
