// Every screen as a picture, beside the kept ones: both themes, both languages, wide and narrow.
// Each is also looked through for what keeps people out, contrast included.
import { execFileSync } from "node:child_process";
import { expect, test, type Page } from "@playwright/test";
import axe from "axe-core";
import { open } from "./scene";

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 960, height: 640 };
const SMALL = { width: 720, height: 520 };

type Picture = {
  name: string;
  query: string;
  size?: { width: number; height: number };
  steps?: (page: Page) => Promise<void>;
};

const row = (page: Page, name: string) =>
  page.getByRole("navigation").first().getByRole("button", { name });
const chooseTopic = (name: string) => async (page: Page) => {
  await row(page, name).click();
  await page.mouse.move(640, 10);
};
const press = (keys: string) => async (page: Page) => {
  await page.locator(".feed-row").first().waitFor();
  await page.keyboard.press(keys);
};
const inOrder =
  (...steps: ((page: Page) => Promise<void>)[]) =>
  async (page: Page) => {
    for (const step of steps) await step(page);
  };
const feed = async (page: Page) => {
  await page.locator(".feed-row").first().waitFor();
};
const write = (text: string) => async (page: Page) => {
  await feed(page);
  await page.locator(".composer textarea").fill(text);
};
const openThread = async (page: Page) => {
  await page.locator(".replies").first().click();
  await page.locator(".tree-node").nth(6).waitFor();
  await page.mouse.move(640, 10);
};
const search = (text: string) => async (page: Page) => {
  await feed(page);
  await page.keyboard.press("Control+Shift+F");
  await page.locator(".search-field input").fill(text);
  await page.locator(".found").first().waitFor();
  // How long it took is measured, and another time in every run.
  await page.evaluate(() => {
    (window as unknown as { showTook: (ms: number) => void }).showTook(6);
  });
};
const connection = inOrder(chooseTopic("写真フィルム"), async (page) => {
  await page.keyboard.press("Alt+3");
  await page.locator(".lane").nth(4).waitFor();
  await page.locator(".kept").waitFor();
});
const entries = inOrder(feed, async (page) => {
  await page.keyboard.press("Alt+2");
  await page.locator(".entry-row").nth(3).waitFor();
});
const noEntries = inOrder(chooseTopic("写真フィルム"), async (page) => {
  await page.keyboard.press("Alt+2");
  await page.locator(".empty").waitFor();
});
const keyRow = (page: Page, key: string) => page.locator(`.entry-row[data-key="${key}"]`);
const chooseKey = (key: string) => async (page: Page) => {
  await keyRow(page, key).click();
  await page.locator(".write").first().waitFor();
  await page.mouse.move(640, 10);
};
const hostileKey = async (page: Page) => {
  await page.locator('.entry-row[data-key^="hostile/"]').first().click();
  await page.locator(".write").first().waitFor();
  await page.mouse.move(640, 10);
};
/** Somebody else writes the key while it is changed here. */
const changedMeanwhile = async (page: Page) => {
  await keyRow(page, "meet/saturday").press("F2");
  await page.locator("#entry-text").fill('{"time":"15:00","place":"三条 駅前"}');
  await page.evaluate(() => {
    (window as unknown as { writeElsewhere: () => void }).writeElsewhere();
  });
  await page.keyboard.press("Control+Enter");
  await page.getByRole("alert").waitFor();
};
const settings = (group: number) => async (page: Page) => {
  await feed(page);
  await page.keyboard.press("Control+,");
  await page.locator(".settings-groups .row").nth(group).click();
  await page.mouse.move(640, 10);
};
/** The main button of the first start is in sight without scrolling. */
const openButton = async (page: Page) => {
  await expect(page.locator(".first-end .button")).toBeInViewport({ ratio: 1 });
};
const hoverPost = async (page: Page) => {
  await page.locator("article", { hasText: "出町柳" }).hover();
};

