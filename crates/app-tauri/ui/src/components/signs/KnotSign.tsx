// How far something got, as a knot. Decoration for the words beside it.
import type { Knot } from "../../domain/lanes";

export function KnotSign({ kind, size = 16 }: { kind: Knot; size?: number }) {
  return (
    <svg
      className={`knot knot-${kind}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      {kind === "done" ? (
        <>
          <circle className="knot-full" cx="8" cy="8" r="7" />
          <path className="knot-check" d="M5 8.2l2.1 2.1L11.2 6" />
        </>
      ) : null}
      {kind === "trying" ? (
        <>
          <circle className="knot-dashes" cx="8" cy="8" r="6.2" strokeDasharray="3 1.87" />
          <circle className="knot-dot" cx="8" cy="8" r="2.2" />
        </>
      ) : null}
      {kind === "waiting" ? <circle cx="8" cy="8" r="6.2" /> : null}
      {kind === "not-found" || kind === "broken" ? (
        <>
          <circle cx="8" cy="8" r="6.2" />
          <path d="M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2" />
        </>
      ) : null}
      {kind === "not-used" ? (
        <>
          <circle cx="8" cy="8" r="6.2" />
          <path d="M5.2 8h5.6" />
        </>
      ) : null}
    </svg>
  );
}
