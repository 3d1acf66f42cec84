// The way to Rust. The only file that knows Tauri's `invoke` and `Channel`.
import { Channel, invoke } from "@tauri-apps/api/core";
import type { Channels } from "./bindings";
import type { Transport } from "./transport";

/** Tauri takes `up_to` of a Rust command as `upTo`; only the outermost names are changed. */
export function camelCased(args: object): Record<string, unknown> {
  const named = Object.entries(args).map(([name, value]: [string, unknown]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(named) as Record<string, unknown>;
}

export const tauri: Transport = {
  call: (name, args) => invoke(name, camelCased(args)),
  subscribe: async (onBatch) => {
    let isOpen = true;
    const channel = new Channel<Channels["subscribe"]["news"]>((batch) => {
      if (isOpen) onBatch(batch);
    });
    await invoke("subscribe" satisfies keyof Channels, { channel });
    return () => {
      isOpen = false;
    };
  },
};
