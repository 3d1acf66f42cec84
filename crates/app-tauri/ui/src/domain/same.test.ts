// What is drawn anew after an answer, and what is not.
import { describe, expect, it } from "vitest";
import { keptIfSame } from "./same";

describe("an answer that was asked for again", () => {
  const before = [
    { name: "a", seen: [1] },
    { name: "b", seen: [] },
  ];

  it("is the earlier one where it says the same", () => {
    expect(keptIfSame(before, structuredClone(before))).toBe(before);
    const empty: string[] = [];
    expect(keptIfSame(empty, [])).toBe(empty);
  });

  it("keeps the items that say the same", () => {
    const now = [
      { name: "a", seen: [1] },
      { name: "b", seen: [2] },
    ];
    const kept = keptIfSame(before, now);
    expect(kept[0]).toBe(before[0]);
    expect(kept[1]).toBe(now[1]);
  });

  it("is new when there are more, fewer or others", () => {
    expect(keptIfSame(before, before.slice(0, 1))).toEqual(before.slice(0, 1));
    expect(keptIfSame(before, [...before, before[0]])).toHaveLength(3);
    expect(keptIfSame(before, [before[1], before[0]])).toEqual([before[1], before[0]]);
  });
});
