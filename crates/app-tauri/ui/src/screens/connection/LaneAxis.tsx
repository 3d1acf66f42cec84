// The drawing of a lane: attempts as threads on the axis of time. Decoration for its sentences.
import type { Lane, Lanes, Thread } from "../../domain/lanes";

type AxisProps = { lane: Lane; axis: Lanes; isOver: boolean };

const WIDTH = 352;
const ROW = 11;

export const placeOf = (at: number, axis: Pick<Lanes, "fromMs" | "toMs">) =>
  6 + ((at - axis.fromMs) / (axis.toMs - axis.fromMs)) * (WIDTH - 12);

export function LaneAxis({ lane, axis, isOver }: AxisProps) {
  const height = Math.max(28, lane.rows.length * ROW + 17);
  const top = lane.rows.length <= 1 ? height / 2 : 14;
  const now = placeOf(axis.nowMs, axis);
  return (
    <svg
      className="axis"
      width={WIDTH}
      height={height}
      viewBox={`0 0 ${String(WIDTH)} ${String(height)}`}
      aria-hidden="true"
    >
      {isOver ? null : (
        <path
          className="axis-now"
          d={`M${String(now)} 0V${String(height)}`}
          strokeDasharray="3 2"
        />
      )}
      {lane.rows.map((threads, row) =>
        threads.map((thread) => (
          <OneThread
            key={`${String(row)} ${String(thread.from)}`}
            thread={thread}
            x1={placeOf(thread.from, axis)}
            x2={placeOf(Math.max(thread.to, thread.from), axis)}
            y={top + row * ROW}
          />
        )),
      )}
    </svg>
  );
}

type OneThreadProps = { thread: Thread; x1: number; x2: number; y: number };

function OneThread({ thread, x1, x2, y }: OneThreadProps) {
  const to = Math.max(x2, x1 + (thread.end === "bar" ? 2 : 10));
  const line = `M${String(x1)} ${String(y)}H${String(to)}`;
  const isTrying = thread.end === "now";
  return (
    <g className={`thread-${thread.end}`}>
      <path d={line} {...(isTrying ? { strokeDasharray: "4 3", className: "path-dashes" } : {})} />
      <circle className="thread-begin" cx={x1} cy={y} r="3" />
      {thread.end === "bar" || thread.end === "broken" ? (
        <path d={`M${String(to)} ${String(y - 5)}V${String(y + 5)}`} />
      ) : (
        <circle
          className={thread.end === "knot" ? "thread-begin" : "thread-ring"}
          cx={to}
          cy={y}
          r="3.4"
        />
      )}
    </g>
  );
}
