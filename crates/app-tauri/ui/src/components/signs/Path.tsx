// The way to a person: two ends and what lies between. The word always stands beside it or in the
// accessible name.
import type { PathKind } from "../../ipc/bindings";

export type PathSign = PathKind | "trying";

export function Path({ kind }: { kind: PathSign }) {
  return (
    <svg
      className={`path path-${kind}`}
      width="26"
      height="10"
      viewBox="0 0 26 10"
      aria-hidden="true"
    >
      {kind === "lan" ? (
        <rect className="path-tube" x="2.5" y="3" width="21" height="4" rx="1.5" />
      ) : null}
      {kind === "direct" ? <path d="M3 5H23" /> : null}
      {kind === "relay" ? (
        <>
          <path d="M3 5H10M16 5H23" />
          <circle className="path-ring" cx="13" cy="5" r="2.8" />
        </>
      ) : null}
      {kind === "trying" ? (
        <path className="path-dashes" d="M3 5H22" strokeDasharray="3 2" />
      ) : null}
      {kind === "none" ? <path d="M3 5H9M17 5H23" /> : null}
      <circle className="path-end" cx="3" cy="5" r="2.2" />
      <circle
        className={kind === "trying" || kind === "none" ? "path-ring" : "path-end"}
        cx="23"
        cy="5"
        r="2.2"
      />
    </svg>
  );
}
