// The entries of the topic on screen: what was read of them, filtered by how their keys begin, and
// kept up to date by what arrives. One topic at a time; a read that comes too late is dropped.
import { create } from "zustand";
import { comparedKeys, KEY_BYTES_MAX, rowOf, utf8Length, type EntryRow } from "../domain/entry";
import * as lists from "../domain/entries";
import type { EntryList } from "../domain/entries";
import * as ipc from "../ipc";
import type { AppError, EntryView } from "../ipc/bindings";
import type { TopicNews } from "./news-parts";

/** Entries read at once. */
export const PAGE = 500;
/** How long after the last letter of a filter it is read. */
const PAUSE_MS = 150;

type EntriesStore = {
  topic: string | null;
  /** How the keys begin that are wanted, as it is typed. */
  filter: string;
  list: EntryList;
  isLoaded: boolean;
  isReading: boolean;
  error: AppError | null;
  /** Whether keys that hold nothing any more are shown. */
  isGoneShown: boolean;
  /** How far it was scrolled when it was left. */
  scrolled: number;
  open: (topic: string) => Promise<void>;
  setFilter: (filter: string) => void;
  more: () => Promise<void>;
  /** After an error: what failed is read again. */
  retry: () => Promise<void>;
  /** Something was not told: all that is held is read again. */
  reload: (topic: string | null) => Promise<void>;
  apply: (news: ReadonlyMap<string, TopicNews>) => void;
  /** Own writes, as soon as they are stored. */
  take: (topic: string, writes: readonly EntryView[]) => void;
  showGone: (isGoneShown: boolean) => void;
  leave: (scrolled: number) => void;
};

let timer: ReturnType<typeof setTimeout> | null = null;
let turn = 0;
/** What arrived while a page was read, which may be older than this. */
let meanwhile: EntryRow[] = [];

export const useEntries = create<EntriesStore>((set, get) => {
  const page = async (topic: string, prefix: string, after: string | null, limit = PAGE) => {
    const read = await ipc.readEntries({ topic, prefix, after, limit });
    return { rows: read.entries.map(rowOf), next: read.next };
  };
  /** A key that is named in full is shown also if it holds nothing any more. */
  const exactly = async (topic: string, key: string): Promise<EntryRow[]> => {
    if (key === "" || utf8Length(key) > KEY_BYTES_MAX) return [];
    const found = await ipc.readEntry(topic, key);
    return found === null ? [] : [rowOf(found)];
  };
  /** Runs a read; `work` gives the list, or null if another read has begun since. */
  const reading = async (work: (isStill: () => boolean) => Promise<EntryList | null>) => {
    turn += 1;
    const own = turn;
    meanwhile = [];
    set({ isReading: true, error: null });
    const isStill = () => own === turn;
    try {
      const list = await work(isStill);
      if (list === null || !isStill()) return;
      set({ list: lists.withWrites(list, meanwhile), isLoaded: true, isReading: false });
    } catch (thrown) {
      if (isStill()) set({ isReading: false, error: ipc.errorOf(thrown) });
    }
    if (isStill()) meanwhile = [];
  };
  const begin = (topic: string, prefix: string) =>
    reading(async () => {
      const [first, exact] = await Promise.all([page(topic, prefix, null), exactly(topic, prefix)]);
      const list = lists.withPage(lists.emptyList(prefix), first.rows, first.next);
      return lists.withWrites(list, exact);
    });
  const arrived = (writes: readonly EntryRow[]) => {
    if (get().isReading) meanwhile.push(...writes);
    return lists.withWrites(get().list, writes);
  };
  return {
    topic: null,
    filter: "",
    list: lists.emptyList(""),
    isLoaded: false,
    isReading: false,
    error: null,
    isGoneShown: true,
    scrolled: 0,
    open: async (topic) => {
      if (get().topic === topic && get().error === null) return;
      if (timer !== null) clearTimeout(timer);
      set({ topic, filter: "", list: lists.emptyList(""), isLoaded: false, scrolled: 0 });
      await begin(topic, "");
    },
    setFilter: (filter) => {
      const { topic } = get();
      set({ filter, scrolled: 0 });
      if (timer !== null) clearTimeout(timer);
      if (topic !== null) timer = setTimeout(() => void begin(topic, filter), PAUSE_MS);
    },
    more: async () => {
      const { topic, list, isReading, error } = get();
      if (topic === null || isReading || error !== null || list.next === null) return;
      await reading(async () => {
        const read = await page(topic, list.prefix, list.next);
        return lists.withPage(get().list, read.rows, read.next);
      });
    },
    retry: async () => {
      const { topic, filter, isLoaded, list } = get();
      if (topic === null) return;
      set({ error: null });
      if (isLoaded && list.prefix === filter && list.next !== null) await get().more();
      else await begin(topic, filter);
    },
    reload: async (asked) => {
      const { topic, list, isLoaded } = get();
      if (topic === null || !isLoaded || (asked !== null && asked !== topic)) return;
      await reading(async (isStill) => {
        let fresh = lists.emptyList(list.prefix);
        do {
          const read = await page(topic, list.prefix, fresh.next, 2 * PAGE);
          if (!isStill()) return null;
          fresh = lists.withPage(fresh, read.rows, read.next);
        } while (fresh.next !== null && !reaches(fresh.next, list.next));
        return lists.withWrites(fresh, await exactly(topic, list.prefix));
      });
    },
    apply: (news) => {
      const { topic, list } = get();
      const part = topic === null ? undefined : news.get(topic);
      if (part === undefined) return;
      let next = part.entries.length > 0 ? arrived(part.entries.map(rowOf)) : list;
      if (part.states.size > 0) next = lists.withStates(next, part.states);
      if (part.authors.size > 0) next = lists.withNames(next, part.authors);
      if (next !== list) set({ list: next });
    },
    take: (topic, writes) => {
      if (get().topic !== topic) return;
      const list = arrived(writes.map(rowOf));
      if (list !== get().list) set({ list });
    },
    showGone: (isGoneShown) => {
      set({ isGoneShown });
    },
    leave: (scrolled) => {
      set({ scrolled });
    },
  };
});

/** Whether as much was read again as had been read: up to this key, or all. */
const reaches = (read: string, wanted: string | null) =>
  wanted !== null && comparedKeys(read, wanted) >= 0;
