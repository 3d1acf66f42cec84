// The part of a topic's posts that is kept in memory: a run without gaps, oldest first. Pure. It
// never grows beyond its bound; what is cut off at either end is read again when it is wanted.
import type { PostState, PostView } from "../ipc/bindings";
import { compared } from "./post";

/** Posts kept in memory for one topic, at most. */
export const WINDOW_MAX = 2000;
/** Posts read at once. */
export const PAGE = 200;

export type Window = {
  readonly posts: readonly PostView[];
  /** Whether the store holds posts before the first one here. */
  readonly hasOlder: boolean;
  /**
   * The runs that were cut off below, nearest last, each by the id of its first post. Empty while
   * the window reaches the newest post.
   */
  readonly below: readonly string[];
};

export const EMPTY: Window = { posts: [], hasOlder: true, below: [] };

export const reachesNewest = (window: Window): boolean => window.below.length === 0;

/** Two runs as one: in order, each post once; of two copies the later one holds. */
function merged(old: readonly PostView[], added: readonly PostView[]): PostView[] {
  const byId = new Map<string, PostView>();
  for (const post of old) byId.set(post.event.id, post);
  for (const post of added) byId.set(post.event.id, post);
  return [...byId.values()].sort(compared);
}

/** The newest page alone. `page` is newest first, as it is read. */
export function withNewest(page: readonly PostView[], limit: number): Window {
  return { posts: merged([], page), hasOlder: page.length >= limit, below: [] };
}

/** The page before the first post was read; cuts off below what is too much. */
export function withOlder(window: Window, page: readonly PostView[], limit: number): Window {
  const posts = merged(window.posts, page);
  return cutBelow({ ...window, posts, hasOlder: page.length >= limit });
}

/** The nearest run below was read again; cuts off above what is too much. */
export function withNewer(window: Window, page: readonly PostView[]): Window {
  const posts = merged(window.posts, page);
  return cutAbove({ ...window, posts, below: window.below.slice(0, -1) });
}

/** Before which post the nearest run below is read; null for the newest. */
export function newerBefore(window: Window): string | null {
  return window.below.at(-2) ?? null;
}

/** Whether the newest posts that were read join the window, so that no gap would be left. */
export function joins(window: Window, page: readonly PostView[]): boolean {
  const last = window.posts.at(-1);
  const next = window.below.at(-1);
  return (
    last === undefined || page.some((post) => post.event.id === next || compared(post, last) <= 0)
  );
}

/** The window no longer reaches the newest post: something between was not told. */
export function withGapBelow(window: Window): Window {
  return { ...window, below: ["", ...window.below] };
}

export type Arrived = { window: Window; newBelow: number };

/**
 * Posts came in. While the reader follows the newest, the oldest give way; while he reads further
 * up, nothing moves: what does not fit is left below. `newBelow` counts those after the last post.
 */
export function withArrived(
  window: Window,
  arrived: readonly PostView[],
  isFollowing: boolean,
): Arrived {
  const first = window.posts[0];
  const last = window.posts.at(-1);
  const known = new Set(window.posts.map((post) => post.event.id));
  const fresh: PostView[] = [];
  let newBelow = 0;
  for (const post of arrived) {
    if (known.has(post.event.id)) continue;
    const isOlder = first !== undefined && compared(post, first) < 0;
    if (isOlder && window.hasOlder) continue;
    const isNewer = last === undefined || compared(post, last) > 0;
    if (isNewer) newBelow += 1;
    if (isNewer && !reachesNewest(window)) continue;
    known.add(post.event.id);
    fresh.push(post);
  }
  if (fresh.length === 0) return { window, newBelow };
  const posts = merged(window.posts, fresh);
  const next = { ...window, posts };
  return { window: isFollowing ? cutAbove(next) : cutBelow(next), newBelow };
}

function cutAbove(window: Window): Window {
  const excess = window.posts.length - WINDOW_MAX;
  return excess <= 0 ? window : { ...window, posts: window.posts.slice(excess), hasOlder: true };
}

function cutBelow(window: Window): Window {
  let { posts, below } = window;
  while (posts.length > WINDOW_MAX) {
    const keep = Math.max(WINDOW_MAX - PAGE, posts.length - PAGE);
    const firstCut = posts[keep];
    if (firstCut === undefined) break;
    below = [...below, firstCut.event.id];
    posts = posts.slice(0, keep);
  }
  return { ...window, posts, below };
}

/** Newer copies of posts that are held; others are left out. */
export function withCopies(window: Window, copies: readonly PostView[]): Window {
  const byId = new Map(copies.map((post) => [post.event.id, post]));
  if (!window.posts.some((post) => byId.has(post.event.id))) return window;
  return { ...window, posts: window.posts.map((post) => byId.get(post.event.id) ?? post) };
}

/** Newer states of own posts that are held. */
export function withStates(window: Window, states: ReadonlyMap<string, PostState>): Window {
  if (!window.posts.some((post) => states.has(post.event.id))) return window;
  const posts = window.posts.map((post) => {
    const state = states.get(post.event.id);
    return state === undefined ? post : { ...post, state };
  });
  return { ...window, posts };
}

/** An author is called something else now. */
export function withNames(window: Window, names: ReadonlyMap<string, PostView["author"]>): Window {
  if (!window.posts.some((post) => names.has(post.event.pubkey))) return window;
  const posts = window.posts.map((post) => {
    const author = names.get(post.event.pubkey);
    return author === undefined ? post : { ...post, author };
  });
  return { ...window, posts };
}