const PICTURES: readonly Picture[] = [
  {
    name: "main-light",
    query: "",
    steps: inOrder(
      write("13:00 is fine for me. I will bring two injectors and the tools, and the key for the"),
      hoverPost,
    ),
  },
  {
    name: "main-dark-ja",
    query: "lang=ja&theme=dark",
    steps: inOrder(
      write("13時で大丈夫です。インジェクター 2 台と工具を持っていきます。鍵は"),
      hoverPost,
    ),
  },
  { name: "main-dark-narrow", query: "theme=dark", size: NARROW, steps: feed },
  { name: "main-light-ja-narrow", query: "lang=ja", size: NARROW, steps: feed },
  { name: "main-small", query: "", size: SMALL, steps: feed },
  { name: "thread-light", query: "", steps: inOrder(feed, openThread) },
  {
    name: "thread-dark-ja-narrow",
    query: "lang=ja&theme=dark",
    size: NARROW,
    steps: inOrder(feed, openThread),
  },
  {
    name: "search-light",
    query: "",
    steps: inOrder(search("アンテナ"), async (page) => {
      await page.locator(".found").first().click();
      await page.locator(".tree-node").nth(6).waitFor();
    }),
  },
  { name: "search-dark-ja", query: "lang=ja&theme=dark", size: NARROW, steps: search("アンテナ") },
  { name: "connection-light", query: "", steps: connection },
  { name: "connection-dark-ja", query: "lang=ja&theme=dark", steps: connection },
  { name: "connection-narrow", query: "", size: NARROW, steps: connection },
  {
    name: "connected-dark",
    query: "theme=dark",
    steps: inOrder(press("Alt+3"), async (page) => {
      await page.locator(".folded .link").click();
      await page.locator(".lane").first().waitFor();
    }),
  },
  { name: "entries-light", query: "", steps: inOrder(entries, chooseKey("meet/saturday")) },
  {
    name: "entries-dark-ja",
    query: "lang=ja&theme=dark",
    steps: inOrder(entries, chooseKey("meet/saturday")),
  },
  { name: "entries-narrow-light-ja", query: "lang=ja", size: NARROW, steps: entries },
  {
    name: "entry-narrow-dark",
    query: "theme=dark",
    size: NARROW,
    steps: inOrder(entries, chooseKey("wiki/start")),
  },
  { name: "entries-small", query: "", size: SMALL, steps: entries },
  { name: "entries-empty-light", query: "", size: NARROW, steps: noEntries },
  { name: "entries-empty-dark-ja", query: "lang=ja&theme=dark", size: NARROW, steps: noEntries },
  { name: "entries-hostile", query: "hostile", steps: inOrder(entries, hostileKey) },
  {
    name: "entry-changed-light-ja",
    query: "lang=ja",
    size: NARROW,
    steps: inOrder(entries, changedMeanwhile),
  },
  { name: "entry-changed-dark", query: "theme=dark", steps: inOrder(entries, changedMeanwhile) },
  {
    name: "entry-delete-light",
    query: "",
    size: NARROW,
    steps: inOrder(entries, chooseKey("channel"), async (page) => {
      await page.getByRole("button", { name: "Delete the key" }).click();
      await page.getByRole("dialog").waitFor();
    }),
  },
  {
    name: "kept-narrow-ja",
    query: "lang=ja",
    size: NARROW,
    steps: inOrder(chooseTopic("自作キーボード"), press("Alt+3"), async (page) => {
      await page.locator(".kept").waitFor();
    }),
  },
  { name: "attached-light", query: "attached", steps: feed },
  { name: "attached-narrow-ja", query: "attached&lang=ja", size: NARROW, steps: feed },
  { name: "members-narrow-ja", query: "lang=ja", size: NARROW, steps: press("Control+M") },
  {
    name: "first-start-light",
    query: "stage=first_start",
    steps: async (page) => {
      await page.locator("#first-name").fill("Aya Kitamura");
    },
  },
  { name: "first-start-dark-ja", query: "stage=first_start&lang=ja&theme=dark" },
  { name: "first-start-small", query: "stage=first_start", size: SMALL, steps: openButton },
  {
    name: "first-start-small-ja",
    query: "stage=first_start&lang=ja",
    size: SMALL,
    steps: inOrder(openButton, async (page) => {
      for (const topic of ["自作キーボード", "写真フィルム", "mesh-lab"]) {
        await page.locator(".first-add").fill(topic);
        await page.locator(".first-add").press("Enter");
      }
      await openButton(page);
      await expect(page.locator(".first-add")).toBeInViewport({ ratio: 1 });
    }),
  },
  { name: "blocked-light", query: "stage=blocked", size: NARROW },
  { name: "blocked-dark-ja", query: "stage=blocked&lang=ja&theme=dark", size: NARROW },
  { name: "settings-finding-light", query: "", steps: settings(3) },
  { name: "settings-you-dark-ja", query: "lang=ja&theme=dark", steps: settings(0) },
  { name: "settings-about-narrow", query: "", size: NARROW, steps: settings(7) },
  { name: "empty-light", query: "", size: NARROW, steps: chooseTopic("写真フィルム") },
  { name: "no-topics-ja", query: "lang=ja&empty", size: NARROW },
  {
    name: "disk-full-light",
    query: "disk-full",
    size: NARROW,
    steps: inOrder(write("土曜の件、了解です。鍵は私が…"), async (page) => {
      await page.keyboard.press("Control+Enter");
      await page.getByRole("alert").waitFor();
    }),
  },
  {
    name: "offline-dark-ja",
    query: "offline&lang=ja&theme=dark",
    size: NARROW,
    steps: inOrder(feed, async (page) => {
      await page.locator(".notice").waitFor();
    }),
  },
  {
    name: "hostile-light",
    query: "hostile",
    size: NARROW,
    steps: inOrder(chooseTopic("announcements"), feed),
  },
  {
    name: "palette-dark",
    query: "theme=dark",
    size: NARROW,
    steps: inOrder(press("Control+K"), async (page) => {
      await page.keyboard.type("キー");
    }),
  },
  { name: "join-light-ja", query: "lang=ja", size: NARROW, steps: press("Control+N") },
  { name: "shortcuts-light", query: "", steps: press("?") },
];

test.beforeAll(() => {
  const font = execFileSync("fc-match", ["Noto Sans CJK JP:lang=ja", "family"], {
    encoding: "utf8",
  });
  expect(font, "the pictures need Debian's fonts-noto-cjk").toContain("Noto Sans CJK JP");
});

for (const picture of PICTURES) {
  test(picture.name, async ({ page }) => {
    await page.setViewportSize(picture.size ?? WIDE);
    // The window is never in front: what is shown would be marked as read, sooner or later.
    await page.addInitScript(() => {
      document.hasFocus = () => false;
    });
    const complaints = await open(page, picture.query);
    await picture.steps?.(page);
    // Waits until two pictures in a row are equal, so that composer and rows have settled.
    await expect(page).toHaveScreenshot(`${picture.name}.png`);
    expect(complaints).toEqual([]);
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
      const found = await (window as unknown as { axe: typeof axe }).axe.run();
      return found.violations.map(
        (one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`,
      );
    });
    expect(violations).toEqual([]);
  });
}
