// Generated from the Rust code of kukuri-desktop; do not edit. To write it anew:
// KUKURI_TEST_WRITE=1 cargo test -p kukuri-desktop bindings
// What Rust gives, held against the types by the compiler; nothing reads it.
import type { AppError, AppState, ChecksView, Entries, EntryView, ExplainView, FoundView, NewsBatch, PeerView, Posts, ProfileView, SettingsView } from "./bindings";

export const appError: AppError = {
  "code": "busy",
  "message": "a message",
  "hint": "advice"
};

export const appState: AppState[] = [
  {
    "stage": "blocked",
    "error": {
      "code": "busy",
      "message": "a message",
      "hint": null
    },
    "passphrase_file": null
  },
  {
    "stage": "blocked",
    "error": {
      "code": "busy",
      "message": "a message",
      "hint": null
    },
    "passphrase_file": "/a/path"
  },
  {
    "stage": "first_start",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": null
    },
    "key_store": "os",
    "suggested": [
      "one",
      "two"
    ]
  },
  {
    "stage": "first_start",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": null
    },
    "key_store": "file",
    "suggested": [
      "one",
      "two"
    ]
  },
  {
    "stage": "first_start",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": null
    },
    "key_store": "memory",
    "suggested": [
      "one",
      "two"
    ]
  },
  {
    "stage": "ready",
    "status": {
      "version": "0.0.0",
      "profile": "default",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "peer_id": "0202020202020202020202020202020202020202020202020202020202020202",
      "key_store": "os",
      "pid": null,
      "uptime_ms": 1,
      "listen": [
        "127.0.0.1:1"
      ],
      "addresses": [
        "[::1]:1",
        "https://relay.example"
      ],
      "topics": [
        {
          "name": "lobby",
          "id": "0303030303030303030303030303030303030303030303030303030303030303",
          "visibility": "private",
          "epoch": 1,
          "state": null,
          "neighbours": 1,
          "posts": 1,
          "unread": 1,
          "last_post_at": null,
          "complete_since": null,
          "stored_bytes": 1,
          "ceiling_bytes": null,
          "fingerprint": null,
          "complete_with": null,
          "in_step": [
            {
              "peer": "0707070707070707070707070707070707070707070707070707070707070707",
              "since": "2026-11-21T09:26:41.114Z",
              "last": "2026-11-21T09:26:41.114Z"
            }
          ],
          "stalled": null,
          "counters": {
            "foreign": 0,
            "other_version": 0,
            "malformed": 0,
            "forged": 0,
            "refused": 0,
            "outdated": 0,
            "duplicates": 0,
            "delayed": 0,
            "dropped": 0,
            "lagged": 0,
            "deaf": 0,
            "stored": 0,
            "not_stored": 0
          }
        },
        {
          "name": "lobby",
          "id": "0303030303030303030303030303030303030303030303030303030303030303",
          "visibility": "public",
          "epoch": 1,
          "state": "joined",
          "neighbours": 1,
          "posts": 1,
          "unread": 1,
          "last_post_at": "2026-11-21T09:26:41.114Z",
          "complete_since": "2026-11-21T09:26:41.114Z",
          "stored_bytes": 1,
          "ceiling_bytes": 1,
          "fingerprint": "ab",
          "complete_with": 1,
          "in_step": [
            {
              "peer": "0707070707070707070707070707070707070707070707070707070707070707",
              "since": "2026-11-21T09:26:41.114Z",
              "last": "2026-11-21T09:26:41.114Z"
            }
          ],
          "stalled": {
            "reason": "disk_full",
            "since": "2026-11-21T09:26:41.114Z"
          },
          "counters": {
            "foreign": 0,
            "other_version": 0,
            "malformed": 0,
            "forged": 0,
            "refused": 0,
            "outdated": 0,
            "duplicates": 0,
            "delayed": 0,
            "dropped": 0,
            "lagged": 0,
            "deaf": 0,
            "stored": 0,
            "not_stored": 0
          }
        }
      ],
      "discovery": {
        "dht": {
          "enabled": true,
          "bootstrapped": true,
          "table_nodes": 1
        },
        "mdns": {
          "enabled": true
        }
      }
    },
    "attached_to": null
  },
  {
    "stage": "ready",
    "status": {
      "version": "0.0.0",
      "profile": "default",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "peer_id": "0202020202020202020202020202020202020202020202020202020202020202",
      "key_store": "os",
      "pid": 7,
      "uptime_ms": 1,
      "listen": [
        "127.0.0.1:1"
      ],
      "addresses": [
        "[::1]:1",
        "https://relay.example"
      ],
      "topics": [
        {
          "name": "lobby",
          "id": "0303030303030303030303030303030303030303030303030303030303030303",
          "visibility": "private",
          "epoch": 1,
          "state": null,
          "neighbours": 1,
          "posts": 1,
          "unread": 1,
          "last_post_at": null,
          "complete_since": null,
          "stored_bytes": 1,
          "ceiling_bytes": null,
          "fingerprint": null,
          "complete_with": null,
          "in_step": [
            {
              "peer": "0707070707070707070707070707070707070707070707070707070707070707",
              "since": "2026-11-21T09:26:41.114Z",
              "last": "2026-11-21T09:26:41.114Z"
            }
          ],
          "stalled": null,
          "counters": {
            "foreign": 0,
            "other_version": 0,
            "malformed": 0,
            "forged": 0,
            "refused": 0,
            "outdated": 0,
            "duplicates": 0,
            "delayed": 0,
            "dropped": 0,
            "lagged": 0,
            "deaf": 0,
            "stored": 0,
            "not_stored": 0
          }
        },
        {
          "name": "lobby",
          "id": "0303030303030303030303030303030303030303030303030303030303030303",
          "visibility": "public",
          "epoch": 1,
          "state": "joined",
          "neighbours": 1,
          "posts": 1,
          "unread": 1,
          "last_post_at": "2026-11-21T09:26:41.114Z",
          "complete_since": "2026-11-21T09:26:41.114Z",
          "stored_bytes": 1,
          "ceiling_bytes": 1,
          "fingerprint": "ab",
          "complete_with": 1,
          "in_step": [
            {
              "peer": "0707070707070707070707070707070707070707070707070707070707070707",
              "since": "2026-11-21T09:26:41.114Z",
              "last": "2026-11-21T09:26:41.114Z"
            }
          ],
          "stalled": {
            "reason": "disk_full",
            "since": "2026-11-21T09:26:41.114Z"
          },
          "counters": {
            "foreign": 0,
            "other_version": 0,
            "malformed": 0,
            "forged": 0,
            "refused": 0,
            "outdated": 0,
            "duplicates": 0,
            "delayed": 0,
            "dropped": 0,
            "lagged": 0,
            "deaf": 0,
            "stored": 0,
            "not_stored": 0
          }
        }
      ],
      "discovery": {
        "dht": {
          "enabled": true,
          "bootstrapped": true,
          "table_nodes": 1
        },
        "mdns": {
          "enabled": true
        }
      }
    },
    "attached_to": 7
  }
];

