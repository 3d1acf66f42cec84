import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Post } from "../components/post/Post";
import { cleanName } from "../domain/names";
import { AYA, MINATO } from "../ipc/mock/people";
import { made } from "../ipc/mock/posts";
import { HOSTILE, HOSTILE_NAMES } from "./hostile";
import { freshMock } from "./app";

/** The elements that a post is made of; anything else came out of its text. */
const EXPECTED = new Set([
  "ARTICLE",
  "DIV",
  "HEADER",
  "BDI",
  "SPAN",
  "TIME",
  "P",
  "CODE",
  "BUTTON",
  "STRONG",
  "svg",
  "path",
  "circle",
  "rect",
  "g",
  "line",
]);
const LOADING = [
  "src",
  "srcset",
  "href",
  "xlink:href",
  "action",
  "formaction",
  "data",
  "poster",
  "style",
];

const own = { pubkey: AYA.pubkey, name: "Aya Kitamura" };

describe("hostile posts", () => {
  it("are many, and none twice", () => {
    expect(HOSTILE.length).toBeGreaterThanOrEqual(200);
    expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  });

  it("are what the tests of the real window take", async () => {
    // Half a pair of surrogates is no text to Rust, and no event can carry it.
    const isText = (text: string) => !/\p{Surrogate}/u.test(text);
    const corpus = { posts: HOSTILE.filter(isText), names: HOSTILE_NAMES.filter(isText) };
    await expect(JSON.stringify(corpus, null, 1)).toMatchFileSnapshot("hostile.json");
  });

  it.each(HOSTILE.map((content, index) => [index, content] as const))(
    "number %i stays text",
    (_, content) => {
      freshMock();
      const reactions = [{ content: content.slice(0, 40), count: 1, own: null }];
      const name = HOSTILE_NAMES[content.length % HOSTILE_NAMES.length] ?? null;
      const post = made({ ...MINATO, name }, 0, content, { reactions });
      const { container } = render(
        <Post
          topic="mesh-lab"
          post={post}
          own={own}
          names={["みなと", "__proto__"]}
          onReply={() => undefined}
        />,
      );
      for (const element of container.querySelectorAll("*")) {
        if (element === container.firstElementChild?.parentElement) continue;
        expect(EXPECTED).toContain(element.tagName);
        for (const attribute of element.attributes) {
          expect(LOADING).not.toContain(attribute.name);
          expect(attribute.name.startsWith("on")).toBe(false);
        }
      }
      const text = container.querySelector(".post-text");
      expect(text).toHaveAttribute("dir", "auto");
      expect(container.querySelectorAll(".post-text")).toHaveLength(1);
      expect(text?.querySelectorAll("*").length ?? 0).toBeLessThan(3500);
    },
  );

  it.each(HOSTILE_NAMES)("a name of %j stands in one line", (name) => {
    const clean = cleanName(name);
    expect(clean).not.toMatch(/[\n\u0000-\u001f\u202a-\u202e\u2066-\u2069]/);
    expect([...clean].length).toBeLessThanOrEqual(64);
  });
});
