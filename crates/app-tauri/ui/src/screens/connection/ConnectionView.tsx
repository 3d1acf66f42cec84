// How the people of a topic are looked for: a headline, a sentence, a lane for each way.
import { useEffect, useState } from "react";
import { RefreshCw } from "lucide-react";
import { Button, FoldButton } from "../../components/Button";
import { ErrorNotice } from "../../components/Notice";
import { KnotSign } from "../../components/signs/KnotSign";
import { lanesOf } from "../../domain/lanes";
import { isolated, nameOf, shortId } from "../../domain/names";
import { duration, seconds, shortDay, storage } from "../../domain/time";
import { useLanguage, useText, type Text } from "../../i18n";
import type { ExplainView, PeerView, TopicView } from "../../ipc/bindings";
import { useConnection } from "../../stores/connection";
import { personsOf, useMembers } from "../../stores/members";
import { AttemptsTable, LaneList } from "./LaneList";

export function ConnectionView({ topic }: { topic: TopicView }) {
  const t = useText();
  const { explain, error, at, isLooking, lookAgain, watch } = useConnection();
  const everywhere = useMembers((store) => store.everywhere);
  useEffect(() => watch(topic.name), [topic.name, watch]);
  const isHere = explain !== null && explain.topic.name === topic.name;
  const axis = isHere ? lanesOf(explain, at) : null;
  const isAlone = !isHere || explain.peers.length === 0;
  const elsewhere = personsOf(everywhere).length;
  return (
    <section className="connection" aria-label={t.connection}>
      <div className="connection-page">
        <div className="connection-head">
          <div className="grow">
            <h2 className="display">
              {isAlone ? t.alone : t.connectedHere(personsOf(explain.peers).length)}
            </h2>
            <p className="connection-sentence" role="status">
              {axis === null || !isHere
                ? null
                : isAlone
                  ? aloneSentence(
                      axis.lanes.filter((lane) => lane.isOn).length,
                      axis.nowMs,
                      elsewhere,
                      t,
                    )
                  : firstSentence(explain, t)}
            </p>
          </div>
          <Button
            icon={<RefreshCw size={14} strokeWidth={2} aria-hidden="true" />}
            aria-busy={isLooking}
            onClick={() => void lookAgain()}
          >
            {isLooking ? t.lookingAgain : t.lookAgain}
          </Button>
        </div>
        {error === null ? null : <ErrorNotice error={error} />}
        {axis === null || !isHere ? null : (
          <Lanes axis={axis} isAlone={isAlone} explain={explain} />
        )}
        <Kept topic={isHere ? explain.topic : topic} />
      </div>
    </section>
  );
}

/** How much room the topic takes on this device, and since when all of it is here. */
function Kept({ topic }: { topic: TopicView }) {
  const t = useText();
  const language = useLanguage();
  const stored = storage(topic.stored_bytes);
  const ceiling = topic.ceiling_bytes;
  const since = topic.complete_since;
  return (
    <section className="kept">
      <h3>{t.keptHere}</h3>
      <p>
        {ceiling === null ? t.keptUnbounded(stored) : t.keptOf(stored, storage(ceiling))}
        {language === "ja" ? "" : " "}
        {since !== null
          ? t.keptFrom(shortDay(Date.parse(since), Date.now(), language))
          : ceiling === null
            ? t.keptAllUnbounded
            : t.keptAll}
      </p>
    </section>
  );
}

type LanesProps = { axis: ReturnType<typeof lanesOf>; isAlone: boolean; explain: ExplainView };

function Lanes({ axis, isAlone, explain }: LanesProps) {
  const t = useText();
  const [isOpen, setOpen] = useState(false);
  const table = <AttemptsTable attempts={explain.attempts} peers={explain.peers} />;
  if (!isAlone) {
    return (
      <div className="folded">
        <FoldButton isOpen={isOpen} onToggle={setOpen} words={[t.showLanes, t.showLanes]} />
        {isOpen ? <LaneList axis={axis} isAlone={isAlone} /> : null}
        {isOpen ? table : null}
      </div>
    );
  }
  return (
    <>
      <LaneList axis={axis} isAlone={isAlone} />
      <p className="after-that">
        <KnotSign kind="waiting" />
        <span>
          <strong>{t.afterThat}</strong> {t.afterThatText}
        </span>
      </p>
      {table}
    </>
  );
}

function aloneSentence(ways: number, nowMs: number, elsewhere: number, t: Text): string {
  const works = elsewhere > 0 ? t.yourConnectionWorks(elsewhere) : t.nobodyAnywhere;
  if (ways === 0) return t.allWaysOff;
  const time = nowMs < 90_000 ? seconds(nowMs) : `${String(Math.round(nowMs / 60_000))} min`;
  return `${works}${works.endsWith("。") ? "" : " "}${t.lookedFor(time, ways)}`;
}

function firstSentence(explain: ExplainView, t: Text): string {
  const first = explain.peers.reduce<PeerView | null>(
    (best, peer) => (best === null || peer.found_after_ms < best.found_after_ms ? peer : best),
    null,
  );
  if (first === null) return "";
  const name = isolated(first.author ? nameOf(first.author) : shortId(first.id));
  return t.firstFound(name, t.ways[first.found_by], duration(first.found_after_ms));
}
