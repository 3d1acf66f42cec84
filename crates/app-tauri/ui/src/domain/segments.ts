// Cuts a post into plain text, code, addresses and mentions. Pure. Everything stays text: an
// address is shown and never loaded, and nothing can be navigated to.

export type Segment = {
  kind: "text" | "code" | "address" | "mention" | "own-mention";
  text: string;
};

const PARTS = /`([^`\n]+)`|\b(?:https?|ftp|wss?):\/\/[^\s<>"`、。）」]+/giu;

/** The parts of a text in order. `names` are people that may be mentioned, `own` is one of them. */
export function segments(text: string, names: readonly string[], own: string | null): Segment[] {
  const parts: Segment[] = [];
  let at = 0;
  for (const match of text.matchAll(PARTS)) {
    parts.push(...mentions(text.slice(at, match.index), names, own));
    const code = match[1];
    parts.push(
      code === undefined ? { kind: "address", text: match[0] } : { kind: "code", text: code },
    );
    at = match.index + match[0].length;
  }
  parts.push(...mentions(text.slice(at), names, own));
  return parts;
}

function mentions(text: string, names: readonly string[], own: string | null): Segment[] {
  if (text === "") return [];
  if (!text.includes("@")) return [{ kind: "text", text }];
  const parts: Segment[] = [];
  const longestFirst = [...new Set(own === null ? names : [own, ...names])]
    .filter((name) => name !== "")
    .sort((a, b) => b.length - a.length);
  let plain = 0;
  let at = text.indexOf("@");
  while (at !== -1) {
    const start = at;
    const name = longestFirst.find((known) => isNamedAt(text, start + 1, known));
    if (name !== undefined) {
      if (start > plain) parts.push({ kind: "text", text: text.slice(plain, start) });
      parts.push({ kind: name === own ? "own-mention" : "mention", text: `@${name}` });
      plain = start + 1 + name.length;
    }
    at = text.indexOf("@", Math.max(start + 1, plain));
  }
  if (plain < text.length) parts.push({ kind: "text", text: text.slice(plain) });
  return parts;
}

/** Whether the name stands there as a whole: "@Ann" is not a mention in "@Anna". */
function isNamedAt(text: string, at: number, name: string): boolean {
  if (!text.startsWith(name, at)) return false;
  const next = text.slice(at + name.length, at + name.length + 1);
  return !/[A-Za-z0-9_]/u.test(next) || !/[A-Za-z0-9_]$/u.test(name);
}

/** Whether the text mentions this name. */
export function isMentioned(text: string, own: string | null): boolean {
  return own !== null && segments(text, [], own).some((part) => part.kind === "own-mention");
}

/** Cuts a text at ranges that are counted in Unicode characters, not in UTF-16 units. */
export function highlighted(
  text: string,
  ranges: readonly (readonly [number, number])[],
): { text: string; isMatch: boolean }[] {
  const chars = [...text];
  const parts: { text: string; isMatch: boolean }[] = [];
  let at = 0;
  for (const [begin, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(begin, at);
    if (end <= from) continue;
    if (from > at) parts.push({ text: chars.slice(at, from).join(""), isMatch: false });
    parts.push({ text: chars.slice(from, end).join(""), isMatch: true });
    at = end;
  }
  if (at < chars.length) parts.push({ text: chars.slice(at).join(""), isMatch: false });
  return parts;
}
