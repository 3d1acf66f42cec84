// The dyed cloth beside the first start: the mark, tied in diamonds. Decoration only.
import { memo } from "react";

const STEP = 15.5;
const ROWS = 46;
const COLUMNS = 30;

/** Whether the mark passes here; x and y on the mark's own grid of 32. */
function isTied(x: number, y: number): boolean {
  if (y < 3.5 || y > 28.5) return false;
  const fromMiddle = Math.abs(y - 16) / 12;
  const bow = 3.6 + 5.4 * Math.min(1, fromMiddle) ** 1.4;
  const side = Math.abs(x - 16);
  const isBand = Math.abs(y - 16) < 1.9 && side < 5.6;
  return side < 0.75 || Math.abs(side - bow) < 0.62 || isBand;
}

const tie = (x: number, y: number) =>
  `M${String(x)} ${String(y - 4.4)}l4.4 4.4l-4.4 4.4l-4.4-4.4zm0 3.9v1`;

/** The ties of each row as one path, and those of the mark as another. */
function drawn(): { rows: string[]; mark: string } {
  const rows: string[] = [];
  let mark = "";
  for (let row = 0; row < ROWS; row += 1) {
    let path = "";
    for (let column = 0; column < COLUMNS; column += 1) {
      const x = column * STEP + (row % 2 === 0 ? 0 : STEP / 2);
      const y = Math.round(row * STEP * 8.7) / 10;
      if (isTied((x - 232) / 12.4 + 16, (y - 318) / 12.4 + 16)) mark += tie(x, y);
      else path += tie(x, y);
    }
    rows.push(path);
  }
  return { rows, mark };
}

const { rows, mark } = drawn();

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
      <path d={mark} strokeWidth="1.6" />
    </svg>
  );
});
