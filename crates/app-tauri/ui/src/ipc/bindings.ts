// Generated from Rust by `cargo xtask bindings`. Do not edit.

export type AttemptResult = "running" | "found" | "nothing" | "failed" | "timed_out" | "published" | "skipped";
export type Arrival = "local" | "live" | "fetched";
export type ConnectionState = "starting" | "listening" | "discovering" | "connecting" | "joined" | "syncing" | "alone";
export type FoundBy = "ticket" | "known" | "mdns" | "dht" | "bootstrap" | "manual" | "neighbour" | "inbound";
export type KeyStore = "os" | "file" | "memory";
export type PathKind = "direct" | "relay" | "lan" | "none";
export type SourceKind = "ticket" | "known" | "mdns" | "dht" | "bootstrap" | "manual";
export type Visibility = "public" | "private";

export type AuthorView = { pubkey: string, npub: string, name: string | null };

/** A Nostr event (NIP-01). */
export type SignedEvent = { id: string, pubkey: string, created_at: number, kind: number, tags: string[][], content: string, sig: string };

export type PostState = { stored: true, sent_to: number, held_by: number };

/** What others said about a post with one word or sign; the same for everybody. */
export type ReactionView = { content: string, count: number,
  /** The own reaction of this kind, to be taken back by `delete_event`. */
  own: string | null };

/** Which post this one answers. */
export type ReplyView = {
  /** The first post of the thread. */
  root: string,
  /** The post that is answered; the root itself for a direct answer. */
  parent: string };

/** The answers to a post, without those of muted authors. */
export type RepliesView = { count: number, last_at: string | null, last_by: AuthorView | null };

export type PostView = { event: SignedEvent, author: AuthorView, received_at: string, state: PostState,
  reply: ReplyView | null, replies: RepliesView, reactions: ReactionView[],
  /** When its author deleted it; then its text is not to be shown. */
  deleted_at: string | null };

export type FoundView = { topic: string, matches: [number, number][] } & PostView;

export type Counters = { foreign: number, other_version: number, malformed: number, forged: number, refused: number, duplicates: number, delayed: number, dropped: number, lagged: number, stored: number, not_stored: number };

export type TopicView = { name: string, id: string, visibility: Visibility, epoch: number, state: ConnectionState | null, neighbours: number, posts: number, unread: number, last_post_at: string | null, fingerprint: string | null, complete_with: number | null, counters: Counters };

export type PeerView = { id: string,
  /** Who runs it, where it has proved that. */
  author: AuthorView | null,
  name: string | null, path: PathKind, rtt_ms: number | null, clock_skew_ms: number | null, found_by: FoundBy, found_after_ms: number, topics: string[], connected_at: string };

export type SourceView = { source: SourceKind, enabled: boolean, state: string, result: string };
export type AttemptView = { source: SourceKind, peer: string | null, started_at: string, started_after_ms: number, took_ms: number | null, result: AttemptResult, detail: string };
export type ExplainView = { topic: TopicView, state: ConnectionState | null, sources: SourceView[], attempts: AttemptView[], peers: PeerView[] };

export type DhtView = { enabled: boolean, bootstrapped: boolean, table_nodes: number };
export type DiscoveryView = { dht: DhtView, mdns: { enabled: boolean } };
export type StatusView = { version: string, profile: string, author: AuthorView, peer_id: string, key_store: KeyStore, pid: number | null, uptime_ms: number, listen: string[], addresses: string[], topics: TopicView[], discovery: DiscoveryView };

export type Posts = { topic: TopicView, posts: PostView[] };

export type ReadQuery = { topic: string, limit: number,
  /** The id of a post; only those before it. */
  before: string | null,
  author: string | null,
  /** First posts of threads only, as the timeline shows them. */
  roots: boolean };
export type FindQuery = { text: string, topic: string | null, limit: number, before: string | null };

export type ProfileView = { author: AuthorView, about: string | null };

export type CheckResult = "ok" | "warn" | "fails" | "skipped";
export type CheckView = { name: string, result: CheckResult, detail: string, took_ms: number };
export type ChecksView = { checks: CheckView[], cause: string | null, remedy: string | null };

export type TopicEvent =
  | { type: "post", arrival: Arrival } & PostView
  | { type: "post_state", id: string, state: PostState }
  /** Reactions, answers or a deletion changed what is shown with this post: read it again. */
  | { type: "post_changed", id: string }
  /** An author gave themselves another name. */
  | { type: "profile", author: AuthorView }
  | { type: "peer_joined", peer: string, found_by: FoundBy, after_ms: number }
  /** A neighbour has proved whose it is. */
  | { type: "peer_author", peer: string, author: AuthorView }
  | { type: "peer_left", peer: string }
  | { type: "state", state: ConnectionState }
  | { type: "sync", peer: string, new: number }
  | { type: "topic_joined" }
  | { type: "topic_left" }
  | { type: "resync" };