export const checksView: ChecksView = {
  "checks": [
    {
      "name": "clock",
      "result": "ok",
      "detail": "as it should be",
      "took_ms": 1
    },
    {
      "name": "clock",
      "result": "warn",
      "detail": "as it should be",
      "took_ms": 1
    },
    {
      "name": "clock",
      "result": "fails",
      "detail": "as it should be",
      "took_ms": 1
    },
    {
      "name": "clock",
      "result": "skipped",
      "detail": "as it should be",
      "took_ms": 1
    }
  ],
  "cause": "a cause",
  "remedy": null
};

export const entries: Entries[] = [
  {
    "entries": [
      {
        "key": "config/colour",
        "value": "indigo",
        "revision": "0404040404040404040404040404040404040404040404040404040404040404",
        "author": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": "a name"
        },
        "clock": {
          "ms": 1795253201114,
          "counter": 1
        },
        "written_at": "2026-11-21T09:26:41.114Z",
        "expires_at": "2026-11-21T09:26:41.114Z",
        "received_at": "2026-11-21T09:26:41.114Z",
        "state": {
          "stored": true,
          "sent_to": 0,
          "held_by": 0
        },
        "outcome": "won"
      },
      {
        "key": "config/colour",
        "value_base64": "/wA=",
        "revision": "0404040404040404040404040404040404040404040404040404040404040404",
        "author": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": "a name"
        },
        "clock": {
          "ms": 1795253201114,
          "counter": 1
        },
        "written_at": "2026-11-21T09:26:41.114Z",
        "expires_at": null,
        "received_at": "2026-11-21T09:26:41.114Z",
        "state": {
          "stored": true,
          "sent_to": 0,
          "held_by": 0
        },
        "outcome": "lost"
      },
      {
        "key": "config/colour",
        "revision": "0404040404040404040404040404040404040404040404040404040404040404",
        "author": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": "a name"
        },
        "clock": {
          "ms": 1795253201114,
          "counter": 1
        },
        "written_at": "2026-11-21T09:26:41.114Z",
        "expires_at": null,
        "received_at": "2026-11-21T09:26:41.114Z",
        "state": {
          "stored": true,
          "sent_to": 0,
          "held_by": 0
        },
        "outcome": "deleted"
      }
    ],
    "next": null
  },
  {
    "entries": [
      {
        "key": "config/colour",
        "value": "indigo",
        "revision": "0404040404040404040404040404040404040404040404040404040404040404",
        "author": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": "a name"
        },
        "clock": {
          "ms": 1795253201114,
          "counter": 1
        },
        "written_at": "2026-11-21T09:26:41.114Z",
        "expires_at": "2026-11-21T09:26:41.114Z",
        "received_at": "2026-11-21T09:26:41.114Z",
        "state": {
          "stored": true,
          "sent_to": 0,
          "held_by": 0
        },
        "outcome": "won"
      },
      {
        "key": "config/colour",
        "value_base64": "/wA=",
        "revision": "0404040404040404040404040404040404040404040404040404040404040404",
        "author": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": "a name"
        },
        "clock": {
          "ms": 1795253201114,
          "counter": 1
        },
        "written_at": "2026-11-21T09:26:41.114Z",
        "expires_at": null,
        "received_at": "2026-11-21T09:26:41.114Z",
        "state": {
          "stored": true,
          "sent_to": 0,
          "held_by": 0
        },
        "outcome": "lost"
      },
      {
        "key": "config/colour",
        "revision": "0404040404040404040404040404040404040404040404040404040404040404",
        "author": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": "a name"
        },
        "clock": {
          "ms": 1795253201114,
          "counter": 1
        },
        "written_at": "2026-11-21T09:26:41.114Z",
        "expires_at": null,
        "received_at": "2026-11-21T09:26:41.114Z",
        "state": {
          "stored": true,
          "sent_to": 0,
          "held_by": 0
        },
        "outcome": "deleted"
      }
    ],
    "next": "config/font"
  }
];

