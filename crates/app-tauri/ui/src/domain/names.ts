// How people and keys are named on screen. Pure. Foreign names are made harmless here: no control
// characters, no characters that turn the direction of the text around them, no towers of marks.
import type { AuthorView } from "../ipc/bindings";

/** Controls, and the marks and overrides of direction. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const MARKS = /(\p{M}{2})\p{M}+/gu;
const NAME_CHARS_MAX = 64;

/** A foreign name that can stand in a line; empty if nothing of it can be shown. */
export function cleanName(name: string): string {
  const clean = name.replace(UNSAFE, "").replace(MARKS, "$1").replace(/\s+/gu, " ").trim();
  return [...clean].slice(0, NAME_CHARS_MAX).join("");
}

/** "npub1m0…e8wd" */
export function shortNpub(npub: string): string {
  return npub.length <= 12 ? npub : `${npub.slice(0, 7)}…${npub.slice(-4)}`;
}

/** The first eight digits of a device's or an event's id. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** What to call an author: the name, or the short key. */
export function nameOf(author: AuthorView): string {
  const name = author.name === null ? "" : cleanName(author.name);
  return name === "" ? shortNpub(author.npub) : name;
}

/** A name inside a sentence, so that its direction does not spill over. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

/** Text of a post: line breaks stay, other controls become visible signs. */
export function cleanText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (c) =>
      String.fromCharCode(c === "\u007f" ? 0x2421 : 0x2400 + c.charCodeAt(0)),
    );
}
