import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { visibleKey } from "../../domain/entry";
import { arriveWrite, generatedKey, written } from "../../ipc/mock/entries";
import { AYA, JONAS, MINATO } from "../../ipc/mock/people";
import type { EntryWrite } from "../../ipc/bindings";
import { useEntries } from "../../stores/entries";
import { useView } from "../../stores/view";
import { HOSTILE, HOSTILE_NAMES } from "../../testing/hostile";
import { openApp } from "../../testing/app";

type Started = Awaited<ReturnType<typeof openApp>>;

async function openEntries(topic = "mesh-lab", scene: Parameters<typeof openApp>[0] = {}) {
  const app = await openApp(scene);
  act(() => {
    useView.getState().openTopic(topic);
    useView.getState().openTab("entries");
  });
  await waitFor(() => {
    expect(useEntries.getState().isLoaded).toBe(true);
  });
  return app;
}

const table = () => screen.getByRole("grid");
const rowOf = (key: string) => {
  const row = document.querySelector<HTMLElement>(`.entry-row[data-key="${key}"]`);
  if (row === null) throw new Error(`${key} is not in the table`);
  return row;
};
const panel = () => within(screen.getByRole("complementary", { name: "Panel" }));
const dialog = () => within(screen.getByRole("dialog"));
const sent = ({ mock }: Started) =>
  mock.calls
    .filter((call) => call.name === "write_entries")
    .map((call) => (call.args as { writes: EntryWrite[] }).writes[0]);
const elsewhere = (app: Started, key: string, value: string | null) => {
  act(() => {
    arriveWrite(app.mock.world, "mesh-lab", written(key, MINATO, Date.now() - 1, value));
  });
};

