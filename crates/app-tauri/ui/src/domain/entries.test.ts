import { describe, expect, it } from "vitest";
import { written } from "../ipc/mock/entries";
import { AYA, JONAS, MINATO } from "../ipc/mock/people";
import { comparedKeys, comparedWrites, rowOf, type EntryRow } from "./entry";
import {
  emptyList,
  nextEnd,
  placeOf,
  rowIn,
  withNames,
  withPage,
  withStates,
  withWrites,
} from "./entries";

const AT = Date.parse("2026-05-14T09:00:00+09:00");
const PEOPLE = [AYA, MINATO, JONAS] as const;

/** The same numbers in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % sides;
  };
}

function someWrites(count: number, roll: (sides: number) => number): EntryRow[] {
  return Array.from({ length: count }, (_, n) => {
    const key = ["a", "b/1", "b/2", "c", "𐀀", "\uffff"][roll(6)] ?? "a";
    const author = PEOPLE[roll(3)] ?? AYA;
    const value = roll(5) === 0 ? null : String(n);
    const view = written(key, author, AT + roll(4), value, { counter: roll(3) });
    return rowOf({ ...view, revision: roll(0xffff).toString(16).padStart(4, "0") });
  });
}

const row = (key: string, ms: number, value: string | null = "1") =>
  rowOf(written(key, AYA, AT + ms, value));
const keys = (rows: readonly EntryRow[]) => rows.map(({ key }) => key);

describe("writes", () => {
  it("come to the same in whatever order, number and portions they arrive", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const roll = dice(seed);
      const writes = someWrites(30, roll);
      const greatest = new Map<string, EntryRow>();
      for (const write of writes) {
        const known = greatest.get(write.key);
        if (known === undefined || comparedWrites(write, known) > 0) greatest.set(write.key, write);
      }
      const expected = [...greatest.values()].sort((a, b) => comparedKeys(a.key, b.key));
      const shuffled = [...writes, ...writes.slice(0, 10)];
      for (let at = shuffled.length - 1; at > 0; at -= 1) {
        const other = roll(at + 1);
        [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]] as [EntryRow, EntryRow];
      }
      let list = emptyList("");
      for (let at = 0; at < shuffled.length;) {
        const portion = 1 + roll(7);
        list = withWrites(list, shuffled.slice(at, at + portion));
        at += portion;
      }
      expect(list.rows, `seed ${String(seed)}`).toEqual(expected);
    }
  });

  it("that are older change nothing, not even the list", () => {
    const list = withWrites(emptyList(""), [row("a", 5)]);
    expect(withWrites(list, [row("a", 4)])).toBe(list);
    expect(withWrites(list, [row("a", 5)])).toBe(list);
    expect(withWrites(list, [row("a", 4, null)])).toBe(list);
  });

  it("that delete stay, so that an older value does not come back", () => {
    let list = withWrites(emptyList(""), [row("a", 5), row("b", 5)]);
    list = withWrites(list, [row("a", 6, null)]);
    expect(rowIn(list.rows, "a")?.kind).toBe("deleted");
    expect(withWrites(list, [row("a", 5, "late")])).toBe(list);
  });

  it("of keys that were not read yet are left to their page", () => {
    let list = withPage(emptyList("b/"), [row("b/1", 0), row("b/3", 0)], "b/3");
    list = withWrites(list, [row("b/2", 1), row("b/4", 1), row("a", 1), row("c", 1)]);
    expect(keys(list.rows)).toEqual(["b/1", "b/2", "b/3"]);
    list = withPage(list, [row("b/4", 1), row("b/5", 0)], null);
    expect(keys(list.rows)).toEqual(["b/1", "b/2", "b/3", "b/4", "b/5"]);
    expect(keys(withWrites(list, [row("b/6", 1)]).rows)).toContain("b/6");
  });

  it("that came before an older page hold against it", () => {
    let list = withPage(emptyList(""), [row("a", 0)], "a");
    list = withPage(list, [row("b", 0), row("c", 0)], null);
    list = withWrites(list, [row("b", 3, "new")]);
    list = withPage(list, [row("b", 0)], null);
    expect(rowIn(list.rows, "b")?.preview).toBe("new");
  });
});

describe("a list of 100,000 keys", () => {
  it("takes a page and a batch in a moment", () => {
    const rows = Array.from({ length: 100_000 }, (_, n) =>
      row(`k/${String(n).padStart(6, "0")}`, 0),
    );
    let list = withPage(emptyList(""), rows, null);
    const begun = performance.now();
    for (let batch = 0; batch < 20; batch += 1) {
      const writes = Array.from({ length: 500 }, (_, n) => {
        const at = (batch * 500 + n) * 7;
        return row(`k/${String(at % 100_000).padStart(6, "0")}${n % 5 === 0 ? "/new" : ""}`, 1);
      });
      list = withWrites(list, writes);
    }
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(list.rows).toHaveLength(102_000);
    expect(placeOf(list.rows, "k/050000")).toMatchObject({ isHeld: true });
    expect(placeOf(list.rows, "k/05000")).toMatchObject({ isHeld: false });
    for (let at = 1; at < list.rows.length; at += 997) {
      const [a, b] = [list.rows[at - 1]?.key ?? "", list.rows[at]?.key ?? ""];
      expect(comparedKeys(a, b)).toBeLessThan(0);
    }
  });
});

describe("what else changes", () => {
  it("is taken by the writes that it is about", () => {
    const one = row("a", 0);
    const list = withWrites(emptyList(""), [one, row("b", 0)]);
    const state = { stored: true as const, sent_to: 3, held_by: 2 };
    const moved = withStates(list, new Map([[one.revision, state]]));
    expect(rowIn(moved.rows, "a")?.state).toEqual(state);
    expect(moved.rows[1]).toBe(list.rows[1]);
    expect(withStates(list, new Map([["other", state]]))).toBe(list);
    const named = withNames(list, new Map([[AYA.pubkey, { ...AYA, name: "彩" }]]));
    expect(named.rows.map(({ author }) => author.name)).toEqual(["彩", "彩"]);
  });

  it("is the end of a value: the next one after now", () => {
    const ending = (key: string, at: number) =>
      rowOf(written(key, AYA, AT, "1", { expiresAt: AT + at }));
    const rows = [row("a", 0), ending("b", 30), ending("c", 10), ending("d", 20)];
    expect(nextEnd(rows, AT)).toBe(AT + 10);
    expect(nextEnd(rows, AT + 10)).toBe(AT + 20);
    expect(nextEnd(rows, AT + 30)).toBeNull();
  });
});
