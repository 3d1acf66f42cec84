// Starts the app and puts it into the page, for the window and for the mock alike.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { useApp } from "./stores/app";
import "./styles/index.css";

/** Letters that come later than this come into what is shown already. */
const LETTERS_MS = 1000;

/** Letters that came in later would change the height of what was measured, and move what is read. */
async function letters(): Promise<void> {
  const late = new Promise((done) => setTimeout(done, LETTERS_MS));
  const loaded = [...document.fonts].map((font) => font.load());
  // A font that cannot be read is replaced by one of the system.
  await Promise.race([Promise.allSettled(loaded), late]);
}

export function mount(): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no place for the app");
  // The node has nothing to wait for.
  void useApp.getState().start();
  void letters().then(() => {
    createRoot(root).render(
      <StrictMode>
        <ErrorBoundary>
          <App />
        </ErrorBoundary>
      </StrictMode>,
    );
  });
}
