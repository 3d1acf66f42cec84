// The search: words, where, and what was found. Answers that come too late are dropped.
import { create } from "zustand";
import { writtenAt } from "../domain/post";
import * as ipc from "../ipc";
import type { AppError, FoundView } from "../ipc/bindings";

const PAGE = 50;
const PAUSE_MS = 150;

type SearchStore = {
  text: string;
  /** Null: everywhere. */
  topic: string | null;
  found: readonly FoundView[];
  hasMore: boolean;
  tookMs: number | null;
  isSearching: boolean;
  error: AppError | null;
  chosen: string | null;
  setText: (text: string) => void;
  setTopic: (topic: string | null) => void;
  choose: (id: string | null) => void;
  more: () => Promise<void>;
};

let timer: ReturnType<typeof setTimeout> | null = null;
let turn = 0;

export const useSearch = create<SearchStore>((set, get) => {
  const query = (before: number | null) => ({
    text: get().text,
    topic: get().topic,
    limit: PAGE,
    before,
  });
  const run = async () => {
    turn += 1;
    const own = turn;
    if (get().text.trim() === "") {
      set({ found: [], hasMore: false, tookMs: null, isSearching: false, error: null });
      return;
    }
    set({ isSearching: true });
    const begun = performance.now();
    try {
      const found = await ipc.search(query(null));
      if (own !== turn) return;
      const tookMs = performance.now() - begun;
      set({ found, hasMore: found.length >= PAGE, tookMs, isSearching: false, error: null });
    } catch (thrown) {
      if (own === turn) set({ isSearching: false, found: [], error: ipc.errorOf(thrown) });
    }
  };
  const runSoon = () => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => void run(), PAUSE_MS);
  };
  return {
    text: "",
    topic: null,
    found: [],
    hasMore: false,
    tookMs: null,
    isSearching: false,
    error: null,
    chosen: null,
    setText: (text) => {
      set({ text, chosen: null });
      runSoon();
    },
    setTopic: (topic) => {
      set({ topic, chosen: null });
      runSoon();
    },
    choose: (chosen) => {
      set({ chosen });
    },
    more: async () => {
      const own = turn;
      const last = get().found.at(-1);
      try {
        const found = await ipc.search(query(last === undefined ? null : writtenAt(last)));
        if (own !== turn) return;
        set({ found: [...get().found, ...found], hasMore: found.length >= PAGE });
      } catch (thrown) {
        if (own === turn) set({ error: ipc.errorOf(thrown) });
      }
    },
  };
});
