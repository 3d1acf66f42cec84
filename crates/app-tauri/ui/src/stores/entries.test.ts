import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect } from "../ipc";
import type { EntryView, NodeEvent } from "../ipc/bindings";
import type { Mock } from "../ipc/mock";
import { arriveWrite, generatedKey, written } from "../ipc/mock/entries";
import { AYA, JONAS, MINATO } from "../ipc/mock/people";
import { HUGE } from "../ipc/mock/posts";
import { rowIn } from "../domain/entries";
import { freshMock } from "../testing/app";
import { useApp } from "./app";
import { PAGE, useEntries } from "./entries";
import { change, unchanged, useEntry, writeEntry } from "./entry";
import { applyBatch } from "./news";
import { useToasts } from "./toasts";
import { useView } from "./view";

let mock: Mock;

const NOW = Date.parse("2026-05-14T09:42:09+09:00");
const rows = () => useEntries.getState().list.rows;
const row = (key: string) => rowIn(rows(), key);
const called = (name: string) => mock.calls.filter((call) => call.name === name);
const told = (topic: string, entry: EntryView): NodeEvent => ({ topic, type: "entry", ...entry });
const open = (topic = "mesh-lab") => useEntries.getState().open(topic);

/** The next read waits until it is let go. */
function held(name: "read_entries" | "entry_history"): { go: () => void } {
  const { transport } = mock;
  let go: () => void = () => undefined;
  const gate = new Promise<void>((open) => {
    go = open;
  });
  let isFirst = true;
  connect({
    ...transport,
    call: async (called, args) => {
      const answer = await transport.call(called, args);
      if (called === name && isFirst) {
        isFirst = false;
        await gate;
      }
      return answer;
    },
  });
  return { go };
}

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  mock = freshMock();
  await useApp.getState().start();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("the entries of a topic", () => {
  it("are read by the page, as far as is asked, each key once", async () => {
    await open("global");
    expect(rows()).toHaveLength(PAGE);
    for (let n = 0; n < 3; n += 1) await useEntries.getState().more();
    expect(rows().map(({ key }) => key)).toEqual(
      Array.from({ length: 4 * PAGE }, (_, n) => generatedKey(n)),
    );
    expect(useEntries.getState().list.next).toBe(generatedKey(4 * PAGE - 1));
    expect(called("read_entries")).toHaveLength(4);
  });

  it("are read to the end, and then no more", async () => {
    await open("global");
    useEntries.getState().setFilter("window/12");
    await vi.advanceTimersByTimeAsync(200);
    expect(rows()[0]?.key).toBe("window/12000/value");
    expect(useEntries.getState().list.next).not.toBeNull();
    await useEntries.getState().more();
    expect(useEntries.getState().list.next).toBeNull();
    expect(rows().at(-1)?.key).toBe(generatedKey(HUGE - 1));
    expect(rows()).toHaveLength(500);
    const before = called("read_entries").length;
    await useEntries.getState().more();
    expect(called("read_entries")).toHaveLength(before);
  });

  it("are filtered once for several letters, and a late answer is dropped", async () => {
    await open("global");
    const gate = held("read_entries");
    useEntries.getState().setFilter("m");
    await vi.advanceTimersByTimeAsync(200);
    useEntries.getState().setFilter("me");
    useEntries.getState().setFilter("meter/");
    await vi.advanceTimersByTimeAsync(200);
    expect(row("meter/00000/value")).toBeDefined();
    gate.go();
    await vi.advanceTimersByTimeAsync(10);
    expect(useEntries.getState().list.prefix).toBe("meter/");
    const prefixes = called("read_entries").map(
      ({ args }) => (args as { query: { prefix: string } }).query.prefix,
    );
    expect(prefixes).toEqual(["", "m", "meter/"]);
  });

  it("that were deleted are found by their whole key", async () => {
    mock.world.writes.get("mesh-lab")?.push(written("old/gateway", JONAS, NOW - 1000, null));
    await open();
    expect(row("old/gateway")).toBeUndefined();
    useEntries.getState().setFilter("old/gateway");
    await vi.advanceTimersByTimeAsync(200);
    expect(row("old/gateway")?.kind).toBe("deleted");
    useEntries.getState().setFilter(`old/${"漢".repeat(100)}`);
    await vi.advanceTimersByTimeAsync(200);
    expect(useEntries.getState().error).toBeNull();
  });

  it("follow what arrives, and never go back", async () => {
    await open();
    const newer = written("channel", MINATO, NOW, "48");
    const older = written("channel", JONAS, NOW - 10, "40");
    applyBatch({ events: [told("mesh-lab", newer), told("mesh-lab", older)] });
    applyBatch({ events: [told("mesh-lab", older)] });
    expect(row("channel")?.preview).toBe("48");
    applyBatch({ events: [told("global", written("channel", JONAS, NOW + 5, "no"))] });
    expect(row("channel")?.preview).toBe("48");
    applyBatch({ events: [told("mesh-lab", written("brand/new", JONAS, NOW, "1"))] });
    expect(row("brand/new")?.preview).toBe("1");
  });

  it("keep what arrives while a page is read", async () => {
    const gate = held("read_entries");
    const reading = open();
    await vi.advanceTimersByTimeAsync(0);
    applyBatch({ events: [told("mesh-lab", written("channel", MINATO, NOW, "48"))] });
    applyBatch({ events: [told("mesh-lab", written("rooftop/ip", MINATO, NOW, null))] });
    gate.go();
    await reading;
    expect(row("channel")?.preview).toBe("48");
    expect(row("rooftop/ip")?.kind).toBe("deleted");
  });

  it("take the way of own writes, and new names", async () => {
    await open();
    const own = row("parts/poe-injector");
    const state = { stored: true as const, sent_to: 9, held_by: 8 };
    applyBatch({
      events: [
        { topic: "mesh-lab", type: "post_state", id: own?.revision ?? "", state },
        { topic: "mesh-lab", type: "profile", author: { ...MINATO, name: "湊" } },
      ],
    });
    expect(row("parts/poe-injector")?.state.held_by).toBe(8);
    expect(row("wiki/start")?.author.name).toBe("湊");
  });

  it("are read again as far as they were, after something was left out", async () => {
    await open("global");
    for (let n = 0; n < 4; n += 1) await useEntries.getState().more();
    const missed = written(generatedKey(700), AYA, NOW, "missed");
    mock.world.writes.set("global", [missed]);
    applyBatch({ events: [{ topic: null, type: "resync" }] });
    await vi.advanceTimersByTimeAsync(50);
    expect(row(missed.key)?.preview).toBe("missed");
    expect(rows().length).toBeGreaterThanOrEqual(5 * PAGE);
    expect(useEntries.getState().isReading).toBe(false);
  });

  it("say why they could not be read, and are read when asked again", async () => {
    mock.failNext("read_entries", "corrupt");
    await open();
    expect(useEntries.getState()).toMatchObject({ isLoaded: false, error: { code: "corrupt" } });
    await useEntries.getState().retry();
    expect(useEntries.getState().error).toBeNull();
    expect(rows().length).toBeGreaterThan(10);
    await open("global");
    mock.failNext("read_entries", "busy");
    await useEntries.getState().more();
    expect(useEntries.getState().error?.code).toBe("busy");
    const before = called("read_entries").length;
    await useEntries.getState().more();
    expect(called("read_entries"), "not by itself").toHaveLength(before);
    await useEntries.getState().retry();
    expect(rows()).toHaveLength(2 * PAGE);
  });
});

