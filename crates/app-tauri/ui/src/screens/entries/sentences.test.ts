import { describe, expect, it } from "vitest";
import { textOf } from "../../i18n";
import { written } from "../../ipc/mock/entries";
import { AYA, JONAS, MINATO } from "../../ipc/mock/people";
import type { EntryView } from "../../ipc/bindings";
import { lanesOfWrites } from "../../domain/writes";
import { clockSaid, fateOf, moment, whyOf } from "./sentences";

const AT = Date.parse("2026-05-14T09:31:07.412+09:00");
const own = AYA.pubkey;
const en = textOf("en");
const ja = textOf("ja");
const plain = (text: string) => text.replace(/[\u2068\u2069]/g, "").replaceAll("\u00a0", " ");
const why = (...writes: EntryView[]) => plain(whyOf(writes, own, en, "en").join(" "));
const naze = (...writes: EntryView[]) => plain(whyOf(writes, own, ja, "ja").join(""));
const by = (author: typeof AYA, before: number, value: string | null = "1", extra = {}) =>
  written("a", author, AT - before, value, extra);

describe("why a key holds what it holds", () => {
  it("is said of the only write", () => {
    expect(why(by(MINATO, 0))).toBe("みなと wrote it. No other write to this key is known here.");
    expect(why(by(AYA, 0, null))).toBe("You deleted it. No other write to this key is known here.");
    expect(why()).toBe("");
  });

  it("is said of one's own second write", () => {
    expect(why(by(JONAS, 0), by(JONAS, 500))).toBe(
      "Jonas Weber wrote it anew; the later write counts.",
    );
    expect(naze(by(AYA, 0), by(AYA, 500))).toBe("あなたが書き直しました。後の書き込みが有効です。");
  });

  it("is said of two who wrote at nearly the same time, and of what came late", () => {
    const late = by(MINATO, 462, "2", { arrivedAfterMs: 14_462 });
    expect(why(by(JONAS, 0), late)).toBe(
      "Jonas Weber and みなと wrote at nearly the same time. By the clocks Jonas Weber’s write is 462 ms later, so it counts, on every device alike. みなと’s write arrived here 14.0 s after the one that counts.",
    );
    expect(naze(by(JONAS, 0), late)).toBe(
      "Jonas Weber さんと みなと さんがほぼ同時に書きました。時計では Jonas Weber さんの書き込みが 462 ミリ秒後なので、どの端末でもこちらが有効です。みなと さんの書き込みは、有効な書き込みの 14.0 秒後にここへ届きました。",
    );
  });

  it("is said of a write long after another, of counters, keys and revisions", () => {
    expect(why(by(AYA, 0), by(MINATO, 7_200_000))).toBe(
      "You wrote 2 h after みなと. The later write counts, on every device alike.",
    );
    expect(why(by(JONAS, 0, "1", { counter: 3 }), by(AYA, 0, "2"))).toBe(
      "Jonas Weber and you wrote in the same millisecond. The greater counter counts, on every device alike.",
    );
    expect(why(by(JONAS, 0), by(MINATO, 0))).toContain("greater public key");
    const twin = { ...by(JONAS, 0), revision: "0" };
    expect(why(by(JONAS, 0), twin)).toContain("the greater revision counts");
  });

  it("is said of a deletion and of an end", () => {
    expect(why(by(JONAS, 0, null), by(MINATO, 90_000_000))).toBe(
      "Jonas Weber deleted it. Jonas Weber wrote 25 h after みなと. The later write counts, on every device alike.",
    );
    const ended: EntryView = { ...by(JONAS, 0, "1", { expiresAt: AT + 1 }), outcome: "deleted" };
    expect(why(ended)).toMatch(/^The value was meant until .*09:31 and has expired\./);
  });
});

describe("what became of a write", () => {
  const fate = (write: EntryView, greater: EntryView) => {
    const { chip, reason } = fateOf(write, greater, own, en);
    return [chip, plain(reason)];
  };

  it("is said with the reason, against the next greater one", () => {
    expect(fate(by(MINATO, 462), by(JONAS, 0))).toEqual([
      "lost by 462 ms",
      "Jonas Weber’s write is 462 ms later.",
    ]);
    expect(fate(by(MINATO, 1_104_000), by(AYA, 0))).toEqual([
      "replaced",
      "Your write is 18 min later.",
    ]);
    expect(fate(by(JONAS, 3), by(JONAS, 0))[0]).toBe("replaced");
    expect(fate(by(MINATO, 0), by(JONAS, 0, "1", { counter: 1 }))[1]).toBe(
      "Jonas Weber’s write has the greater counter.",
    );
    expect(fate(by(MINATO, 0), by(JONAS, 0))[1]).toBe(
      "Same clock; Jonas Weber’s public key is greater.",
    );
    expect(fate({ ...by(JONAS, 0), revision: "0" }, by(JONAS, 0))[1]).toBe(
      "Same clock and author; the other revision is greater.",
    );
  });
});

describe("times", () => {
  it("name the day where it was another one", () => {
    expect(moment(AT, "en", AT)).toBe("09:31");
    expect(moment(AT, "ja", AT + 86_400_000)).toBe("5月14日 9:31");
    expect(clockSaid({ ms: AT, counter: 2 }, "en", AT)).toBe("09:31:07.412 +2");
    expect(clockSaid({ ms: AT, counter: 0 }, "en", AT + 86_400_000)).toBe(
      "14 May, 09:31:07.412 +0",
    );
  });
});

describe("the lanes of writes", () => {
  it("stand in the order of the clocks, each up to the next", () => {
    const lanes = lanesOfWrites([by(JONAS, 0), by(MINATO, 462), by(AYA, 9000)]);
    expect(lanes?.authors).toEqual([JONAS, MINATO, AYA]);
    expect(lanes?.marks.map(({ lane, until, nextLane }) => [lane, until, nextLane])).toEqual([
      [2, 1, 1],
      [1, 2, 0],
      [0, null, null],
    ]);
  });

  it("are few, and none where one person wrote", () => {
    expect(lanesOfWrites([by(JONAS, 0), by(JONAS, 1)])).toBeNull();
    const many = Array.from({ length: 50 }, (_, n) => by(n % 2 === 0 ? JONAS : AYA, n));
    expect(lanesOfWrites(many)?.marks).toHaveLength(5);
  });
});