export const entryView: EntryView[] = [
  {
    "key": "config/colour",
    "value": "indigo",
    "revision": "0404040404040404040404040404040404040404040404040404040404040404",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "clock": {
      "ms": 1795253201114,
      "counter": 1
    },
    "written_at": "2026-11-21T09:26:41.114Z",
    "expires_at": "2026-11-21T09:26:41.114Z",
    "received_at": "2026-11-21T09:26:41.114Z",
    "state": {
      "stored": true,
      "sent_to": 0,
      "held_by": 0
    },
    "outcome": "won"
  },
  {
    "key": "config/colour",
    "value_base64": "/wA=",
    "revision": "0404040404040404040404040404040404040404040404040404040404040404",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "clock": {
      "ms": 1795253201114,
      "counter": 1
    },
    "written_at": "2026-11-21T09:26:41.114Z",
    "expires_at": null,
    "received_at": "2026-11-21T09:26:41.114Z",
    "state": {
      "stored": true,
      "sent_to": 0,
      "held_by": 0
    },
    "outcome": "lost"
  },
  {
    "key": "config/colour",
    "revision": "0404040404040404040404040404040404040404040404040404040404040404",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "clock": {
      "ms": 1795253201114,
      "counter": 1
    },
    "written_at": "2026-11-21T09:26:41.114Z",
    "expires_at": null,
    "received_at": "2026-11-21T09:26:41.114Z",
    "state": {
      "stored": true,
      "sent_to": 0,
      "held_by": 0
    },
    "outcome": "deleted"
  }
];

