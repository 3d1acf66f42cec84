//! Every limit that peers must agree on or that protects a node from its peers.
//!
//! Owns the numbers and their reasons. Must never hold a default that a user configures; those
//! live in `kukuri-node`'s configuration.

/// Greatest encoded size of one event, in bytes (128 KiB): a long article fits, a file does not.
pub const EVENT_BYTES_MAX: usize = 128 * 1024;

/// Greatest number of tags in one event.
pub const EVENT_TAGS_MAX: usize = 2_000;

/// Greatest size of a reaction's content that is shown, in bytes: a word of eight characters of
/// any script, or an emoji sequence.
pub const REACTION_BYTES_MAX: usize = 64;

/// Greatest length of an author's name, in characters.
pub const PROFILE_NAME_CHARS_MAX: usize = 64;

/// Greatest length of what an author tells about themselves, in characters.
pub const PROFILE_ABOUT_CHARS_MAX: usize = 500;

/// Authors that an answer addresses: that of the post, and those whom the post addressed.
pub const REPLY_AUTHORS_MAX: usize = 32;

/// Greatest length of an entry's key, in bytes of UTF-8.
pub const ENTRY_KEY_BYTES_MAX: usize = 256;

/// Greatest size of an entry's value, in bytes (64 KiB): in base64 still one event.
pub const ENTRY_VALUE_BYTES_MAX: usize = 64 * 1024;

/// How far in the future an event's time may lie, in milliseconds (10 minutes): clocks of
/// ordinary machines differ by less, and a post "from next year" would stay on top for ever.
pub const EVENT_FUTURE_MS_MAX: u64 = 10 * 60 * 1_000;

/// Greatest gossip message in bytes. It is the default of iroh-gossip, so that members running
/// the stock crate stay reachable; a larger one makes the receiver drop the topic's stream.
pub const GOSSIP_MESSAGE_BYTES_MAX: usize = 4_096;

/// Bytes that iroh-gossip adds around a payload (length, topic, message id, scope): measured at
/// up to 84, rounded up.
pub const GOSSIP_OVERHEAD_BYTES: usize = 128;

/// Greatest payload that we hand to gossip.
pub const GOSSIP_PAYLOAD_BYTES_MAX: usize = GOSSIP_MESSAGE_BYTES_MAX - GOSSIP_OVERHEAD_BYTES;

/// Greatest number of event ids in one `have` or receipt: what a gossip message holds.
pub const IDS_PER_FRAME_MAX: usize = 64;

/// Greatest number of event ids in one `get` or `offer`, which go over a stream: with posts of
/// ordinary length the answer is about as long as one may be.
pub const IDS_PER_REQUEST_MAX: usize = 1_024;

/// Greatest message of a reconciliation: some 4,000 ids.
pub const RECONCILE_BYTES_MAX: usize = 128 * 1024;

/// Period of the cuts at which members compare their sets, in milliseconds.
pub const CUT_PERIOD_MS: u64 = 10_000;

/// Greatest number of events that one `newest` may ask for.
pub const NEWEST_MAX: u16 = 200;

/// Greatest size of one frame on a sync stream: one event of the greatest size and its envelope.
pub const SYNC_FRAME_BYTES_MAX: usize = EVENT_BYTES_MAX + 1_024;

/// Greatest number of bytes of events in one sync answer; the asker continues with `before`.
pub const SYNC_ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Greatest size of one frame on a meet stream: a nonce and a full list of tags.
pub const MEET_FRAME_BYTES_MAX: usize = 16 * 1024;

/// Greatest number of tags that one side sends on a meet stream, padding included.
pub const MEET_TAGS_MAX: usize = 512;

/// Number of tags that a meet list is padded to a multiple of, so that its length hides how
/// many topics a node has.
pub const MEET_TAGS_PAD: usize = 16;

/// Greatest number of presence tags in an mDNS record: 20 tags of 8 bytes are 214 bytes in
/// base64url, the field holds 245.
pub const MDNS_TAGS_MAX: usize = 20;

/// Greatest number of neighbours that a tracker record lists (format of
/// `distributed-topic-tracker` 0.3.5).
pub const RECORD_PEERS_MAX: usize = 5;

/// Greatest number of dials to unknown peers in a minute, per topic.
pub const DIALS_PER_MINUTE_MAX: usize = 8;

/// Greatest length of a topic's name, in characters.
pub const TOPIC_NAME_CHARS_MAX: usize = 64;

/// Greatest number of addresses that are kept for one peer.
pub const PEER_ADDRESSES_MAX: usize = 8;

/// Events one peer may send unasked in a second before further ones are delayed.
pub const PEER_EVENTS_PER_SECOND: u32 = 400;

/// Events one peer may send unasked in a burst before further ones are delayed.
pub const PEER_EVENTS_BURST: u32 = 2_000;

/// Events of one author that are taken from gossip in a second before further ones are delayed.
pub const AUTHOR_EVENTS_PER_SECOND: u32 = 100;

/// Events of one author that are taken from gossip in a burst before further ones are delayed.
pub const AUTHOR_EVENTS_BURST: u32 = 500;

/// Events that wait because of a token bucket, per topic. What comes beyond is dropped and
/// counted; it can be fetched again by id.
pub const DELAYED_EVENTS_MAX: usize = 4_096;

/// Event ids that a session remembers as already stored, so that a duplicate costs a look-up in
/// memory and neither a signature check nor a query: about 100 bytes each, 13 MB when it is full.
pub const SEEN_EVENTS_MAX: usize = 131_072;
