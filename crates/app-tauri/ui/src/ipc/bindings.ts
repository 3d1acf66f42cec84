// Generated from the Rust code of kukuri-desktop; do not edit. To write it anew:
// KUKURI_TEST_WRITE=1 cargo test -p kukuri-desktop bindings

/** Why something was not done: a word for the window, what is so, what to do. */
export type AppError = {
  /** What kind of error it is, see docs/reference/errors.md. */
  code: string;
  /** What is so, with its causes. */
  message: string;
  /** What to do, where there is something to do. */
  hint: string | null;
};

/** Where the app stands. */
export type AppState =
  | {
    "stage": "blocked";
    /** What: the keyring is locked, the profile in use, the database damaged. */
    error: AppError;
    /** Where the passphrase would be kept, if the keys could go into a file instead. */
    passphrase_file: string | null;
  }
  | {
    "stage": "first_start";
    /** Who was made, without a name yet. */
    author: AuthorView;
    /** Where the keys are. */
    key_store: KeyStore;
    /** Topics to begin with. */
    suggested: Array<TopicName>;
  }
  | {
    "stage": "ready";
    /** The node. */
    status: StatusView;
    /** The process that runs the node, if that is another one. */
    attached_to: number | null;
  };

/** How an event reached this node. */
export type Arrival = "local" | "live" | "fetched";

/** How an attempt of discovery ended. */
export type AttemptResult = "running" | "found" | "nothing" | "failed" | "timed_out" | "published" | "skipped";

/** One attempt of discovery. */
export type AttemptView = {
  /** By which path. */
  source: SourceKind;
  /** Which peer, where one is meant. */
  peer: PeerId | null;
  /** When it began. */
  started_at: string;
  /** Milliseconds from joining the topic to its begin. */
  started_after_ms: number;
  /** How long it took, once it ended. */
  took_ms: number | null;
  /** How it ended. */
  result: AttemptResult;
  /** More, in plain words. */
  detail: string;
};

/** An author's public key (BIP-340, x only), the identity of a person. */
export type AuthorId = string;

/** An author, as others know them. JSON adds `npub`, the key in its form for people (NIP-19). */
export type AuthorView = {
  /** The public key. */
  pubkey: AuthorId;
  /** The public key in its form for people (NIP-19). */
  npub: string;
  /** The name that they gave themselves, where one is known. */
  name: string | null;
};

/** How the check of something that a node needs ended. */
export type CheckResult = "ok" | "warn" | "fails" | "skipped";

/** The check of something that a node needs. */
export type CheckView = {
  /** What was looked at: a word in English. */
  name: string;
  /** How it ended. */
  result: CheckResult;
  /** What was found, or why nothing was looked at, in English. */
  detail: string;
  /** How long it took. */
  took_ms: number;
};

/** What a node needs, looked at. */
export type ChecksView = {
  /** In the order in which they were made. */
  checks: Array<CheckView>;
  /** The first thing that has to be mended, in English; `None` if nothing has to. */
  cause: string | null;
  /** How. */
  remedy: string | null;
};

/** What must be so here for a write to be made. */
export type Condition =
  | "absent"
  | "present"
  | {
    "revision": string
  };

/** Where a topic stands on its way to its members. */
export type ConnectionState = "starting" | "listening" | "discovering" | "connecting" | "joined" | "syncing" | "alone";

/** What a session counted since it started. Nothing that a peer sends is an error. */
export type Counters = {
  /** Messages that are not ours (stock peers). */
  foreign: number;
  /** Frames of a version that we do not know. */
  other_version: number;
  /** Frames that do not decode or break a limit. */
  malformed: number;
  /** Events whose id or signature is false. */
  forged: number;
  /** Events that the topic's rules refuse. */
  refused: number;
  /** Events that are older than what is kept here. */
  outdated: number;
  /** Events that were known already. */
  duplicates: number;
  /** Events that waited for a token bucket. */
  delayed: number;
  /** Events or ids dropped because too much was waiting. */
  dropped: number;
  /** Times that the network lost messages before they reached us. */
  lagged: number;
  /** Times that this member seemed deaf: others wrote, and nothing came through. */
  deaf: number;
  /** Events stored. */
  stored: number;
  /** Events that the store failed to take; peers still have theirs. */
  not_stored: number;
};

/** Where the client of the Mainline DHT stands. */
export type DhtView = {
  /** Whether it is on. */
  enabled: boolean;
  /** Whether a node has answered. */
  bootstrapped: boolean;
  /** Nodes in the routing table. */
  table_nodes: number;
};

