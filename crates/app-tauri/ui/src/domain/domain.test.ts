import { describe, expect, it } from "vitest";
import { aloneAttempts, SOURCES } from "../ipc/mock/explain";
import { AYA, MINATO } from "../ipc/mock/people";
import { made } from "../ipc/mock/posts";
import { topicOf } from "../ipc/mock/world";
import { clothOf } from "./avatar";
import { lanesOf, ticks } from "./lanes";
import { langOf } from "./language";
import { cleanName, cleanText, nameOf, shortNpub } from "./names";
import { continues, isGone, isLong, isMeantFor, writtenAt } from "./post";
import { saidBriefly } from "../i18n/phrases";
import { withoutAddresses } from "./report";
import { highlighted, isMentioned, segments } from "./segments";
import { clock, dayName, duration, grouped } from "./time";
import { treeOf } from "./tree";

const NOW = Date.parse("2026-05-14T09:42:00+09:00");

describe("the cloth of a key", () => {
  const cloth = (end: string) => clothOf("0".repeat(56) + end);

  it("takes ground, pattern and form from the last four bytes", () => {
    expect(cloth("00ff7f00")).toMatchObject({ ground: "#165E83", form: "dot" });
    expect(cloth("05ff7f0d")).toMatchObject({ ground: "#24405E", form: "diamond" });
    expect(cloth("06ff7f02").form).toBe("ring");
    expect(cloth("ffff7f0b")).toMatchObject({ ground: "#6B4B3A", form: "stitch" });
  });

  it("mirrors the left three columns to the right", () => {
    const { marks } = cloth("00490000");
    expect(marks.slice(0, 5)).toEqual([false, true, true, true, false]);
  });

  it("inverts a pattern of fewer than five marks", () => {
    expect(cloth("00000000").marks.every(Boolean)).toBe(true);
    expect(cloth("000f0000").marks[0]).toBe(false);
    expect(cloth("001f0000").marks[0]).toBe(true);
  });

  it("ignores the bit above the fifteenth", () => {
    expect(cloth("00ff8000").marks).toEqual(cloth("00ff0000").marks);
  });
});

describe("names", () => {
  it("shortens keys", () => {
    expect(shortNpub("npub1m0a2l9x4tzq7u5pe8wd")).toBe("npub1m0…e8wd");
  });

  it("takes away controls, overrides and towers", () => {
    expect(cleanName("\u202eatamatiK\u0000\u200b")).toBe("atamatiK");
    expect(cleanName("Z" + "\u0301".repeat(30))).toBe("Z\u0301\u0301");
    expect([...cleanName("x".repeat(500))]).toHaveLength(64);
    expect(nameOf({ ...AYA, name: "\u200b \u202e" })).toBe(shortNpub(AYA.npub));
  });

  it("shows controls of a text as signs and keeps its lines", () => {
    expect(cleanText("a\u0007b\r\nc\td")).toBe("a\u2407b\nc\td");
  });
});

describe("segments", () => {
  const kinds = (text: string) =>
    segments(text, ["みなと", "Ann"], "Aya Kitamura").map(({ kind, text: part }) => [kind, part]);

  it("finds code, addresses and mentions", () => {
    expect(kinds("see `a/b` at https://x.example/y, @みなと")).toEqual([
      ["text", "see "],
      ["code", "a/b"],
      ["text", " at "],
      ["address", "https://x.example/y,"],
      ["text", " "],
      ["mention", "@みなと"],
    ]);
  });

  it("tells the own mention and no part of another name", () => {
    expect(kinds("@Aya Kitamura")).toEqual([["own-mention", "@Aya Kitamura"]]);
    expect(kinds("@Anna")).toEqual([["text", "@Anna"]]);
    expect(isMentioned("dear @Aya Kitamura", "Aya Kitamura")).toBe(true);
    expect(isMentioned("dear Aya Kitamura", "Aya Kitamura")).toBe(false);
    expect(isMentioned("`@Aya Kitamura`", "Aya Kitamura")).toBe(false);
  });

  it("loses nothing", () => {
    const text = "`a` @ @@みなと https:// `b";
    expect(
      segments(text, ["みなと"], null)
        .map((part) => part.text)
        .join(""),
    ).toBe(text.replace("`a`", "a"));
  });

  it("marks ranges that are counted in Unicode characters", () => {
    expect(highlighted("🙂アンテナ🙂", [[1, 5]])).toEqual([
      { text: "🙂", isMatch: false },
      { text: "アンテナ", isMatch: true },
      { text: "🙂", isMatch: false },
    ]);
    expect(
      highlighted("abc", [
        [1, 99],
        [0, 2],
      ]),
    ).toEqual([
      { text: "ab", isMatch: true },
      { text: "c", isMatch: true },
    ]);
  });
});

