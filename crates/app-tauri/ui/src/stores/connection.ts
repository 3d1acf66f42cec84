// What the Connection view shows: how the topic's members were looked for, and what the check of
// this device found. Asked once a second while somebody looks.
import { create } from "zustand";
import * as ipc from "../ipc";
import type { AppError, ChecksView, ExplainView } from "../ipc/bindings";

const ASK_MS = 1000;

type ConnectionStore = {
  explain: ExplainView | null;
  error: AppError | null;
  /** When the last answer came, by this clock. */
  at: number;
  isLooking: boolean;
  checks: ChecksView | null;
  checkedAt: number | null;
  isChecking: boolean;
  checkError: AppError | null;
  watch: (topic: string) => () => void;
  lookAgain: () => Promise<void>;
  check: () => Promise<void>;
};

export const useConnection = create<ConnectionStore>((set, get) => ({
  explain: null,
  error: null,
  at: 0,
  isLooking: false,
  checks: null,
  checkedAt: null,
  isChecking: false,
  checkError: null,
  watch: (topic) => {
    let isWatched = true;
    const ask = async () => {
      try {
        const explain = await ipc.explain(topic);
        if (isWatched) set({ explain, at: Date.now(), error: null });
      } catch (thrown) {
        if (isWatched) set({ error: ipc.errorOf(thrown) });
      }
    };
    if (get().explain?.topic.name !== topic) set({ explain: null });
    void ask();
    const timer = setInterval(() => void ask(), ASK_MS);
    return () => {
      isWatched = false;
      clearInterval(timer);
    };
  },
  lookAgain: async () => {
    set({ isLooking: true });
    try {
      await ipc.lookAgain();
      set({ error: null });
    } catch (thrown) {
      set({ error: ipc.errorOf(thrown) });
    }
    set({ isLooking: false });
  },
  check: async () => {
    if (get().isChecking) return;
    set({ isChecking: true, checkError: null });
    try {
      set({ checks: await ipc.checkDevice(), checkedAt: Date.now() });
    } catch (thrown) {
      set({ checkError: ipc.errorOf(thrown) });
    }
    set({ isChecking: false });
  },
}));
