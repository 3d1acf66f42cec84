// The newest writes of a key on one axis, a lane for each author, in the order of their clocks. Pure.
import type { AuthorView, EntryView } from "../ipc/bindings";

const WRITES_MAX = 5;
const LANES_MAX = 4;

export type WriteMark = {
  revision: string;
  lane: number;
  /** Its place on the axis, and where the next write took over; null if it counts. */
  at: number;
  until: number | null;
  /** In which lane the next write is. */
  nextLane: number | null;
  ms: number;
};

export type WriteLanes = { authors: AuthorView[]; marks: WriteMark[] };

/** `writes` has the greatest first. Fewer than two authors or writes need no drawing. */
export function lanesOfWrites(writes: readonly EntryView[]): WriteLanes | null {
  const authors: AuthorView[] = [];
  const drawn: { write: EntryView; lane: number }[] = [];
  for (const write of writes.slice(0, WRITES_MAX)) {
    let lane = authors.findIndex((one) => one.pubkey === write.author.pubkey);
    if (lane < 0 && authors.length >= LANES_MAX) break;
    if (lane < 0) lane = authors.push(write.author) - 1;
    drawn.push({ write, lane });
  }
  if (authors.length < 2) return null;
  drawn.reverse();
  const marks = drawn.map(({ write, lane }, at) => ({
    revision: write.revision,
    lane,
    at,
    until: at + 1 < drawn.length ? at + 1 : null,
    nextLane: drawn[at + 1]?.lane ?? null,
    ms: write.clock.ms,
  }));
  return { authors, marks };
}
