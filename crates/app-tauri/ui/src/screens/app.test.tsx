import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { describe, expect, it, vi } from "vitest";
import { MINATO, PEERS } from "../ipc/mock/people";
import { made } from "../ipc/mock/posts";
import { arrive } from "../ipc/mock/world";
import { useMembers } from "../stores/members";
import { useThread } from "../stores/thread";
import { useTimeline } from "../stores/timeline";
import { useTopics } from "../stores/topics";
import { useView } from "../stores/view";
import { openApp } from "../testing/app";
import { peopleOf } from "./timeline/people";

const composer = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: /Write to/ });
const row = (name: string | RegExp) =>
  within(screen.getByRole("navigation", { name: "Topics" })).getByRole("button", { name });
async function openMeshLab() {
  const app = await openApp();
  await app.user.click(row(/mesh-lab/));
  await screen.findByText(/13:00 works/);
  return app;
}
const postWith = (text: RegExp) => {
  const article = screen.getByText(text).closest("article");
  if (article === null) throw new Error("the text is in no post");
  return article;
};

describe("first start", () => {
  it("asks for a name, takes topics, and opens", async () => {
    const { user, mock } = await openApp({ stage: "first_start" });
    expect(screen.getByText("stored and read back")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Open kukuri" }));
    expect(screen.getByRole("alert")).toHaveTextContent("Type a name first");
    await user.type(screen.getByRole("textbox", { name: "Name" }), "Aya Kitamura");
    await user.click(screen.getByRole("checkbox", { name: /announcements/ }));
    await user.type(screen.getByRole("textbox", { name: "Add a topic" }), "自作キーボード{Enter}");
    expect(screen.getByRole("checkbox", { name: /自作キーボード/ })).toBeChecked();
    await user.click(screen.getByRole("button", { name: "Open kukuri" }));
    await screen.findByRole("navigation", { name: "Topics" });
    expect(mock.calls.find((call) => call.name === "finish_first_start")?.args).toEqual({
      name: "Aya Kitamura",
      topics: ["global", "自作キーボード"],
    });
  });

  it("changes the language at once", async () => {
    const { user } = await openApp({ stage: "first_start" });
    await user.click(screen.getByRole("button", { name: /English/ }));
    expect(await screen.findByText("どんな名前で呼ばれたいですか？")).toBeVisible();
    expect(document.documentElement.lang).toBe("ja");
  });
});

describe("blocked", () => {
  it("says why, offers a file, and tries again", async () => {
    const { user, mock } = await openApp({ stage: "blocked" });
    expect(screen.getByRole("heading")).toHaveTextContent("The system keyring is locked");
    expect(screen.getByText(/\.config\/kukuri\/default\/vault/)).toBeVisible();
    mock.world.stage = "ready";
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("navigation", { name: "Topics" })).toBeVisible();
  });
});

