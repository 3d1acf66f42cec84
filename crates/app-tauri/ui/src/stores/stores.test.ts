import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { NodeEvent, PostView } from "../ipc/bindings";
import type { Mock } from "../ipc/mock";
import { AYA, MINATO } from "../ipc/mock/people";
import { generated, HUGE, made } from "../ipc/mock/posts";
import { WINDOW_MAX } from "../domain/window";
import { freshMock } from "../testing/app";
import { deleteSoon, useDeletions } from "./actions";
import { useApp } from "./app";
import { useDrafts } from "./drafts";
import { useMembers } from "./members";
import { applyBatch } from "./news";
import { useThread } from "./thread";
import { useTimeline } from "./timeline";
import { useToasts } from "./toasts";
import { useTopics } from "./topics";
import { useView } from "./view";

let mock: Mock;

const live = (topic: string, post: PostView): NodeEvent => ({
  topic,
  type: "post",
  arrival: "live",
  ...post,
});
const timeline = (topic: string) => {
  const found = useTimeline.getState().timelines[topic];
  if (found === undefined) throw new Error(`${topic} is not open`);
  return found;
};
const posts = (topic: string) => timeline(topic).window.posts;
const called = (name: string) => mock.calls.filter((call) => call.name === name);

beforeEach(async () => {
  mock = freshMock();
  await useApp.getState().start();
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a flood", () => {
  it("of 50,000 posts stays within the bound, in few updates", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    let updates = 0;
    const stop = useTimeline.subscribe(() => {
      updates += 1;
    });
    const begun = performance.now();
    for (let at = 0; at < 50_000; at += 500) {
      const events = Array.from({ length: 500 }, (_, n) =>
        live("mesh-lab", {
          ...generated(at + n),
          event: { ...generated(at + n).event, created_at: 1_800_000_000 + at + n },
        }),
      );
      applyBatch({ events });
      expect(posts("mesh-lab").length).toBeLessThanOrEqual(WINDOW_MAX);
    }
    stop();
    expect(updates).toBe(100);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(posts("mesh-lab").at(-1)?.event.created_at).toBe(1_800_049_999);
    expect(called("topics").length).toBeLessThanOrEqual(1);
  });

  it("is not held for topics that are not open", () => {
    applyBatch({ events: [live("rust-jp", made(MINATO, Date.now(), "x"))] });
    expect(useTimeline.getState().timelines["rust-jp"]).toBeUndefined();
  });

  it("asks for the topics again at most once a second", async () => {
    for (let batch = 0; batch < 40; batch += 1) {
      applyBatch({ events: [live("global", made(MINATO, Date.now(), String(batch)))] });
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(called("topics").length).toBeLessThanOrEqual(3);
    expect(called("topics").length).toBeGreaterThan(0);
  });
});

describe("the timeline", () => {
  it("shows first posts of threads only, each once", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const before = posts("mesh-lab").length;
    const post = made(MINATO, Date.now(), "once");
    const reply = made(MINATO, Date.now(), "reply", {
      reply: { root: post.event.id, parent: post.event.id },
    });
    applyBatch({
      events: [live("mesh-lab", post), live("mesh-lab", reply), live("mesh-lab", post)],
    });
    expect(posts("mesh-lab").length).toBe(before + 1);
  });

  it("opens at the first unread post", async () => {
    await useTimeline.getState().open("mesh-lab", 2, AYA.pubkey);
    expect(timeline("mesh-lab").divider?.count).toBe(2);
    const first = posts("mesh-lab").find(
      (post) => post.event.id === timeline("mesh-lab").divider?.before,
    );
    expect(first?.author.name).toBe("みなと");
  });

  it("reads older pages and comes back to the newest", async () => {
    const { open, older, newer } = useTimeline.getState();
    await open("global", 0, AYA.pubkey);
    for (let n = 0; n < 15; n += 1) await older("global");
    expect(posts("global").length).toBeLessThanOrEqual(WINDOW_MAX);
    expect(posts("global")[0]?.event.id).toBe(generated(HUGE - 3200).event.id);
    for (let n = 0; n < 15; n += 1) await newer("global");
    expect(posts("global").at(-1)?.event.id).toBe(generated(HUGE - 1).event.id);
    const written = posts("global").map((post) => post.event.created_at);
    expect(written).toEqual([...written].sort((a, b) => a - b));
    expect(new Set(written.map((at, n) => at - (written[n - 1] ?? at - 113)))).toEqual(
      new Set([113]),
    );
  });

  it("counts what comes while the reader is further up", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    useTimeline.getState().follow("mesh-lab", false);
    applyBatch({
      events: [
        live("mesh-lab", made(MINATO, Date.now(), "a")),
        live("mesh-lab", made(MINATO, Date.now(), "b")),
      ],
    });
    expect(timeline("mesh-lab").unseen).toBe(2);
    await useTimeline.getState().toNewest("mesh-lab");
    expect(timeline("mesh-lab").unseen).toBe(0);
  });

  it("keeps at most three topics", async () => {
    for (const topic of ["mesh-lab", "global", "rust-jp", "announcements"]) {
      await useTimeline.getState().open(topic, 0, AYA.pubkey);
    }
    expect(Object.keys(useTimeline.getState().timelines)).toEqual([
      "global",
      "rust-jp",
      "announcements",
    ]);
  });

  it("tells why it could not be read", async () => {
    mock.failNext("read_posts", "corrupt");
    await useTimeline.getState().open("rust-jp", 0, AYA.pubkey);
    expect(timeline("rust-jp").error?.code).toBe("corrupt");
  });
});