export const explainView: ExplainView = {
  "topic": {
    "name": "lobby",
    "id": "0303030303030303030303030303030303030303030303030303030303030303",
    "visibility": "private",
    "epoch": 1,
    "state": null,
    "neighbours": 1,
    "posts": 1,
    "unread": 1,
    "last_post_at": null,
    "complete_since": null,
    "stored_bytes": 1,
    "ceiling_bytes": null,
    "fingerprint": null,
    "complete_with": null,
    "in_step": [
      {
        "peer": "0707070707070707070707070707070707070707070707070707070707070707",
        "since": "2026-11-21T09:26:41.114Z",
        "last": "2026-11-21T09:26:41.114Z"
      }
    ],
    "stalled": null,
    "counters": {
      "foreign": 0,
      "other_version": 0,
      "malformed": 0,
      "forged": 0,
      "refused": 0,
      "outdated": 0,
      "duplicates": 0,
      "delayed": 0,
      "dropped": 0,
      "lagged": 0,
      "deaf": 0,
      "stored": 0,
      "not_stored": 0
    }
  },
  "state": "alone",
  "sources": [
    {
      "source": "ticket",
      "enabled": true,
      "state": "words",
      "result": "words"
    },
    {
      "source": "known",
      "enabled": true,
      "state": "words",
      "result": "words"
    },
    {
      "source": "mdns",
      "enabled": true,
      "state": "words",
      "result": "words"
    },
    {
      "source": "dht",
      "enabled": true,
      "state": "words",
      "result": "words"
    },
    {
      "source": "manual",
      "enabled": true,
      "state": "words",
      "result": "words"
    },
    {
      "source": "bootstrap",
      "enabled": true,
      "state": "words",
      "result": "words"
    }
  ],
  "attempts": [
    {
      "source": "dht",
      "peer": null,
      "started_at": "2026-11-21T09:26:41.114Z",
      "started_after_ms": 1,
      "took_ms": null,
      "result": "running",
      "detail": "words"
    },
    {
      "source": "dht",
      "peer": "0202020202020202020202020202020202020202020202020202020202020202",
      "started_at": "2026-11-21T09:26:41.114Z",
      "started_after_ms": 1,
      "took_ms": 1,
      "result": "found",
      "detail": "words"
    },
    {
      "source": "dht",
      "peer": null,
      "started_at": "2026-11-21T09:26:41.114Z",
      "started_after_ms": 1,
      "took_ms": 1,
      "result": "nothing",
      "detail": "words"
    },
    {
      "source": "dht",
      "peer": null,
      "started_at": "2026-11-21T09:26:41.114Z",
      "started_after_ms": 1,
      "took_ms": 1,
      "result": "failed",
      "detail": "words"
    },
    {
      "source": "dht",
      "peer": null,
      "started_at": "2026-11-21T09:26:41.114Z",
      "started_after_ms": 1,
      "took_ms": 1,
      "result": "timed_out",
      "detail": "words"
    },
    {
      "source": "dht",
      "peer": null,
      "started_at": "2026-11-21T09:26:41.114Z",
      "started_after_ms": 1,
      "took_ms": 1,
      "result": "published",
      "detail": "words"
    },
    {
      "source": "dht",
      "peer": null,
      "started_at": "2026-11-21T09:26:41.114Z",
      "started_after_ms": 1,
      "took_ms": 1,
      "result": "skipped",
      "detail": "words"
    }
  ],
  "peers": [
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "name": "a name",
      "path": "direct",
      "rtt_ms": 1,
      "clock_skew_ms": -1,
      "found_by": "ticket",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    },
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "name": "a name",
      "path": "relay",
      "rtt_ms": 1,
      "clock_skew_ms": -1,
      "found_by": "known",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    },
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "name": "a name",
      "path": "lan",
      "rtt_ms": 1,
      "clock_skew_ms": -1,
      "found_by": "mdns",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    },
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": null,
      "name": null,
      "path": "none",
      "rtt_ms": null,
      "clock_skew_ms": null,
      "found_by": "dht",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    },
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "name": "a name",
      "path": "direct",
      "rtt_ms": 1,
      "clock_skew_ms": -1,
      "found_by": "bootstrap",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    },
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "name": "a name",
      "path": "relay",
      "rtt_ms": 1,
      "clock_skew_ms": -1,
      "found_by": "manual",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    },
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "name": "a name",
      "path": "lan",
      "rtt_ms": 1,
      "clock_skew_ms": -1,
      "found_by": "neighbour",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    },
    {
      "id": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": null,
      "name": null,
      "path": "none",
      "rtt_ms": null,
      "clock_skew_ms": null,
      "found_by": "inbound",
      "found_after_ms": 1,
      "topics": [
        "lobby"
      ],
      "connected_at": "2026-11-21T09:26:41.114Z"
    }
  ]
};

