// The timelines of the topics that were opened last: what is held in memory, what is being read,
// and where the reader stands. Applies each batch of news in one update. Never holds more than
// TIMELINES_MAX windows, each bounded.
import { create } from "zustand";
import { compared, writtenAt } from "../domain/post";
import * as windows from "../domain/window";
import { PAGE, type Window } from "../domain/window";
import * as ipc from "../ipc";
import type { AppError, PostView } from "../ipc/bindings";
import type { TopicNews } from "./news-parts";
import { listening } from "./told";
import { seenOf } from "./seen";

/** Windows kept, so that going back to a topic is immediate. */
const TIMELINES_MAX = 3;
/** Pages read at most to reach the first unread post, or to close a gap. */
const PAGES_MAX = 5;

export type Divider = { before: string; count: number; since: number };

export type Timeline = {
  window: Window;
  isLoaded: boolean;
  loading: "newest" | "older" | "newer" | null;
  error: AppError | null;
  /** The reader is at the end and wants to stay there. */
  isFollowing: boolean;
  /** What came while the reader was further up. */
  unseen: number;
  divider: Divider | null;
  /** The post at the top of the screen when the timeline was last left. */
  place: { id: string; offset: number } | null;
  /** Somebody asked for the newest while they were being read. */
  wantsNewest: boolean;
};

const NEW: Timeline = {
  window: windows.EMPTY,
  isLoaded: false,
  loading: null,
  error: null,
  isFollowing: true,
  unseen: 0,
  divider: null,
  place: null,
  wantsNewest: false,
};

type TimelineStore = {
  timelines: Readonly<Record<string, Timeline>>;
  /** Topics by when they were opened, the latest last. */
  opened: readonly string[];
  open: (topic: string, unread: number, own: string | null) => Promise<void>;
  older: (topic: string) => Promise<void>;
  newer: (topic: string) => Promise<void>;
  toNewest: (topic: string) => Promise<void>;
  reload: (topic: string) => Promise<boolean>;
  follow: (topic: string, isFollowing: boolean) => void;
  leavePlace: (topic: string, place: Timeline["place"]) => void;
  clearDivider: (topic: string) => void;
  apply: (news: ReadonlyMap<string, TopicNews>) => void;
  copies: (topic: string, posts: readonly PostView[]) => void;
  forget: (topic: string) => void;
};