describe("a write", () => {
  it("is made only if the key still holds what was shown", async () => {
    await open();
    const shown = (await mock.transport.call("read_entry", {
      topic: "mesh-lab",
      key: "channel",
    })) as EntryView;
    expect(unchanged(shown)).toEqual({ revision: shown.revision });
    arriveWrite(mock.world, "mesh-lab", written("channel", MINATO, NOW - 5, "40"));
    const write = { key: "channel", value: "44", only_if: unchanged(shown) };
    const refused = await writeEntry("mesh-lab", write);
    expect(refused).toMatchObject({ kind: "changed", current: { value: "40" } });
    expect(row("channel")?.preview).toBe("40");
    const current = refused.kind === "changed" ? refused.current : null;
    const done = await writeEntry("mesh-lab", { ...write, only_if: unchanged(current) });
    expect(done).toMatchObject({ kind: "done", write: { value: "44" } });
    expect(row("channel")?.preview).toBe("44");
  });

  it("of a new key is refused where one is, and of a deleted one where it was written", async () => {
    expect(unchanged(null)).toBe("absent");
    const add = { key: "channel", value: "1", only_if: unchanged(null) };
    expect(await writeEntry("mesh-lab", add)).toMatchObject({
      kind: "changed",
      current: { value: "36" },
    });
    const gone = await writeEntry("mesh-lab", { key: "channel" });
    expect(gone).toMatchObject({ kind: "done", write: { outcome: "deleted" } });
    expect(unchanged(gone.kind === "done" ? gone.write : null)).toBe("absent");
    expect(await writeEntry("mesh-lab", { key: "channel", only_if: "present" })).toMatchObject({
      kind: "changed",
      current: { outcome: "deleted" },
    });
  });

  it("that fails says why", async () => {
    mock.failNext("write_entries", "disk_full");
    const written = await writeEntry("mesh-lab", { key: "channel", value: "1" });
    expect(written).toMatchObject({ kind: "failed", error: { code: "disk_full" } });
  });
});