export const foundView: FoundView[] = [
  {
    "topic": "lobby",
    "event": {
      "id": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "created_at": 1795253201,
      "kind": 1,
      "tags": [
        [
          "t",
          "lobby"
        ],
        [
          "ms",
          "114"
        ]
      ],
      "content": "words",
      "sig": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
    },
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": null
    },
    "received_at": "2026-11-21T09:26:41.114Z",
    "state": {
      "stored": true,
      "sent_to": 1,
      "held_by": 1
    },
    "reply": {
      "root": "0404040404040404040404040404040404040404040404040404040404040404",
      "parent": "0505050505050505050505050505050505050505050505050505050505050505"
    },
    "replies": {
      "count": 1,
      "last_at": "2026-11-21T09:26:41.114Z",
      "last_by": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": null
      }
    },
    "reactions": [
      {
        "content": "+",
        "count": 1,
        "own": null
      },
      {
        "content": "+",
        "count": 1,
        "own": "0606060606060606060606060606060606060606060606060606060606060606"
      }
    ],
    "deleted_at": "2026-11-21T09:26:41.114Z",
    "matches": [
      [
        0,
        2
      ],
      [
        3,
        5
      ]
    ]
  }
];

export const newsBatch: NewsBatch = {
  "events": [
    {
      "topic": "lobby",
      "type": "post",
      "event": {
        "id": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "created_at": 1795253201,
        "kind": 1,
        "tags": [
          [
            "t",
            "lobby"
          ],
          [
            "ms",
            "114"
          ]
        ],
        "content": "words",
        "sig": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
      },
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": null
      },
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 1,
        "held_by": 1
      },
      "reply": {
        "root": "0404040404040404040404040404040404040404040404040404040404040404",
        "parent": "0505050505050505050505050505050505050505050505050505050505050505"
      },
      "replies": {
        "count": 1,
        "last_at": "2026-11-21T09:26:41.114Z",
        "last_by": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": null
        }
      },
      "reactions": [
        {
          "content": "+",
          "count": 1,
          "own": null
        },
        {
          "content": "+",
          "count": 1,
          "own": "0606060606060606060606060606060606060606060606060606060606060606"
        }
      ],
      "deleted_at": "2026-11-21T09:26:41.114Z",
      "arrival": "local"
    },
    {
      "topic": "lobby",
      "type": "post",
      "event": {
        "id": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "created_at": 1795253201,
        "kind": 1,
        "tags": [
          [
            "t",
            "lobby"
          ],
          [
            "ms",
            "114"
          ]
        ],
        "content": "words",
        "sig": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
      },
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": null
      },
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 1,
        "held_by": 1
      },
      "reply": {
        "root": "0404040404040404040404040404040404040404040404040404040404040404",
        "parent": "0505050505050505050505050505050505050505050505050505050505050505"
      },
      "replies": {
        "count": 1,
        "last_at": "2026-11-21T09:26:41.114Z",
        "last_by": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": null
        }
      },
      "reactions": [
        {
          "content": "+",
          "count": 1,
          "own": null
        },
        {
          "content": "+",
          "count": 1,
          "own": "0606060606060606060606060606060606060606060606060606060606060606"
        }
      ],
      "deleted_at": "2026-11-21T09:26:41.114Z",
      "arrival": "live"
    },
    {
      "topic": "lobby",
      "type": "post",
      "event": {
        "id": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "created_at": 1795253201,
        "kind": 1,
        "tags": [
          [
            "t",
            "lobby"
          ],
          [
            "ms",
            "114"
          ]
        ],
        "content": "words",
        "sig": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
      },
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": null
      },
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 1,
        "held_by": 1
      },
      "reply": {
        "root": "0404040404040404040404040404040404040404040404040404040404040404",
        "parent": "0505050505050505050505050505050505050505050505050505050505050505"
      },
      "replies": {
        "count": 1,
        "last_at": "2026-11-21T09:26:41.114Z",
        "last_by": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": null
        }
      },
      "reactions": [
        {
          "content": "+",
          "count": 1,
          "own": null
        },
        {
          "content": "+",
          "count": 1,
          "own": "0606060606060606060606060606060606060606060606060606060606060606"
        }
      ],
      "deleted_at": "2026-11-21T09:26:41.114Z",
      "arrival": "fetched"
    },
    {
      "topic": "lobby",
      "type": "post_changed",
      "id": "0404040404040404040404040404040404040404040404040404040404040404"
    },
    {
      "topic": "lobby",
      "type": "profile",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      }
    },
    {
      "topic": "lobby",
      "type": "post_state",
      "id": "0404040404040404040404040404040404040404040404040404040404040404",
      "state": {
        "stored": true,
        "sent_to": 0,
        "held_by": 0
      }
    },
    {
      "topic": "lobby",
      "type": "peer_joined",
      "peer": "0202020202020202020202020202020202020202020202020202020202020202",
      "found_by": "dht",
      "after_ms": 1
    },
    {
      "topic": "lobby",
      "type": "peer_author",
      "peer": "0202020202020202020202020202020202020202020202020202020202020202",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": null
      }
    },
    {
      "topic": "lobby",
      "type": "peer_left",
      "peer": "0202020202020202020202020202020202020202020202020202020202020202"
    },
    {
      "topic": "lobby",
      "type": "sync",
      "peer": "0202020202020202020202020202020202020202020202020202020202020202",
      "new": 1
    },
    {
      "topic": "lobby",
      "type": "progress",
      "peer": "0202020202020202020202020202020202020202020202020202020202020202",
      "fetched": 1,
      "of": 2
    },
    {
      "topic": "lobby",
      "type": "storage",
      "stalled": null
    },
    {
      "topic": "lobby",
      "type": "topic_joined"
    },
    {
      "topic": "lobby",
      "type": "topic_left"
    },
    {
      "topic": "lobby",
      "type": "resync"
    },
    {
      "topic": "lobby",
      "type": "entry",
      "key": "config/colour",
      "value": "indigo",
      "revision": "0404040404040404040404040404040404040404040404040404040404040404",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "clock": {
        "ms": 1795253201114,
        "counter": 1
      },
      "written_at": "2026-11-21T09:26:41.114Z",
      "expires_at": "2026-11-21T09:26:41.114Z",
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 0,
        "held_by": 0
      },
      "outcome": "won"
    },
    {
      "topic": "lobby",
      "type": "entry",
      "key": "config/colour",
      "value_base64": "/wA=",
      "revision": "0404040404040404040404040404040404040404040404040404040404040404",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "clock": {
        "ms": 1795253201114,
        "counter": 1
      },
      "written_at": "2026-11-21T09:26:41.114Z",
      "expires_at": null,
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 0,
        "held_by": 0
      },
      "outcome": "lost"
    },
    {
      "topic": "lobby",
      "type": "entry",
      "key": "config/colour",
      "revision": "0404040404040404040404040404040404040404040404040404040404040404",
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": "a name"
      },
      "clock": {
        "ms": 1795253201114,
        "counter": 1
      },
      "written_at": "2026-11-21T09:26:41.114Z",
      "expires_at": null,
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 0,
        "held_by": 0
      },
      "outcome": "deleted"
    },
    {
      "topic": "lobby",
      "type": "state",
      "state": "starting"
    },
    {
      "topic": "lobby",
      "type": "state",
      "state": "listening"
    },
    {
      "topic": "lobby",
      "type": "state",
      "state": "discovering"
    },
    {
      "topic": "lobby",
      "type": "state",
      "state": "connecting"
    },
    {
      "topic": "lobby",
      "type": "state",
      "state": "joined"
    },
    {
      "topic": "lobby",
      "type": "state",
      "state": "syncing"
    },
    {
      "topic": "lobby",
      "type": "state",
      "state": "alone"
    },
    {
      "topic": "lobby",
      "type": "storage",
      "stalled": {
        "reason": "disk_full",
        "since": "2026-11-21T09:26:41.114Z"
      }
    },
    {
      "topic": "lobby",
      "type": "storage",
      "stalled": {
        "reason": "read_only",
        "since": "2026-11-21T09:26:41.114Z"
      }
    },
    {
      "topic": "lobby",
      "type": "storage",
      "stalled": {
        "reason": "database",
        "since": "2026-11-21T09:26:41.114Z"
      }
    },
    {
      "topic": null,
      "type": "resync"
    }
  ]
};

