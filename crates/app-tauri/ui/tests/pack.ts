// Makes the kept pictures small after they were taken anew: a rare colour, as at the edge of a letter,
// becomes a frequent one that nobody can tell from it. Areas keep their exact colour.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FullConfig } from "@playwright/test";
import { decoded, encoded, type Pixels } from "./png";

export const PICTURES = join(import.meta.dirname, "../pictures");
/** How far red, green and blue may each move. Less than what the comparison lets pass. */
export const SHIFT_MAX = 4;

const distance = (a: number, b: number) =>
  Math.max(
    Math.abs((a >> 16) - (b >> 16)),
    Math.abs(((a >> 8) & 255) - ((b >> 8) & 255)),
    Math.abs((a & 255) - (b & 255)),
  );

/** The same picture with fewer colours. Doing it again changes nothing. */
export function packed(pixels: Pixels): Pixels {
  const rgb = Buffer.from(pixels.rgb);
  const counts = new Map<number, number>();
  for (let at = 0; at < rgb.length; at += 3) {
    const colour = rgb.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const kept: number[] = [];
  const became = new Map<number, number>();
  for (const [colour] of [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    const near = kept.filter((one) => distance(one, colour) <= SHIFT_MAX);
    near.sort((a, b) => distance(a, colour) - distance(b, colour));
    const [nearest] = near;
    if (nearest === undefined) kept.push(colour);
    became.set(colour, nearest ?? colour);
  }
  for (let at = 0; at < rgb.length; at += 3) {
    const colour = rgb.readUIntBE(at, 3);
    rgb.writeUIntBE(became.get(colour) ?? colour, at, 3);
  }
  return { ...pixels, rgb };
}

/** Runs when all pictures were taken. */
export default function pack(config: FullConfig): void {
  if (config.updateSnapshots !== "all" && config.updateSnapshots !== "changed") return;
  for (const name of readdirSync(PICTURES)) {
    const path = join(PICTURES, name);
    writeFileSync(path, encoded(packed(decoded(readFileSync(path)))));
  }
}
