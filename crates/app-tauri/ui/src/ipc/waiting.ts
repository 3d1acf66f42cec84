// What the window uses already and Rust does not give yet: types by hand, each of which goes away
// as soon as the generated bindings have it.

// Waits for the command `check_device` in commands.rs. Then: remove these three and
// `WaitingCommands`, and import them from ./bindings.
export type CheckResult = "ok" | "warn" | "fails" | "skipped";
export type CheckView = { name: string; result: CheckResult; detail: string; took_ms: number };
export type ChecksView = { checks: CheckView[]; cause: string | null; remedy: string | null };
export type WaitingCommands = {
  /** UDP, multicast, DHT, clock, keyring, database. */
  check_device: { args: Record<string, never>; result: ChecksView };
};
