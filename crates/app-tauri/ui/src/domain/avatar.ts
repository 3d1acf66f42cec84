// The cloth that is drawn from a public key. Pure; the same key gives the same cloth everywhere.

export type Form = "dot" | "diamond" | "ring" | "stitch";
export type Cloth = { ground: string; form: Form; marks: boolean[] };

const GROUNDS = [
  "#165E83",
  "#24405E",
  "#2E7F86",
  "#3D6B52",
  "#66703A",
  "#8A6A1F",
  "#9A5B34",
  "#8E3F36",
  "#7A3B4E",
  "#5C5A6E",
  "#4C5F6B",
  "#6B4B3A",
] as const;
const FORMS: readonly Form[] = ["dot", "diamond", "ring", "stitch"];
const CELLS = 15;
const CELLS_MIN = 5;

/** The cloth of a key of 64 hexadecimal digits; `marks` are 5 rows of 5, row by row. */
export function clothOf(pubkey: string): Cloth {
  const byte = (index: number) => Number.parseInt(pubkey.slice(index * 2, index * 2 + 2), 16) || 0;
  let pattern = (byte(30) * 256 + byte(29)) & 0x7fff;
  if (bitsSet(pattern) < CELLS_MIN) pattern = ~pattern & 0x7fff;
  const marks = Array.from({ length: 25 }, (_, cell) => {
    const x = cell % 5;
    const bit = 3 * Math.floor(cell / 5) + (x > 2 ? 4 - x : x);
    return ((pattern >> bit) & 1) === 1;
  });
  return {
    ground: GROUNDS[byte(31) % GROUNDS.length] ?? GROUNDS[0],
    form: FORMS[byte(28) % FORMS.length] ?? "dot",
    marks,
  };
}

function bitsSet(value: number): number {
  let count = 0;
  for (let bit = 0; bit < CELLS; bit += 1) count += (value >> bit) & 1;
  return count;
}
