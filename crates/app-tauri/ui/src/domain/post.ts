// Facts about posts that follow from their events. Pure.
import type { AuthorView, PostView, SignedEvent } from "../ipc/bindings";
import { isMentioned } from "./segments";

/** What was found out about an event is kept as long as the event: sorting asks for it often. */
function remembered<T>(findOut: (event: SignedEvent) => T): (post: PostView) => T {
  const known = new WeakMap<SignedEvent, T>();
  return ({ event }) => {
    let fact = known.get(event);
    if (fact === undefined) {
      fact = findOut(event);
      known.set(event, fact);
    }
    return fact;
  };
}

/** When it was written, in milliseconds: `created_at` refined by the first well-formed `ms` tag. */
export const writtenAt = remembered(({ tags, created_at }) => {
  const tag = tags.find((t) => t[0] === "ms" && /^(0|[1-9]\d{0,2})$/.test(t[1] ?? ""));
  return created_at * 1000 + Number(tag?.[1] ?? 0);
});

/** The order of a timeline: by time, then by id. */
export function compared(a: PostView, b: PostView): number {
  const byTime = writtenAt(a) - writtenAt(b);
  if (byTime !== 0) return byTime;
  return a.event.id < b.event.id ? -1 : a.event.id > b.event.id ? 1 : 0;
}

const GROUP_MS = 5 * 60_000;

/** Whether a post continues the one above it: same author, within 5 minutes. */
export function continues(post: PostView, above: PostView | undefined): boolean {
  if (above === undefined || above.event.pubkey !== post.event.pubkey) return false;
  if (above.deleted_at !== null || above.replies.count > 0) return false;
  return writtenAt(post) - writtenAt(above) < GROUP_MS;
}

const DAY_MS = 86_400_000;

/** Whether a deleted post has been shown as such for long enough. */
export function isGone(post: PostView, now: number): boolean {
  if (post.deleted_at === null || post.replies.count > 0) return false;
  return now - Date.parse(post.deleted_at) > DAY_MS;
}

const FOLDED_LINES = 12;
const LINE_CELLS = 84;

/** Whether a text takes so many lines that it is shown folded at first. */
export function isLong(text: string): boolean {
  if (text.length < FOLDED_LINES * 20 && !text.includes("\n")) return false;
  let lines = 0;
  for (const line of text.split("\n")) {
    lines += Math.max(1, Math.ceil(cells(line) / LINE_CELLS));
    if (lines > FOLDED_LINES) return true;
  }
  return false;
}

/** How wide a line is: a Chinese or Japanese character takes two cells. */
function cells(line: string): number {
  let wide = 0;
  const upTo = Math.min(line.length, FOLDED_LINES * LINE_CELLS);
  for (let at = 0; at < upTo; at += 1) wide += line.charCodeAt(at) >= 0x2e80 ? 2 : 1;
  return wide;
}

/** How many lines of a post are shown, about; at most one more than when it is folded. */
const linesOf = remembered(({ content }) => {
  let lines = 0;
  for (const line of content.slice(0, 2000).split("\n")) {
    lines += Math.max(1, Math.ceil(cells(line) / LINE_CELLS));
  }
  return Math.min(lines, FOLDED_LINES + 1);
});

/** How high the row of a post will be, before it is measured. */
export function estimatedHeight(post: PostView, isContinued: boolean): number {
  const text = linesOf(post) * 24;
  const extras = (post.reactions.length > 0 ? 32 : 0) + (post.replies.count > 0 ? 32 : 0);
  return text + extras + (isContinued ? 6 : 33);
}

/** Whether a post of somebody else speaks to this person: by name, or as an answer to them. */
export function isMeantFor(post: PostView, own: AuthorView): boolean {
  if (post.event.pubkey === own.pubkey || post.deleted_at !== null) return false;
  const isAddressed = post.event.tags.some(([name, key]) => name === "p" && key === own.pubkey);
  return isAddressed || isMentioned(post.event.content, own.name);
}
