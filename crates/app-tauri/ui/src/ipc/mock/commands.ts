// What each command does to the invented world. Behaves as Rust does: what changes is also told.
import { writtenAt } from "../../domain/post";
import type { AppState, Commands, FoundView, PostView, ReactionView, TextQuery } from "../bindings";
import { page as pageOfEntries, write, writesTo } from "./entries";
import { aloneAttempts, CHECKS, connectedAttempts, SOURCES } from "./explain";
import { OTHERS, PEERS } from "./people";
import { generated, generatedIndex, HUGE, made, nextId } from "./posts";
import { fail, statusOf, topicOf, type World } from "./world";

type Answers = { [K in keyof Commands]: (args: Commands[K]["args"]) => Commands[K]["result"] };

const BLOCKED = {
  code: "vault_locked",
  message: "Secret Service gave no answer in 5 s: org.freedesktop.Secret.Error.IsLocked",
  hint: "unlock the keyring in the window of your system, then try again",
};

export function answersOf(world: World): Answers {
  const topic = (name: string) =>
    world.topics.get(name) ?? fail("not_joined", `not in the topic ${name}`, "join it first");
  const own = (name: string) => world.posts.get(name) ?? [];
  const find = (name: string, id: string): PostView => {
    const index = name === "global" ? generatedIndex(id) : null;
    const post = own(name).find((one) => one.event.id === id);
    return post ?? (index === null ? fail("no_event", "no such post") : generated(index));
  };
  const shown = (name: string, post: PostView): PostView => ({
    ...post,
    author: post.event.pubkey === world.own.pubkey ? world.own : post.author,
    replies: repliesOf(name, post),
  });
  const repliesOf = (name: string, post: PostView) => {
    const replies = own(name).filter((one) => one.reply?.root === post.event.id);
    const last = replies.at(-1);
    return {
      count: replies.length,
      last_at: last === undefined ? null : last.received_at,
      last_by: last?.author ?? null,
    };
  };
  const isMuted = (post: PostView) => world.muted.has(post.event.pubkey);
  const state = (): AppState => {
    switch (world.stage) {
      case "blocked":
        return {
          stage: "blocked",
          error: BLOCKED,
          passphrase_file: "~/.config/kukuri/default/vault",
        };
      case "first_start":
        return {
          stage: "first_start",
          author: world.own,
          key_store: "os",
          suggested: ["global", "announcements"],
        };
      case "ready":
        return { stage: "ready", status: statusOf(world), attached_to: world.scene.attachedTo };
    }
  };
  const page = (name: string, before: string | null, limit: number): PostView[] => {
    const roots = own(name)
      .filter((post) => post.reply === null && !isMuted(post))
      .sort((a, b) => a.event.created_at - b.event.created_at);
    const index = before === null ? null : generatedIndex(before);
    const end = roots.findIndex((post) => post.event.id === before);
    const newest = index === null ? roots.slice(0, end === -1 ? undefined : end).slice(-limit) : [];
    const posts = newest.reverse();
    if (name !== "global") return posts;
    for (let at = (index ?? HUGE) - 1; at >= 0 && posts.length < limit; at -= 1) {
      posts.push(generated(at));
    }
    return posts;
  };
  const changed = (name: string, id: string) => {
    world.emit({ topic: name, type: "post_changed", id });
  };
  const replace = (name: string, post: PostView) => {
    const posts = own(name);
    const at = posts.findIndex((one) => one.event.id === post.event.id);
    if (at >= 0) posts[at] = post;
  };

  return {
    init_p2p: () => state(),
    use_passphrase_file: () => {
      world.stage = "ready";
      return state();
    },
    init_dht_discovery: () => statusOf(world).discovery,
    get_peer_count: ({ topic: name }) => (name === null || name === "mesh-lab" ? PEERS.length : 0),
    finish_first_start: ({ name, topics }) => {
      world.own = { ...world.own, name };
      world.stage = "ready";
      world.topics = new Map(topics.map((one) => [one, topicOf(one, { state: "discovering" })]));
      world.posts = new Map(topics.map((one) => [one, []]));
      return state();
    },
    status: () => statusOf(world),
    topics: () => [...world.topics.values()],
    join_topic: ({ name }) => {
      if ([...name].length > 64) fail("usage", "a topic name has at most 64 letters");
      const joined = world.topics.get(name) ?? topicOf(name, { state: "discovering" });
      world.topics.set(name, joined);
      if (!world.posts.has(name)) world.posts.set(name, []);
      world.emit({ topic: name, type: "topic_joined" });
      return joined;
    },
    leave_topic: ({ topic: name }) => {
      world.topics.delete(topic(name).name);
      world.emit({ topic: name, type: "topic_left" });
      return null;
    },
    read_posts: ({ query }) => ({
      topic: topic(query.topic),
      posts: page(query.topic, query.before, query.limit).map((post) => shown(query.topic, post)),
    }),
    read_thread: ({ topic: name, root }) => [
      shown(name, find(name, root)),
      ...own(name)
        .filter((post) => post.reply?.root === root && !isMuted(post))
        .map((post) => shown(name, post)),
    ],
    read_some: ({ topic: name, ids }) => ids.map((id) => shown(name, find(name, id))),
    post: ({ topic: name, text, reply_to }) => {
      if (world.scene.isDiskFull)
        fail(
          "disk_full",
          "database or disk is full (os error 28)",
          "make room on this disk; nothing was half written",
        );
      if (text.trim() === "") fail("empty", "a post without text");
      const parent = reply_to === null ? null : find(name, reply_to);
      const reply =
        parent === null
          ? {}
          : { reply: { root: parent.reply?.root ?? parent.event.id, parent: parent.event.id } };
      const sent = topic(name).neighbours;
      const post = made(world.own, Date.now(), text, { ...reply, sent, held: 0 });
      own(name).push(post);
      world.emit({ topic: name, type: "post", arrival: "local", ...post });
      if (post.reply !== null) changed(name, post.reply.root);
      world.emit({
        topic: name,
        type: "post_state",
        id: post.event.id,
        state: { ...post.state, held_by: sent },
      });
      return post;
    },
    react: ({ topic: name, id, content }) => {
      const post = find(name, id);
      const next = { ...post, reactions: toggled(post.reactions, content) };
      replace(name, next);
      changed(name, id);
      return shown(name, next);
    },
    delete_event: ({ topic: name, id }) => {
      const post = find(name, id);
      if (post.event.pubkey !== world.own.pubkey) fail("refused", "only its author may delete it");
      replace(name, { ...post, deleted_at: new Date().toISOString() });
      changed(name, id);
      return null;
    },
    search: ({ query }) => found(world, query),
    read_entries: ({ query }) => {
      topic(query.topic);
      return pageOfEntries(world, query);
    },
    read_entry: ({ topic: name, key }) => writesTo(world, topic(name).name, key)[0] ?? null,
    entry_history: ({ topic: name, key, limit }) =>
      writesTo(world, topic(name).name, key).slice(0, limit),
    write_entries: ({ topic: name, writes }) =>
      writes.map((one) => write(world, topic(name).name, one)),
    notify: () => null,
    mark_read: ({ topic: name }) => {
      world.topics.set(name, { ...topic(name), unread: 0 });
      return null;
    },
    mute: ({ author }) => {
      const known = OTHERS.find((one) => one.pubkey === author);
      if (known !== undefined) world.muted.set(author, known);
      return true;
    },
    unmute: ({ author }) => world.muted.delete(author),
    muted: () => [...world.muted.values()],
    peers: ({ topic: name }) =>
      world.isOffline || world.topics.size === 0 || (name !== null && topic(name).neighbours === 0)
        ? []
        : [...PEERS],
    explain: ({ topic: name }) => {
      const isAlone = topic(name).neighbours === 0;
      return {
        topic: topic(name),
        state: topic(name).state,
        sources: [...SOURCES],
        attempts: isAlone ? aloneAttempts(Date.now()) : connectedAttempts(Date.now()),
        peers: isAlone ? [] : [...PEERS],
      };
    },
    look_again: () => null,
    check_device: () => CHECKS,
    profile: ({ author }) => ({
      author: OTHERS.find((one) => one.pubkey === author) ?? world.own,
      about: author === world.own.pubkey ? world.about : null,
    }),
    set_profile: ({ name, about }) => {
      world.own = { ...world.own, name };
      world.about = about;
      world.emit({ topic: "mesh-lab", type: "profile", author: world.own });
      return { author: world.own, about };
    },
    settings: () => world.settings,
    change_settings: ({ change }) => {
      const restarts = ["network_mode", "dht", "mdns", "known_peers", "bootstrap", "peers"];
      const needs_restart =
        world.settings.needs_restart || Object.keys(change).some((key) => restarts.includes(key));
      world.settings = { ...world.settings, ...change, needs_restart };
      return world.settings;
    },
    open_log_folder: () => null,
    open_data_folder: () => null,
  };
}

function toggled(reactions: readonly ReactionView[], content: string): ReactionView[] {
  const old = reactions.find((one) => one.content === content);
  if (old === undefined) return [...reactions, { content, count: 1, own: nextId() }];
  const count = old.count + (old.own === null ? 1 : -1);
  const next = { content, count, own: old.own === null ? nextId() : null };
  return reactions.map((one) => (one === old ? next : one)).filter((one) => one.count > 0);
}

function found(world: World, { text, topic, before, limit }: TextQuery): FoundView[] {
  const words = text.toLowerCase().trim();
  const all: FoundView[] = [];
  for (const [name, posts] of world.posts) {
    if (topic !== null && name !== topic) continue;
    for (const post of posts) {
      const at = post.event.content.toLowerCase().indexOf(words);
      if (at < 0 || writtenAt(post) >= (before ?? Infinity)) continue;
      const begin = [...post.event.content.slice(0, at)].length;
      all.push({ topic: name, matches: [[begin, begin + [...words].length]], ...post });
    }
  }
  return all.sort((a, b) => writtenAt(b) - writtenAt(a)).slice(0, limit);
}
