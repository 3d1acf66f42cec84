// What a reader does with a post: react, delete with a moment to think again, mute. Owns the posts
// whose deletion is still to come.
import { create } from "zustand";
import { isolated, nameOf } from "../domain/names";
import * as ipc from "../ipc";
import type { AuthorView, PostView } from "../ipc/bindings";
import type { Text } from "../i18n/en";
import { useThread } from "./thread";
import { useTimeline } from "./timeline";
import { useToasts } from "./toasts";

const UNDO_MS = 5000;

type DeletionStore = { pending: ReadonlySet<string> };

export const useDeletions = create<DeletionStore>(() => ({ pending: new Set() }));

function failed(text: (t: Text) => string, thrown: unknown): void {
  useToasts.getState().show({ kind: "error", text, error: ipc.errorOf(thrown) });
}

function showCopies(topic: string, posts: PostView[]): void {
  useTimeline.getState().copies(topic, posts);
  useThread.getState().copies(topic, posts);
}

export async function react(topic: string, id: string, content: string): Promise<void> {
  try {
    showCopies(topic, [await ipc.react(topic, id, content)]);
  } catch (thrown) {
    failed((t) => t.notReacted, thrown);
  }
}

/** Deletes after five seconds, unless it is undone. */
export function deleteSoon(topic: string, id: string): void {
  if (useDeletions.getState().pending.has(id)) return;
  const setPending = (isPending: boolean) => {
    const pending = new Set(useDeletions.getState().pending);
    if (isPending) pending.add(id);
    else pending.delete(id);
    useDeletions.setState({ pending });
  };
  setPending(true);
  const timer = setTimeout(() => {
    void deleteNow(topic, id).finally(() => {
      setPending(false);
    });
  }, UNDO_MS);
  useToasts.getState().show({
    kind: "deleting",
    text: (t) => t.deletingIn,
    lifeMs: UNDO_MS,
    action: {
      label: (t) => t.undo,
      run: () => {
        clearTimeout(timer);
        setPending(false);
      },
    },
  });
}

async function deleteNow(topic: string, id: string): Promise<void> {
  try {
    await ipc.deleteEvent(topic, id);
    showCopies(topic, await ipc.readSome(topic, [id]));
  } catch (thrown) {
    failed((t) => t.notDeleted, thrown);
  }
}

export async function muteAuthor(topic: string, author: AuthorView): Promise<void> {
  try {
    await ipc.mute(author.pubkey);
    const name = isolated(nameOf(author));
    useToasts.getState().show({
      kind: "done",
      text: (t) => t.mutedToast(name),
      action: {
        label: (t) => t.undo,
        run: () => void unmuteAuthor(topic, author.pubkey),
      },
    });
    await reread(topic);
  } catch (thrown) {
    failed((t) => t.notMuted, thrown);
  }
}

async function unmuteAuthor(topic: string, author: string): Promise<void> {
  try {
    await ipc.unmute(author);
    await reread(topic);
  } catch (thrown) {
    failed((t) => t.notMuted, thrown);
  }
}

/** Whom the reader no longer wants to see is gone from what is held, too. */
async function reread(topic: string): Promise<void> {
  useTimeline.getState().forget(topic);
  await Promise.all([useTimeline.getState().open(topic, 0, null), useThread.getState().reload()]);
}
