import { describe, expect, it } from "vitest";
import { written } from "../ipc/mock/entries";
import { AYA, JONAS, MINATO } from "../ipc/mock/people";
import type { EntryView } from "../ipc/bindings";
import {
  beginningsOf,
  bytesOf,
  bytesSaid,
  comparedKeys,
  comparedWrites,
  differenceOf,
  isGoneAt,
  keyParts,
  rowOf,
  visibleKey,
} from "./entry";

const AT = Date.parse("2026-05-14T09:00:00+09:00");
const write = (change: Partial<EntryView>): EntryView => ({
  ...written("a", AYA, AT, "1"),
  ...change,
});

describe("of two writes", () => {
  const first = write({ clock: { ms: 5, counter: 5 }, revision: "55" });
  const people = [AYA, MINATO];

  it.each([
    ["the later clock", { clock: { ms: 6, counter: 0 }, author: AYA, revision: "00" }, "clock"],
    [
      "the greater counter",
      { clock: { ms: 5, counter: 6 }, author: AYA, revision: "00" },
      "counter",
    ],
    [
      "the greater author",
      { clock: { ms: 5, counter: 5 }, author: MINATO, revision: "00" },
      "author",
    ],
    [
      "the greater revision",
      { clock: { ms: 5, counter: 5 }, author: AYA, revision: "56" },
      "revision",
    ],
  ] as const)("%s counts", (_, greater, by) => {
    expect(comparedWrites(write(greater), first)).toBeGreaterThan(0);
    expect(comparedWrites(first, write(greater))).toBeLessThan(0);
    expect(differenceOf(first, write(greater))).toBe(by);
  });

  it("none is greater than itself", () => {
    expect(people[0]?.pubkey.localeCompare(people[1]?.pubkey ?? "")).toBeLessThan(0);
    expect(comparedWrites(first, { ...first })).toBe(0);
  });
});

describe("keys", () => {
  it("have the order of their bytes, also beyond the first plane", () => {
    const keys = [
      "",
      "a",
      "a/",
      "a/b",
      "ab",
      "é",
      "ｱ",
      "\uffff",
      "𐀀",
      "🙂",
      "🙂a",
      "漢",
      "z",
      "あ",
    ];
    for (const a of keys) {
      for (const b of keys) {
        const byBytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(comparedKeys(a, b)), `${a} and ${b}`).toBe(byBytes);
      }
    }
  });

  it("show what cannot be seen, so that none looks like another", () => {
    expect(visibleKey("config/colour")).toBe("config/colour");
    expect(visibleKey("rooftop/連絡先")).toBe("rooftop/連絡先");
    expect(visibleKey("con\u200bfig")).toBe("con⟨200B⟩fig");
    expect(visibleKey("\u202egpj")).toBe("⟨202E⟩gpj");
    expect(visibleKey("a\nb\u0000")).toBe("a⟨A⟩b⟨0⟩");
    expect(visibleKey("a\u{e0041}")).toBe("a⟨E0041⟩");
    expect(visibleKey(" a ")).toBe("␠a␠");
  });

  it("are cut at their last stroke", () => {
    expect(keyParts("antenna/bridge/rssi")).toEqual({ path: "antenna/bridge/", name: "rssi" });
    expect(keyParts("channel")).toEqual({ path: "", name: "channel" });
    expect(keyParts("a/")).toEqual({ path: "", name: "a/" });
    expect(keyParts("/")).toEqual({ path: "", name: "/" });
  });

  it("are grouped by what most of them begin with", () => {
    const rows = ["a/1", "a/2", "b/1", "b/2", "b/3/x", "b/3/y", "c/1", "d"].map((key) =>
      rowOf(write({ key })),
    );
    expect(beginningsOf(rows, "", 3)).toEqual([
      { beginning: "b/", count: 4 },
      { beginning: "a/", count: 2 },
    ]);
    expect(beginningsOf(rows, "", 1)).toHaveLength(1);
    expect(beginningsOf(rows.slice(2, 6), "b/", 3)).toEqual([{ beginning: "b/3/", count: 2 }]);
  });
});

describe("a row", () => {
  it("keeps the beginning of a value, never half of a character", () => {
    const row = rowOf(write({ value: `${"x".repeat(159)}🙂${"y".repeat(60_000)}` }));
    expect(row.preview).toBe("x".repeat(159));
    expect(row.bytes).toBe(60_163);
    expect(row.kind).toBe("text");
  });

  it("tells bytes and deletions from texts", () => {
    for (const length of [1, 2, 3, 4, 1240]) {
      const view = written("a", JONAS, AT, new Uint8Array(length).fill(255));
      expect(rowOf(view)).toMatchObject({ kind: "binary", bytes: length, preview: "" });
    }
    expect(rowOf(written("a", JONAS, AT, null))).toMatchObject({ kind: "deleted", bytes: 0 });
    expect(rowOf(written("a", JONAS, AT, ""))).toMatchObject({ kind: "text", bytes: 0 });
    expect(bytesOf(written("a", JONAS, AT, "あ"))).toBe(3);
  });

  it("holds nothing once it was deleted or has expired", () => {
    const row = rowOf(written("a", JONAS, AT, "1", { expiresAt: AT + 10 }));
    expect(isGoneAt(row, AT + 9)).toBe(false);
    expect(isGoneAt(row, AT + 10)).toBe(true);
    expect(isGoneAt(rowOf(written("a", JONAS, AT, null)), 0)).toBe(true);
    expect(isGoneAt(rowOf(written("a", JONAS, AT, "1")), Infinity)).toBe(false);
  });

  it("has its size in words", () => {
    const word = (n: number) => `${String(n)} bytes`;
    expect(bytesSaid(640, word)).toBe("640 bytes");
    expect(bytesSaid(1240, word)).toBe("1.2 KiB");
    expect(bytesSaid(65_536, word)).toBe("64.0 KiB");
  });
});
