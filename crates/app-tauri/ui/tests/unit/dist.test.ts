import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const UI = join(import.meta.dirname, "../..");
let out = "";

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), "kukuri-ui-"));
  execFileSync("npx", ["vite", "build", "--outDir", out, "--logLevel", "error"], {
    cwd: UI,
    stdio: "pipe",
    env: { ...process.env, NODE_ENV: "production" },
  });
}, 120_000);

afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

describe("what is built for the window", () => {
  it("holds nothing of the mock", () => {
    const texts = files(out).filter((path) => /\.(?:js|html|css)$/.test(path));
    expect(texts.length).toBeGreaterThanOrEqual(3);
    for (const path of texts) {
      const text = readFileSync(path, "utf8");
      for (const trace of ["Priya Raman", "invented", "evil.example", "mesh-lab"]) {
        expect(text.includes(trace), `${path} holds ${trace}`).toBe(false);
      }
    }
  });

  it("runs under a strict policy: no inline script, no other host", () => {
    const html = readFileSync(join(out, "index.html"), "utf8");
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/\son\w+=/);
    expect(html).not.toMatch(/https?:\/\//);
    const css = files(out)
      .filter((path) => path.endsWith(".css"))
      .map((path) => readFileSync(path, "utf8"));
    expect(css.join("")).not.toMatch(/url\((?:["']?)(?:https?:|data:|\/\/)/);
  });

  it("bundles the letters of the design and no others", () => {
    const fonts = files(out).filter((path) => path.endsWith(".woff2"));
    expect(fonts).toHaveLength(10);
  });
});