describe("the table of entries", () => {
  it("shows keys, values, who, when and how far own writes have come", async () => {
    await openEntries();
    expect(rowOf("rooftop/ip")).toHaveTextContent("rooftop/ip10.64.3.1田中 蓮stored here");
    expect(rowOf("parts/mounting-plate")).toHaveTextContent("held by 4");
    expect(rowOf("parts/poe-injector")).toHaveTextContent("sent to 4");
    expect(rowOf("firmware/image.sig")).toHaveTextContent("binary, 1.2 KiB");
    expect(rowOf("wiki/start")).toHaveTextContent("# はじめに メッシュに参加する人のため");
    expect(screen.getByText("14 keys")).toBeVisible();
    expect(table()).toHaveAttribute("aria-rowcount", "15");
  });

  it("shows what others write at once, and nothing older", async () => {
    const app = await openEntries();
    elsewhere(app, "channel", "48");
    await waitFor(() => {
      expect(rowOf("channel")).toHaveTextContent("48");
    });
    act(() => {
      const old = written("channel", JONAS, Date.parse("2026-05-01T00:00:00Z"), "11");
      app.mock.tell({ topic: "mesh-lab", type: "entry", ...old });
    });
    expect(rowOf("channel")).toHaveTextContent("48");
    elsewhere(app, "brand/new", "1");
    await waitFor(() => {
      expect(rowOf("brand/new")).toBeVisible();
    });
  });

  it("strikes through what was deleted elsewhere, and hides it when asked", async () => {
    const app = await openEntries();
    elsewhere(app, "channel", null);
    await waitFor(() => {
      expect(rowOf("channel")).toHaveClass("entry-gone");
    });
    expect(rowOf("channel")).toHaveTextContent("deleted");
    await app.user.click(screen.getByRole("button", { name: "1 without a value" }));
    expect(document.querySelector('[data-key="channel"]')).toBeNull();
  });

  it("lets a value expire while it is looked at", async () => {
    const app = await openEntries();
    const soon = written("soon", MINATO, Date.now(), "now", { expiresAt: Date.now() + 700 });
    act(() => {
      arriveWrite(app.mock.world, "mesh-lab", soon);
    });
    await waitFor(() => {
      expect(rowOf("soon")).toHaveTextContent(/^soonnowuntil/);
    });
    await waitFor(() => {
      expect(rowOf("soon")).toHaveTextContent("expired");
    });
  });

  it("holds few rows of 100,000 keys, reads more at the end, and filters them", async () => {
    const { user, view } = await openEntries("global");
    const rows = () => view.container.querySelectorAll(".entry-row").length;
    await waitFor(() => {
      expect(rows()).toBeGreaterThan(5);
    });
    expect(screen.getByText(/^The first 500 keys/)).toBeVisible();
    expect(table()).toHaveAttribute("aria-rowcount", "-1");
    rowOf(generatedKey(0)).focus();
    await user.keyboard("{End}");
    await waitFor(() => {
      expect(rowOf(generatedKey(499))).toHaveFocus();
    });
    await screen.findByText(/^The first 1,000 keys/);
    expect(rows()).toBeLessThanOrEqual(60);
    await user.keyboard("/");
    await user.keyboard("meter/1249");
    await waitFor(() => {
      expect(screen.getByText("10 keys")).toBeVisible();
    });
    expect(rowOf("meter/12499/value")).toBeVisible();
    await user.keyboard("{Escape}");
    await screen.findByText(/^The first 500 keys/);
  });

  it("does not move what is read while keys come in above it", async () => {
    const app = await openEntries("global");
    const scroller = document.querySelector<HTMLElement>(".entries-scroll");
    if (scroller === null) throw new Error("the table scrolls");
    act(() => {
      scroller.scrollTop = 4010;
      fireEvent.scroll(scroller);
    });
    act(() => {
      for (const n of [1, 2, 3]) {
        const write = written(`a/${String(n)}`, MINATO, Date.now() + n, "1");
        app.mock.tell({ topic: "global", type: "entry", ...write });
      }
    });
    expect(scroller.scrollTop).toBe(4010 + 3 * 40);
  });

  it("keeps its place while another view is open", async () => {
    await openEntries("global");
    const scroller = document.querySelector<HTMLElement>(".entries-scroll");
    act(() => {
      if (scroller !== null) scroller.scrollTop = 2000;
      useView.getState().openTab("timeline");
    });
    act(() => {
      useView.getState().openTab("entries");
    });
    expect(useEntries.getState().scrolled).toBe(2000);
    expect(useEntries.getState().list.rows).toHaveLength(500);
  });

  it("groups keys by their beginnings", async () => {
    const { user } = await openEntries();
    await user.click(screen.getByRole("button", { name: "parts/ 2 keys" }));
    await screen.findByText("2 keys");
    expect(screen.getByRole("textbox", { name: "Key begins with" })).toHaveValue("parts/");
    await user.click(screen.getByRole("button", { name: "Show all keys" }));
    await screen.findByText(/^14 keys/);
  });

  it("says why it could not be read, and tries again", async () => {
    const app = await openApp();
    app.mock.failNext("read_entries", "corrupt");
    act(() => {
      useView.getState().openTopic("mesh-lab");
      useView.getState().openTab("entries");
    });
    expect(await screen.findByRole("alert")).toHaveTextContent("The entries could not be read");
    await app.user.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByRole("grid");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("offers the first step where no entry is", async () => {
    const { user } = await openEntries("写真フィルム");
    expect(screen.getByText(/^No entries in/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Write the first entry" }));
    expect(dialog().getByRole("textbox", { name: "Key" })).toHaveFocus();
    await user.keyboard("{Escape}");
    await user.type(screen.getByRole("textbox", { name: "Key begins with" }), "zz");
    expect(await screen.findByText(/^No key begins with/)).toBeVisible();
  });
});

describe("one key", () => {
  it("is opened and left by the keyboard, with its history and the reasons", async () => {
    const { user } = await openEntries();
    rowOf("antenna/bridge/azimuth").focus();
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}");
    await waitFor(() => {
      expect(rowOf("antenna/bridge/rssi")).toHaveFocus();
    });
    rowOf("meet/saturday").focus();
    await user.keyboard("{Enter}");
    const title = await panel().findByRole("heading", { name: "meet/saturday" });
    await waitFor(() => {
      expect(title).toHaveFocus();
    });
    await panel().findByText("3 writes");
    expect(panel().getByText(/wrote at nearly the same time/)).toBeVisible();
    const writes = panel().getAllByRole("listitem");
    expect(writes[0]).toHaveTextContent("counts");
    expect(writes[1]).toHaveTextContent(/lost by 462 ms.*Jonas Weber.*’s write is 462 ms later/);
    expect(writes[2]).toHaveTextContent(/replaced.*written on this device/);
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("heading", { name: "meet/saturday" })).toBeNull();
  });

  it("shows bytes by their number, never as text, and copies them in base64", async () => {
    const { user } = await openEntries();
    await user.click(rowOf("firmware/image.sig"));
    expect(await panel().findByText(/^Binary, 1.2 KiB/)).toBeVisible();
    expect(panel().getByRole("button", { name: "Copy the value in base64" })).toBeVisible();
    expect(document.body.textContent).not.toMatch(/\/yRJbpO4|ÿ/);
  });

  it("shows a long value folded, and all of it when asked", async () => {
    const app = await openEntries();
    elsewhere(app, "long", "字".repeat(20_000));
    await waitFor(() => rowOf("long"));
    expect(rowOf("long").textContent.length).toBeLessThan(300);
    await app.user.click(rowOf("long"));
    await panel().findByText(/^1 write/);
    const value = () => document.querySelector(".panel .entry-value")?.textContent ?? "";
    expect(value()).toHaveLength(1201);
    await app.user.click(panel().getByRole("button", { name: "Show all" }));
    expect(value()).toHaveLength(20_000);
  });

  it("says why its history could not be read", async () => {
    const { user, mock } = await openEntries();
    mock.failNext("entry_history", "database");
    await user.click(rowOf("channel"));
    expect(await panel().findByRole("alert")).toHaveTextContent("could not be read");
    await user.click(panel().getByRole("button", { name: "Try again" }));
    expect(await panel().findByText("1 write")).toBeVisible();
  });
});

describe("writing", () => {
  it("changes what was shown, for as long as is wished", async () => {
    const app = await openEntries();
    rowOf("channel").focus();
    await app.user.keyboard("{F2}");
    const field = await screen.findByRole("textbox", { name: "Value" });
    expect(field).toHaveFocus();
    expect(field).toHaveValue("36");
    await app.user.clear(field);
    await app.user.type(field, "44");
    await app.user.selectOptions(screen.getByRole("combobox", { name: "Holds" }), "hour");
    await app.user.click(screen.getByRole("button", { name: "Write" }));
    await waitFor(() => {
      expect(rowOf("channel")).toHaveTextContent("44");
    });
    expect(screen.queryByRole("dialog")).toBeNull();
    const [write] = sent(app);
    expect(write).toMatchObject({ key: "channel", value: "44", ttl_ms: 3_600_000 });
    expect(write?.only_if).toHaveProperty("revision");
    expect(await panel().findByText("2 writes")).toBeVisible();
  });

  it("says what is there now if somebody was faster, and lets the person decide", async () => {
    const app = await openEntries();
    rowOf("channel").focus();
    await app.user.keyboard("{F2}");
    const field = await screen.findByRole("textbox", { name: "Value" });
    await app.user.type(field, "0");
    elsewhere(app, "channel", "48");
    await app.user.keyboard("{Control>}{Enter}{/Control}");
    const told = await dialog().findByRole("alert");
    expect(told).toHaveTextContent(
      /Meanwhile the key was written.*みなと.*48.*nothing was written/,
    );
    expect(field).toHaveValue("360");
    expect(rowOf("channel")).toHaveTextContent("48");
    await app.user.click(dialog().getByRole("button", { name: "Write mine over it" }));
    await waitFor(() => {
      expect(rowOf("channel")).toHaveTextContent("360");
    });
    expect(sent(app)).toHaveLength(2);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("leaves what is there if the person wants that", async () => {
    const app = await openEntries();
    await app.user.click(screen.getByRole("button", { name: "New entry" }));
    await app.user.keyboard("channel");
    await app.user.type(screen.getByRole("textbox", { name: "Value" }), "1");
    await app.user.click(screen.getByRole("button", { name: "Write" }));
    expect(await dialog().findByRole("alert")).toHaveTextContent("36");
    await app.user.click(dialog().getByRole("button", { name: "Keep what is there" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(rowOf("channel")).toHaveTextContent("36");
    expect(sent(app).map((write) => write?.only_if)).toEqual(["absent"]);
  });

  it("adds a key, and chooses it", async () => {
    const app = await openEntries();
    await app.user.click(screen.getByRole("button", { name: "New entry" }));
    await app.user.click(screen.getByRole("button", { name: "Write" }));
    expect(dialog().getByRole("alert")).toHaveTextContent("Type a key first.");
    await app.user.type(screen.getByRole("textbox", { name: "Key" }), "駅/改札");
    await app.user.type(screen.getByRole("textbox", { name: "Value" }), "東口");
    await app.user.click(screen.getByRole("button", { name: "Write" }));
    expect(await panel().findByRole("heading", { name: "駅/改札" })).toBeVisible();
    expect(rowOf("駅/改札")).toHaveAttribute("aria-selected", "true");
    expect(await panel().findByText(/^You wrote it/)).toBeVisible();
  });

  it("refuses what is too long before it is sent, and counts bytes", async () => {
    const app = await openEntries();
    await app.user.click(screen.getByRole("button", { name: "New entry" }));
    fireEvent.change(screen.getByRole("textbox", { name: "Key" }), {
      target: { value: "漢".repeat(86) },
    });
    await app.user.click(screen.getByRole("button", { name: "Write" }));
    expect(dialog().getByRole("alert")).toHaveTextContent("258 of at most 256 bytes");
    fireEvent.change(screen.getByRole("textbox", { name: "Key" }), { target: { value: "k" } });
    fireEvent.change(screen.getByRole("textbox", { name: "Value" }), {
      target: { value: "あ".repeat(21_846) },
    });
    await app.user.click(screen.getByRole("button", { name: "Write" }));
    expect(dialog().getByRole("alert")).toHaveTextContent("64.0 KiB of at most 64 KiB");
    expect(sent(app)).toEqual([]);
  });

  it("keeps what was typed when it fails, and when the dialog is left by mistake", async () => {
    const app = await openEntries();
    rowOf("channel").focus();
    await app.user.keyboard("{F2}");
    const field = await screen.findByRole("textbox", { name: "Value" });
    await app.user.type(field, "7");
    app.mock.failNext("write_entries", "disk_full");
    await app.user.keyboard("{Control>}{Enter}{/Control}");
    expect(await dialog().findByRole("alert")).toHaveTextContent("Not written: The disk is full");
    expect(field).toHaveValue("367");
    await app.user.keyboard("{Escape}");
    expect(dialog().getByText("Not written yet.")).toBeVisible();
    await app.user.click(dialog().getByRole("button", { name: "Go on typing" }));
    expect(field).toHaveValue("367");
    await app.user.keyboard("{Escape}");
    await app.user.click(dialog().getByRole("button", { name: "Discard what you typed" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(rowOf("channel")).toHaveTextContent("36");
  });

  it("never writes while a word is composed", async () => {
    const app = await openEntries();
    rowOf("channel").focus();
    await app.user.keyboard("{F2}");
    const field = await screen.findByRole("textbox", { name: "Value" });
    fireEvent.keyDown(field, { key: "Enter", ctrlKey: true, isComposing: true });
    fireEvent.keyDown(field, { key: "Enter", ctrlKey: true, keyCode: 229 });
    expect(sent(app)).toEqual([]);
  });

  it("replaces bytes only by what was typed", async () => {
    const app = await openEntries();
    rowOf("firmware/image.sig").focus();
    await app.user.keyboard("{F2}");
    const field = await screen.findByRole("textbox", { name: "Value" });
    expect(field).toHaveValue("");
    expect(dialog().getByText(/What is there now is binary \(1.2 KiB\)/)).toBeVisible();
    await app.user.click(screen.getByRole("button", { name: "Write" }));
    expect(dialog().getByRole("alert")).toHaveTextContent("Type the text");
    expect(sent(app)).toEqual([]);
  });
});

describe("deleting", () => {
  it("asks, deletes what was shown, and leaves the key struck through", async () => {
    const app = await openEntries();
    rowOf("channel").focus();
    await app.user.keyboard("{Delete}");
    expect(await screen.findByRole("dialog")).toHaveTextContent(/Delete .*channel.*\?.*30 days/);
    expect(dialog().getByRole("button", { name: "Cancel" })).toHaveFocus();
    await app.user.click(dialog().getByRole("button", { name: "Delete the key" }));
    await waitFor(() => {
      expect(rowOf("channel")).toHaveClass("entry-gone");
    });
    expect(sent(app)[0]).not.toHaveProperty("value");
    expect(sent(app)[0]?.only_if).toHaveProperty("revision");
    await app.user.click(rowOf("channel"));
    expect(await panel().findByText(/^You deleted it/)).toBeVisible();
  });

  it("does not delete what somebody wrote meanwhile without asking again", async () => {
    const app = await openEntries();
    rowOf("channel").focus();
    await app.user.keyboard("{Delete}");
    await screen.findByRole("dialog");
    elsewhere(app, "channel", "48");
    await app.user.click(dialog().getByRole("button", { name: "Delete the key" }));
    expect(await dialog().findByRole("alert")).toHaveTextContent(/48.*Nothing was deleted/);
    expect(rowOf("channel")).toHaveTextContent("48");
    await app.user.click(dialog().getByRole("button", { name: "Delete it all the same" }));
    await waitFor(() => {
      expect(rowOf("channel")).toHaveClass("entry-gone");
    });
  });
});

describe("hostile keys and values", () => {
  const EXPECTED = new Set(
    "DIV SPAN BDI svg path circle rect g SECTION HEADER H2 H3 BUTTON P DL DT DD OL LI".split(" "),
  );
  const FORBIDDEN = [
    "src",
    "srcset",
    "href",
    "xlink:href",
    "action",
    "formaction",
    "data",
    "poster",
  ];
  const check = (root: Element) => {
    for (const element of root.querySelectorAll("*")) {
      // The icons have elements of their own.
      if (element.closest("svg.lucide") !== null) continue;
      expect(EXPECTED).toContain(element.tagName);
      for (const attribute of element.attributes) {
        expect(FORBIDDEN).not.toContain(attribute.name);
        expect(attribute.name.startsWith("on")).toBe(false);
      }
    }
  };

  it("stay text in the table", async () => {
    const app = await openEntries("写真フィルム");
    const keys = new Set<string>();
    act(() => {
      HOSTILE.forEach((text, n) => {
        const name = HOSTILE_NAMES[n % HOSTILE_NAMES.length] ?? null;
        const key = [...`k/${String(n)}/${text}`].slice(0, 60).join("");
        keys.add(key);
        const entry = written(key, { ...MINATO, name }, Date.now() + n, text);
        app.mock.tell({ topic: "写真フィルム", type: "entry", ...entry });
      });
    });
    await waitFor(() => {
      expect(useEntries.getState().list.rows).toHaveLength(keys.size);
    });
    const scroller = document.querySelector<HTMLElement>(".entries-scroll");
    if (scroller === null) throw new Error("the table scrolls");
    const seen = new Set<string>();
    for (let top = 0; top < keys.size * 40; top += 480) {
      act(() => {
        scroller.scrollTop = top;
        fireEvent.scroll(scroller);
      });
      check(table());
      for (const row of scroller.querySelectorAll<HTMLElement>(".entry-row")) {
        const key = row.dataset["key"] ?? "";
        seen.add(key);
        expect(row.querySelector(".entry-key")?.textContent).toBe(visibleKey(key));
      }
    }
    expect(seen).toEqual(keys);
  });

  it.each([0, 40, 70, 75, 90, 110, 130, 160, 200].map((n) => [n, HOSTILE[n] ?? ""] as const))(
    "number %i stays text in the panel",
    async (_, text) => {
      const app = await openEntries("写真フィルム");
      const key = [...`k/${text}`].slice(0, 60).join("");
      act(() => {
        for (const author of [MINATO, { ...AYA, name: text.slice(0, 80) }]) {
          const write = written(key, author, Date.now(), text);
          arriveWrite(app.mock.world, "写真フィルム", write);
        }
      });
      await waitFor(() => {
        expect(document.querySelectorAll(".entry-row")).toHaveLength(1);
      });
      await app.user.click(document.querySelector(".entry-row") as HTMLElement);
      await panel().findByText("2 writes");
      check(screen.getByRole("complementary", { name: "Panel" }));
      expect(document.querySelector(".panel .entry-value")).toHaveAttribute("dir", "auto");
    },
  );
});

describe("the entries, for everybody", () => {
  for (const language of ["en", "ja"] as const) {
    it(`keep nobody out in ${language}`, async () => {
      const app = await openEntries("mesh-lab", { language });
      await app.user.click(rowOf("meet/saturday"));
      await waitFor(() => {
        expect(document.querySelectorAll(".write")).toHaveLength(3);
      });
      const violations = async () => {
        const rules = { "color-contrast": { enabled: false } };
        const found = await axe.run(app.view.container, { rules });
        return found.violations.map((one) => `${one.id} ${one.nodes[0]?.html ?? ""}`);
      };
      expect(await violations()).toEqual([]);
      fireEvent.keyDown(rowOf("meet/saturday"), { key: "F2" });
      await screen.findByRole("dialog");
      expect(await violations()).toEqual([]);
      act(() => {
        useView.getState().setOverlay(null);
      });
      fireEvent.keyDown(rowOf("meet/saturday"), { key: "Delete" });
      await screen.findByRole("dialog");
      expect(await violations()).toEqual([]);
    });
  }

  it("are reached by Alt 2, from wherever one is", async () => {
    const { user } = await openApp();
    await user.keyboard("{Alt>}2{/Alt}");
    expect(screen.getByRole("tab", { name: "Entries" })).toHaveAttribute("aria-selected", "true");
  });
});
