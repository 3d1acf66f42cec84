// Reads and writes the kind of PNG that Chromium makes: 8 bits, red, green and blue, not interlaced.
import { crc32, deflateSync, inflateSync } from "node:zlib";

export type Pixels = { width: number; height: number; rgb: Buffer };

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Bytes of a pixel. */
const PIXEL = 3;

/** Throws on any other kind of picture. */
export function decoded(png: Buffer): Pixels {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error("this is no PNG");
  const data: Buffer[] = [];
  let header: Buffer | null = null;
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") header = body;
    else if (kind === "IDAT") data.push(body);
    at += 12 + length;
  }
  if (header === null || header[8] !== 8 || header[9] !== 2 || header[12] !== 0) {
    throw new Error("only pictures of 8 bits in red, green and blue are read");
  }
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  return { width, height, rgb: unfiltered(inflateSync(Buffer.concat(data)), width, height) };
}

/** Takes the filters of the lines back (PNG, section 9). */
function unfiltered(raw: Buffer, width: number, height: number): Buffer {
  const line = width * PIXEL;
  const rgb = Buffer.alloc(line * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (line + 1)] ?? 0;
    for (let x = 0; x < line; x += 1) {
      const at = y * line + x;
      const left = x >= PIXEL ? (rgb[at - PIXEL] ?? 0) : 0;
      const up = y > 0 ? (rgb[at - line] ?? 0) : 0;
      const upLeft = x >= PIXEL && y > 0 ? (rgb[at - line - PIXEL] ?? 0) : 0;
      rgb[at] = (raw[y * (line + 1) + 1 + x] ?? 0) + predicted(filter, left, up, upLeft);
    }
  }
  return rgb;
}

function predicted(filter: number, left: number, up: number, upLeft: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const [toLeft, toUp, toUpLeft] = [
    Math.abs(up - upLeft),
    Math.abs(left - upLeft),
    Math.abs(left + up - 2 * upLeft),
  ];
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/** Without filters, which only lengthen drawings of few colours. */
export function encoded({ width, height, rgb }: Pixels): Buffer {
  const line = width * PIXEL;
  const raw = Buffer.alloc((line + 1) * height);
  for (let y = 0; y < height; y += 1) {
    rgb.copy(raw, y * (line + 1) + 1, y * line, (y + 1) * line);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const data = deflateSync(raw, { level: 9, memLevel: 9 });
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(kind: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const named = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
