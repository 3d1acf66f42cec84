// Marks a topic as read once its newest post is on screen and the window has the focus.
import { useEffect, useState } from "react";
import { writtenAt } from "../../domain/post";
import * as ipc from "../../ipc";
import type { PostView } from "../../ipc/bindings";
import { rememberSeen } from "../../stores/seen";
import { useTopics } from "../../stores/topics";

const SETTLE_MS = 500;

export function useHasFocus(): boolean {
  const [hasFocus, setFocus] = useState(() => document.hasFocus());
  useEffect(() => {
    const update = () => {
      setFocus(document.hasFocus());
    };
    window.addEventListener("focus", update);
    window.addEventListener("blur", update);
    return () => {
      window.removeEventListener("focus", update);
      window.removeEventListener("blur", update);
    };
  }, []);
  return hasFocus;
}

export function useMarkRead(topic: string, newest: PostView | undefined, isSeen: boolean): void {
  const hasFocus = useHasFocus();
  useEffect(() => {
    if (!isSeen || !hasFocus || newest === undefined) return;
    const timer = setTimeout(() => {
      const { id } = newest.event;
      rememberSeen(topic, { writtenAt: writtenAt(newest), id, at: Date.now() });
      useTopics.getState().read(topic);
      // If it cannot be told now, the next post tells it.
      ipc.markRead(topic, id).catch(() => undefined);
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [topic, newest, isSeen, hasFocus]);
}
