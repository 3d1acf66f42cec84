// The own posts whose deletion is still to come: five seconds to think again. Kept in the storage
// until Rust has answered, so that a deletion is not lost when the window closes before.
import { create } from "zustand";
import * as ipc from "../ipc";
import type { PostView } from "../ipc/bindings";
import { keep, kept } from "./storage";
import { useThread } from "./thread";
import { useTimeline } from "./timeline";
import { useToasts } from "./toasts";
import { useView } from "./view";

const UNDO_MS = 5000;

/** The author is kept, because the window's storage is one for all profiles. */
type Deletion = { topic: string; id: string; author: string };
type Waiting = { deletion: Deletion; timer: ReturnType<typeof setTimeout>; toast: number };

type DeletionStore = {
  /** Posts that are deleted soon, or being deleted. */
  pending: ReadonlySet<string>;
  /** Those that can still be undone. */
  waiting: readonly Waiting[];
};

export const useDeletions = create<DeletionStore>(() => ({ pending: new Set(), waiting: [] }));

const isDeletions = (value: unknown): value is Deletion[] =>
  Array.isArray(value) &&
  value.every(
    (one: unknown) =>
      typeof one === "object" &&
      one !== null &&
      ["topic", "id", "author"].every(
        (key) => typeof (one as Record<string, unknown>)[key] === "string",
      ),
  );

const keptDeletions = () => kept("deletions", isDeletions, []);

function setPending({ topic, id, author }: Deletion, isPending: boolean): void {
  const pending = new Set(useDeletions.getState().pending);
  if (isPending) pending.add(id);
  else pending.delete(id);
  useDeletions.setState({ pending });
  const others = keptDeletions().filter((one) => one.id !== id);
  keep("deletions", isPending ? [...others, { topic, id, author }] : others);
}

/** Ends the time in which it could be undone; false if that was over already. */
function stopWaiting(id: string): boolean {
  const { waiting } = useDeletions.getState();
  const found = waiting.find((one) => one.deletion.id === id);
  if (found === undefined) return false;
  clearTimeout(found.timer);
  useToasts.getState().close(found.toast);
  useDeletions.setState({ waiting: waiting.filter((one) => one !== found) });
  return true;
}

/** Deletes an own post after five seconds, unless it is undone. */
export function deleteSoon(topic: string, post: PostView): void {
  const { id, pubkey } = post.event;
  if (useDeletions.getState().pending.has(id)) return;
  const deletion = { topic, id, author: pubkey };
  setPending(deletion, true);
  const timer = setTimeout(() => void send(deletion), UNDO_MS);
  const toast = useToasts.getState().show({
    kind: "deleting",
    text: (t) => t.deletingIn,
    lifeMs: UNDO_MS,
    action: {
      label: (t) => t.undo,
      run: () => {
        if (stopWaiting(id)) setPending(deletion, false);
      },
    },
  });
  const { waiting } = useDeletions.getState();
  useDeletions.setState({ waiting: [...waiting, { deletion, timer, toast }] });
}

async function send(deletion: Deletion): Promise<void> {
  if (stopWaiting(deletion.id)) await deleteNow(deletion);
}

async function deleteNow(deletion: Deletion): Promise<void> {
  const { topic, id } = deletion;
  try {
    await ipc.deleteEvent(topic, id);
    const copies = await ipc.readSome(topic, [id]);
    useTimeline.getState().copies(topic, copies);
    useThread.getState().copies(topic, copies);
  } catch (thrown) {
    const error = ipc.errorOf(thrown);
    useToasts.getState().show({ kind: "error", text: (t) => t.notDeleted, error });
  }
  // Whether it worked or was told: from here on it is the author's again.
  setPending(deletion, false);
}

/** Sends at once what could still be undone. */
export function flushDeletions(): void {
  for (const { deletion } of useDeletions.getState().waiting) void send(deletion);
}

/** Carries out what the last window of this author had no time for. */
export async function resumeDeletions(author: string): Promise<void> {
  for (const deletion of keptDeletions()) {
    if (deletion.author !== author || useDeletions.getState().pending.has(deletion.id)) continue;
    setPending(deletion, true);
    const isDone = await isDeleted(deletion);
    if (isDone) setPending(deletion, false);
    else await deleteNow(deletion);
  }
}

/** Whether the last window's message came through after all. */
async function isDeleted({ topic, id }: Deletion): Promise<boolean> {
  try {
    const [post] = await ipc.readSome(topic, [id]);
    return post === undefined || post.deleted_at !== null;
  } catch {
    // The deletion itself will say what is wrong.
    return false;
  }
}

// Whoever goes to another topic or closes the window has thought again. A message sent while the
// window closes may get lost; then the next start carries it out.
useView.subscribe((view, before) => {
  if (view.topic !== before.topic) flushDeletions();
});
window.addEventListener("pagehide", flushDeletions);
