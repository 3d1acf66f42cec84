// Whether this device has a network, from what the node says. Pure. What the browser believes is no
// evidence: under WebKitGTK it may say "offline" for ever where only a LAN or a namespace is.
import type { StatusView } from "../ipc/bindings";

type Facts = Pick<StatusView, "pid" | "listen" | "addresses" | "topics">;

/**
 * Whether the node has nobody and nothing to reach anybody with. It names the addresses of the
 * interfaces that are up, and those of the loopback only if there is nothing else.
 */
export function isWithoutNetwork(node: Facts, connected: number): boolean {
  if (node.pid === null || connected > 0) return false;
  if (node.topics.some((topic) => topic.neighbours > 0)) return false;
  // A node that is bound to the loopback on purpose has no other addresses, network or not.
  if (node.listen.every(isLoopback)) return false;
  return !node.addresses.some((address) => isUdp(address) && !isLoopback(address));
}

/** Relays are named by their URL, and stay named while they cannot be reached. */
const isUdp = (address: string) => !address.includes("://");

const isLoopback = (address: string) => /^(?:127\.|\[::1\]:)/.test(address);
