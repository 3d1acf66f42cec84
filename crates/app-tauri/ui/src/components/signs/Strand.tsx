// Where an own post is: a square for this device, a ring for each that it was sent to, filled where
// it is held. The words always follow.
import type { PostState } from "../../ipc/bindings";
import { useText } from "../../i18n";

const RINGS_MAX = 8;

export function Strand({ state, isOffline }: { state: PostState; isOffline: boolean }) {
  const t = useText();
  const rings = Math.min(Math.max(state.sent_to, state.held_by), RINGS_MAX);
  const more = Math.max(state.sent_to, state.held_by) - rings;
  const isWaiting = isOffline && rings === 0;
  const words = [
    t.stored,
    rings > 0 ? t.sentTo(Math.max(state.sent_to, state.held_by)) : "",
    state.held_by > 0 ? t.heldBy(state.held_by) : "",
    isWaiting ? t.waits : "",
  ].filter((word) => word !== "");
  const width = 8 + (rings > 0 ? 6 + rings * 9 : 0);
  return (
    <p className={isWaiting ? "strand strand-waiting" : "strand"}>
      <svg width={width} height="8" viewBox={`0 0 ${String(width)} 8`} aria-hidden="true">
        <rect className="strand-here" x="0.5" y="0.5" width="7" height="7" rx="1.5" />
        {rings > 0 ? <path className="strand-thread" d="M7 4H14" /> : null}
        {Array.from({ length: rings }, (_, ring) => (
          <circle
            key={ring}
            className={ring < state.held_by ? "strand-held" : "strand-sent"}
            cx={17 + ring * 9}
            cy="4"
            r={ring < state.held_by ? 3 : 2.5}
          />
        ))}
      </svg>
      {more > 0 ? <span aria-hidden="true">+{more}</span> : null}
      <span>{words.join(t.stored === "stored here" ? " · " : "・")}</span>
    </p>
  );
}
