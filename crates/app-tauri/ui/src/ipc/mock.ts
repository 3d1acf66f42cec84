// A back end in memory with invented people, for pictures, measurements and tests. Must never be
// part of what is built for the window; a test looks for it there.
import type { NewsBatch, NodeEvent } from "./bindings";
import { answersOf } from "./mock/commands";
import { MockFailure, newWorld, SCENE, type Scene, type World } from "./mock/world";
import type { Transport } from "./transport";

export { SCENE, type Scene, type World };

export type Mock = {
  transport: Transport;
  world: World;
  /** Tells the window something at once. */
  tell: (...events: NodeEvent[]) => void;
  /** Commands that were called, in order. */
  calls: { name: string; args: object }[];
  /** The next call of this command fails so. */
  failNext: (name: string, code: string) => void;
};

export function newMock(change: Partial<Scene> = {}): Mock {
  const listeners = new Set<(batch: NewsBatch) => void>();
  const tell = (...events: NodeEvent[]) => {
    for (const listener of listeners) listener({ events });
  };
  const world = newWorld({ ...SCENE, ...change }, (...events) => {
    // As in Rust, news come by another way than the answer, and later.
    queueMicrotask(() => {
      tell(...events);
    });
  });
  const answers = answersOf(world);
  const calls: Mock["calls"] = [];
  const failing = new Map<string, string>();
  const transport: Transport = {
    call: (name, args) => {
      calls.push({ name, args });
      const code = failing.get(name);
      failing.delete(name);
      if (code !== undefined) {
        return Promise.reject(
          Object.assign(new Error(code), { code, message: `it failed: ${code}`, hint: null }),
        );
      }
      try {
        return Promise.resolve(answers[name](args));
      } catch (thrown) {
        return Promise.reject(thrown instanceof MockFailure ? { ...thrown.error } : thrown);
      }
    },
    subscribe: (onBatch) => {
      listeners.add(onBatch);
      return Promise.resolve(() => listeners.delete(onBatch));
    },
  };
  return {
    transport,
    world,
    tell,
    calls,
    failNext: (name, code) => {
      failing.set(name, code);
    },
  };
}