export const useTimeline = create<TimelineStore>((set, get) => {
  const of = (topic: string) => get().timelines[topic] ?? NEW;
  const put = (topic: string, change: Partial<Timeline>) => {
    const { timelines } = get();
    if (timelines[topic] === undefined) return;
    set({ timelines: { ...timelines, [topic]: { ...of(topic), ...change } } });
  };
  const page = async (topic: string, before: string | null) => {
    const query = { topic, limit: PAGE, before, author: null, roots: true };
    return (await ipc.readPosts(query)).posts;
  };
  const failed = (topic: string, thrown: unknown) => {
    put(topic, { loading: null, error: ipc.errorOf(thrown) });
  };
  const reading = listening();
  /** The newest page, and older ones until `isEnough`; with what is told while they are read. */
  const newest = async (topic: string, isEnough: (posts: PostView[]) => boolean) => {
    const [window, told] = await reading.during(topic, async () => {
      const posts = await page(topic, null);
      let last = posts.length;
      for (let pages = 1; pages < PAGES_MAX && last >= PAGE && !isEnough(posts); pages += 1) {
        const older = await page(topic, posts.at(-1)?.event.id ?? null);
        posts.push(...older);
        last = older.length;
      }
      return windows.withNewest(posts, last >= PAGE ? posts.length : posts.length + 1);
    });
    return told.reduce(applied, { ...NEW, window, isLoaded: true }).window;
  };

  return {
    timelines: {},
    opened: [],
    open: async (topic, unread, own) => {
      const known = get().timelines[topic];
      const opened = [...get().opened.filter((name) => name !== topic), topic].slice(
        -TIMELINES_MAX,
      );
      const timelines = Object.fromEntries(
        Object.entries(get().timelines).filter(([name]) => opened.includes(name)),
      );
      timelines[topic] = known ?? NEW;
      set({ opened, timelines });
      if (known?.isLoaded === true && unread === 0) {
        put(topic, { divider: null });
        return;
      }
      put(topic, { loading: "newest", wantsNewest: false, error: null });
      try {
        const window = await newest(topic, (posts) => posts.length > unread);
        const divider = unread > 0 ? dividerIn(window.posts, topic, unread, own) : null;
        put(topic, {
          window,
          divider,
          isLoaded: true,
          loading: null,
          unseen: 0,
          place: null,
          isFollowing: divider === null || of(topic).wantsNewest,
        });
      } catch (thrown) {
        failed(topic, thrown);
      }
    },
    older: async (topic) => {
      const { window, loading } = of(topic);
      const first = window.posts[0];
      if (loading !== null || !window.hasOlder || first === undefined) return;
      put(topic, { loading: "older" });
      try {
        const read = await page(topic, first.event.id);
        put(topic, { window: windows.withOlder(of(topic).window, read, PAGE), loading: null });
      } catch (thrown) {
        failed(topic, thrown);
      }
    },
    newer: async (topic) => {
      const { window, loading } = of(topic);
      if (loading !== null || windows.reachesNewest(window)) return;
      put(topic, { loading: "newer" });
      try {
        const before = windows.newerBefore(window);
        if (before !== null) {
          const read = await page(topic, before);
          put(topic, { window: windows.withNewer(of(topic).window, read), loading: null });
          return;
        }
        const read = await newest(topic, (posts) => windows.joins(of(topic).window, posts));
        const held = of(topic).window;
        const isJoined = windows.joins(held, read.posts);
        put(topic, {
          window: isJoined ? windows.withNewer(held, read.posts) : read,
          loading: null,
        });
      } catch (thrown) {
        failed(topic, thrown);
      }
    },
    toNewest: async (topic) => {
      if (of(topic).loading === "newest") {
        put(topic, { wantsNewest: true });
        return;
      }
      if (windows.reachesNewest(of(topic).window)) {
        put(topic, { isFollowing: true, unseen: 0 });
        return;
      }
      put(topic, { loading: "newest" });
      try {
        const window = await newest(topic, () => true);
        put(topic, { window, loading: null, isFollowing: true, unseen: 0 });
      } catch (thrown) {
        failed(topic, thrown);
      }
    },
    reload: async (topic) => {
      const { isFollowing, window } = of(topic);
      if (!isFollowing) {
        const ids = window.posts.slice(-PAGE).map((post) => post.event.id);
        put(topic, { window: windows.withGapBelow(window) });
        try {
          get().copies(topic, await ipc.readSome(topic, ids));
        } catch (thrown) {
          failed(topic, thrown);
        }
        return false;
      }
      try {
        put(topic, { window: await newest(topic, () => true), error: null });
      } catch (thrown) {
        failed(topic, thrown);
      }
      return true;
    },
    follow: (topic, isFollowing) => {
      if (of(topic).isFollowing === isFollowing) return;
      put(topic, isFollowing ? { isFollowing, unseen: 0 } : { isFollowing });
    },
    leavePlace: (topic, place) => {
      put(topic, { place });
    },
    clearDivider: (topic) => {
      if (of(topic).divider !== null) put(topic, { divider: null });
    },
    apply: (news) => {
      reading.note(news);
      const { timelines } = get();
      let changed: Record<string, Timeline> | null = null;
      for (const [topic, part] of news) {
        const timeline = timelines[topic];
        if (timeline === undefined) continue;
        const next = applied(timeline, part);
        if (next !== timeline) changed = { ...(changed ?? timelines), [topic]: next };
      }
      if (changed !== null) set({ timelines: changed });
    },
    copies: (topic, posts) => {
      const { window } = of(topic);
      const next = windows.withCopies(window, posts);
      if (next !== window) put(topic, { window: next });
    },
    forget: (topic) => {
      const { [topic]: _gone, ...timelines } = get().timelines;
      set({ timelines, opened: get().opened.filter((name) => name !== topic) });
    },
  };
});

function applied(timeline: Timeline, news: TopicNews): Timeline {
  let { window, unseen } = timeline;
  if (news.posts.length > 0 && timeline.isLoaded) {
    const roots = news.posts.filter((post) => post.reply === null);
    const arrived = windows.withArrived(window, roots, timeline.isFollowing);
    window = arrived.window;
    if (!timeline.isFollowing) unseen += arrived.newBelow;
  }
  if (news.states.size > 0) window = windows.withStates(window, news.states);
  if (news.authors.size > 0) window = windows.withNames(window, news.authors);
  if (window === timeline.window && unseen === timeline.unseen) return timeline;
  return { ...timeline, window, unseen };
}

/** Where the first unread post is: after what was last seen here, otherwise counted from below. */
function dividerIn(
  posts: readonly PostView[],
  topic: string,
  unread: number,
  own: string | null,
): Divider | null {
  const others = posts.filter((post) => post.event.pubkey !== own);
  const seen = seenOf(topic);
  const fresh = seen === null ? [] : others.filter((post) => isAfter(post, seen));
  const news = fresh.length > 0 ? fresh : others.slice(-unread);
  const first = news[0];
  if (first === undefined) return null;
  const above = posts.findLast((post) => compared(post, first) < 0);
  const since = seen?.at ?? writtenAt(above ?? first);
  return { before: first.event.id, count: news.length, since };
}

function isAfter(post: PostView, seen: { writtenAt: number; id: string }): boolean {
  const at = writtenAt(post);
  return at > seen.writtenAt || (at === seen.writtenAt && post.event.id > seen.id);
}