describe("the timeline", () => {
  it("says at its start what is not kept on this device", async () => {
    const { user, mock } = await openApp();
    const topic = mock.world.topics.get("mesh-lab");
    if (topic === undefined) throw new Error("there is no such topic");
    await user.click(row(/mesh-lab/));
    await screen.findByText(/13:00 works/);
    expect(screen.queryByText(/not kept on this device/)).toBeNull();
    act(() => {
      useTopics.setState(({ topics }) => ({
        topics: topics.map((one) =>
          one.name === "mesh-lab" ? { ...one, complete_since: "2026-03-01T12:00:00.000Z" } : one,
        ),
      }));
    });
    expect(await screen.findByText(/Posts from before .* are not kept/)).toBeVisible();
  });

  it("says at the bottom why nothing is fetched", async () => {
    await openMeshLab();
    const full = { reason: "disk_full", since: "2026-03-01T12:00:00.000Z" } as const;
    const set = (stalled: typeof full | null) => {
      act(() => {
        useTopics.setState(({ topics }) => ({
          topics: topics.map((one) => (one.name === "mesh-lab" ? { ...one, stalled } : one)),
        }));
      });
    };
    set(full);
    expect(await screen.findByText(/The disk is full: nothing is fetched/)).toBeVisible();
    set(null);
    expect(screen.queryByText(/The disk is full/)).toBeNull();
  });

  it("shows the unread line, the thread's summary and the own post's way", async () => {
    await openMeshLab();
    expect(screen.getByText(/^2 new since/)).toBeVisible();
    expect(screen.getByRole("button", { name: /6 replies/ })).toBeVisible();
    expect(screen.getByText("stored here · sent to 4 · held by 3")).toBeVisible();
    expect(postWith(/could you bring the spare/)).toHaveClass("post-mention");
  });

  it("posts with Ctrl Enter, and never while a word is composed", async () => {
    const { user, mock } = await openMeshLab();
    await user.type(composer(), "かな");
    fireEvent.keyDown(composer(), { key: "Enter", ctrlKey: true, isComposing: true });
    fireEvent.keyDown(composer(), { key: "Enter", ctrlKey: true, keyCode: 229 });
    expect(mock.calls.some((call) => call.name === "post")).toBe(false);
    await user.keyboard("{Control>}{Enter}{/Control}");
    await screen.findByText("かな", { selector: ".post-text" });
    expect(composer()).toHaveValue("");
  });

  it("posts with Enter only if that is set", async () => {
    const { user, mock } = await openMeshLab();
    await user.type(composer(), "one{Enter}two");
    expect(composer()).toHaveValue("one\ntwo");
    await act(async () => {
      const { useSettings } = await import("../stores/settings");
      await useSettings.getState().change({ enter_posts: true });
    });
    await user.type(composer(), "{Enter}");
    await waitFor(() => {
      expect(mock.calls.filter((call) => call.name === "post")).toHaveLength(1);
    });
  });

  it("keeps the text when the disk is full", async () => {
    const { user, mock } = await openMeshLab();
    mock.failNext("post", "disk_full");
    await user.type(composer(), "土曜の件");
    await user.click(screen.getByRole("button", { name: "Post" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Not posted: the disk is full");
    expect(composer()).toHaveValue("土曜の件");
    await user.click(screen.getByRole("button", { name: "Post again" }));
    await waitFor(() => {
      expect(composer()).toHaveValue("");
    });
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("takes a reaction back and gives a word", async () => {
    const { user } = await openMeshLab();
    await user.hover(postWith(/出町柳/));
    const post = within(postWith(/出町柳/));
    await user.click(post.getByRole("button", { name: "Agree, 3" }));
    expect(await post.findByRole("button", { name: "Agree, 4" })).toHaveAttribute(
      "aria-pressed",
      "true",
    );
    await user.click(post.getByRole("button", { name: "Agree, 4" }));
    expect(await post.findByRole("button", { name: "Agree, 3" })).toHaveAttribute(
      "aria-pressed",
      "false",
    );
    await user.click(post.getByRole("button", { name: "React" }));
    await user.type(post.getByRole("textbox"), "行きます絶対に行きます{Enter}");
    expect(await post.findByRole("button", { name: "行きます絶対に行, 1" })).toBeVisible();
  });

  it("mutes an author and gives them back", async () => {
    const { user } = await openMeshLab();
    await user.hover(postWith(/出町柳/));
    await user.click(within(postWith(/出町柳/)).getByRole("button", { name: "More" }));
    await user.click(screen.getByRole("menuitem", { name: /Mute/ }));
    await waitFor(() => {
      expect(screen.queryByText(/出町柳/)).toBeNull();
    });
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect(await screen.findByText(/出町柳/)).toBeVisible();
  });

  it("shows what arrives, and who it is from", async () => {
    const { mock } = await openMeshLab();
    act(() => {
      arrive(mock.world, "mesh-lab", MINATO, "<b>just now</b>");
    });
    expect(await screen.findByText("<b>just now</b>")).toBeVisible();
  });

  it("moves with J and K and opens a thread with T, but not while typing", async () => {
    const { user } = await openMeshLab();
    await user.type(composer(), "jkt");
    expect(useView.getState().isThreadOpen).toBe(false);
    await user.keyboard("{Escape}");
    await waitFor(() => {
      expect(document.activeElement?.tagName).toBe("ARTICLE");
    });
    const last = document.activeElement;
    await user.keyboard("k");
    await waitFor(() => {
      expect(document.activeElement).not.toBe(last);
    });
    await user.keyboard("t");
    expect(useView.getState().isThreadOpen).toBe(true);
    expect(useThread.getState().topic).toBe("mesh-lab");
  });

  it("answers and reacts in a thread by the keyboard", async () => {
    const { user } = await openMeshLab();
    composer().focus();
    await user.keyboard("{Escape}");
    await waitFor(() => {
      expect(document.activeElement?.tagName).toBe("ARTICLE");
    });
    await user.keyboard("t");
    const thread = within(await screen.findByRole("region", { name: "Thread" }));
    const answer = (await thread.findAllByRole("article")).at(-1);
    answer?.focus();
    await user.keyboard("e");
    expect(thread.getByRole("dialog", { name: "React" })).toBeVisible();
    await user.keyboard("{Escape}");
    answer?.focus();
    await user.keyboard("r");
    expect(thread.getByRole("textbox")).toHaveFocus();
  });

  it("marks the topic as read when the newest is seen", async () => {
    vi.spyOn(document, "hasFocus").mockReturnValue(true);
    const { user, mock } = await openApp();
    await user.click(row(/announcements/));
    act(() => {
      arrive(mock.world, "announcements", MINATO, "version 0.1.1");
    });
    await screen.findByText("version 0.1.1");
    await waitFor(() => {
      expect(mock.calls.some((call) => call.name === "mark_read")).toBe(true);
    });
    vi.restoreAllMocks();
  });

  it("offers the first step where nothing is", async () => {
    const { user } = await openApp();
    await user.click(row(/写真フィルム/));
    expect(await screen.findByText(/Only you are in/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Write the first post" }));
    expect(composer()).toHaveFocus();
  });

  it("holds at most 200 rows of 100,000 posts", async () => {
    const { user, view } = await openApp();
    await user.click(row(/global/));
    await waitFor(() => {
      expect(view.container.querySelectorAll("article").length).toBeGreaterThan(5);
    });
    expect(view.container.querySelectorAll("article").length).toBeLessThanOrEqual(200);
    expect(useTimeline.getState().timelines["global"]?.window.posts.length).toBeGreaterThan(100);
  });
});

describe("two people of one name", () => {
  const stranger = (name: string, digit: string) => ({
    name,
    npub: `npub1${digit.repeat(12)}8r2c`,
    pubkey: digit.repeat(64),
  });

  it("are told apart: who came later has a chip with the end of the key", async () => {
    const { mock } = await openMeshLab();
    act(() => {
      arrive(mock.world, "mesh-lab", stranger("みなと", "a"), "a copy of the name");
      arrive(mock.world, "mesh-lab", MINATO, "the one who was here before");
    });
    const known = await screen.findByText("the one who was here before");
    const chip = within(postWith(/a copy of the name/)).getByText(/you know/);
    expect(chip.textContent).toBe("not the \u2068みなと\u2069 you know, …8r2c");
    expect(known.closest("article")).not.toHaveTextContent("you know");
  });

  it("are told apart when the name is one's own, however it is written", async () => {
    const { mock } = await openMeshLab();
    act(() => {
      arrive(mock.world, "mesh-lab", stranger("Aya Kitamura", "b"), "the very name");
      arrive(mock.world, "mesh-lab", stranger("ＡＹＡ kitamura", "c"), "nearly the name");
    });
    await screen.findByText("nearly the name");
    expect(postWith(/the very name/)).toHaveTextContent("you know, …8r2c");
    expect(postWith(/nearly the name/)).toHaveTextContent("you know, …8r2c");
    expect(postWith(/土曜の件|stored here/)).not.toHaveTextContent("you know");
  });

  it("are told apart in a thread and among the members, too", async () => {
    const { mock, user } = await openMeshLab();
    const copy = stranger("Priya Raman", "d");
    await user.click(screen.getByRole("button", { name: /6 replies/ }));
    const root = useThread.getState().root ?? "";
    act(() => {
      const post = made(copy, Date.now(), "not the one with the antenna", {
        reply: { root, parent: root },
      });
      mock.tell({ topic: "mesh-lab", type: "post", arrival: "live", ...post });
    });
    await screen.findByText("not the one with the antenna");
    expect(postWith(/not the one with the antenna/)).toHaveTextContent("you know, …8r2c");
    act(() => {
      useView.getState().setThread(false);
      const [first] = useMembers.getState().here;
      if (first === undefined) throw new Error("somebody is here");
      useMembers.setState({
        here: [...useMembers.getState().here, { ...first, id: "0d".repeat(32), author: copy }],
      });
    });
    const members = within(screen.getByRole("complementary"));
    expect(members.getAllByText(/you know, …8r2c/)).toHaveLength(1);
  });

  it("are known by what came first to this device, not by who is connected or dates back", () => {
    const name = { name: "tomo" };
    const known = { ...MINATO, ...name };
    const copy = { ...stranger("tomo", "e") };
    const at = Date.parse("2026-05-14T00:00:00Z");
    const first = { ...made(known, at, "first"), received_at: "2026-05-14T00:00:01Z" };
    const dated = { ...made(copy, at - 9e6, "dated"), received_at: "2026-05-14T00:09:00Z" };
    const [peer] = PEERS;
    if (peer === undefined) throw new Error("there are peers");
    const people = peopleOf([dated, first], [{ ...peer, author: copy }], {
      pubkey: "f".repeat(64),
      name: null,
    });
    expect([...people.namesakes]).toEqual([copy.pubkey]);
    expect(people.names).toEqual(["tomo"]);
  });
});

describe("topics and overlays", () => {
  it("joins from the palette, leaves after asking", async () => {
    const { user } = await openMeshLab();
    await user.keyboard("{Control>}k{/Control}");
    await user.keyboard("weather");
    await user.click(screen.getByRole("option", { name: /Join/ }));
    expect(await screen.findByRole("heading", { level: 1, name: "weather" })).toBeVisible();
    await user.click(screen.getAllByRole("button", { name: "More" })[0] as HTMLElement);
    await user.click(screen.getByRole("menuitem", { name: "Leave this topic" }));
    expect(screen.getByRole("dialog")).toHaveTextContent("stays on this device");
    await user.click(screen.getByRole("button", { name: "Leave the topic" }));
    await waitFor(() => {
      expect(screen.queryByRole("button", { name: /weather/ })).toBeNull();
    });
  });

  it("keeps the focus in a dialog and gives it back", async () => {
    const { user } = await openMeshLab();
    composer().focus();
    await user.keyboard("{Control>}n{/Control}");
    const dialog = screen.getByRole("dialog");
    for (let tabs = 0; tabs < 6; tabs += 1) {
      await user.tab();
      expect(dialog).toContainElement(document.activeElement as HTMLElement);
    }
    await user.keyboard("{Escape}");
    expect(composer()).toHaveFocus();
  });

  it("says a wrong name in place", async () => {
    const { user, mock } = await openMeshLab();
    mock.failNext("join_topic", "usage");
    await user.keyboard("{Control>}n{/Control}x{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("it failed: usage");
  });
});

describe("search", () => {
  it("marks what matches and opens its thread", async () => {
    const { user, view } = await openMeshLab();
    await user.keyboard("{Control>}{Shift>}f{/Shift}{/Control}");
    await user.type(screen.getByRole("textbox", { name: "Words to search for" }), "アンテナ");
    await waitFor(() => {
      expect(view.container.querySelectorAll("mark").length).toBeGreaterThan(1);
    });
    for (const mark of view.container.querySelectorAll("mark"))
      expect(mark).toHaveTextContent("アンテナ");
    expect(screen.getByText(/all on this device/)).toBeVisible();
    await user.click(screen.getAllByRole("button", { name: /アンテナの根元/ })[0] as HTMLElement);
    expect(await screen.findByText(/Done, twice/)).toBeVisible();
  });
});

describe("connection", () => {
  it("says in sentences what was tried, and links to the settings", async () => {
    const { user } = await openApp();
    await user.click(row(/写真フィルム/));
    await user.click(screen.getByRole("tab", { name: /Connection/ }));
    expect(await screen.findByText("You are alone here so far")).toBeVisible();
    expect(await screen.findByText(/nobody has published a record/)).toBeVisible();
    expect(screen.getByText("1 unreachable")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Edit bootstrap nodes" }));
    expect(screen.getByRole("textbox", { name: "Bootstrap nodes" })).toHaveDisplayValue(/kyoto/);
  });
});

describe("what a topic takes on the disk", () => {
  it.each([
    ["en", "mesh-lab", "This topic takes 12.4 MB of at most 1.0 GB. Nothing was dropped"],
    ["en", "自作キーボード", "It is complete since 1 Mar. What was written before is not kept"],
    ["ja", "自作キーボード", "3月1日以降はすべて揃っています。"],
    ["ja", "mesh-lab", "このトピックは 12.4 MB を使っています（上限 1.0 GB）。"],
  ] as const)("is said in the connection view, %s, %s", async (language, topic, said) => {
    vi.spyOn(Date, "now").mockReturnValue(Date.parse("2026-05-14T09:42:09+09:00"));
    await openApp({ language });
    act(() => {
      useView.getState().openTopic(topic);
      useView.getState().openTab("connection");
    });
    await waitFor(() => {
      expect(document.querySelector(".kept")).toHaveTextContent(said);
    });
    vi.restoreAllMocks();
  });

  it("is said also where there is no ceiling", async () => {
    const { mock } = await openApp();
    const topic = mock.world.topics.get("mesh-lab");
    if (topic === undefined) throw new Error("there is no such topic");
    mock.world.topics.set("mesh-lab", { ...topic, ceiling_bytes: null, stored_bytes: 1 });
    act(() => {
      useTopics.getState().refresh();
      useView.getState().openTopic("mesh-lab");
      useView.getState().openTab("connection");
    });
    expect(await screen.findByText(/This topic takes 1 kB\. No ceiling is set\./)).toBeVisible();
  });
});

describe("the line at the bottom", () => {
  it.each([
    ["en", "In step with 3 people · kukuri up (process 4121) uses this profile."],
    ["ja", "3 人と一致しています・kukuri up（プロセス 4121）がこのプロファイルを使用中です。"],
  ] as const)("says both who is in step and whose node it is, %s", async (language, said) => {
    await openApp({ language, attachedTo: 4121 });
    act(() => {
      useView.getState().openTopic("mesh-lab");
    });
    await waitFor(() => {
      expect(document.querySelector(".network-middle")).toHaveTextContent(said);
    });
  });

  it("says the one where the other is not so", async () => {
    await openApp({ attachedTo: 4121 });
    act(() => {
      useView.getState().openTopic("global");
    });
    await waitFor(() => {
      expect(document.querySelector(".network-middle")?.textContent).toMatch(
        /^kukuri up \(process 4121\)/,
      );
    });
  });
});

describe("the network", () => {
  it("is said to be gone in the line and above the timeline, and only by the node", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    const { mock } = await openMeshLab();
    act(() => {
      window.dispatchEvent(new Event("offline"));
    });
    expect(screen.queryByText(/^No network since/)).toBeNull();
    mock.world.isOffline = true;
    for (const [name, topic] of mock.world.topics) {
      mock.world.topics.set(name, { ...topic, neighbours: 0 });
    }
    act(() => {
      mock.tell({ topic: "mesh-lab", type: "peer_left", peer: "a".repeat(64) });
    });
    expect(await screen.findByText(/^No network since/, {}, { timeout: 8000 })).toBeVisible();
    expect(screen.getAllByText(/Looks again by itself when a network comes/)[0]).toBeVisible();
    vi.restoreAllMocks();
  });
});

describe("settings", () => {
  it("change the node's configuration and say that it must start again", async () => {
    const { user, mock } = await openMeshLab();
    await user.keyboard("{Control>},{/Control}");
    await user.click(screen.getByRole("button", { name: "Finding people" }));
    await user.click(screen.getByRole("switch", { name: "DHT" }));
    expect(mock.world.settings.dht).toBe(false);
    expect(await screen.findByText(/act when kukuri starts again/)).toBeVisible();
  });

  it("give back what could not be saved", async () => {
    const { user, mock } = await openMeshLab();
    await user.keyboard("{Control>},{/Control}");
    await user.click(screen.getByRole("button", { name: "Appearance" }));
    mock.failNext("change_settings", "read_only");
    await user.click(screen.getByRole("radio", { name: "Dark" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Not saved");
    expect(screen.getByRole("radio", { name: "Light" })).toBeChecked();
  });
});

describe("every screen", () => {
  const screens: Record<string, () => void> = {
    timeline: () => undefined,
    connection: () => {
      useView.getState().openTab("connection");
    },
    search: () => {
      useView.getState().openSearch();
    },
    settings: () => {
      useView.getState().openSettings("finding");
    },
    palette: () => {
      useView.getState().setOverlay({ kind: "palette" });
    },
    shortcuts: () => {
      useView.getState().setOverlay({ kind: "shortcuts" });
    },
  };
  for (const language of ["en", "ja"] as const) {
    for (const [name, open] of Object.entries(screens)) {
      it(`${name} in ${language} keeps nobody out`, async () => {
        const { view } = await openApp({ language });
        act(open);
        await waitFor(() => {
          expect(document.documentElement.lang).toBe(language);
        });
        const found = await axe.run(view.container, {
          rules: { "color-contrast": { enabled: false } },
        });
        expect(found.violations.map((one) => `${one.id} ${one.nodes[0]?.html ?? ""}`)).toEqual([]);
      });
    }
  }
});
