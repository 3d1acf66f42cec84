// How the members of a topic were looked for, as lanes on one axis of time. Pure: from what Rust
// explains to facts; the words come from the catalogue elsewhere.
import type { AttemptView, ExplainView, SourceKind, SourceView } from "../ipc/bindings";

export type Knot = "done" | "trying" | "waiting" | "not-found" | "not-used" | "broken";
/** How a thread on the axis ends. */
export type End = "now" | "knot" | "ring" | "bar" | "broken";
export type Thread = { from: number; to: number; end: End };

export type Lane = {
  source: SourceKind;
  knot: Knot;
  isOn: boolean;
  /** Threads by row; those of one row do not overlap. */
  rows: Thread[][];
  found: number;
  firstFoundMs: number | null;
  /** Times the source itself was asked. */
  asked: number;
  askingSinceMs: number | null;
  /** Devices that answered and are not in this topic. */
  elsewhere: number;
  /** Devices, or the source itself, that gave no answer. */
  silent: number;
  failure: string | null;
  publishedMs: number | null;
  state: string;
  result: string;
};

export type Lanes = {
  lanes: Lane[];
  /** Milliseconds since the topic was joined. */
  nowMs: number;
  /** The axis goes from here to there. */
  fromMs: number;
  toMs: number;
};

/** What is older than this is no longer drawn. */
const SPAN_MS = 60_000;
const SPAN_MIN_MS = 5000;
const ROWS_MAX = 3;
const ORDER: readonly SourceKind[] = ["ticket", "mdns", "known", "manual", "dht", "bootstrap"];

/** Lanes at this moment of the local clock. */
export function lanesOf(view: ExplainView, now: number): Lanes {
  const nowMs = elapsed(view, now);
  const latest = view.attempts.reduce((end, a) => Math.max(end, endOf(a, nowMs)), 0);
  const isOver = view.peers.length > 0;
  const toMs = Math.max(SPAN_MIN_MS, isOver ? latest * 1.1 : Math.max(latest, nowMs) * 1.2);
  const fromMs = toMs > SPAN_MS * 1.5 ? toMs - SPAN_MS : 0;
  const lanes = ORDER.flatMap((source) => {
    const known = view.sources.find((one) => one.source === source);
    if (known === undefined || (source === "ticket" && !known.enabled)) return [];
    return [laneOf(known, view, nowMs, fromMs)];
  });
  return { lanes, nowMs, fromMs, toMs };
}

function elapsed(view: ExplainView, now: number): number {
  const first = view.attempts[0];
  if (first === undefined) return 0;
  const joined = Date.parse(first.started_at) - first.started_after_ms;
  const latest = view.attempts.reduce((end, a) => Math.max(end, a.started_after_ms), 0);
  // A clock that was set back must not show attempts in the future.
  return Math.max(now - joined, latest);
}

const endOf = (attempt: AttemptView, nowMs: number) =>
  attempt.took_ms === null ? nowMs : attempt.started_after_ms + attempt.took_ms;

function laneOf(source: SourceView, view: ExplainView, nowMs: number, fromMs: number): Lane {
  const all = view.attempts.filter((attempt) => attempt.source === source.source);
  const isRecord = (a: AttemptView) =>
    a.result === "published" || a.result === "skipped" || a.detail.startsWith("own record");
  const looks = all.filter((attempt) => !isRecord(attempt));
  const searches = looks.filter((attempt) => attempt.peer === null);
  const dials = looks.filter((attempt) => attempt.peer !== null);
  const reached = dials.filter((attempt) => attempt.result === "found");
  const peers = new Set(reached.map((attempt) => attempt.peer));
  const byPeer = new Map(dials.map((attempt) => [attempt.peer, attempt]));
  const last = [...byPeer.values()];
  const lastSearch = searches.findLast((attempt) => attempt.result !== "running");
  const running = looks.findLast((attempt) => attempt.result === "running");
  const isSilent = (a: AttemptView) => a.result === "timed_out" || a.result === "failed";
  const failed = [...last, ...(lastSearch === undefined ? [] : [lastSearch])].filter(isSilent);
  const firstFound = reached[0];
  const published = all.find((attempt) => attempt.result === "published");
  const lane: Omit<Lane, "knot"> = {
    source: source.source,
    isOn: source.enabled,
    rows: rowsOf(looks, nowMs, fromMs),
    found: peers.size,
    firstFoundMs: firstFound === undefined ? null : endOf(firstFound, nowMs),
    asked: searches.length,
    askingSinceMs: running?.started_after_ms ?? null,
    elsewhere: last.filter((attempt) => attempt.result === "nothing").length,
    silent: failed.length,
    failure: failed.find((attempt) => attempt.result === "failed")?.detail ?? null,
    publishedMs: published === undefined ? null : endOf(published, nowMs),
    state: source.state,
    result: source.result,
  };
  return { ...lane, knot: knotOf(lane) };
}

function knotOf(lane: Omit<Lane, "knot">): Knot {
  if (!lane.isOn) return "not-used";
  if (lane.found > 0) return "done";
  if (lane.askingSinceMs !== null) return "trying";
  if (lane.asked === 0 && lane.rows.length === 0) return "waiting";
  // A configured node that is silent can be repaired; a person who is away cannot.
  const isRepairable = lane.source === "bootstrap" || lane.source === "manual";
  if (lane.silent > 0 && (isRepairable || lane.failure !== null) && lane.source !== "known") {
    return "broken";
  }
  return "not-found";
}

function rowsOf(attempts: readonly AttemptView[], nowMs: number, fromMs: number): Thread[][] {
  const rows: { of: string; threads: Thread[] }[] = [];
  for (const attempt of attempts) {
    const to = endOf(attempt, nowMs);
    if (to < fromMs) continue;
    const thread: Thread = {
      from: Math.max(attempt.started_after_ms, fromMs),
      to,
      end: end(attempt),
    };
    const of = attempt.peer ?? "";
    const row = rows.find((one) => one.of === of && (one.threads.at(-1)?.to ?? 0) <= thread.from);
    if (row !== undefined) row.threads.push(thread);
    else rows.push({ of, threads: [thread] });
  }
  return rows.slice(-ROWS_MAX).map((row) => row.threads);
}

function end(attempt: AttemptView): End {
  switch (attempt.result) {
    case "running":
      return "now";
    case "found":
    case "published":
      return "knot";
    case "nothing":
    case "skipped":
      return attempt.peer === null ? "bar" : "ring";
    case "failed":
    case "timed_out":
      return attempt.source === "bootstrap" || attempt.source === "manual" ? "broken" : "bar";
  }
}

/** Round times for the axis, in milliseconds, at most five. */
export function ticks(fromMs: number, toMs: number): number[] {
  const steps = [1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];
  const step = steps.find((one) => (toMs - fromMs) / one <= 4) ?? 7_200_000;
  const made: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) made.push(at);
  return made;
}