export const peerView: PeerView[] = [
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "name": "a name",
    "path": "direct",
    "rtt_ms": 1,
    "clock_skew_ms": -1,
    "found_by": "ticket",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  },
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "name": "a name",
    "path": "relay",
    "rtt_ms": 1,
    "clock_skew_ms": -1,
    "found_by": "known",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  },
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "name": "a name",
    "path": "lan",
    "rtt_ms": 1,
    "clock_skew_ms": -1,
    "found_by": "mdns",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  },
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": null,
    "name": null,
    "path": "none",
    "rtt_ms": null,
    "clock_skew_ms": null,
    "found_by": "dht",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  },
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "name": "a name",
    "path": "direct",
    "rtt_ms": 1,
    "clock_skew_ms": -1,
    "found_by": "bootstrap",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  },
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "name": "a name",
    "path": "relay",
    "rtt_ms": 1,
    "clock_skew_ms": -1,
    "found_by": "manual",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  },
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": "a name"
    },
    "name": "a name",
    "path": "lan",
    "rtt_ms": 1,
    "clock_skew_ms": -1,
    "found_by": "neighbour",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  },
  {
    "id": "0202020202020202020202020202020202020202020202020202020202020202",
    "author": null,
    "name": null,
    "path": "none",
    "rtt_ms": null,
    "clock_skew_ms": null,
    "found_by": "inbound",
    "found_after_ms": 1,
    "topics": [
      "lobby"
    ],
    "connected_at": "2026-11-21T09:26:41.114Z"
  }
];

