// The state of the mock: topics, posts, settings, and who listens. Posts, reactions, deletions and
// joining change it and tell the listeners, as Rust does.
import type {
  AppError,
  AuthorView,
  EntryView,
  Language,
  NodeEvent,
  PostView,
  SettingsView,
  StatusView,
  Theme,
  TopicView,
} from "../bindings";
import { meshLabWrites } from "./entries";
import { AYA } from "./people";
import { generated, HUGE, made, meshLab } from "./posts";

export type Scene = {
  language: Language;
  theme: Theme;
  stage: "ready" | "first_start" | "blocked";
  /** Every post fails, because the disk is full. */
  isDiskFull: boolean;
  isOffline: boolean;
  attachedTo: number | null;
  /** The profile holds no topics. */
  isEmpty: boolean;
};

export const SCENE: Scene = {
  language: "en",
  theme: "light",
  stage: "ready",
  isDiskFull: false,
  isOffline: false,
  attachedTo: null,
  isEmpty: false,
};

const COUNTERS = {
  foreign: 0,
  other_version: 0,
  malformed: 0,
  forged: 0,
  refused: 0,
  outdated: 0,
  duplicates: 0,
  delayed: 0,
  dropped: 0,
  lagged: 0,
  deaf: 0,
  stored: 0,
  not_stored: 0,
};

export function topicOf(name: string, change: Partial<TopicView> = {}): TopicView {
  const id = [...name].reduce((sum, c) => (sum * 31 + (c.codePointAt(0) ?? 0)) % 0xffffffff, 7);
  return {
    name,
    id: id.toString(16).padStart(64, "0"),
    visibility: "public",
    epoch: 0,
    state: "joined",
    neighbours: 0,
    posts: 0,
    unread: 0,
    last_post_at: null,
    complete_since: null,
    stored_bytes: 0,
    ceiling_bytes: 1_073_741_824,
    fingerprint: null,
    complete_with: null,
    in_step: [],
    stalled: null,
    counters: COUNTERS,
    ...change,
  };
}

export type World = {
  scene: Scene;
  own: AuthorView;
  topics: Map<string, TopicView>;
  /** Posts by topic, oldest first; the generated ones of `global` are not among them. */
  posts: Map<string, PostView[]>;
  /** Writes to entries by topic; the generated ones of `global` are not among them. */
  writes: Map<string, EntryView[]>;
  muted: Map<string, AuthorView>;
  about: string | null;
  settings: SettingsView;
  stage: Scene["stage"];
  /** No interface of the device is up. */
  isOffline: boolean;
  emit: (...events: NodeEvent[]) => void;
};

/** These devices hold the same as this one. */
const inStep = (digits: string) =>
  [...digits].map((digit) => ({
    peer: digit.repeat(64),
    since: "2026-05-14T00:30:00.000Z",
    last: "2026-05-14T00:42:00.000Z",
  }));

export function newWorld(scene: Scene, emit: World["emit"]): World {
  const isAlone = scene.isOffline;
  const topics = scene.isEmpty
    ? []
    : [
        topicOf("mesh-lab", {
          neighbours: isAlone ? 0 : 5,
          posts: 1204,
          unread: 2,
          in_step: isAlone ? [] : inStep("abc"),
          stored_bytes: 12_480_000,
        }),
        topicOf("自作キーボード", {
          neighbours: isAlone ? 0 : 9,
          posts: 860,
          unread: 12,
          stored_bytes: 1_020_000_000,
          ceiling_bytes: 1_073_741_824,
          complete_since: "2026-03-01T03:00:00.000Z",
        }),
        topicOf("global", { neighbours: isAlone ? 0 : 23, posts: HUGE, unread: 148 }),
        topicOf("announcements", { neighbours: isAlone ? 0 : 17, posts: 12 }),
        topicOf("rust-jp", { state: "discovering", posts: 31 }),
        topicOf("写真フィルム", { state: "alone" }),
      ];
  const posts = new Map<string, PostView[]>(topics.map((topic) => [topic.name, []]));
  if (!scene.isEmpty) {
    posts.set("mesh-lab", meshLab(scene.language === "ja"));
    posts.set(
      "自作キーボード",
      Array.from({ length: 40 }, (_, n) => generated(HUGE - 100 + n)),
    );
  }
  return {
    scene,
    own: scene.stage === "first_start" ? { ...AYA, name: null } : AYA,
    topics: new Map(topics.map((topic) => [topic.name, topic])),
    posts,
    writes: new Map(scene.isEmpty ? [] : [["mesh-lab", meshLabWrites()]]),
    muted: new Map(),
    about: null,
    stage: scene.stage,
    isOffline: scene.isOffline,
    emit,
    settings: {
      theme: scene.theme,
      language: scene.language,
      notifications: true,
      enter_posts: false,
      single_keys: true,
      is_started: true,
      network_mode: "internet",
      dht: true,
      mdns: true,
      known_peers: true,
      bootstrap: [`${"5".repeat(64)}@kyoto.example.net:41820`],
      peers: [],
      fixed: [],
      needs_restart: false,
      config_path: "~/.config/kukuri/default/config.toml",
      log_dir: "~/.local/state/kukuri/default/logs",
      data_dir: "~/.local/share/kukuri/default",
      version: "0.1.0",
    },
  };
}

export function statusOf(world: World): StatusView {
  return {
    version: "0.1.0",
    profile: "default",
    author: world.own,
    peer_id: "7c41".repeat(16),
    key_store: "os",
    pid: 4120,
    uptime_ms: 2_900_000,
    listen: ["0.0.0.0:24001"],
    addresses: [world.isOffline ? "127.0.0.1:24001" : "192.168.1.20:24001"],
    topics: [...world.topics.values()],
    discovery: {
      dht: { enabled: true, bootstrapped: true, table_nodes: 183 },
      mdns: { enabled: true },
    },
  };
}

export class MockFailure extends Error {
  constructor(readonly error: AppError) {
    super(error.message);
  }
}

export function fail(code: string, message: string, hint: string | null = null): never {
  throw new MockFailure({ code, message, hint });
}

/** Adds a post as if its author had sent it just now. */
export function arrive(world: World, topic: string, author: AuthorView, content: string): PostView {
  const post = made(author, Date.now(), content);
  world.posts.get(topic)?.push(post);
  world.emit({ topic, type: "post", arrival: "live", ...post });
  return post;
}
