// The cloth of a key. Helps the eye, proves nothing; hidden from readers, who get the name. Drawn
// with three elements, because a feed shows many.
import { memo } from "react";
import { clothOf, type Cloth, type Form } from "../domain/avatar";

const MARK = "#F7F4EA";

const circle = (x: number, y: number, r: number) =>
  `M${String(x - r)} ${String(y)}a${String(r)} ${String(r)} 0 1 0 ${String(2 * r)} 0a${String(r)} ${String(r)} 0 1 0 ${String(-2 * r)} 0z`;

function shape(form: Form, x: number, y: number): string {
  switch (form) {
    case "dot":
      return circle(x, y, 1.28);
    case "diamond":
      return `M${String(x)} ${String(y - 1.5)}l1.5 1.5l-1.5 1.5l-1.5-1.5z`;
    case "ring":
      return circle(x, y, 1.02);
    case "stitch":
      return `M${String(x - 0.95)} ${String(y - 0.62)}h1.9a.5 .5 0 0 1 .5 .5v.24a.5 .5 0 0 1-.5 .5h-1.9a.5 .5 0 0 1-.5-.5v-.24a.5 .5 0 0 1 .5-.5z`;
  }
}

type Drawn = { ground: string; isRing: boolean; marks: string; dots: string };

/** Cloths kept: a feed shows the same few people again and again. */
const DRAWN_MAX = 500;
const alreadyDrawn = new Map<string, Drawn>();

function clothFor(pubkey: string): Drawn {
  let found = alreadyDrawn.get(pubkey);
  if (found === undefined) {
    const cloth = clothOf(pubkey);
    found = { ground: cloth.ground, isRing: cloth.form === "ring", ...drawn(cloth) };
    if (alreadyDrawn.size >= DRAWN_MAX) alreadyDrawn.clear();
    alreadyDrawn.set(pubkey, found);
  }
  return found;
}

function drawn(cloth: Cloth): { marks: string; dots: string } {
  let marks = "";
  let dots = "";
  cloth.marks.forEach((isMarked, cell) => {
    const x = 3.5 + (cell % 5) * 3.25;
    const y = 3.5 + Math.floor(cell / 5) * 3.25;
    if (isMarked) marks += shape(cloth.form, x, y);
    else dots += circle(x, y, 0.5);
  });
  return { marks, dots };
}

export const Avatar = memo(function Avatar({ pubkey, size }: { pubkey: string; size: number }) {
  const { ground, isRing, marks, dots } = clothFor(pubkey);
  return (
    <svg className="avatar" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true">
      <rect width="20" height="20" rx="5" fill={ground} />
      <path
        d={marks}
        fill={isRing ? "none" : MARK}
        stroke={isRing ? MARK : "none"}
        strokeWidth="0.78"
      />
      <path d={dots} fill={MARK} opacity="0.34" />
    </svg>
  );
});
