// The thread that is open: its first post and all answers, oldest first.
import { create } from "zustand";
import { compared } from "../domain/post";
import * as ipc from "../ipc";
import type { AppError, PostView } from "../ipc/bindings";
import type { TopicNews } from "./news-parts";
import { listening } from "./told";

type ThreadStore = {
  topic: string | null;
  root: string | null;
  posts: readonly PostView[];
  isLoading: boolean;
  error: AppError | null;
  open: (topic: string, root: string) => Promise<void>;
  close: () => void;
  reload: () => Promise<void>;
  apply: (news: ReadonlyMap<string, TopicNews>) => void;
  copies: (topic: string, posts: readonly PostView[]) => void;
};

const CLOSED = { topic: null, root: null, posts: [], isLoading: false, error: null };

export const useThread = create<ThreadStore>((set, get) => {
  const reading = listening();
  const load = async (topic: string, root: string) => {
    const isStill = () => get().topic === topic && get().root === root;
    try {
      const [read, told] = await reading.during(topic, () => ipc.readThread(topic, root));
      const inOrder: readonly PostView[] = [...read].sort(compared);
      const posts = told.reduce((known, part) => applied(known, root, part), inOrder);
      if (isStill()) set({ posts, isLoading: false, error: null });
    } catch (thrown) {
      if (isStill()) set({ isLoading: false, error: ipc.errorOf(thrown) });
    }
  };
  return {
    ...CLOSED,
    open: async (topic, root) => {
      const isSame = get().topic === topic && get().root === root;
      set({ topic, root, isLoading: true, error: null, ...(isSame ? {} : { posts: [] }) });
      await load(topic, root);
    },
    close: () => {
      set(CLOSED);
    },
    reload: async () => {
      const { topic, root } = get();
      if (topic !== null && root !== null) await load(topic, root);
    },
    apply: (news) => {
      reading.note(news);
      const { topic, root, posts } = get();
      const part = topic === null ? undefined : news.get(topic);
      if (part === undefined || root === null) return;
      const next = applied(posts, root, part);
      if (next !== posts) set({ posts: next });
    },
    copies: (topic, copies) => {
      const { posts } = get();
      if (get().topic !== topic) return;
      const byId = new Map(copies.map((post) => [post.event.id, post]));
      if (!posts.some((post) => byId.has(post.event.id))) return;
      set({ posts: posts.map((post) => byId.get(post.event.id) ?? post) });
    },
  };
});

/** A thread with what was told; the same list if that changes nothing. */
function applied(
  posts: readonly PostView[],
  root: string,
  { posts: told, states, authors }: TopicNews,
): readonly PostView[] {
  const known = new Set(posts.map((post) => post.event.id));
  const fresh = told.filter((post) => {
    if (post.reply?.root !== root || known.has(post.event.id)) return false;
    known.add(post.event.id);
    return true;
  });
  let next = fresh.length > 0 ? [...posts, ...fresh].sort(compared) : posts;
  if (next.some((post) => states.has(post.event.id))) {
    next = next.map((post) => ({ ...post, state: states.get(post.event.id) ?? post.state }));
  }
  if (next.some((post) => authors.has(post.event.pubkey))) {
    next = next.map((post) => ({ ...post, author: authors.get(post.event.pubkey) ?? post.author }));
  }
  return next;
}