/** The ways of finding members, for the whole node. */
export type DiscoveryView = {
  /** Mainline DHT. */
  dht: DhtView;
  /** Multicast DNS. */
  mdns: MdnsView;
};

/** Entries of a topic, by key. */
export type Entries = {
  /** The entries. */
  entries: Array<EntryView>;
  /** Where the next page begins; `None` after the last one. */
  next: EntryKey | null;
};

/** A key: 1 to 256 bytes of UTF-8, any characters, compared by bytes. */
export type EntryKey = string;

/** A write to an entry. */
export type EntryView = {
  /** The key. */
  key: EntryKey;
  /** What was written, if that is a text; neither this nor the next for a deletion. */
  value?: string;
  /** What was written, in base64, if it is no text. */
  value_base64?: string;
  /** Names this write: the event's id. */
  revision: EventId;
  /** By whom. */
  author: AuthorView;
  /** When, in the order of cause and effect. */
  clock: Hlc;
  /** When, by the greatest clock that the author knew of. */
  written_at: string;
  /** From when on it counts as deleted. */
  expires_at: string | null;
  /** When it was stored here. */
  received_at: string;
  /** How far it has come. */
  state: PostState;
  /** What became of it. */
  outcome: Outcome;
};

/** A write to an entry, as it is asked for. */
export type EntryWrite = {
  /** To which key. */
  key: EntryKey;
  /** A text; with neither this nor the next the key is deleted. */
  value?: string;
  /** Any bytes, in base64. */
  value_base64?: string;
  /** For how long it is to count, in milliseconds. */
  ttl_ms?: number;
  /** Only if this is so here. */
  only_if?: Condition;
};

/**
 * Generation of a topic's keys. Public topics have epoch 0 for ever; a private topic counts up
 * with each rotation.
 */
export type Epoch = number;

/** SHA-256 of an event's canonical form (NIP-01). */
export type EventId = string;

/** Why a topic is connected the way it is. */
export type ExplainView = {
  /** The topic. */
  topic: TopicView;
  /** Where it stands. */
  state: ConnectionState | null;
  /** Each path, in a fixed order. */
  sources: Array<SourceView>;
  /** Attempts, oldest first. */
  attempts: Array<AttemptView>;
  /** Who is connected. */
  peers: Array<PeerView>;
};

/** How a connected peer came to be known. */
export type FoundBy = "ticket" | "known" | "mdns" | "dht" | "manual" | "bootstrap" | "neighbour" | "inbound";

/** A post that a search found. */
export type FoundView = {
  /** In which topic. */
  topic: TopicName;
  /** The parts of its text that match, in characters: begin, and end exclusive. */
  matches: [number, number][];
  /** The event. */
  event: SignedEvent;
  /** Author. */
  author: AuthorView;
  /** When it was stored here. */
  received_at: string;
  /** How far it has come. */
  state: PostState;
  /** What it answers. */
  reply: Reply | null;
  /** The answers to it, if it is the first post of a thread. */
  replies: RepliesView;
  /** What others said about it with one sign or word. */
  reactions: Array<ReactionView>;
  /** When its author took it back; then its text is not to be shown. */
  deleted_at: string | null;
};

/**
 * A time that orders writes by cause: whoever has seen a write writes with a later clock, even if
 * their own clock is behind.
 */
export type Hlc = {
  /** Milliseconds since the Unix epoch: the greatest wall time that the writer knew of. */
  ms: number;
  /** Tells apart what happened within the millisecond. */
  counter: number;
};

/** A member that is known to hold the same set as this one. */
export type InStepView = {
  /** Its endpoint. */
  peer: PeerId;
  /** Since when, without a difference seen in between. */
  since: string;
  /** Seen last at this time. */
  last: string;
};

/** The kind of place where a profile's secrets are kept. */
export type KeyStore = "os" | "file" | "memory";

/** Which entries the window wants. */
export type KeysQuery = {
  /** In which topic. */
  topic: TopicRef;
  /** Only those whose keys begin so. */
  prefix: string;
  /** Only those after this key. */
  after: EntryKey | null;
  /** How many at most. */
  limit: number;
};

/** The language of the window. */
export type Language = "en" | "ja";

/** Where discovery on the local network stands. */
export type MdnsView = {
  /** Whether it is on. */
  enabled: boolean;
};

/** Which help from strangers a node uses. */
export type NetworkMode = "internet" | "serverless" | "lan";