describe("news", () => {
  it("of changed posts are read together, and only for what is held", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const [one, two] = posts("mesh-lab");
    if (one === undefined || two === undefined) throw new Error("posts are there");
    const changed = (id: string): NodeEvent => ({ topic: "mesh-lab", type: "post_changed", id });
    applyBatch({ events: [changed(one.event.id), changed("unknown")] });
    applyBatch({ events: [changed(two.event.id), changed(one.event.id)] });
    expect(called("read_some")).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(120);
    expect(called("read_some").map((call) => call.args)).toEqual([
      { topic: "mesh-lab", ids: [one.event.id, two.event.id] },
    ]);
  });

  it("of a resync read again what is shown, once", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const before = called("read_posts").length;
    applyBatch({
      events: [
        { topic: null, type: "resync" },
        { topic: "mesh-lab", type: "resync" },
      ],
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(called("read_posts").length).toBe(before + 1);
    expect(useToasts.getState().toasts).toHaveLength(1);
  });

  it("of a new name change what is shown", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    applyBatch({
      events: [{ topic: "mesh-lab", type: "profile", author: { ...MINATO, name: "湊" } }],
    });
    const names = posts("mesh-lab").filter((post) => post.event.pubkey === MINATO.pubkey);
    expect(new Set(names.map((post) => post.author.name))).toEqual(new Set(["湊"]));
  });

  it("of one's own post's way change its strand", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const own = posts("mesh-lab").find((post) => post.event.pubkey === AYA.pubkey);
    const state = { stored: true as const, sent_to: 9, held_by: 8 };
    applyBatch({
      events: [{ topic: "mesh-lab", type: "post_state", id: own?.event.id ?? "", state }],
    });
    expect(posts("mesh-lab").find((post) => post.event.id === own?.event.id)?.state.held_by).toBe(
      8,
    );
  });
});

describe("a draft", () => {
  const place = { topic: "mesh-lab", root: null };

  it("is kept until its post is stored", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    useDrafts.getState().write(place, "土曜の件");
    expect(localStorage.getItem("kukuri.drafts")).toContain("土曜の件");
    mock.failNext("post", "disk_full");
    expect(await useDrafts.getState().post(place, null)).toBeNull();
    expect(useDrafts.getState().texts["mesh-lab"]).toBe("土曜の件");
    expect(useDrafts.getState().errors["mesh-lab"]?.code).toBe("disk_full");
    const post = await useDrafts.getState().post(place, null);
    expect(posts("mesh-lab").at(-1)?.event.id).toBe(post?.event.id);
    expect(useDrafts.getState().texts["mesh-lab"]).toBeUndefined();
    expect(useDrafts.getState().errors["mesh-lab"]).toBeUndefined();
  });

  it("is not posted when it is empty", async () => {
    useDrafts.getState().write(place, "  \n");
    expect(await useDrafts.getState().post(place, null)).toBeNull();
    expect(called("post")).toHaveLength(0);
  });
});

describe("a deletion", () => {
  it("waits five seconds and can be undone", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const own = posts("mesh-lab").find((post) => post.event.pubkey === AYA.pubkey)?.event.id ?? "";
    deleteSoon("mesh-lab", own);
    expect(useDeletions.getState().pending.has(own)).toBe(true);
    useToasts.getState().toasts[0]?.action?.run();
    await vi.advanceTimersByTimeAsync(6000);
    expect(called("delete_event")).toHaveLength(0);
    deleteSoon("mesh-lab", own);
    await vi.advanceTimersByTimeAsync(6000);
    expect(called("delete_event")).toHaveLength(1);
    expect(posts("mesh-lab").find((post) => post.event.id === own)?.deleted_at).not.toBeNull();
    expect(useDeletions.getState().pending.size).toBe(0);
  });
});

describe("topics", () => {
  it("are joined and left, and errors come back", async () => {
    const joined = await useTopics.getState().join("写真");
    expect("name" in joined && joined.name).toBe("写真");
    expect(await useTopics.getState().leave("写真")).toBeNull();
    expect(useTopics.getState().topics.some((topic) => topic.name === "写真")).toBe(false);
    expect(await useTopics.getState().join("x".repeat(65))).toMatchObject({ code: "usage" });
  });
});

describe("the people of a topic", () => {
  it("are asked for as soon as it is on screen, and those of the last one are not shown in it", async () => {
    useMembers.getState().enter("mesh-lab");
    useView.getState().openTopic("mesh-lab");
    useMembers.getState().refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(useMembers.getState().here).toHaveLength(5);
    useView.getState().openTopic("写真フィルム");
    useMembers.getState().enter("写真フィルム");
    expect(useMembers.getState().here).toEqual([]);
    useView.getState().openTopic("global");
    useMembers.getState().enter("global");
    await vi.advanceTimersByTimeAsync(0);
    expect(useMembers.getState().here).toHaveLength(5);
  });
});

describe("a thread", () => {
  it("takes new answers in order", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const root = posts("mesh-lab").find((post) => post.replies.count > 0)?.event.id ?? "";
    await useThread.getState().open("mesh-lab", root);
    expect(useThread.getState().posts).toHaveLength(7);
    const answer = made(MINATO, Date.now(), "new", { reply: { root, parent: root } });
    applyBatch({ events: [live("mesh-lab", answer), live("mesh-lab", answer)] });
    expect(useThread.getState().posts).toHaveLength(8);
  });
});

describe("the start", () => {
  it("opens a topic with something unread", () => {
    expect(useView.getState().topic).not.toBeNull();
  });

  it("is told when it is blocked, and goes on with a passphrase file", async () => {
    mock = freshMock({ stage: "blocked" });
    await useApp.getState().start();
    expect(useApp.getState().state).toMatchObject({
      stage: "blocked",
      error: { code: "vault_locked" },
    });
    await useApp.getState().keepInFile();
    expect(useApp.getState().state.stage).toBe("ready");
  });
});
