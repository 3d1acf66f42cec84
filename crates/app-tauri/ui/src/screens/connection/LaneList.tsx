// The ways of finding people, one lane each on a shared axis, and the same as a table.
import { useState } from "react";
import { FoldButton } from "../../components/Button";
import { KnotSign } from "../../components/signs/KnotSign";
import type { Lane, Lanes } from "../../domain/lanes";
import { ticks } from "../../domain/lanes";
import { nameOf, shortId } from "../../domain/names";
import { duration, seconds } from "../../domain/time";
import { useLanguage, useText } from "../../i18n";
import { said } from "../../i18n/phrases";
import type { AttemptView, PeerView } from "../../ipc/bindings";
import { useView } from "../../stores/view";
import { LaneAxis, placeOf } from "./LaneAxis";
import { wordsOf } from "./sentences";

/** Labels nearer than this to "now" are left out. */
const LABEL_PX = 46;

export function LaneList({ axis, isAlone }: { axis: Lanes; isAlone: boolean }) {
  const t = useText();
  const now = placeOf(axis.nowMs, axis);
  return (
    <div className="lanes">
      <div className="lane-scale" aria-hidden="true">
        <div className="lane-scale-axis">
          {ticks(axis.fromMs, axis.toMs)
            .map((at) => ({ at, x: placeOf(at, axis) }))
            .filter(({ x }) => x < 330 && (!isAlone || Math.abs(x - now) >= LABEL_PX))
            .map(({ at, x }) => (
              <span key={at} style={{ left: `${String(x)}px` }}>
                {at >= 60_000 ? `${String(Math.round(at / 60_000))} min` : `${String(at / 1000)} s`}
              </span>
            ))}
          {isAlone ? (
            <span className="lane-now" style={{ left: `${String(now)}px` }}>
              {t.now(seconds(axis.nowMs).replace(" s", ""))}
            </span>
          ) : null}
        </div>
      </div>
      <ul>
        {axis.lanes.map((lane) => (
          <OneLane key={lane.source} lane={lane} axis={axis} isAlone={isAlone} />
        ))}
      </ul>
    </div>
  );
}

function OneLane({ lane, axis, isAlone }: { lane: Lane; axis: Lanes; isAlone: boolean }) {
  const t = useText();
  const language = useLanguage();
  const words = wordsOf(lane, isAlone, t, language);
  const { remedy } = words;
  return (
    <li className="lane">
      <div
        className="lane-head"
        style={{ minHeight: `${String(Math.max(32, lane.rows.length * 11 + 17))}px` }}
      >
        <KnotSign kind={lane.knot} />
        <h3 className="lane-name" title={lane.source === "dht" ? t.dhtMeans : undefined}>
          {t.lanes[lane.source]}
        </h3>
        <span className="lane-when">{words.when}</span>
        <div className="lane-drawing">
          <LaneAxis lane={lane} axis={axis} isOver={!isAlone} />
        </div>
        <span className={`chip chip-${words.chip.tone}`}>{words.chip.text}</span>
      </div>
      <p className="lane-facts">{words.facts.join(language === "ja" ? "" : " ")}</p>
      {words.hints.length > 0 || remedy !== null ? (
        <p className="lane-hints">
          {words.hints.join(" ")}{" "}
          {remedy === null ? null : (
            <button
              type="button"
              className="link"
              onClick={() => {
                useView.getState().openSettings(remedy.group);
              }}
            >
              {remedy.text}
            </button>
          )}
        </p>
      ) : null}
    </li>
  );
}

type TableProps = { attempts: readonly AttemptView[]; peers: readonly PeerView[] };

export function AttemptsTable({ attempts, peers }: TableProps) {
  const t = useText();
  const language = useLanguage();
  const [isOpen, setOpen] = useState(false);
  const who = (id: string | null) => {
    if (id === null) return "–";
    const author = peers.find((peer) => peer.id === id)?.author;
    return author ? nameOf(author) : shortId(id);
  };
  if (attempts.length === 0) return null;
  return (
    <div className="attempts">
      <FoldButton isOpen={isOpen} onToggle={setOpen} words={[t.asTable, t.hideTable]} />
      {isOpen ? (
        <table className="table">
          <caption className="hidden-text">{t.attemptsTable}</caption>
          <thead>
            <tr>
              <th scope="col">{t.attemptHead.source}</th>
              <th scope="col">{t.attemptHead.who}</th>
              <th scope="col">{t.attemptHead.at}</th>
              <th scope="col">{t.attemptHead.took}</th>
              <th scope="col">{t.attemptHead.result}</th>
            </tr>
          </thead>
          <tbody>
            {attempts.slice(-60).map((attempt, index) => (
              <tr key={index}>
                <td>{t.lanes[attempt.source]}</td>
                <td>
                  <bdi>{who(attempt.peer)}</bdi>
                </td>
                <td>{seconds(attempt.started_after_ms)}</td>
                <td>{attempt.took_ms === null ? "–" : duration(attempt.took_ms)}</td>
                <td>
                  {t.results[attempt.result]}
                  {attempt.detail === "" ? null : (
                    <bdi className="table-note">{said(attempt.detail, language)}</bdi>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}
