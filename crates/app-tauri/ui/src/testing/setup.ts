// What every test starts with: matchers, a size for what scrolls, an empty storage.
import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach } from "vitest";

const VIEW = { width: 800, height: 600 };
const ROW_HEIGHT = 60;

/** What scrolls and holds only the rows that are near the screen. */
const isScroller = (element: Element) =>
  element.classList.contains("feed-scroll") || element.classList.contains("entries-scroll");

/** jsdom lays nothing out; the feed needs the size of its frame and of its rows. */
const sizeOf = (element: HTMLElement) => {
  if (isScroller(element)) return VIEW;
  return { width: VIEW.width, height: element.classList.contains("feed-row") ? ROW_HEIGHT : 0 };
};

Object.defineProperties(HTMLElement.prototype, {
  offsetWidth: {
    configurable: true,
    get(this: HTMLElement) {
      return sizeOf(this).width;
    },
  },
  offsetHeight: {
    configurable: true,
    get(this: HTMLElement) {
      return sizeOf(this).height;
    },
  },
});

/** The feed is as high as its rows say. */
const heightOfFeed = (element: Element) =>
  isScroller(element)
    ? Number.parseFloat(
        element.querySelector<HTMLElement>(".feed, .entries-rows")?.style.height ?? "0",
      )
    : 0;

Object.defineProperties(Element.prototype, {
  clientHeight: {
    configurable: true,
    get(this: Element) {
      return isScroller(this) ? VIEW.height : 0;
    },
  },
  scrollHeight: {
    configurable: true,
    get(this: Element) {
      return heightOfFeed(this);
    },
  },
});

class NoResizes {
  observe(): void {
    // Nothing changes its size in jsdom.
  }
  unobserve(): void {
    // As above.
  }
  disconnect(): void {
    // As above.
  }
}

Object.assign(window, { ResizeObserver: NoResizes, innerWidth: 1280, innerHeight: 800 });
Element.prototype.scrollTo = function scrollTo(this: Element, to?: ScrollToOptions | number): void {
  if (typeof to !== "object" || to.top === undefined) return;
  this.scrollTop = Math.max(0, Math.min(to.top, this.scrollHeight - this.clientHeight));
  this.dispatchEvent(new Event("scroll"));
};
Element.prototype.scrollIntoView = () => undefined;

beforeEach(() => {
  localStorage.clear();
});

afterEach(() => {
  cleanup();
});
