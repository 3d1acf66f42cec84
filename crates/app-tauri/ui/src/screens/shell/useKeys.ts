// The keys that act in the whole window. Never while a word is composed, and single letters never
// while somebody types.
import { useEffect } from "react";
import { isComposing, isTyping } from "../../components/focus";
import { useEntry } from "../../stores/entry";
import { useSearch } from "../../stores/search";
import { useTopics } from "../../stores/topics";
import { useView } from "../../stores/view";

export function useKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isComposing(event) || event.defaultPrevented) return;
      if (act(event)) event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
    };
  }, []);
}

/** Does what the key stands for; whether it stands for anything. */
export function act(event: KeyboardEvent): boolean {
  const view = useView.getState();
  if (view.overlay !== null) return false;
  if (event.key === "F6") return moveArea(event.shiftKey ? -1 : 1);
  if (event.ctrlKey || event.metaKey) return withControl(event);
  if (event.altKey) return withAlt(event);
  if (event.key === "?" && !isTyping(event.target)) {
    view.setOverlay({ kind: "shortcuts" });
    return true;
  }
  if (event.key === "Escape") return escape();
  return false;
}

function withControl(event: KeyboardEvent): boolean {
  const view = useView.getState();
  if (/^[1-9]$/.test(event.key)) {
    const topic = useTopics.getState().topics[Number(event.key) - 1];
    if (topic !== undefined) view.openTopic(topic.name);
    return true;
  }
  switch (event.key.toLowerCase()) {
    case "k":
      view.setOverlay({ kind: "palette" });
      return true;
    case "n":
      view.setOverlay({ kind: "join" });
      return true;
    case "f":
      useSearch.getState().setTopic(event.shiftKey ? null : view.topic);
      view.openSearch();
      return true;
    case "m":
      view.setPanel(!view.isPanelOpen);
      return true;
    case "\\":
      view.setList(!view.isListOpen);
      return true;
    case ",":
      view.openSettings();
      return true;
    default:
      return false;
  }
}

function withAlt(event: KeyboardEvent): boolean {
  const view = useView.getState();
  switch (event.key) {
    case "1":
      view.openTab("timeline");
      return true;
    case "2":
      view.openTab("entries");
      return true;
    case "3":
      view.openTab("connection");
      return true;
    case "ArrowUp":
    case "ArrowDown":
      return moveTopic(event.key === "ArrowDown" ? 1 : -1, event.shiftKey);
    default:
      return false;
  }
}

function moveTopic(by: number, isUnreadOnly: boolean): boolean {
  const { topics } = useTopics.getState();
  const { topic, openTopic } = useView.getState();
  const at = topics.findIndex((one) => one.name === topic);
  for (let step = 1; step <= topics.length; step += 1) {
    const next = topics[(at + by * step + topics.length * step) % topics.length];
    if (next !== undefined && (!isUnreadOnly || next.unread > 0)) {
      openTopic(next.name);
      return true;
    }
  }
  return true;
}

function moveArea(by: number): boolean {
  const areas = [...document.querySelectorAll<HTMLElement>("[data-area]")];
  const at = areas.findIndex((area) => area.contains(document.activeElement));
  areas[(at + by + areas.length) % areas.length]?.focus();
  return areas.length > 0;
}

function escape(): boolean {
  const view = useView.getState();
  if (view.isListOpen) view.setList(false);
  else if (view.isThreadOpen) view.setThread(false);
  else if (view.screen === "topic" && view.tab === "entries" && useEntry.getState().key !== null) {
    useEntry.getState().close();
  } else if (view.screen !== "topic") view.backToTopic();
  else return false;
  return true;
}