export const posts: Posts = {
  "topic": {
    "name": "lobby",
    "id": "0303030303030303030303030303030303030303030303030303030303030303",
    "visibility": "public",
    "epoch": 1,
    "state": "syncing",
    "neighbours": 1,
    "posts": 1,
    "unread": 1,
    "last_post_at": "2026-11-21T09:26:41.114Z",
    "complete_since": "2026-11-21T09:26:41.114Z",
    "stored_bytes": 1,
    "ceiling_bytes": 1,
    "fingerprint": "ab",
    "complete_with": 1,
    "in_step": [
      {
        "peer": "0707070707070707070707070707070707070707070707070707070707070707",
        "since": "2026-11-21T09:26:41.114Z",
        "last": "2026-11-21T09:26:41.114Z"
      }
    ],
    "stalled": {
      "reason": "disk_full",
      "since": "2026-11-21T09:26:41.114Z"
    },
    "counters": {
      "foreign": 0,
      "other_version": 0,
      "malformed": 0,
      "forged": 0,
      "refused": 0,
      "outdated": 0,
      "duplicates": 0,
      "delayed": 0,
      "dropped": 0,
      "lagged": 0,
      "deaf": 0,
      "stored": 0,
      "not_stored": 0
    }
  },
  "posts": [
    {
      "event": {
        "id": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "created_at": 1795253201,
        "kind": 1,
        "tags": [
          [
            "t",
            "lobby"
          ],
          [
            "ms",
            "114"
          ]
        ],
        "content": "words",
        "sig": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
      },
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": null
      },
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 1,
        "held_by": 1
      },
      "reply": null,
      "replies": {
        "count": 0,
        "last_at": null,
        "last_by": null
      },
      "reactions": [],
      "deleted_at": null
    },
    {
      "event": {
        "id": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "created_at": 1795253201,
        "kind": 1,
        "tags": [
          [
            "t",
            "lobby"
          ],
          [
            "ms",
            "114"
          ]
        ],
        "content": "words",
        "sig": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
      },
      "author": {
        "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
        "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
        "name": null
      },
      "received_at": "2026-11-21T09:26:41.114Z",
      "state": {
        "stored": true,
        "sent_to": 1,
        "held_by": 1
      },
      "reply": {
        "root": "0404040404040404040404040404040404040404040404040404040404040404",
        "parent": "0505050505050505050505050505050505050505050505050505050505050505"
      },
      "replies": {
        "count": 1,
        "last_at": "2026-11-21T09:26:41.114Z",
        "last_by": {
          "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
          "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
          "name": null
        }
      },
      "reactions": [
        {
          "content": "+",
          "count": 1,
          "own": null
        },
        {
          "content": "+",
          "count": 1,
          "own": "0606060606060606060606060606060606060606060606060606060606060606"
        }
      ],
      "deleted_at": "2026-11-21T09:26:41.114Z"
    }
  ]
};

