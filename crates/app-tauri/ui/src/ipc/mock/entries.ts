// Invented entries: the ones of the pictures with their histories, and 100,000 generated ones that
// are made when they are read. Writes are merged as Rust merges them.
import { comparedKeys, comparedWrites } from "../../domain/entry";
import type { AuthorView, Condition, Entries, EntryView, EntryWrite, KeysQuery } from "../bindings";
import { AYA, DAISUKE, JONAS, LEA, MINATO, PRIYA, REN, SHIHO } from "./people";
import { HUGE } from "./posts";
import { fail, type World } from "./world";

/** 14 May 2026 in Japan, in milliseconds. */
const at = (time: string, day = "05-14") => Date.parse(`2026-${day}T${time}+09:00`);

type Extra = {
  counter?: number;
  arrivedAfterMs?: number;
  expiresAt?: number;
  sent?: number;
  held?: number;
};

/** Digits that look drawn by lot and are always the same. */
function revisionOf(key: string, author: AuthorView, ms: number): string {
  let sum = ms % 0xffffffff;
  for (const c of key + author.npub) sum = (Math.imul(sum, 31) + (c.codePointAt(0) ?? 0)) >>> 0;
  return sum.toString(16).padStart(8, "0").repeat(8);
}

export function written(
  key: string,
  author: AuthorView,
  ms: number,
  value: string | Uint8Array | null,
  extra: Extra = {},
): EntryView {
  const bytes = value instanceof Uint8Array ? btoa(String.fromCharCode(...value)) : null;
  return {
    key,
    ...(typeof value === "string" ? { value } : {}),
    ...(bytes === null ? {} : { value_base64: bytes }),
    revision: revisionOf(key, author, ms),
    author,
    clock: { ms, counter: extra.counter ?? 0 },
    written_at: new Date(ms).toISOString(),
    expires_at: extra.expiresAt === undefined ? null : new Date(extra.expiresAt).toISOString(),
    received_at: new Date(ms + (extra.arrivedAfterMs ?? 0)).toISOString(),
    state: { stored: true, sent_to: extra.sent ?? 0, held_by: extra.held ?? 0 },
    outcome: "won",
  };
}

/** The writes to the keys of mesh-lab, in no order. */
export function meshLabWrites(): EntryView[] {
  const saturday = (time: string, place: string) => `{"time":"${time}","place":"${place}"}`;
  const image = Uint8Array.from({ length: 1240 }, (_, n) => (n * 37 + 255) % 256);
  return [
    written("antenna/bridge/azimuth", PRIYA, at("08:29:11.020"), "214.5"),
    written("antenna/bridge/rssi", PRIYA, at("08:30:42.310"), "-71"),
    written("antenna/bridge/rssi", PRIYA, at("08:12:02.100"), "-84"),
    written("channel", REN, at("21:04:00.000", "05-11"), "36"),
    written("firmware/image.sig", JONAS, at("18:20:31.900", "05-12"), image),
    written("firmware/target", JONAS, at("18:20:30.500", "05-12"), "24.10.2"),
    written("meet/saturday", JONAS, at("09:31:07.412"), saturday("13:00", "出町柳 改札")),
    written("meet/saturday", MINATO, at("09:31:06.950"), saturday("12:30", "出町柳 改札"), {
      counter: 2,
      arrivedAfterMs: 14_462,
    }),
    written("meet/saturday", AYA, at("09:12:44.003"), saturday("14:00", "三条 駅前")),
    written("parts/mounting-plate", AYA, at("09:01:22.700"), '{"count":3,"by":"Aya Kitamura"}', {
      sent: 5,
      held: 4,
    }),
    written("parts/poe-injector", AYA, at("09:03:19.250"), '{"count":2,"spare":1}', { sent: 4 }),
    written("power/ups-battery", SHIHO, at("10:40:00.000", "05-02"), "交換済み 2026-05-02"),
    written("rooftop/ip", REN, at("12:00:00.000", "04-03"), "10.64.3.1"),
    written("rooftop/uptime", REN, at("09:40:03.118"), "2 h 41 min", {
      expiresAt: at("10:40:03.118"),
    }),
    written("rooftop/連絡先", SHIHO, at("09:15:00.000", "03-28"), "管理人室 内線 12"),
    written(
      "schedule/2026-05",
      DAISUKE,
      at("20:10:00.000", "05-01"),
      '[{"d":16,"what":"橋の中継器を交換"},{"d":23,"what":"定例"}]',
    ),
    written(
      "wiki/start",
      MINATO,
      at("22:33:00.000", "04-30"),
      "# はじめに\n\nメッシュに参加する人のためのページです。屋根に登る前に、必ず二人以上で確認してください。\n\n1. 屋上の鍵は管理人室（内線 12）\n2. 予備の PoE インジェクターは棚の 2 段目",
    ),
    written("old/gateway", LEA, at("11:00:00.000", "05-04"), "10.64.0.1"),
  ];
}

