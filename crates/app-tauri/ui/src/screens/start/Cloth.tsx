// The dyed cloth beside the first start: the mark, tied in diamonds. Decoration only.
import { memo } from "react";

const STEP = 15.5;
const ROWS = 46;
const COLUMNS = 30;

/** Points of the mark's left curve, from its upper end to the band. */
const CURVE = Array.from({ length: 40 }, (_, n) => {
  const t = n / 39;
  const along = (a: number, b: number, c: number, d: number) =>
    a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t ** 2 * (1 - t) + d * t ** 3;
  return { x: along(7, 7, 12.4, 12.4), y: along(4.5, 11, 11.5, 16) };
});

/** How far the mark is from here; x and y on the mark's own grid of 32. */
function fromMark(x: number, y: number): number {
  const side = Math.abs(x - 16);
  const height = Math.abs(y - 16);
  const stem = Math.hypot(side, Math.max(0, height - 11.5));
  const band = Math.hypot(Math.max(0, side - 5), Math.max(0, height - 1.2));
  const curve = CURVE.reduce(
    (least, point) => Math.min(least, Math.hypot(16 - side - point.x, 16 - height - point.y)),
    Infinity,
  );
  return Math.min(stem, band, curve);
}

/** Within these distances a tie belongs to the mark, or takes a little of its colour. */
const TIED = 0.72;
const TINGED = 1.5;

const tie = (x: number, y: number) =>
  `M${String(x)} ${String(y - 4.4)}l4.4 4.4l-4.4 4.4l-4.4-4.4zm0 3.9v1`;

/** The ties of each row as one path, those of the mark and those around it as others. */
function drawn(): { rows: string[]; mark: string; tinge: string } {
  const rows: string[] = [];
  let mark = "";
  let tinge = "";
  for (let row = 0; row < ROWS; row += 1) {
    let path = "";
    for (let column = 0; column < COLUMNS; column += 1) {
      const x = column * STEP + (row % 2 === 0 ? 0 : STEP / 2);
      const y = Math.round(row * STEP * 8.7) / 10;
      const distance = fromMark((x - 232) / 12.4 + 16, (y - 318) / 12.4 + 16);
      if (distance < TIED) mark += tie(x, y);
      else if (distance < TINGED) tinge += tie(x, y);
      else path += tie(x, y);
    }
    rows.push(path);
  }
  return { rows, mark, tinge };
}

const { rows, mark, tinge } = drawn();

export const Cloth = memo(function Cloth() {
  return (
    <svg
      className="cloth"
      viewBox="0 0 464 620"
      preserveAspectRatio="xMidYMin slice"
      fill="none"
      stroke="currentColor"
      strokeLinecap="round"
      aria-hidden="true"
    >
      {rows.map((path, row) => (
        <path key={row} d={path} opacity={Math.max(0.05, 0.24 - (row / ROWS) * 0.2)} />
      ))}
      <path d={tinge} opacity="0.36" />
      <path d={mark} strokeWidth="1.6" />
    </svg>
  );
});
