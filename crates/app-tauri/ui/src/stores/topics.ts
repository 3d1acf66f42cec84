// The joined topics and their counts. Asked again at most once a second, however much happens.
import { create } from "zustand";
import { paced, type Paced } from "../domain/pace";
import { keptIfSame } from "../domain/same";
import * as ipc from "../ipc";
import type { AppError, TopicView } from "../ipc/bindings";

const REFRESH_MS = 1000;

type TopicsStore = {
  topics: readonly TopicView[];
  isLoaded: boolean;
  set: (topics: readonly TopicView[]) => void;
  refresh: Paced;
  /** Joins, and returns the topic or why it did not work. */
  join: (name: string) => Promise<TopicView | AppError>;
  leave: (name: string) => Promise<AppError | null>;
  read: (name: string) => void;
};

const byName = new Intl.Collator("ja", { numeric: true });

/** Announcements and everybody's topic keep their place among the others: by name. */
const sorted = (topics: readonly TopicView[]) =>
  [...topics].sort((a, b) => byName.compare(a.name, b.name));

export const useTopics = create<TopicsStore>((set, get) => {
  const load = async () => {
    try {
      get().set(await ipc.topics());
    } catch {
      // The list on screen stays; whatever is wrong with the node is told where it is met.
    }
  };
  const refresh = paced(REFRESH_MS, () => void load());
  return {
    topics: [],
    isLoaded: false,
    set: (told) => {
      const { topics: before, isLoaded } = get();
      const topics = keptIfSame(before, sorted(told));
      if (topics !== before || !isLoaded) set({ topics, isLoaded: true });
    },
    refresh,
    join: async (name) => {
      try {
        const joined = await ipc.joinTopic(name);
        const others = get().topics.filter((topic) => topic.name !== joined.name);
        set({ topics: sorted([...others, joined]) });
        return joined;
      } catch (thrown) {
        return ipc.errorOf(thrown);
      }
    },
    leave: async (name) => {
      try {
        await ipc.leaveTopic(name);
        set({ topics: get().topics.filter((topic) => topic.name !== name) });
        return null;
      } catch (thrown) {
        return ipc.errorOf(thrown);
      }
    },
    read: (name) => {
      if (!get().topics.some((topic) => topic.name === name && topic.unread > 0)) return;
      set({
        topics: get().topics.map((topic) =>
          topic.name === name ? { ...topic, unread: 0 } : topic,
        ),
      });
    },
  };
});

export function useTopic(name: string | null): TopicView | undefined {
  return useTopics((store) => store.topics.find((topic) => topic.name === name));
}