const GROUPS = ["camera", "door", "heating", "light", "meter", "pump", "router", "window"] as const;
const EACH = HUGE / GROUPS.length;

/** The key of a number: in the order of keys, as many as there are posts. */
export function generatedKey(index: number): string {
  const group = GROUPS[Math.floor(index / EACH)] ?? "";
  return `${group}/${String(index % EACH).padStart(5, "0")}/value`;
}

const PEOPLE = [MINATO, REN, PRIYA, JONAS] as const;

function generatedEntry(index: number): EntryView {
  const ms = at("08:00:00.000") - (index % 5000) * 60_000;
  const author = PEOPLE[index % PEOPLE.length] ?? MINATO;
  const entry = written(generatedKey(index), author, ms, String((index * 7919) % 1000));
  return { ...entry, revision: `e1${index.toString(16).padStart(62, "0")}` };
}

/** The first generated key that is not before this one. */
function generatedFrom(key: string): number {
  let [from, to] = [0, HUGE];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (comparedKeys(generatedKey(middle), key) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

const isDeletion = ({ value, value_base64 }: EntryView) =>
  value === undefined && value_base64 === undefined;

const isLive = (write: EntryView) =>
  !isDeletion(write) && (write.expires_at === null || Date.parse(write.expires_at) > Date.now());

const counting = (write: EntryView): EntryView => ({
  ...write,
  outcome: isLive(write) ? "won" : "deleted",
});

/** All writes to a key, that which counts first. */
export function writesTo(world: World, topic: string, key: string): EntryView[] {
  const own = (world.writes.get(topic) ?? []).filter((write) => write.key === key);
  if (topic === "global") {
    const index = generatedFrom(key);
    if (index < HUGE && generatedKey(index) === key) own.push(generatedEntry(index));
  }
  const [first, ...lost] = own.sort((a, b) => comparedWrites(b, a));
  if (first === undefined) return [];
  return [counting(first), ...lost.map((write): EntryView => ({ ...write, outcome: "lost" }))];
}

export function page(world: World, query: KeysQuery): Entries {
  const { topic, prefix, after, limit } = query;
  const own = world.writes.get(topic) ?? [];
  const keys = new Set(own.map((write) => write.key));
  if (topic === "global") {
    const begin = after !== null && comparedKeys(after, prefix) > 0 ? after : prefix;
    for (let index = generatedFrom(begin); index < HUGE && keys.size <= limit + 1; index += 1) {
      keys.add(generatedKey(index));
    }
  }
  const wanted = [...keys]
    .filter((key) => key.startsWith(prefix) && (after === null || comparedKeys(key, after) > 0))
    .sort(comparedKeys);
  const entries: EntryView[] = [];
  for (const key of wanted) {
    const [current] = writesTo(world, topic, key);
    if (current?.outcome === "won") entries.push(current);
    if (entries.length === limit) break;
  }
  const isFull = entries.length === limit;
  return { entries, next: isFull ? (entries.at(-1)?.key ?? null) : null };
}

/** A write as if it had come just now; the window is told if it counts. */
export function arriveWrite(world: World, topic: string, write: EntryView): void {
  const writes = world.writes.get(topic) ?? [];
  world.writes.set(topic, [...writes, write]);
  const [current] = writesTo(world, topic, write.key);
  if (current?.revision === write.revision) world.emit({ topic, type: "entry", ...current });
}

function check(world: World, topic: string, key: string, condition: Condition): void {
  const [current] = writesTo(world, topic, key);
  const held = current?.outcome === "won" ? current.revision : null;
  if (condition === "present" && held === null) fail("no_entry", `there is no entry '${key}' here`);
  const isAsExpected =
    condition === "present" ||
    (condition === "absent" ? held === null : held === condition.revision);
  if (isAsExpected) return;
  const is = held === null ? "holds nothing" : `is at revision ${held.slice(0, 8)}`;
  fail("conflict", `the entry '${key}' ${is}`, "read it again and decide anew");
}

export function write(world: World, topic: string, { key, ...wish }: EntryWrite): EntryView {
  if (world.scene.isDiskFull) {
    fail(
      "disk_full",
      "database or disk is full (os error 28)",
      "make room on this disk; nothing was half written",
    );
  }
  if (wish.only_if !== undefined) check(world, topic, key, wish.only_if);
  const latest = (world.writes.get(topic) ?? []).reduce((ms, one) => Math.max(ms, one.clock.ms), 0);
  const ms = Math.max(Date.now(), latest + 1);
  const sent = world.topics.get(topic)?.neighbours ?? 0;
  const made = written(key, world.own, ms, wish.value ?? null, {
    sent,
    ...(wish.ttl_ms === undefined ? {} : { expiresAt: Date.now() + wish.ttl_ms }),
  });
  arriveWrite(world, topic, made);
  return counting(made);
}
