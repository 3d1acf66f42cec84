// The line at the bottom: how many one is connected to and how, always in a sentence. It follows
// what the stores hold, and those ask at most once a second.
import { Path, type PathSign } from "../../components/signs/Path";
import { isolated } from "../../domain/names";
import { useText, type Text } from "../../i18n";
import type { PeerView, TopicView } from "../../ipc/bindings";
import { personsOf, useMembers } from "../../stores/members";
import { useSettings } from "../../stores/settings";
import { useTopic } from "../../stores/topics";
import { useView } from "../../stores/view";

type Said = { sign: PathSign; sentence: string; more: string; middle: string };

export function saidOf(
  persons: readonly PeerView[],
  topic: TopicView | undefined,
  isOffline: boolean,
  t: Text,
): Said {
  const count = (path: PeerView["path"]) => persons.filter((one) => one.path === path).length;
  const paths = t.pathCounts(count("lan"), count("direct"), count("relay"));
  const isAlone = topic !== undefined && topic.neighbours === 0;
  if (isOffline && persons.length === 0) {
    return { sign: "none", sentence: t.noNetworkLine, more: "", middle: "" };
  }
  if (isAlone) {
    const middle = persons.length > 0 ? t.connectedElsewhere(persons.length) : "";
    return { sign: "trying", sentence: t.lookingFor(isolated(topic.name)), more: "", middle };
  }
  if (persons.length === 0) return { sign: "none", sentence: t.notConnected, more: "", middle: "" };
  const sign = count("lan") > 0 ? "lan" : count("direct") > 0 ? "direct" : "relay";
  return {
    sign: count("direct") > 0 ? "direct" : sign,
    sentence: t.connectedTo(persons.length),
    more: paths,
    middle: topic === undefined ? "" : stepOf(topic, t),
  };
}

/** Why nothing is fetched, whether this device lacks something, or with how many it is known to hold the same. */
function stepOf(topic: TopicView, t: Text): string {
  if (topic.stalled !== null) return t.stalled[topic.stalled.reason];
  if (topic.state === "syncing") return t.catchingUp;
  return topic.in_step.length > 0 ? t.inStep(topic.in_step.length) : "";
}

export function NetworkLine({ attachedTo }: { attachedTo: number | null }) {
  const t = useText();
  const name = useView((store) => store.topic);
  const screen = useView((store) => store.screen);
  const topic = useTopic(name);
  const peers = useMembers((store) => store.everywhere);
  const offlineSince = useMembers((store) => store.offlineSince);
  const mode = useSettings((store) => store.settings.network_mode);
  const { openTab, setOverlay } = useView.getState();
  const { sign, sentence, more, middle } = saidOf(
    personsOf(peers),
    topic,
    offlineSince !== null,
    t,
  );
  const aside =
    screen === "search"
      ? t.searchNeverLeaves
      : [middle, attachedTo === null ? "" : t.attached(attachedTo)]
          .filter((part) => part !== "")
          .join(t.between);
  return (
    <footer className="network" aria-label={t.networkArea} tabIndex={-1} data-area>
      <button
        type="button"
        className="network-left"
        disabled={topic === undefined}
        onClick={() => {
          openTab("connection");
        }}
      >
        <Path kind={sign} />
        <span className="ellipsis">{sentence}</span>
        {more === "" ? null : <span className="network-more">{more}</span>}
      </button>
      {aside === "" ? null : (
        <span className="network-middle ellipsis" title={aside}>
          {aside}
        </span>
      )}
      <span className="grow" />
      <span className="network-mode">{t.modes[mode]}</span>
      <button
        type="button"
        className="network-help"
        onClick={() => {
          setOverlay({ kind: "shortcuts" });
        }}
      >
        <kbd>?</kbd>
        <span className="network-help-word">{t.shortcuts}</span>
      </button>
      <p className="hidden-text" role="status">
        {sentence} {more}
      </p>
    </footer>
  );
}
