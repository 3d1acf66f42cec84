// The newest writes of a key, drawn: who wrote when, and which write took over. Decoration for the
// sentence above it and the list below, and hidden from readers.
import { Name } from "../../components/Name";
import type { WriteLanes as Lanes } from "../../domain/writes";
import { clock, dayOf, shortDay } from "../../domain/time";
import { useLanguage } from "../../i18n";
import type { Language } from "../../ipc/bindings";

const WIDTH = 288;
const LANE = 28;
const LEFT = 6;

/** Times of one day by the second, close ones by the millisecond; others by the day. */
function labelOf(ms: number, others: readonly number[], language: Language): string {
  const isOneDay = others.every((other) => dayOf(other) === dayOf(ms));
  if (!isOneDay) return shortDay(ms, Date.now(), language);
  const date = new Date(ms);
  const isClose = others.some((other) => other !== ms && Math.abs(other - ms) < 1000);
  const rest = isClose ? `.${String(date.getMilliseconds()).padStart(3, "0")}` : "";
  return `${clock(ms, language)}:${String(date.getSeconds()).padStart(2, "0")}${rest}`;
}

export function WriteLanes({ lanes }: { lanes: Lanes }) {
  const language = useLanguage();
  const { authors, marks } = lanes;
  const step = (WIDTH - LEFT - 8) / marks.length;
  const x = (at: number) => LEFT + at * step;
  const y = (lane: number) => lane * LANE + LANE / 2;
  const all = marks.map((mark) => mark.ms);
  return (
    <div className="write-lanes" aria-hidden="true">
      <div className="write-names">
        {authors.map((author) => (
          <span key={author.pubkey} className="ellipsis">
            <Name author={author} />
          </span>
        ))}
      </div>
      <div>
        <svg
          className="axis"
          width={WIDTH}
          height={authors.length * LANE}
          viewBox={`0 0 ${String(WIDTH)} ${String(authors.length * LANE)}`}
        >
          {authors.map((author, lane) => (
            <path
              key={author.pubkey}
              className="write-lane"
              d={`M0 ${String(y(lane))}H${String(WIDTH)}`}
            />
          ))}
          {marks.map(({ revision, lane, at, until, nextLane }) => {
            const end = until === null ? WIDTH - 4 : x(until);
            return (
              <g key={revision} className={until === null ? "thread-knot" : ""}>
                <path d={`M${String(x(at))} ${String(y(lane))}H${String(end)}`} />
                {nextLane === null ? (
                  <path d={`M${String(end)} ${String(y(lane) - 5)}v10`} />
                ) : (
                  <path
                    className="write-over"
                    d={`M${String(end)} ${String(y(lane))}V${String(y(nextLane))}`}
                    strokeDasharray="2 3"
                  />
                )}
                <circle
                  className={until === null ? "thread-begin" : "thread-ring"}
                  cx={x(at)}
                  cy={y(lane)}
                  r={until === null ? 4.5 : 3.6}
                />
              </g>
            );
          })}
        </svg>
        <div className="write-times">
          {marks.map(({ revision, ms }) => (
            <span key={revision}>{labelOf(ms, all, language)}</span>
          ))}
        </div>
      </div>
    </div>
  );
}
