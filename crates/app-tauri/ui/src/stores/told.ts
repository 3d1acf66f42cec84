// What is told of a topic while something of it is read. What was read is as of some moment before,
// and must not replace what was told since.
import type { TopicNews } from "./news-parts";

export function listening() {
  const readers = new Set<{ topic: string; told: TopicNews[] }>();
  return {
    /** What `read` comes to, and what was told meanwhile, in its order. */
    during: async <T>(topic: string, read: () => Promise<T>): Promise<[T, TopicNews[]]> => {
      const reader = { topic, told: [] };
      readers.add(reader);
      try {
        return [await read(), reader.told];
      } finally {
        readers.delete(reader);
      }
    },
    note: (news: ReadonlyMap<string, TopicNews>) => {
      for (const { topic, told } of readers) {
        const part = news.get(topic);
        if (part !== undefined) told.push(part);
      }
    },
  };
}