describe("the key that is looked at", () => {
  const key = "meet/saturday";
  const values = () => useEntry.getState().writes.map(({ value }) => value?.slice(9, 14));

  it("has all its writes, that which counts first, and follows new ones", async () => {
    await useEntry.getState().open("mesh-lab", key);
    expect(values()).toEqual(["13:00", "12:30", "14:00"]);
    expect(useEntry.getState().writes.map(({ outcome }) => outcome)).toEqual([
      "won",
      "lost",
      "lost",
    ]);
    arriveWrite(mock.world, "mesh-lab", written(key, MINATO, NOW, '{"time":"15:00"}'));
    await vi.advanceTimersByTimeAsync(400);
    expect(values()[0]).toBe("15:00");
    applyBatch({
      events: [{ topic: "mesh-lab", type: "profile", author: { ...JONAS, name: "J" } }],
    });
    expect(useEntry.getState().writes[1]?.author.name).toBe("J");
  });

  it("is read at most a few times a second, however often it is written", async () => {
    await useEntry.getState().open("mesh-lab", key);
    const before = called("entry_history").length;
    for (let n = 0; n < 20; n += 1) {
      applyBatch({ events: [told("mesh-lab", written(key, MINATO, NOW + n, String(n)))] });
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(called("entry_history").length - before).toBeLessThanOrEqual(5);
    expect(called("entry_history").length - before).toBeGreaterThan(0);
  });

  it("shows more of a long history when asked", async () => {
    for (let n = 0; n < 120; n += 1) {
      const write = written("long", JONAS, NOW - 1000 + n, String(n));
      mock.world.writes.get("mesh-lab")?.push(write);
    }
    await useEntry.getState().open("mesh-lab", "long");
    expect(useEntry.getState()).toMatchObject({ hasMore: true });
    expect(useEntry.getState().writes).toHaveLength(50);
    await useEntry.getState().more();
    expect(useEntry.getState()).toMatchObject({ hasMore: false });
    expect(useEntry.getState().writes).toHaveLength(120);
  });

  it("is not the one before, however late the answer comes", async () => {
    const gate = held("entry_history");
    const slow = useEntry.getState().open("mesh-lab", "channel");
    await useEntry.getState().open("mesh-lab", key);
    gate.go();
    await slow;
    expect(useEntry.getState().key).toBe(key);
    expect(values()).toHaveLength(3);
  });

  it("gives the panel back as it was", async () => {
    useView.getState().setPanel(false);
    await useEntry.getState().open("mesh-lab", key);
    await useEntry.getState().open("mesh-lab", "channel");
    expect(useView.getState().isPanelOpen).toBe(true);
    useEntry.getState().close();
    expect(useView.getState().isPanelOpen).toBe(false);
  });

  it("is not changed when it cannot be read", async () => {
    mock.failNext("read_entry", "busy");
    await change("entry", "mesh-lab", key);
    expect(useView.getState().overlay).toBeNull();
    expect(useToasts.getState().toasts.map((toast) => toast.error?.code)).toEqual(["busy"]);
  });
});