/** What happened since the last batch, in order: at most 500 events. */
export type NewsBatch = {
  /** What happened. */
  events: Array<NodeEvent>;
};

/** Something that happened in one of the node's topics. */
export type NodeEvent = {
  /** Where; `None` for `TopicEvent::Resync` of a subscription to all topics. */
  topic: TopicName | null;
} & (
  | {
    "type": "post";
    /** How it came. */
    arrival: Arrival;
    /** The event. */
    event: SignedEvent;
    /** Author. */
    author: AuthorView;
    /** When it was stored here. */
    received_at: string;
    /** How far it has come. */
    state: PostState;
    /** What it answers. */
    reply: Reply | null;
    /** The answers to it, if it is the first post of a thread. */
    replies: RepliesView;
    /** What others said about it with one sign or word. */
    reactions: Array<ReactionView>;
    /** When its author took it back; then its text is not to be shown. */
    deleted_at: string | null;
  }
  | {
    "type": "post_changed";
    /** Which. */
    id: EventId;
  }
  | {
    "type": "profile";
    /** Who, with the name that they have now. */
    author: AuthorView;
  }
  | {
    "type": "entry";
    /** The key. */
    key: EntryKey;
    /** What was written, if that is a text; neither this nor the next for a deletion. */
    value?: string;
    /** What was written, in base64, if it is no text. */
    value_base64?: string;
    /** Names this write: the event's id. */
    revision: EventId;
    /** By whom. */
    author: AuthorView;
    /** When, in the order of cause and effect. */
    clock: Hlc;
    /** When, by the greatest clock that the author knew of. */
    written_at: string;
    /** From when on it counts as deleted. */
    expires_at: string | null;
    /** When it was stored here. */
    received_at: string;
    /** How far it has come. */
    state: PostState;
    /** What became of it. */
    outcome: Outcome;
  }
  | {
    "type": "post_state";
    /** Which. */
    id: EventId;
    /** How far. */
    state: PostState;
  }
  | {
    "type": "peer_joined";
    /** Who. */
    peer: PeerId;
    /** How it was found. */
    found_by: FoundBy;
    /** Milliseconds from joining the topic to this moment. */
    after_ms: number;
  }
  | {
    "type": "peer_author";
    /** Which. */
    peer: PeerId;
    /** Whose. */
    author: AuthorView;
  }
  | {
    "type": "peer_left";
    /** Who. */
    peer: PeerId;
  }
  | {
    "type": "state";
    /** Where it stands now. */
    state: ConnectionState;
  }
  | {
    "type": "sync";
    /** From whom. */
    peer: PeerId;
    /** How many events were new here. */
    new: number;
  }
  | {
    "type": "progress";
    /** From whom. */
    peer: PeerId;
    /** How many events have come. */
    fetched: number;
    /** How many are known to be lacking, those included. */
    of: number;
  }
  | {
    "type": "storage";
    /** Since when and why; `None` when it works. */
    stalled: StalledView | null;
  }
  | {
    "type": "topic_joined"
  }
  | {
    "type": "topic_left"
  }
  | {
    "type": "resync"
  }
);

/** What became of a write. */
export type Outcome = "won" | "lost" | "deleted";

/** Which posts the window wants. */
export type PageQuery = {
  /** In which topic. */
  topic: TopicRef;
  /** How many at most. */
  limit: number;
  /** Only those before this post. */
  before: EventId | null;
  /** Only those of this author. */
  author: AuthorId | null;
  /** Only first posts of threads, as the timeline shows them. */
  roots: boolean;
};

/** The kind of path that packets to a peer take. */
export type PathKind = "direct" | "relay" | "lan" | "none";

/**
 * An endpoint's public key (ed25519), which is its identity in QUIC. It is neither the author
 * of posts nor the device: those are different keys.
 */
export type PeerId = string;

/** A peer that is connected in a topic. */
export type PeerView = {
  /** Endpoint id. */
  id: PeerId;
  /** Who runs it, where it has proved that. */
  author: AuthorView | null;
  /** Their name, where one is known. */
  name: string | null;
  /** Path in use. */
  path: PathKind;
  /** Round-trip time in milliseconds. */
  rtt_ms: number | null;
  /** How far its clock is ahead of ours in milliseconds, where it has said so. */
  clock_skew_ms: number | null;
  /** How it was found. */
  found_by: FoundBy;
  /** Milliseconds from joining the topic until it was a neighbour. */
  found_after_ms: number;
  /** Topics that are shared with it. */
  topics: Array<TopicName>;
  /** Since when. */
  connected_at: string;
};