export type NodeEvent = { topic: string | null } & TopicEvent;

/** What happened since the last batch, in order; at most 500 at a time, at most 20 times a second. */
export type NewsBatch = { events: NodeEvent[] };

export type AppError = { code: string, message: string, hint: string | null };

/** Where the app stands. */
export type AppState =
  /** Nothing can be shown before this is mended: keyring locked, profile in use, database damaged. */
  | { stage: "blocked", error: AppError,
      /** The key could be kept in a passphrase file instead, at this path, because there is no keyring. */
      passphrase_file: string | null }
  /** The keys were made; name and topics are to be chosen. */
  | { stage: "first_start", author: AuthorView, key_store: KeyStore, suggested: string[] }
  | { stage: "ready", status: StatusView,
      /** The process of the node that this window is attached to; null while it runs its own. */
      attached_to: number | null };

export type Theme = "light" | "dark" | "system";
export type Language = "en" | "ja";
export type NetworkMode = "internet" | "serverless" | "lan";
export type SettingsView = {
  theme: Theme, language: Language, notifications: boolean, enter_posts: boolean, single_keys: boolean,
  /** These are kept in the configuration file and act at the next start of the node. */
  network_mode: NetworkMode, dht: boolean, mdns: boolean, known_peers: boolean, bootstrap: string[], peers: string[],
  /** Keys of the configuration that the environment sets, which the file cannot change. */
  fixed: string[],
  /** Whether a changed setting waits for a restart. */
  needs_restart: boolean,
  config_path: string, log_dir: string, data_dir: string, version: string };
/** Only what is to be changed. */
export type SettingsChange = { theme?: Theme, language?: Language, notifications?: boolean, enter_posts?: boolean, single_keys?: boolean, network_mode?: NetworkMode, dht?: boolean, mdns?: boolean, known_peers?: boolean, bootstrap?: string[], peers?: string[] };

/** What the window may ask; every one may fail with an `AppError`. */
export type Commands = {
  /** Opens the profile: starts the node, or attaches to the one that runs. Again after `blocked`. */
  init_p2p: { args: {}, result: AppState },
  /** Keeps the keys in a passphrase file, because there is no keyring, and goes on. */
  use_passphrase_file: { args: {}, result: AppState },
  /** Waits until the DHT has answered, at most 10 s. */
  init_dht_discovery: { args: {}, result: DiscoveryView },
  /** People connected in one topic, or in any. */
  get_peer_count: { args: { topic: string | null }, result: number },
  finish_first_start: { args: { name: string, topics: string[] }, result: AppState },
  status: { args: {}, result: StatusView },
  topics: { args: {}, result: TopicView[] },
  join_topic: { args: { name: string }, result: TopicView },
  leave_topic: { args: { topic: string }, result: null },
  read_posts: { args: { query: ReadQuery }, result: Posts },
  /** The first post of a thread and all answers, oldest first. */
  read_thread: { args: { topic: string, root: string }, result: PostView[] },
  /** Those of the posts that are held, in any order. */
  read_some: { args: { topic: string, ids: string[] }, result: PostView[] },
  post: { args: { topic: string, text: string, reply_to: string | null }, result: PostView },
  /** Reacts, or takes the own reaction of the same content back. Returns the post anew. */
  react: { args: { topic: string, id: string, content: string }, result: PostView },
  delete_event: { args: { topic: string, id: string }, result: null },
  search: { args: { query: FindQuery }, result: FoundView[] },
  mark_read: { args: { topic: string, up_to: string }, result: null },
  mute: { args: { author: string }, result: boolean },
  unmute: { args: { author: string }, result: boolean },
  muted: { args: {}, result: AuthorView[] },
  peers: { args: { topic: string | null }, result: PeerView[] },
  explain: { args: { topic: string }, result: ExplainView },
  /** Looks for members of all topics at once, as after a change of network. */
  look_again: { args: {}, result: null },
  /** UDP, multicast, DHT, clock, keyring, database. */
  check_device: { args: {}, result: ChecksView },
  profile: { args: { author: string }, result: ProfileView },
  set_profile: { args: { name: string, about: string | null }, result: ProfileView },
  settings: { args: {}, result: SettingsView },
  change_settings: { args: { change: SettingsChange }, result: SettingsView },
  open_log_folder: { args: {}, result: null },
  open_data_folder: { args: {}, result: null },
};
/** `subscribe` takes a channel of `NewsBatch` and ends with the window. */
