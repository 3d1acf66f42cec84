import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect } from "../ipc";
import type { NodeEvent, PostView } from "../ipc/bindings";
import type { Mock } from "../ipc/mock";
import { AYA, MINATO } from "../ipc/mock/people";
import { generated, HUGE, made } from "../ipc/mock/posts";
import { WINDOW_MAX } from "../domain/window";
import { freshMock } from "../testing/app";
import { useApp } from "./app";
import { deleteSoon, useDeletions } from "./deletions";
import { useDrafts } from "./drafts";
import { useMembers } from "./members";
import { applyBatch } from "./news";
import { useSearch } from "./search";
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

  it("shows what is told while it is read", async () => {
    const late = made(MINATO, Date.now(), "told while the page was on its way");
    const holds = () => posts("mesh-lab").filter((post) => post.event.id === late.event.id).length;
    const opening = useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    applyBatch({ events: [live("mesh-lab", late)] });
    await opening;
    expect(holds()).toBe(1);
    // Not of the mock's store, so a later look does not find it.
    await useTimeline.getState().reload("mesh-lab");
    expect(holds()).toBe(0);
    const again = useTimeline.getState().reload("mesh-lab");
    applyBatch({ events: [live("mesh-lab", late)] });
    await again;
    expect(holds()).toBe(1);
  });

  it("opens at the end for whoever posts while it is read", async () => {
    const opening = useTimeline.getState().open("mesh-lab", 2, AYA.pubkey);
    await useTimeline.getState().toNewest("mesh-lab");
    await opening;
    expect(timeline("mesh-lab")).toMatchObject({ isFollowing: true, divider: { count: 2 } });
    await useTimeline.getState().open("mesh-lab", 2, AYA.pubkey);
    expect(timeline("mesh-lab").isFollowing).toBe(false);
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
  const sent = () => called("delete_event").map((call) => call.args);
  const inStorage = () => JSON.parse(localStorage.getItem("kukuri.deletions") ?? "[]") as object[];
  const ownPost = async () => {
    useView.getState().openTopic("mesh-lab");
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const own = posts("mesh-lab").find((post) => post.event.pubkey === AYA.pubkey);
    if (own === undefined) throw new Error("an own post is there");
    return own;
  };
  const shown = (id: string) => posts("mesh-lab").find((post) => post.event.id === id);
  /** The same storage, and a window and a node that know nothing. */
  const startAgain = async () => {
    vi.clearAllTimers();
    mock = freshMock();
    await useApp.getState().start();
    await vi.advanceTimersByTimeAsync(0);
  };

  it("waits five seconds and can be undone", async () => {
    const own = await ownPost();
    const { id } = own.event;
    deleteSoon("mesh-lab", own);
    expect(useDeletions.getState().pending.has(id)).toBe(true);
    useToasts.getState().toasts[0]?.action?.run();
    expect(inStorage()).toEqual([]);
    await vi.advanceTimersByTimeAsync(6000);
    expect(sent()).toHaveLength(0);
    deleteSoon("mesh-lab", own);
    await vi.advanceTimersByTimeAsync(4900);
    expect(sent()).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(sent()).toEqual([{ topic: "mesh-lab", id }]);
    expect(shown(id)?.deleted_at).not.toBeNull();
    expect(useDeletions.getState().pending.size).toBe(0);
    expect(inStorage()).toEqual([]);
  });

  it("that the window had no time for is carried out at the next start, once", async () => {
    const own = await ownPost();
    deleteSoon("mesh-lab", own);
    await startAgain();
    expect(sent()).toEqual([{ topic: "mesh-lab", id: own.event.id }]);
    expect(inStorage()).toEqual([]);
    await startAgain();
    expect(sent()).toEqual([]);
  });

  it("of another profile waits for that one", async () => {
    const own = await ownPost();
    const other = { ...own, event: { ...own.event, pubkey: MINATO.pubkey } };
    deleteSoon("mesh-lab", other);
    await startAgain();
    expect(sent()).toEqual([]);
    expect(inStorage()).toHaveLength(1);
  });

  it("that came through although the window closed is not sent again", async () => {
    const own = await ownPost();
    deleteSoon("mesh-lab", own);
    vi.clearAllTimers();
    mock = freshMock();
    mock.world.posts.set("mesh-lab", [{ ...own, deleted_at: "2026-05-14T00:00:00Z" }]);
    await useApp.getState().start();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent()).toEqual([]);
    expect(inStorage()).toEqual([]);
  });

  it("is sent at once when another topic is opened or the window closes", async () => {
    const own = await ownPost();
    deleteSoon("mesh-lab", own);
    expect(useToasts.getState().toasts).toHaveLength(1);
    useView.getState().openTopic("global");
    expect(sent()).toHaveLength(1);
    expect(useToasts.getState().toasts).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(6000);
    expect(sent()).toHaveLength(1);
    deleteSoon("mesh-lab", own);
    expect(inStorage()).toHaveLength(1);
    window.dispatchEvent(new Event("pagehide"));
    expect(sent()).toHaveLength(2);
    expect(inStorage(), "until there is an answer").toHaveLength(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(inStorage()).toEqual([]);
  });

  it("that fails is told, and the post is there again", async () => {
    const own = await ownPost();
    deleteSoon("mesh-lab", own);
    mock.failNext("delete_event", "busy");
    await vi.advanceTimersByTimeAsync(5100);
    expect(useToasts.getState().toasts.map((toast) => toast.error?.code)).toEqual(["busy"]);
    expect(useDeletions.getState().pending.size).toBe(0);
    expect(inStorage()).toEqual([]);
  });

  it("survives damaged storage", async () => {
    localStorage.setItem("kukuri.deletions", '[{"topic":1}]');
    await startAgain();
    expect(sent()).toEqual([]);
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

describe("the network", () => {
  const since = () => useMembers.getState().offlineSince;
  const ask = async () => {
    const before = called("peers").length;
    useMembers.getState().refresh();
    await vi.advanceTimersByTimeAsync(2100);
    expect(called("peers").length).toBeGreaterThan(before);
  };
  beforeEach(() => {
    // What the start asked for waits on the real clock.
    useMembers.getState().refresh.cancel();
  });

  it("is there as long as the node says so, whatever the browser believes", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    await ask();
    window.dispatchEvent(new Event("offline"));
    await ask();
    expect(since()).toBeNull();
    vi.restoreAllMocks();
  });

  it("is gone when the node has said so twice, since it said so first", async () => {
    await ask();
    const begun = Date.now();
    mock.world.isOffline = true;
    for (const [name, topic] of mock.world.topics) {
      mock.world.topics.set(name, { ...topic, neighbours: 0 });
    }
    useMembers.getState().refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(since(), "after one answer").toBeNull();
    await vi.advanceTimersByTimeAsync(1100);
    expect(since()).toBe(begun);
    await ask();
    expect(since()).toBe(begun);
    mock.world.isOffline = false;
    await ask();
    expect(since()).toBeNull();
  });

  it("is there while the node only has nobody", async () => {
    mock = freshMock();
    await useApp.getState().start();
    for (const [name, topic] of mock.world.topics) {
      mock.world.topics.set(name, { ...topic, neighbours: 0 });
    }
    useMembers.getState().refresh.cancel();
    const transport = mock.transport;
    connect({
      ...transport,
      call: (name, args) =>
        name === "peers" ? (Promise.resolve([]) as never) : transport.call(name, args),
    });
    useMembers.getState().refresh();
    await vi.advanceTimersByTimeAsync(3000);
    expect(called("status").length).toBeGreaterThan(0);
    expect(useMembers.getState().everywhere).toEqual([]);
    expect(since()).toBeNull();
  });
});

describe("a post that is meant for me", () => {
  it("is told to the desktop when it was written just now", () => {
    const own = mock.world.own;
    const told = () => called("notify").map((call) => call.args);
    const meant = made(MINATO, Date.now(), `@${String(own.name)} are you there?`);
    const post = { type: "post" as const, topic: "mesh-lab", ...meant };
    applyBatch({ events: [{ ...post, arrival: "fetched" }] });
    expect(told()).toEqual([]);
    applyBatch({ events: [{ ...post, arrival: "live" }] });
    expect(told()).toEqual([{ topic: "mesh-lab", id: meant.event.id }]);
  });
});

describe("a search", () => {
  it("goes on before the last post that it found", async () => {
    const at = Date.parse("2026-04-01T00:00:00Z");
    for (let n = 0; n < 70; n += 1) {
      mock.world.posts.get("mesh-lab")?.push(made(MINATO, at + n * 250, `needle ${String(n)}`));
    }
    useSearch.getState().setText("needle");
    await vi.advanceTimersByTimeAsync(200);
    expect(useSearch.getState().found).toHaveLength(50);
    await useSearch.getState().more();
    const found = useSearch.getState().found.map((one) => one.event.content);
    expect(found).toEqual(Array.from({ length: 70 }, (_, n) => `needle ${String(69 - n)}`));
    expect(useSearch.getState().hasMore).toBe(false);
    expect(called("search").at(-1)?.args).toMatchObject({ query: { before: at + 20 * 250 } });
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

  it("shows what is told while it is read", async () => {
    await useTimeline.getState().open("mesh-lab", 0, AYA.pubkey);
    const root = posts("mesh-lab").find((post) => post.replies.count > 0)?.event.id ?? "";
    const opening = useThread.getState().open("mesh-lab", root);
    const late = made(MINATO, Date.now(), "told meanwhile", { reply: { root, parent: root } });
    applyBatch({ events: [live("mesh-lab", late)] });
    await opening;
    expect(useThread.getState().posts.map((post) => post.event.id)).toContain(late.event.id);
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
