// What a reader does with the posts of others: react, mute. Owns nothing.
import { isolated, nameOf } from "../domain/names";
import * as ipc from "../ipc";
import type { AuthorView, PostView } from "../ipc/bindings";
import type { Text } from "../i18n/en";
import { useThread } from "./thread";
import { useTimeline } from "./timeline";
import { useToasts } from "./toasts";

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
