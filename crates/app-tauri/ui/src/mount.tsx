// Starts the app and puts it into the page, for the window and for the mock alike.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { useApp } from "./stores/app";
import "./styles/index.css";

/** Letters that come later than this come into what is shown already. */
const LETTERS_MS = 1000;

/** Whether the face has the letters that every text has, rather than those of some languages. */
function isBasic(font: FontFace): boolean {
  return /^U\+0{1,4}-/i.test(font.unicodeRange);
}

/** Letters that came in later would change the height of what was measured, and move what is read. */
async function letters(): Promise<void> {
  const late = new Promise((done) => setTimeout(done, LETTERS_MS));
  const faces = [...document.fonts].map((font) => ({ font, done: font.load() }));
  // A font that cannot be read is replaced by one of the system.
  const settled = (some: typeof faces) => Promise.allSettled(some.map(({ done }) => done));
  // The others are on their way before the first post is; few posts have any of them.
  void settled(faces);
  await Promise.race([settled(faces.filter(({ font }) => isBasic(font))), late]);
}

/** Whoever measures the start (`cargo xtask bench window`) finds here when it got how far. */
function reached(step: "script" | "node" | "letters"): void {
  performance.mark(`kukuri:${step}`);
}

export function mount(): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no place for the app");
  reached("script");
  // The node has nothing to wait for.
  void useApp
    .getState()
    .start()
    .then(() => {
      reached("node");
    });
  void letters().then(() => {
    reached("letters");
    createRoot(root).render(
      <StrictMode>
        <ErrorBoundary>
          <App />
        </ErrorBoundary>
      </StrictMode>,
    );
  });
}
