import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshMock } from "../testing/app";
import * as ipc from ".";
import { camelCased } from "./tauri";
import { asAppError } from "./transport";

const SRC = join(import.meta.dirname, "..");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

describe("the door to Rust", () => {
  it("is the only place that knows Tauri", () => {
    const known = sources(SRC).filter(
      (path) => !path.endsWith(".test.ts") && /["']@tauri-apps\//.test(readFileSync(path, "utf8")),
    );
    expect(known.map((path) => path.slice(SRC.length + 1))).toEqual(["ipc/tauri.ts"]);
  });

  it("has a function for every command of the contract", () => {
    const bindings = readFileSync(join(SRC, "ipc/bindings.ts"), "utf8");
    const table = /^export type Commands = \{$(.*?)^\};$/ms.exec(bindings)?.[1] ?? "";
    const commands = [...table.matchAll(/^ {2}(\w+): \{ args:/gm)].map((match) => match[1] ?? "");
    expect(commands).toContain("change_settings");
    const door = readFileSync(join(SRC, "ipc/index.ts"), "utf8");
    expect(commands.filter((name) => !door.includes(`call("${name}"`))).toEqual([]);
  });

  it("sends names as Tauri takes them, and leaves what is inside", () => {
    expect(camelCased({ up_to: "a", query: { reply_to: 1 } })).toEqual({
      upTo: "a",
      query: { reply_to: 1 },
    });
  });

  it("makes one kind of error of everything", async () => {
    expect(asAppError({ code: "busy", message: "m", hint: "h" })).toEqual({
      code: "busy",
      message: "m",
      hint: "h",
    });
    expect(asAppError("text")).toEqual({ code: "unexpected", message: "text", hint: null });
    expect(asAppError(new Error("e")).message).toBe("e");
    freshMock().failNext("status", "busy");
    const thrown: unknown = await ipc.status().catch((error: unknown) => error);
    expect(ipc.errorOf(thrown).code).toBe("busy");
  });
});