describe("posts", () => {
  it("are refined by the first well-formed ms tag", () => {
    const post = made(AYA, NOW, "x");
    const tagged = (tags: string[][]) =>
      writtenAt({ ...post, event: { ...post.event, created_at: 10, tags } });
    expect(tagged([["ms", "123"]])).toBe(10_123);
    expect(
      tagged([
        ["ms", "1000"],
        ["ms", "007"],
        ["ms", "7"],
      ]),
    ).toBe(10_007);
    expect(tagged([])).toBe(10_000);
  });

  it("continue within five minutes", () => {
    const first = made(AYA, NOW, "a");
    expect(continues(made(AYA, NOW + 299_000, "b"), first)).toBe(true);
    expect(continues(made(AYA, NOW + 300_000, "b"), first)).toBe(false);
    expect(continues(made({ ...AYA, pubkey: "f" }, NOW, "b"), first)).toBe(false);
  });

  it("are folded by their lines and gone a day after their deletion", () => {
    expect(isLong("a\n".repeat(12))).toBe(true);
    expect(isLong("a\n".repeat(10))).toBe(false);
    expect(isLong("漢".repeat(600))).toBe(true);
    const deleted = { ...made(AYA, NOW, "a"), deleted_at: new Date(NOW).toISOString() };
    expect(isGone(deleted, NOW + 86_300_000)).toBe(false);
    expect(isGone(deleted, NOW + 86_500_000)).toBe(true);
  });
});

describe("a post that is meant for me", () => {
  const own = AYA;
  const to = (tags: string[][], content: string, author = MINATO) => {
    const post = made(author, NOW, content);
    return { ...post, event: { ...post.event, tags } };
  };

  it("names me, or answers me, and is not mine", () => {
    expect(isMeantFor(to([], `dear @${String(own.name)}, come`), own)).toBe(true);
    expect(isMeantFor(to([["p", own.pubkey]], "yes"), own)).toBe(true);
    expect(isMeantFor(to([["p", MINATO.pubkey]], "yes"), own)).toBe(false);
    expect(isMeantFor(to([["p", own.pubkey]], "yes", own), own)).toBe(false);
  });
});

describe("times", () => {
  it("follow the language", () => {
    const at = Date.parse("2026-05-14T09:05:00+09:00");
    expect([clock(at, "en"), clock(at, "ja")]).toEqual(["09:05", "9:05"]);
    expect(dayName(at, NOW, "en")).toBe("Thursday, 14 May");
    expect(dayName(at, NOW, "ja")).toBe("5 月 14 日（木）");
    expect(dayName(at - 366 * 86_400_000, NOW, "ja")).toContain("2025 年");
  });

  it("are short", () => {
    expect([0.6, 18.4, 231, 1400].map(duration)).toEqual(["0.6 ms", "18 ms", "231 ms", "1.4 s"]);
    expect(grouped(18_204)).toBe("18,204");
  });

  it("know Japanese by its kana", () => {
    expect(langOf("土曜日です", "en")).toBe("ja");
    expect(langOf("漢字", "en")).toBe("en");
  });
});

