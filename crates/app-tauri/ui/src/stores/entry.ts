// The key that is looked at: its writes, that which counts first. Read again when it was written
// anew. And how a key is written: what is stored is shown at once.
import { create } from "zustand";
import { paced, type Paced } from "../domain/pace";
import * as ipc from "../ipc";
import type { AppError, Condition, EntryView, EntryWrite } from "../ipc/bindings";
import { useEntries } from "./entries";
import type { TopicNews } from "./news-parts";
import { useToasts } from "./toasts";
import { useView, WIDE } from "./view";

/** Writes read at first; values may be long. */
const PAGE = 50;
export const WRITES_MAX = 1000;
/** A key may be written many times a second. */
const REFRESH_MS = 300;

type EntryStore = {
  topic: string | null;
  key: string | null;
  /** That which counts first, then those that lost, greatest first. */
  writes: readonly EntryView[];
  hasMore: boolean;
  isLoading: boolean;
  error: AppError | null;
  /** The panel is to take the focus. */
  wantsFocus: boolean;
  /** Whether a panel stood there before the key was chosen. */
  hadPanel: boolean;
  open: (topic: string, key: string, wantsFocus?: boolean) => Promise<void>;
  focused: () => void;
  more: () => Promise<void>;
  retry: () => Promise<void>;
  reload: (topic: string | null) => Promise<void>;
  refresh: Paced;
  close: () => void;
  apply: (news: ReadonlyMap<string, TopicNews>) => void;
};

const CLOSED = {
  topic: null,
  key: null,
  writes: [],
  hasMore: false,
  isLoading: false,
  error: null,
  wantsFocus: false,
  hadPanel: false,
};

export const useEntry = create<EntryStore>((set, get) => {
  let limit = PAGE;
  let turn = 0;
  const load = async () => {
    const { topic, key } = get();
    if (topic === null || key === null) return;
    turn += 1;
    const own = turn;
    set({ isLoading: true });
    try {
      const writes = await ipc.entryHistory(topic, key, limit);
      if (own !== turn) return;
      const hasMore = writes.length >= limit && limit < WRITES_MAX;
      set({ writes, hasMore, isLoading: false, error: null });
    } catch (thrown) {
      if (own === turn) set({ isLoading: false, error: ipc.errorOf(thrown) });
    }
  };
  const refresh = paced(REFRESH_MS, () => void load());
  return {
    ...CLOSED,
    refresh,
    open: async (topic, key, wantsFocus = false) => {
      const before = get();
      const isSame = before.topic === topic && before.key === key;
      const view = useView.getState();
      if (!isSame) limit = PAGE;
      set({
        topic,
        key,
        wantsFocus,
        hadPanel: before.key === null || !view.isPanelOpen ? view.isPanelOpen : before.hadPanel,
        ...(isSame ? {} : { writes: [], hasMore: false, error: null }),
      });
      view.setPanel(true);
      await load();
    },
    focused: () => {
      set({ wantsFocus: false });
    },
    more: async () => {
      limit = Math.min(limit * 4, WRITES_MAX);
      await load();
    },
    retry: load,
    reload: async (topic) => {
      if (topic === null || topic === get().topic) await load();
    },
    close: () => {
      if (get().key === null) return;
      turn += 1;
      useView.getState().setPanel(get().hadPanel && window.innerWidth >= WIDE);
      set(CLOSED);
    },
    apply: (news) => {
      const { topic, key, writes } = get();
      const part = topic === null ? undefined : news.get(topic);
      if (part === undefined) return;
      if (part.entries.some((write) => write.key === key)) refresh();
      let isSame = true;
      const next = writes.map((write) => {
        const state = part.states.get(write.revision);
        const author = part.authors.get(write.author.pubkey);
        if (state === undefined && author === undefined) return write;
        isSame = false;
        return { ...write, state: state ?? write.state, author: author ?? write.author };
      });
      if (!isSame) set({ writes: next });
    },
  };
});

/** Whether the write is what its key holds. */
export const holds = (write: EntryView | null): boolean => write?.outcome === "won";

/** That nothing has changed since this was read. */
export function unchanged(write: EntryView | null): Condition {
  return write !== null && holds(write) ? { revision: write.revision } : "absent";
}

/** What became of a write: done, what is there instead, or why it failed. */
export type Written =
  | { kind: "done"; write: EntryView }
  | { kind: "changed"; current: EntryView | null }
  | { kind: "failed"; error: AppError };

/** Writes one key under its condition. */
export async function writeEntry(topic: string, write: EntryWrite): Promise<Written> {
  try {
    const [written] = await ipc.writeEntries(topic, [write]);
    if (written === undefined) throw new Error("nothing was written");
    useEntries.getState().take(topic, [written]);
    const { key, refresh } = useEntry.getState();
    if (key === written.key) refresh();
    return { kind: "done", write: written };
  } catch (thrown) {
    const error = ipc.errorOf(thrown);
    if (error.code !== "conflict" && error.code !== "no_entry") return { kind: "failed", error };
    return whatIsThere(topic, write.key);
  }
}

async function whatIsThere(topic: string, key: string): Promise<Written> {
  try {
    const current = await ipc.readEntry(topic, key);
    if (current !== null) useEntries.getState().take(topic, [current]);
    return { kind: "changed", current };
  } catch (thrown) {
    return { kind: "failed", error: ipc.errorOf(thrown) };
  }
}

/** Asks what the key holds and opens the dialog that changes or deletes it. */
export async function change(
  kind: "entry" | "delete-entry",
  topic: string,
  key: string,
): Promise<void> {
  try {
    const base = await ipc.readEntry(topic, key);
    if (kind === "entry") useView.getState().setOverlay({ kind, topic, key, base });
    else if (base !== null && holds(base)) useView.getState().setOverlay({ kind, topic, base });
  } catch (thrown) {
    const error = ipc.errorOf(thrown);
    useToasts.getState().show({ kind: "error", text: (t) => t.entries.readFailed, error });
  }
}
