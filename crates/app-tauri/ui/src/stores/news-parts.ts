// Sorts a batch of events by topic and kind, so that every store can apply it in one update. Pure.
import type { AuthorView, EntryView, NewsBatch, PostState, PostView } from "../ipc/bindings";

export type TopicNews = {
  posts: PostView[];
  /** Writes that count, in the order in which they were told. */
  entries: EntryView[];
  states: Map<string, PostState>;
  changed: Set<string>;
  authors: Map<string, AuthorView>;
};

export type NewsParts = {
  byTopic: Map<string, TopicNews>;
  /** Topics to be read again; null stands for all. */
  resync: Set<string | null>;
  /** Posts that were written just now, as far as anybody knows. */
  live: { topic: string; post: PostView }[];
  arrivals: { topic: string; peer: string; after_ms: number }[];
  /** Whether counts or states of topics may have changed, and who is connected. */
  touchesTopics: boolean;
  touchesPeers: boolean;
};

export const noNews = (): TopicNews => ({
  posts: [],
  entries: [],
  states: new Map(),
  changed: new Set(),
  authors: new Map(),
});

export function partsOf(batch: NewsBatch): NewsParts {
  const parts: NewsParts = {
    byTopic: new Map(),
    resync: new Set(),
    live: [],
    arrivals: [],
    touchesTopics: false,
    touchesPeers: false,
  };
  const of = (topic: string): TopicNews => {
    let news = parts.byTopic.get(topic);
    if (news === undefined) {
      news = noNews();
      parts.byTopic.set(topic, news);
    }
    return news;
  };
  for (const event of batch.events) {
    if (event.topic === null) {
      if (event.type === "resync") parts.resync.add(null);
      continue;
    }
    switch (event.type) {
      case "post": {
        const { type: _type, arrival, topic, ...post } = event;
        of(topic).posts.push(post);
        if (arrival === "live") parts.live.push({ topic, post });
        parts.touchesTopics = true;
        break;
      }
      case "entry": {
        const { type: _type, topic, ...entry } = event;
        of(topic).entries.push(entry);
        break;
      }
      case "post_state":
        of(event.topic).states.set(event.id, event.state);
        break;
      case "post_changed":
        of(event.topic).changed.add(event.id);
        break;
      case "profile":
        of(event.topic).authors.set(event.author.pubkey, event.author);
        parts.touchesPeers = true;
        break;
      case "resync":
        parts.resync.add(event.topic);
        break;
      case "peer_joined":
        parts.arrivals.push({ topic: event.topic, peer: event.peer, after_ms: event.after_ms });
        parts.touchesPeers = true;
        parts.touchesTopics = true;
        break;
      case "peer_author":
        parts.touchesPeers = true;
        break;
      case "progress":
        // The state of the topic says that it goes on.
        break;
      case "peer_left":
        parts.touchesPeers = true;
        parts.touchesTopics = true;
        break;
      default:
        parts.touchesTopics = true;
    }
  }
  return parts;
}