export const profileView: ProfileView[] = [
  {
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": null
    },
    "about": null
  },
  {
    "author": {
      "pubkey": "0101010101010101010101010101010101010101010101010101010101010101",
      "npub": "npub1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs8j9gdm",
      "name": null
    },
    "about": "words"
  }
];

export const settingsView: SettingsView[] = [
  {
    "theme": "light",
    "language": "en",
    "notifications": true,
    "enter_posts": true,
    "single_keys": true,
    "is_started": true,
    "network_mode": "internet",
    "dht": true,
    "mdns": true,
    "known_peers": true,
    "bootstrap": [
      "a peer"
    ],
    "peers": [],
    "fixed": [
      "a key"
    ],
    "needs_restart": true,
    "config_path": "/a/path",
    "log_dir": "/a/path",
    "data_dir": "/a/path",
    "version": "0.0.0"
  },
  {
    "theme": "dark",
    "language": "ja",
    "notifications": true,
    "enter_posts": true,
    "single_keys": true,
    "is_started": true,
    "network_mode": "serverless",
    "dht": true,
    "mdns": true,
    "known_peers": true,
    "bootstrap": [
      "a peer"
    ],
    "peers": [],
    "fixed": [
      "a key"
    ],
    "needs_restart": true,
    "config_path": "/a/path",
    "log_dir": "/a/path",
    "data_dir": "/a/path",
    "version": "0.0.0"
  },
  {
    "theme": "system",
    "language": "en",
    "notifications": true,
    "enter_posts": true,
    "single_keys": true,
    "is_started": true,
    "network_mode": "lan",
    "dht": true,
    "mdns": true,
    "known_peers": true,
    "bootstrap": [
      "a peer"
    ],
    "peers": [],
    "fixed": [
      "a key"
    ],
    "needs_restart": true,
    "config_path": "/a/path",
    "log_dir": "/a/path",
    "data_dir": "/a/path",
    "version": "0.0.0"
  }
];
