// What is being written, per topic and thread, and what became of the last attempt to post it. The
// texts survive the window; a text is dropped only when its post is stored.
import { create } from "zustand";
import * as ipc from "../ipc";
import type { AppError, PostView } from "../ipc/bindings";
import { noNews } from "./news-parts";
import { keep, kept } from "./storage";
import { useThread } from "./thread";
import { useTimeline } from "./timeline";

export type Place = { topic: string; root: string | null };

const DRAFTS_MAX = 100;

type DraftStore = {
  texts: Readonly<Record<string, string>>;
  errors: Readonly<Record<string, AppError>>;
  sending: Readonly<Record<string, true>>;
  write: (place: Place, text: string) => void;
  /** Posts the draft; returns the post, or null if it is still a draft. */
  post: (place: Place, replyTo: string | null) => Promise<PostView | null>;
};

export const draftKey = ({ topic, root }: Place) => (root === null ? topic : `${topic}\n${root}`);

const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((text) => typeof text === "string");

function without<T>(all: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _gone, ...others } = all;
  return others;
}

export const useDrafts = create<DraftStore>((set, get) => ({
  texts: kept("drafts", isTexts, {}),
  errors: {},
  sending: {},
  write: (place, text) => {
    const key = draftKey(place);
    const others = without(get().texts, key);
    const texts = text === "" ? others : { ...others, [key]: text };
    const latest = Object.fromEntries(Object.entries(texts).slice(-DRAFTS_MAX));
    set({ texts: latest });
    keep("drafts", latest);
  },
  post: async (place, replyTo) => {
    const key = draftKey(place);
    const text = get().texts[key] ?? "";
    if (text.trim() === "" || get().sending[key] === true) return null;
    set({ sending: { ...get().sending, [key]: true }, errors: without(get().errors, key) });
    try {
      const post = await ipc.post(place.topic, text, replyTo);
      if (get().texts[key] === text) get().write(place, "");
      show(place.topic, post);
      return post;
    } catch (thrown) {
      set({ errors: { ...get().errors, [key]: ipc.errorOf(thrown) } });
      return null;
    } finally {
      set({ sending: without(get().sending, key) });
    }
  },
}));

/** Shows the own post at once; its event, which comes too, is known then. */
function show(topic: string, post: PostView): void {
  const byTopic = new Map([[topic, { ...noNews(), posts: [post] }]]);
  useTimeline.getState().apply(byTopic);
  useThread.getState().apply(byTopic);
}
