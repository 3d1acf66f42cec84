// The invented people of the pictures, and keys that give their cloths.
import type { AuthorView, FoundBy, PathKind, PeerView } from "../bindings";

/** A key of 64 digits: anything, then form, pattern and ground of the cloth. */
const key = (digit: string, end: string) => digit.repeat(56) + end;

const author = (name: string, npub: string, pubkey: string): AuthorView => ({ name, npub, pubkey });

export const AYA = author("Aya Kitamura", "npub1c7w4mzk0r7f3n58s0q4tx", key("1", "01ba7708"));
export const MINATO = author("みなと", "npub1h2d84ks2c5v9y3gs9ln", key("2", "02db6a02"));
export const REN = author("田中 蓮", "npub1m0a2l9x4tzq7u5pe8wd", key("3", "00ad7d01"));
export const PRIYA = author("Priya Raman", "npub1vrjx03h5ek8m2d40cp", key("4", "00975b03"));
export const JONAS = author("Jonas Weber", "npub1zkl2q6wq9c4v8h71ya", key("5", "03cb3605"));
export const LEA = author("Léa Fournier", "npub1t5f0s3p7ny6k2m3fe", key("6", "01f45a00"));
export const SHIHO = author("小林 志保", "npub1qa8u4e2r9t5wx2r6", key("7", "01ae5504"));
export const DAISUKE = author("佐々木 大輔", "npub1yw3n7c5b2m9d8r2c", key("8", "03a76b0b"));
export const HENRIK = author("Henrik Sørensen", "npub1kx5v8z4j6h3n02mn", key("9", "02b65d0a"));

export const OTHERS = [MINATO, REN, PRIYA, JONAS, LEA, SHIHO, DAISUKE, HENRIK] as const;

const peer = (
  author: AuthorView | null,
  digit: string,
  path: PathKind,
  rtt_ms: number,
  found_by: FoundBy,
  found_after_ms: number,
  connected_at: string,
): PeerView => ({
  id: digit.repeat(64),
  author,
  name: null,
  path,
  rtt_ms,
  clock_skew_ms: 100,
  found_by,
  found_after_ms,
  topics: ["mesh-lab"],
  connected_at,
});

/** Whom the topic mesh-lab is connected to. */
export const PEERS: readonly PeerView[] = [
  peer(MINATO, "a", "lan", 0.6, "mdns", 340, "2026-05-13T23:52:04Z"),
  peer(REN, "b", "lan", 0.9, "mdns", 362, "2026-05-13T23:52:05Z"),
  peer(JONAS, "c", "direct", 18, "known", 610, "2026-05-13T23:52:06Z"),
  peer(PRIYA, "d", "direct", 142, "dht", 2100, "2026-05-13T23:53:10Z"),
  peer(LEA, "e", "relay", 231, "dht", 3400, "2026-05-14T00:37:40Z"),
];
