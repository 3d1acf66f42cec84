// Whether others are in a topic: filled dot and number, hollow dot and 0, dashed ring while looking.
import { useText } from "../../i18n";
import { grouped } from "../../domain/time";
import type { ConnectionState } from "../../ipc/bindings";

const LOOKING: readonly (ConnectionState | null)[] = ["starting", "discovering", "connecting"];

export function Presence({ state, others }: { state: ConnectionState | null; others: number }) {
  const t = useText();
  const isLooking = others === 0 && LOOKING.includes(state);
  return (
    <span className="presence">
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true">
        {isLooking ? (
          <circle className="presence-looking" cx="4" cy="4" r="3.2" strokeDasharray="2 1.35" />
        ) : (
          <circle
            className={others > 0 ? "presence-full" : "presence-empty"}
            cx="4"
            cy="4"
            r={others > 0 ? 3.2 : 2.8}
          />
        )}
      </svg>
      {isLooking ? null : <span aria-hidden="true">{grouped(others)}</span>}
      <span className="hidden-text">{isLooking ? t.lookingHere : t.othersHere(others)}</span>
    </span>
  );
}
