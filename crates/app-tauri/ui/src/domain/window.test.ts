import { describe, expect, it } from "vitest";
import { generated } from "../ipc/mock/posts";
import {
  EMPTY,
  newerBefore,
  PAGE,
  reachesNewest,
  withArrived,
  withCopies,
  withNewer,
  withNewest,
  withOlder,
  WINDOW_MAX,
  type Window,
} from "./window";

const run = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => generated(from + n));
/** As it is read: newest first. */
const page = (from: number, to: number) => run(from, to).reverse();
const ids = (window: Window) => window.posts.map((post) => post.event.id);
const expectRun = (window: Window, from: number, to: number) => {
  expect(ids(window)).toEqual(run(from, to).map((post) => post.event.id));
};

function scrolledUp(): Window {
  let window = withNewest(page(9800, 10_000), PAGE);
  for (let from = 9600; from >= 7600; from -= 200) {
    window = withOlder(window, page(from, from + 200), PAGE);
  }
  return window;
}

describe("the window", () => {
  it("puts posts in order and keeps each once", () => {
    const window = withNewest([...page(0, 10), ...page(5, 8)], 20);
    expectRun(window, 0, 10);
    expect(window.hasOlder).toBe(false);
  });

  it("follows the newest within its bound", () => {
    let window = withNewest(page(0, 200), PAGE);
    for (let at = 200; at < 50_200; at += 500) {
      window = withArrived(window, run(at, at + 500), true).window;
      expect(window.posts.length).toBeLessThanOrEqual(WINDOW_MAX);
    }
    expectRun(window, 50_200 - WINDOW_MAX, 50_200);
    expect(window.hasOlder).toBe(true);
  });

  it("does not move what is read further up, and counts what came below", () => {
    let window = withNewest(page(0, WINDOW_MAX), WINDOW_MAX);
    const before = ids(window).slice(0, WINDOW_MAX - PAGE);
    const arrived = withArrived(window, run(WINDOW_MAX, WINDOW_MAX + 300), false);
    window = arrived.window;
    expect(arrived.newBelow).toBe(300);
    expect(ids(window).slice(0, before.length)).toEqual(before);
    expect(window.posts.length).toBeLessThanOrEqual(WINDOW_MAX);
    expect(reachesNewest(window)).toBe(false);
    const later = withArrived(window, run(5000, 5003), false);
    expect(later.newBelow).toBe(3);
    expect(later.window).toBe(window);
  });

  it("cuts off below while older pages are read, and reads it again in order", () => {
    let window = scrolledUp();
    expect(window.posts.length).toBeLessThanOrEqual(WINDOW_MAX);
    expect(reachesNewest(window)).toBe(false);
    while (!reachesNewest(window)) {
      const before = newerBefore(window);
      const end = before === null ? 10_000 : Number.parseInt(before.slice(2), 16);
      window = withNewer(window, page(end - 200, end));
    }
    expectRun(window, 10_000 - WINDOW_MAX, 10_000);
  });

  it("leaves out what is older than what is held", () => {
    const window = withNewest(page(1000, 1200), PAGE);
    expect(withArrived(window, run(500, 510), true).window).toBe(window);
  });

  it("sorts a late post into its place", () => {
    const window = withNewest([generated(3), generated(1)], 5);
    expectRun(withArrived(window, [generated(2)], false).window, 1, 4);
  });

  it("takes copies only of what it holds", () => {
    const window = withNewest(page(0, 3), 5);
    expect(withCopies(window, [generated(7)])).toBe(window);
    const changed = { ...generated(1), deleted_at: "2026-05-14T00:00:00Z" };
    expect(withCopies(window, [changed]).posts[1]?.deleted_at).toBe(changed.deleted_at);
  });

  it("begins empty and open", () => {
    expect(withArrived(EMPTY, run(0, 2), true).window.posts).toHaveLength(2);
  });
});
