// The part of a topic's entries that is held: every key that was read, without gaps, from the first
// one with the prefix on. Pure. An older write never takes the place of a newer one, in whatever
// order pages and news come.
import type { AuthorView, PostState } from "../ipc/bindings";
import { comparedKeys, comparedWrites, type EntryRow } from "./entry";

export type EntryList = {
  readonly prefix: string;
  /** By key. Keys that were deleted while they were held stay, as such. */
  readonly rows: readonly EntryRow[];
  /** The last key that was read; null once there are no more. */
  readonly next: string | null;
};

export const emptyList = (prefix: string): EntryList => ({ prefix, rows: [], next: null });

/** Where the key stands, or would stand. */
export function placeOf(rows: readonly EntryRow[], key: string): { at: number; isHeld: boolean } {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const order = comparedKeys(rows[middle]?.key ?? "", key);
    if (order === 0) return { at: middle, isHeld: true };
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return { at: from, isHeld: false };
}

export function rowIn(rows: readonly EntryRow[], key: string): EntryRow | undefined {
  const { at, isHeld } = placeOf(rows, key);
  return isHeld ? rows[at] : undefined;
}

/** The greatest write of each key. */
export function greatestOf(writes: Iterable<EntryRow>): Map<string, EntryRow> {
  const greatest = new Map<string, EntryRow>();
  for (const write of writes) {
    const known = greatest.get(write.key);
    if (known === undefined || comparedWrites(write, known) > 0) greatest.set(write.key, write);
  }
  return greatest;
}

function merged(rows: readonly EntryRow[], writes: Iterable<EntryRow>): readonly EntryRow[] {
  let replaced: EntryRow[] | null = null;
  const added: EntryRow[] = [];
  for (const write of greatestOf(writes).values()) {
    const { at, isHeld } = placeOf(rows, write.key);
    const held = rows[at];
    if (!isHeld || held === undefined) added.push(write);
    else if (comparedWrites(write, held) > 0) (replaced ??= [...rows])[at] = write;
  }
  const before = replaced ?? rows;
  if (added.length === 0) return before;
  added.sort((a, b) => comparedKeys(a.key, b.key));
  const [first] = added;
  const last = before.at(-1);
  if (first === undefined || last === undefined || comparedKeys(last.key, first.key) < 0) {
    return [...before, ...added];
  }
  return zipped(before, added);
}

/** Two runs by key as one. */
function zipped(a: readonly EntryRow[], b: readonly EntryRow[]): EntryRow[] {
  const rows: EntryRow[] = [];
  let at = 0;
  for (const row of a) {
    for (
      let next = b[at];
      next !== undefined && comparedKeys(next.key, row.key) < 0;
      next = b[at]
    ) {
      rows.push(next);
      at += 1;
    }
    rows.push(row);
  }
  return [...rows, ...b.slice(at)];
}

/** The next page was read: what is held reaches further now. */
export function withPage(
  list: EntryList,
  page: readonly EntryRow[],
  next: string | null,
): EntryList {
  return { ...list, rows: merged(list.rows, page), next };
}

/** Writes came in. Those of keys that were not read yet are not held: their page will have them. */
export function withWrites(list: EntryList, writes: Iterable<EntryRow>): EntryList {
  const { next, prefix } = list;
  const held = [...writes].filter(
    ({ key }) => key.startsWith(prefix) && (next === null || comparedKeys(key, next) <= 0),
  );
  const rows = held.length === 0 ? list.rows : merged(list.rows, held);
  return rows === list.rows ? list : { ...list, rows };
}

export function withStates(list: EntryList, states: ReadonlyMap<string, PostState>): EntryList {
  return changed(list, (row) => {
    const state = states.get(row.revision);
    return state === undefined ? row : { ...row, state };
  });
}

export function withNames(list: EntryList, authors: ReadonlyMap<string, AuthorView>): EntryList {
  return changed(list, (row) => {
    const author = authors.get(row.author.pubkey);
    return author === undefined ? row : { ...row, author };
  });
}

function changed(list: EntryList, change: (row: EntryRow) => EntryRow): EntryList {
  let isSame = true;
  const rows = list.rows.map((row) => {
    const next = change(row);
    if (next !== row) isSame = false;
    return next;
  });
  return isSame ? list : { ...list, rows };
}

/** When the next value expires, after `now`; null if none does. */
export function nextEnd(rows: readonly EntryRow[], now: number): number | null {
  let next: number | null = null;
  for (const { expiresAt } of rows) {
    if (expiresAt === null || expiresAt <= now) continue;
    if (next === null || expiresAt < next) next = expiresAt;
  }
  return next;
}
