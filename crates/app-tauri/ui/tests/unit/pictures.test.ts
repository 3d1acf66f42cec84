import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packed, PICTURES, SHIFT_MAX } from "../pack";
import { decoded, encoded } from "../png";

const BYTES_MAX = 150_000;

describe("a kept picture", () => {
  it("is small", () => {
    const names = readdirSync(PICTURES);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => statSync(join(PICTURES, name)).size > BYTES_MAX)).toEqual([]);
  });

  it("is packed already", () => {
    const pixels = decoded(readFileSync(join(PICTURES, "first-start-small.png")));
    expect(packed(pixels).rgb.equals(pixels.rgb)).toBe(true);
    expect(decoded(encoded(pixels)).rgb.equals(pixels.rgb)).toBe(true);
  });
});

describe("packing", () => {
  it("keeps what is frequent, and moves what is rare by little", () => {
    const area = [241, 241, 237];
    const rare = [[240, 239, 233], [200, 0, 0], area.map((one) => one - SHIFT_MAX - 1)];
    const pixels = [area, area, area, ...rare].flat();
    const before = { width: 2, height: 3, rgb: Buffer.from(pixels) };
    const after = packed(before);
    expect([...after.rgb]).toEqual([area, area, area, area, ...rare.slice(1)].flat());
    expect(packed(after)).toEqual(after);
  });
});

describe("a PNG", () => {
  it("of another kind is refused", () => {
    expect(() => decoded(Buffer.from("GIF89a"))).toThrow("no PNG");
  });
});