describe("lanes", () => {
  const explain = {
    topic: topicOf("写真フィルム"),
    state: "alone" as const,
    sources: [...SOURCES],
    attempts: aloneAttempts(NOW),
    peers: [],
  };
  const axis = lanesOf(explain, NOW);
  const lane = (source: string) => axis.lanes.find((one) => one.source === source);

  it("have knots by what came of each way", () => {
    expect(axis.lanes.map((one) => [one.source, one.knot])).toEqual([
      ["mdns", "trying"],
      ["known", "not-found"],
      ["manual", "not-used"],
      ["dht", "trying"],
      ["bootstrap", "broken"],
    ]);
    expect(axis.nowMs).toBe(7900);
  });

  it("count who answered elsewhere and who did not", () => {
    expect(lane("known")).toMatchObject({ elsewhere: 1, silent: 1, found: 0 });
    expect(lane("dht")).toMatchObject({ asked: 2, publishedMs: 900, askingSinceMs: 5400 });
  });

  it("draw each device on a row of its own", () => {
    expect(lane("known")?.rows.map((row) => row.map((one) => one.end))).toEqual([
      ["ring"],
      ["bar"],
    ]);
    expect(lane("dht")?.rows).toHaveLength(1);
  });

  it("have round times on the axis", () => {
    expect(ticks(0, 9480)).toEqual([0, 5000]);
    expect(ticks(0, 4000)).toEqual([0, 1000, 2000, 3000, 4000]);
  });
});

describe("a thread", () => {
  it("has four levels; deeper answers stay in line and name whom they answer", () => {
    const root = made(AYA, NOW, "0");
    const posts = [root];
    for (let level = 1; level < 6; level += 1) {
      const parent = posts[level - 1] ?? root;
      const reply = { root: root.event.id, parent: parent.event.id };
      posts.push(made(AYA, NOW + level, String(level), { reply }));
    }
    const depths: string[] = [];
    const walk = (node: ReturnType<typeof treeOf>, depth: number) => {
      if (node === null) return;
      depths.push(`${node.post.event.content}@${String(depth)}${node.answers === null ? "" : "!"}`);
      for (const child of node.children) walk(child, depth + 1);
    };
    walk(treeOf(posts, root.event.id), 0);
    expect(depths).toEqual(["0@0", "1@1", "2@2", "3@3", "4@3!", "5@3!"]);
  });

  it("hangs answers to the unknown at the first post, and survives a circle", () => {
    const root = made(AYA, NOW, "0");
    const lost = made(AYA, NOW, "lost", { reply: { root: root.event.id, parent: "unknown" } });
    const a = made(AYA, NOW, "a");
    const b = made(AYA, NOW, "b", { reply: { root: root.event.id, parent: a.event.id } });
    const circle = { ...a, reply: { root: root.event.id, parent: b.event.id } };
    const tree = treeOf([root, lost, circle, b], root.event.id);
    expect(tree?.children.map((node) => node.post.event.content)).toEqual(["lost"]);
  });
});

describe("a report", () => {
  it("holds no addresses and no keys", () => {
    const text = withoutAddresses(
      `timed out 192.0.2.44:41820, [2001:db8::1]:24001, kyoto.example.net:41820, ${"a".repeat(64)} npub1abc`,
    );
    expect(text).not.toMatch(/192|2001|kyoto|aaaa|npub/);
    expect(text).toContain("timed out");
  });
});

describe("what a check found, in little room", () => {
  it("is short in both languages, and whole where no short form is known", () => {
    const keyring = "the system's keyring, self-test 12 ms";
    expect(saidBriefly(keyring, "en")).toBe("answers in 12 ms");
    expect(saidBriefly(keyring, "ja")).toBe("12 ms で応答");
    expect(saidBriefly("0.1 s from 5 members", "ja")).toBe("差 0.1 秒");
    expect(saidBriefly("something new", "ja")).toBe("something new");
  });
});
