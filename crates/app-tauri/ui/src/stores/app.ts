// Where the app stands: starting, blocked, first start or ready. Opens the profile and begins to
// listen for news; owns nothing of what is shown afterwards.
import { create } from "zustand";
import { isMeantFor } from "../domain/post";
import * as ipc from "../ipc";
import type { AppError, AppState, AuthorView } from "../ipc/bindings";
import { resumeDeletions } from "./deletions";
import { begin } from "./news";

type Stage = { stage: "starting" } | AppState;

type AppStore = {
  state: Stage;
  /** A step of the start is under way. */
  isBusy: boolean;
  /** Why the last step of the first start failed. */
  failure: AppError | null;
  start: () => Promise<void>;
  keepInFile: () => Promise<void>;
  finish: (name: string, topics: string[]) => Promise<void>;
  setOwnName: (author: AuthorView) => void;
};

export const useApp = create<AppStore>((set, get) => {
  const take = async (state: AppState) => {
    if (state.stage === "ready") {
      await begin(state.status.topics, get().setOwnName, (post) => {
        const own = ownAuthor(get().state);
        return own !== null && isMeantFor(post, own);
      });
    }
    set({ state, isBusy: false, failure: null });
    if (state.stage === "ready") void resumeDeletions(state.status.author.pubkey);
  };
  const blocked = (error: AppError) => {
    set({ state: { stage: "blocked", error, passphrase_file: null }, isBusy: false });
  };
  return {
    state: { stage: "starting" },
    isBusy: false,
    failure: null,
    start: async () => {
      const { isBusy, state } = get();
      if (isBusy || (state.stage !== "starting" && state.stage !== "blocked")) return;
      set({ isBusy: true });
      try {
        await take(await ipc.initP2p());
      } catch (thrown) {
        blocked(ipc.errorOf(thrown));
      }
    },
    keepInFile: async () => {
      if (get().isBusy) return;
      set({ isBusy: true });
      try {
        await take(await ipc.usePassphraseFile());
      } catch (thrown) {
        blocked(ipc.errorOf(thrown));
      }
    },
    finish: async (name, topics) => {
      if (get().isBusy) return;
      set({ isBusy: true, failure: null });
      try {
        await take(await ipc.finishFirstStart(name, topics));
      } catch (thrown) {
        set({ isBusy: false, failure: ipc.errorOf(thrown) });
      }
    },
    setOwnName: (author) => {
      const { state } = get();
      if (state.stage !== "ready" || state.status.author.pubkey !== author.pubkey) return;
      set({ state: { ...state, status: { ...state.status, author } } });
    },
  };
});

/** Oneself, once the keys are there. */
export function ownAuthor(state: Stage): AuthorView | null {
  if (state.stage === "ready") return state.status.author;
  return state.stage === "first_start" ? state.author : null;
}

export function useOwn(): AuthorView | null {
  return useApp((store) => ownAuthor(store.state));
}