/** How far a post has come. */
export type PostState = {
  /** Whether it is on the disk here; always so for a post that is shown. */
  stored: boolean;
  /** Neighbours that it was broadcast to at the latest broadcast. */
  sent_to: number;
  /** Distinct peers that said they hold it. */
  held_by: number;
};

/** A post as a reader sees it. */
export type PostView = {
  /** The event. */
  event: SignedEvent;
  /** Author. */
  author: AuthorView;
  /** When it was stored here. */
  received_at: string;
  /** How far it has come. */
  state: PostState;
  /** What it answers. */
  reply: Reply | null;
  /** The answers to it, if it is the first post of a thread. */
  replies: RepliesView;
  /** What others said about it with one sign or word. */
  reactions: Array<ReactionView>;
  /** When its author took it back; then its text is not to be shown. */
  deleted_at: string | null;
};

/** Posts of a topic, newest first. */
export type Posts = {
  /** The topic. */
  topic: TopicView;
  /** Its posts. */
  posts: Array<PostView>;
};

/** What an author told about themselves. */
export type ProfileView = {
  /** Who, and how they want to be called. */
  author: AuthorView;
  /** A few words. */
  about: string | null;
};

/** How often one reaction was given to a post. */
export type ReactionView = {
  /** The sign or word; `+` for approval. */
  content: string;
  /** By how many authors. */
  count: number;
  /** The own one, which can be taken back. */
  own: EventId | null;
};

/** The answers in a thread, without deleted ones and those of muted authors. */
export type RepliesView = {
  /** How many, up to `ANSWERS_COUNTED_MAX`. */
  count: number;
  /** When the newest was written, by its author's clock. */
  last_at: string | null;
  /** By whom. */
  last_by: AuthorView | null;
};

/** Which post another one answers (NIP-10). */
export type Reply = {
  /** The first post of the thread. */
  root: EventId;
  /** The post that is answered: the root itself for a direct answer. */
  parent: EventId;
};

/** Only what is to be changed. */
export type SettingsChange = {
  theme?: Theme;
  language?: Language;
  notifications?: boolean;
  enter_posts?: boolean;
  single_keys?: boolean;
  network_mode?: NetworkMode;
  dht?: boolean;
  mdns?: boolean;
  known_peers?: boolean;
  bootstrap?: Array<string>;
  peers?: Array<string>;
};

/** What the window shows of all settings. */
export type SettingsView = {
  /**
   * Which help from strangers the node uses. This and the next five are kept in the
   * configuration, and act at the next start of the node.
   */
  network_mode: NetworkMode;
  /** Whether members are looked for on the Mainline DHT. */
  dht: boolean;
  /** Whether members are looked for on the local network. */
  mdns: boolean;
  /** Whether remembered peers are dialled. */
  known_peers: boolean;
  /** Nodes that are dialled when nothing else helped: `<endpoint id>@ADDR`. */
  bootstrap: Array<string>;
  /** Peers that are dialled at once: `<endpoint id>@ADDR`. */
  peers: Array<string>;
  /** Keys that the environment or the command line sets, above the file. */
  fixed: Array<string>;
  /** Whether a changed setting waits for the next start of the node. */
  needs_restart: boolean;
  /** The configuration file. */
  config_path: string;
  /** The folder of the logs. */
  log_dir: string;
  /** The folder of the profile. */
  data_dir: string;
  /** Program version. */
  version: string;
  /** Light or dark. */
  theme: Theme;
  /** Its language. */
  language: Language;
  /** Whether the desktop tells of mentions. */
  notifications: boolean;
  /** Whether Enter posts. */
  enter_posts: boolean;
  /** Whether single letters act in the timeline. */
  single_keys: boolean;
  /** Whether name and topics were chosen once. */
  is_started: boolean;
};

/**
 * An event as it came: shaped like one and within the limits, but with a signature that
 * nobody has checked yet.
 * In JSON it is the object of NIP-01.
 */
export type SignedEvent = {
  /** SHA-256 of the canonical form. */
  id: EventId;
  /** Who signed it. */
  pubkey: AuthorId;
  /** Seconds since the Unix epoch. */
  created_at: number;
  /** 1 or 9 for what is shown as a post. */
  kind: number;
  /** Each tag as its list of strings. */
  tags: Array<Array<string>>;
  /** The text. */
  content: string;
  /** The author's signature (BIP-340), in hexadecimal digits. */
  sig: string;
};

