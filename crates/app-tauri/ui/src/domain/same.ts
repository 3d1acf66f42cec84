// Tells whether an answer says anything new. What is asked again and again mostly says the same, and
// is to be drawn only when it does not.

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The new list with the earlier items wherever they say the same; the earlier list if all do. */
export function keptIfSame<T>(before: readonly T[], now: readonly T[]): readonly T[] {
  const kept = now.map((item, index) => {
    const earlier = before[index];
    return earlier !== undefined && isSame(earlier, item) ? earlier : item;
  });
  const isUnchanged =
    kept.length === before.length && kept.every((item, index) => item === before[index]);
  return isUnchanged ? before : kept;
}
