// Hands what Rust tells to the stores: one update per store and batch. Collects posts that changed
// and reads them together; reads again what is shown when something was left out.
import * as ipc from "../ipc";
import type { AuthorView, NewsBatch, PostView, TopicView } from "../ipc/bindings";
import { useEntries } from "./entries";
import { useEntry } from "./entry";
import { useMembers } from "./members";
import { partsOf, type NewsParts, type TopicNews } from "./news-parts";
import { useThread } from "./thread";
import { useTimeline } from "./timeline";
import { useToasts } from "./toasts";
import { useTopics } from "./topics";
import { useView } from "./view";

/** How long changed posts are collected before they are read. */
const COLLECT_MS = 100;

let stop: (() => void) | null = null;
let onAuthor: (author: AuthorView) => void = () => undefined;
let isForMe: (post: PostView) => boolean = () => false;

/** Fills the lists and listens, once. Tells who changed their name, and asks which posts are meant
 * for whoever sits here. */
export async function begin(
  topics: readonly TopicView[],
  tell: (author: AuthorView) => void,
  isMeant: (post: PostView) => boolean,
): Promise<void> {
  onAuthor = tell;
  isForMe = isMeant;
  useTopics.getState().set(topics);
  useMembers.getState().refresh();
  const { topic, openTopic } = useView.getState();
  const first = topics.find((known) => known.unread > 0) ?? topics[0];
  if (topic === null && first !== undefined) openTopic(first.name);
  stop ??= await ipc.subscribe(applyBatch);
}

/** Forgets the subscription, so that the next start subscribes to another back end. */
export function listenAnew(): void {
  stop?.();
  stop = null;
}

export function applyBatch(batch: NewsBatch): void {
  const parts = partsOf(batch);
  useTimeline.getState().apply(parts.byTopic);
  useThread.getState().apply(parts.byTopic);
  useEntries.getState().apply(parts.byTopic);
  useEntry.getState().apply(parts.byTopic);
  for (const [topic, news] of parts.byTopic) {
    collect(topic, news);
    for (const author of news.authors.values()) onAuthor(author);
  }
  for (const topic of parts.resync) resyncs.add(topic);
  if (parts.resync.size > 0) void resync();
  if (parts.touchesTopics || parts.resync.size > 0) useTopics.getState().refresh();
  if (parts.touchesPeers) useMembers.getState().refresh();
  greet(parts);
  for (const { topic, post } of parts.live) if (isForMe(post)) void tellDesktop(topic, post);
}

/** Rust decides whether the desktop is told: not while the window is looked at. */
async function tellDesktop(topic: string, post: PostView): Promise<void> {
  try {
    await ipc.notify(topic, post.event.id);
  } catch {
    // The post is in the timeline; nothing is lost but the notice.
  }
}

const waiting = new Map<string, Set<string>>();

let timer: ReturnType<typeof setTimeout> | null = null;

function readCollected(): void {
  timer = null;
  const collected = [...waiting];
  waiting.clear();
  for (const [topic, ids] of collected) void readSome(topic, [...ids]);
}

function isHeld(topic: string, id: string): boolean {
  const window = useTimeline.getState().timelines[topic]?.window;
  const thread = useThread.getState();
  return (
    window?.posts.some((post) => post.event.id === id) === true ||
    (thread.topic === topic && thread.posts.some((post) => post.event.id === id))
  );
}

function collect(topic: string, news: TopicNews): void {
  if (news.changed.size === 0) return;
  const ids = waiting.get(topic) ?? new Set<string>();
  for (const id of news.changed) if (isHeld(topic, id)) ids.add(id);
  if (ids.size === 0) return;
  waiting.set(topic, ids);
  timer ??= setTimeout(readCollected, COLLECT_MS);
}

async function readSome(topic: string, ids: string[]): Promise<void> {
  try {
    const posts = await ipc.readSome(topic, ids);
    useTimeline.getState().copies(topic, posts);
    useThread.getState().copies(topic, posts);
  } catch {
    // What is shown stays as it was; the next change reads it again.
  }
}

const resyncs = new Set<string | null>();
let isResyncing = false;

/** Reads again what is shown, once for however many were asked meanwhile. */
async function resync(): Promise<void> {
  if (isResyncing) return;
  isResyncing = true;
  while (resyncs.size > 0) {
    const asked = new Set(resyncs);
    resyncs.clear();
    const { opened, reload } = useTimeline.getState();
    const shown = useView.getState().topic;
    for (const topic of opened) {
      if (!asked.has(null) && !asked.has(topic)) continue;
      const isReplaced = await reload(topic);
      if (isReplaced && topic === shown) {
        useToasts.getState().show({ kind: "trying", text: (t) => t.manyAtOnce, key: "many" });
      }
    }
    await useThread.getState().reload();
    for (const topic of asked.has(null) ? [null] : asked) {
      await useEntries.getState().reload(topic);
      await useEntry.getState().reload(topic);
    }
  }
  isResyncing = false;
}

/** Tells once when the first person comes to the topic on screen. */
function greet(parts: NewsParts): void {
  const shown = useView.getState().topic;
  const arrival = parts.arrivals.find((one) => one.topic === shown);
  if (arrival === undefined) return;
  const topic = useTopics.getState().topics.find((one) => one.name === shown);
  if (topic === undefined || topic.neighbours > 0) return;
  useMembers.getState().announce(arrival);
}
