// Starts the whole window on a mock, with every store as new. For tests only.
import { render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { App } from "../App";
import { connect } from "../ipc";
import { newMock, type Mock, type Scene } from "../ipc/mock";
import { useApp } from "../stores/app";
import { useConnection } from "../stores/connection";
import { useDeletions } from "../stores/deletions";
import { useDrafts } from "../stores/drafts";
import { useEntries } from "../stores/entries";
import { useEntry } from "../stores/entry";
import { useMembers } from "../stores/members";
import { listenAnew } from "../stores/news";
import { useSearch } from "../stores/search";
import { useSettings } from "../stores/settings";
import { useThread } from "../stores/thread";
import { useTimeline } from "../stores/timeline";
import { useToasts } from "../stores/toasts";
import { useTopics } from "../stores/topics";
import { useView } from "../stores/view";

const STORES = [
  useApp,
  useConnection,
  useDeletions,
  useDrafts,
  useEntries,
  useEntry,
  useMembers,
  useSearch,
  useSettings,
  useThread,
  useTimeline,
  useToasts,
  useTopics,
  useView,
];

/** A mock that the stores talk to; every store is as at the start. */
export function freshMock(scene: Partial<Scene> = {}): Mock {
  for (const store of STORES)
    (store.setState as (state: unknown, all: true) => void)(store.getInitialState(), true);
  listenAnew();
  useTopics.getState().refresh.cancel();
  useMembers.getState().refresh.cancel();
  useEntry.getState().refresh.cancel();
  const mock = newMock(scene);
  connect(mock.transport);
  return mock;
}

export async function openApp(scene: Partial<Scene> = {}) {
  const mock = freshMock(scene);
  const user = userEvent.setup();
  void useApp.getState().start();
  const view = render(<App />);
  await screen.findAllByRole(scene.stage === "blocked" ? "alert" : "main");
  return { mock, user, view };
}
