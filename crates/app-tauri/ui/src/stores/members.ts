// Who is connected: in the topic on screen, and anywhere; and whether there is a network at all.
// Asked again at most once a second. Only what the node says counts.
import { create } from "zustand";
import { isolated, nameOf, shortId } from "../domain/names";
import { isWithoutNetwork } from "../domain/network";
import { paced, type Paced } from "../domain/pace";
import { keptIfSame } from "../domain/same";
import { duration } from "../domain/time";
import * as ipc from "../ipc";
import type { PeerView } from "../ipc/bindings";
import { useToasts } from "./toasts";
import { useView } from "./view";

const REFRESH_MS = 1000;

type MembersStore = {
  /** Connected in the topic on screen. */
  here: readonly PeerView[];
  /** The topic on screen once its people are known, null before. */
  hereIn: string | null;
  everywhere: readonly PeerView[];
  /** Since when the node has no network; null while it has one. */
  offlineSince: number | null;
  refresh: Paced;
  /** Another topic is on screen: those of the last one are not in it. */
  enter: (topic: string | null) => void;
  announce: (arrival: { topic: string; peer: string; after_ms: number }) => void;
};

export const useMembers = create<MembersStore>((set, get) => {
  const load = async () => {
    const { topic } = useView.getState();
    try {
      const [everywhere, here] = await Promise.all([
        ipc.peers(null),
        topic === null ? Promise.resolve([]) : ipc.peers(topic),
      ]);
      take(everywhere, topic === useView.getState().topic ? { here, topic } : null);
      await judge(everywhere.length);
    } catch {
      // Who was seen last stays on screen; the next event asks again.
    }
  };
  const take = (
    everywhere: readonly PeerView[],
    inTopic: { here: readonly PeerView[]; topic: string | null } | null,
  ) => {
    const before = get();
    const now = {
      everywhere: keptIfSame(before.everywhere, everywhere),
      here: inTopic === null ? before.here : keptIfSame(before.here, inTopic.here),
      hereIn: inTopic === null ? before.hereIn : inTopic.topic,
    };
    const isNew =
      now.everywhere !== before.everywhere ||
      now.here !== before.here ||
      now.hereIn !== before.hereIn;
    if (isNew) set(now);
  };
  /** Since when it looks as if there were no network; said once a second answer agrees. */
  let suspectedSince: number | null = null;
  const judge = async (connected: number) => {
    const isWithout = connected === 0 && isWithoutNetwork(await ipc.status(), connected);
    if (!isWithout) {
      suspectedSince = null;
      if (get().offlineSince !== null) set({ offlineSince: null });
    } else if (suspectedSince === null) {
      suspectedSince = Date.now();
      refresh();
    } else if (get().offlineSince === null) set({ offlineSince: suspectedSince });
  };
  const refresh = paced(REFRESH_MS, () => void load());
  return {
    here: [],
    hereIn: null,
    everywhere: [],
    offlineSince: null,
    refresh,
    enter: (topic) => {
      if (get().hereIn === topic) return;
      set({ here: [], hereIn: null });
      void load();
    },
    announce: ({ peer, after_ms }) => {
      void load().then(() => {
        const found = get().here.find((one) => one.id === peer);
        const name = isolated(found?.author ? nameOf(found.author) : shortId(peer));
        useToasts.getState().show({
          kind: "done",
          text: (t) => t.cameHere(name, t.ways[found?.found_by ?? "inbound"], duration(after_ms)),
          key: "arrival",
        });
      });
    },
  };
});

/** One entry for each person, or for each device of nobody known. */
export function personsOf(peers: readonly PeerView[]): PeerView[] {
  const persons = new Map<string, PeerView>();
  for (const peer of peers) {
    const key = peer.author?.pubkey ?? peer.id;
    const known = persons.get(key);
    if (known === undefined || (known.rtt_ms ?? Infinity) > (peer.rtt_ms ?? Infinity)) {
      persons.set(key, peer);
    }
  }
  return [...persons.values()];
}
