// What a back end must be able to do. Owns no state; Tauri and the mock both have this shape.
import type { AppError, Commands, NewsBatch } from "./bindings";

export type CommandName = keyof Commands;
export type Args<K extends CommandName> = Commands[K]["args"];
export type Result<K extends CommandName> = Commands[K]["result"];

export type Transport = {
  call: <K extends CommandName>(name: K, args: Args<K>) => Promise<Result<K>>;
  /** Calls back with every batch until the window ends or the returned function is called. */
  subscribe: (onBatch: (batch: NewsBatch) => void) => Promise<() => void>;
};

/** Whatever was thrown, as the error that the window shows. */
export function asAppError(thrown: unknown): AppError {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) {
    const { code, message } = thrown;
    const hint = "hint" in thrown && typeof thrown.hint === "string" ? thrown.hint : null;
    if (typeof code === "string" && typeof message === "string") return { code, message, hint };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "unexpected", message, hint: null };
}
