// Puts the app into the page, for the window and for the mock alike.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import "./styles/index.css";

export function mount(): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no place for the app");
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