/** A path of discovery. */
export type SourceKind = "ticket" | "known" | "mdns" | "dht" | "manual" | "bootstrap";

/** Where one path of discovery stands. */
export type SourceView = {
  /** Which path. */
  source: SourceKind;
  /** Whether the configuration has it on. */
  enabled: boolean;
  /** In plain words: "tried at 0.0 s", "listening", "waits". */
  state: string;
  /** In plain words: what came of it. */
  result: string;
};

/** Nothing that others hold is stored, nor fetched, until the store takes it again. */
export type StalledView = {
  /** What is wrong with it. */
  reason: StoreTrouble;
  /** Since when. */
  since: string;
};

/** The node. */
export type StatusView = {
  /** Program version. */
  version: string;
  /** Name of the profile. */
  profile: string;
  /** The author. */
  author: AuthorView;
  /** The endpoint. */
  peer_id: PeerId;
  /** Where the secrets are. */
  key_store: KeyStore;
  /** Process that runs the node; `None` while none runs. */
  pid: number | null;
  /** How long it has been running. */
  uptime_ms: number;
  /** Local UDP sockets. */
  listen: Array<string>;
  /** Where others may reach this node: `ip:port`, or a relay's URL. */
  addresses: string[];
  /** Joined topics. */
  topics: Array<TopicView>;
  /** The ways of finding members. */
  discovery: DiscoveryView;
};

/** What keeps a store from taking events, as far as a person can mend it. */
export type StoreTrouble = "disk_full" | "read_only" | "database";

/** What the window searches for. */
export type TextQuery = {
  /** Words that must all occur. */
  text: string;
  /** In which topic; in all when `None`. */
  topic: TopicRef | null;
  /** How many at most. */
  limit: number;
  /** Only posts before this time, by the clocks of their authors. */
  before: UnixMs | null;
};

/** Light or dark. */
export type Theme = "light" | "dark" | "system";

/** Identifies a topic on the network: the gossip topic and the tracker's topic hash. */
export type TopicId = string;

/**
 * The normalised name of a public topic: Unicode NFC, case-folded, without surrounding white
 * space, each run of white space inside one space (a Japanese keyboard types U+3000), 1 to 64
 * characters, without control characters and without invisible ones. One leading `#` is dropped.
 */
export type TopicName = string;

/**
 * A topic as it is named on a command line: a name with or without `#`, or `id:` and at least
 * eight hexadecimal digits of its id.
 */
export type TopicRef = string;

/** A topic that the profile has joined. */
export type TopicView = {
  /** Name. */
  name: TopicName;
  /** Id. */
  id: TopicId;
  /** Who may join. */
  visibility: Visibility;
  /** Epoch. */
  epoch: Epoch;
  /** Where it stands; `None` while no node is running. */
  state: ConnectionState | null;
  /** Connected neighbours. */
  neighbours: number;
  /** Stored posts. */
  posts: number;
  /** Posts of others since the topic was last read. */
  unread: number;
  /** When the newest post was written, by its author's clock. */
  last_post_at: string | null;
  /** What was written before is not kept here, for lack of room; `None` while everything is. */
  complete_since: string | null;
  /** About how much room the events take. */
  stored_bytes: number;
  /** The most that they may take; `None` for no ceiling. */
  ceiling_bytes: number | null;
  /**
   * Fingerprint of the topic's sync set at the last cut that was told to the neighbours; `None`
   * until then.
   */
  fingerprint: string | null;
  /** How many members are known to hold the same set; `None` while no node is running. */
  complete_with: number | null;
  /** Which, by id. */
  in_step: Array<InStepView>;
  /** Why nothing that others hold is stored at the moment; `None` while it is. */
  stalled: StalledView | null;
  /** What the session counted. */
  counters: Counters;
};

/** Milliseconds since the Unix epoch, UTC. */
export type UnixMs = number;

/** Who may join a topic. */
export type Visibility = "public" | "private";

