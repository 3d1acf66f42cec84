// Invented accounts of looking for people: alone in a topic for 7.9 s, and connected by several ways.
import type { AttemptResult, AttemptView, ChecksView, SourceKind, SourceView } from "../bindings";

const ALONE_FOR_MS = 7900;

export function aloneAttempts(now: number): AttemptView[] {
  const joined = now - ALONE_FOR_MS;
  const attempt = (
    source: SourceKind,
    peer: string | null,
    after: number,
    took: number | null,
    result: AttemptResult,
    detail = "",
  ): AttemptView => ({
    source,
    peer: peer === null ? null : peer.repeat(64),
    started_at: new Date(joined + after).toISOString(),
    started_after_ms: after,
    took_ms: took,
    result,
    detail,
  });
  return [
    attempt("mdns", null, 0, null, "running"),
    attempt("known", "8", 0, 600, "nothing", "is not in this topic"),
    attempt("known", "9", 0, 3000, "timed_out", "no answer in time"),
    attempt("dht", null, 0, 5000, "nothing", "nobody has published a record"),
    attempt("dht", null, 300, 600, "published", "own record published"),
    attempt("bootstrap", "5", 3000, 300, "nothing", "is not in this topic"),
    attempt("bootstrap", "6", 3000, 3000, "timed_out", "no answer in time"),
    attempt("dht", null, 5400, null, "running"),
  ];
}

export function connectedAttempts(now: number): AttemptView[] {
  const joined = now - 2_900_000;
  const attempt = (
    source: SourceKind,
    peer: string | null,
    after: number,
    took: number,
    result: AttemptResult,
  ): AttemptView => ({
    source,
    peer: peer === null ? null : peer.repeat(64),
    started_at: new Date(joined + after).toISOString(),
    started_after_ms: after,
    took_ms: took,
    result,
    detail: "",
  });
  return [
    attempt("mdns", "a", 0, 340, "found"),
    attempt("mdns", "b", 20, 342, "found"),
    attempt("known", "c", 0, 610, "found"),
    attempt("dht", null, 0, 1800, "found"),
    attempt("dht", "d", 1800, 300, "found"),
    attempt("dht", "e", 1800, 1600, "found"),
  ];
}

export const SOURCES: readonly SourceView[] = [
  { source: "known", enabled: true, state: "tried at 0.0 s", result: "-" },
  { source: "mdns", enabled: true, state: "listening", result: "no one on this network" },
  {
    source: "dht",
    enabled: true,
    state: "asking since 5.4 s",
    result: "own record published at 0.9 s",
  },
  { source: "bootstrap", enabled: true, state: "tried at 3.0 s", result: "no answer in time" },
  { source: "manual", enabled: false, state: "-", result: "none configured" },
];

export const CHECKS: ChecksView = {
  checks: [
    { name: "UDP", result: "ok", detail: "packets go to the internet and come back", took_ms: 210 },
    { name: "LAN", result: "ok", detail: "multicast works", took_ms: 40 },
    { name: "DHT", result: "ok", detail: "183 nodes in the table of the running node", took_ms: 3 },
    { name: "clock", result: "ok", detail: "0.1 s from 5 members", took_ms: 1 },
    { name: "keyring", result: "ok", detail: "the system's keyring, self-test 12 ms", took_ms: 12 },
    {
      name: "database",
      result: "ok",
      detail: "31 MiB, looked through without finding damage",
      took_ms: 90,
    },
    { name: "node", result: "ok", detail: "runs, version 0.1.0", took_ms: 2 },
  ],
  cause: null,
  remedy: null,
};