/** What the window may ask; every one may fail with an `AppError`. */
export type Commands = {
  /** Changes settings; all of them, or none if one is refused. */
  change_settings: { args: { change: SettingsChange }; result: SettingsView };
  /** Looks at what a node needs. It asks for nothing and changes nothing. */
  check_device: { args: Record<string, never>; result: ChecksView };
  /** Asks everybody to delete an own post or reaction. */
  delete_event: { args: { topic: TopicRef; id: EventId }; result: null };
  /** The writes to a key: that which counts first, then those that lost, greatest first. */
  entry_history: { args: { topic: TopicRef; key: EntryKey; limit: number }; result: Array<EntryView> };
  /** Why the topic is connected the way it is. */
  explain: { args: { topic: TopicRef }; result: ExplainView };
  /** Gives the new author a name and joins the first topics. */
  finish_first_start: { args: { name: string; topics: Array<string> }; result: AppState };
  /** How many peers are connected in one topic, or in any. */
  get_peer_count: { args: { topic: TopicRef | null }; result: number };
  /** Waits until the DHT has answered, at most 10 s. */
  init_dht_discovery: { args: Record<string, never>; result: DiscoveryView };
  /** Opens the profile: starts the node, or attaches to the one that runs. Again after `blocked`. */
  init_p2p: { args: Record<string, never>; result: AppState };
  /** Joins a public topic and begins to look for its members. */
  join_topic: { args: { name: string }; result: TopicView };
  /** Leaves a topic; its posts stay here. */
  leave_topic: { args: { topic: TopicRef }; result: null };
  /** Looks for members of all topics at once, as after a change of network. */
  look_again: { args: Record<string, never>; result: null };
  /** Notes that a topic was read up to and including this post. */
  mark_read: { args: { topic: TopicRef; up_to: EventId }; result: null };
  /** Shows nothing of this author any more. Returns whether they were not muted before. */
  mute: { args: { author: AuthorId }; result: boolean };
  /** The muted authors. */
  muted: { args: Record<string, never>; result: Array<AuthorView> };
  /**
   * Tells the desktop of a post that is meant for whoever sits here. Does nothing while the window
   * is looked at, while notifications are off, and a moment after the last one.
   */
  notify: { args: { topic: TopicName; id: EventId }; result: null };
  /** Opens the folder of the profile in the file manager. */
  open_data_folder: { args: Record<string, never>; result: null };
  /** Opens the folder of the logs in the file manager. */
  open_log_folder: { args: Record<string, never>; result: null };
  /** Who is connected in one topic, or in any. */
  peers: { args: { topic: TopicRef | null }; result: Array<PeerView> };
  /** Posts, or answers a post. Once it returns, the post is on the disk. */
  post: { args: { topic: TopicRef; text: string; reply_to: EventId | null }; result: PostView };
  /** What an author told about themselves. */
  profile: { args: { author: AuthorId }; result: ProfileView };
  /** Reacts, or takes the own reaction of the same content back. Returns the post anew. */
  react: { args: { topic: TopicRef; id: EventId; content: string }; result: PostView };
  /** Entries that hold something, by key. */
  read_entries: { args: { query: KeysQuery }; result: Entries };
  /**
   * The write that counts of a key, also where it deletes or has expired; none if the key was never
   * written.
   */
  read_entry: { args: { topic: TopicRef; key: EntryKey }; result: EntryView | null };
  /** Posts of a topic, newest first. */
  read_posts: { args: { query: PageQuery }; result: Posts };
  /** Those of the posts that are held, in any order. */
  read_some: { args: { topic: TopicRef; ids: Array<EventId> }; result: Array<PostView> };
  /** The first post of a thread and all answers, oldest first. */
  read_thread: { args: { topic: TopicRef; root: EventId }; result: Array<PostView> };
  /** Posts that match, newest first. */
  search: { args: { query: TextQuery }; result: Array<FoundView> };
  /** Tells everybody how the own author wants to be called. */
  set_profile: { args: { name: string; about: string | null }; result: ProfileView };
  /** The settings. */
  settings: { args: Record<string, never>; result: SettingsView };
  /** The node, its author and its topics. */
  status: { args: Record<string, never>; result: StatusView };
  /** The joined topics, by name. */
  topics: { args: Record<string, never>; result: Array<TopicView> };
  /** Shows this author again. Returns whether they were muted. */
  unmute: { args: { author: AuthorId }; result: boolean };
  /** Keeps the keys in a passphrase file, because there is no keyring, and goes on. */
  use_passphrase_file: { args: Record<string, never>; result: AppState };
  /** Writes entries, or deletes them. Once it returns, all are on the disk. */
  write_entries: { args: { topic: TopicRef; writes: Array<EntryWrite> }; result: Array<EntryView> };
};

/** What the window may listen to: it gives a channel, and is told over it. */
export type Channels = {
  /** From now on the window is told what happens, until it or the node is gone. */
  subscribe: { args: Record<string, never>; news: NewsBatch };
};
