import { describe, expect, it } from "vitest";
import { newMock } from "../ipc/mock";
import { statusOf } from "../ipc/mock/world";
import { isWithoutNetwork } from "./network";

const node = statusOf(newMock({ isOffline: true }).world);

describe("a node", () => {
  it("is without network when it has no address but the loopback, and nobody", () => {
    expect(isWithoutNetwork({ ...node, addresses: [] }, 0)).toBe(true);
    expect(isWithoutNetwork({ ...node, addresses: ["127.0.0.1:24001", "[::1]:24001"] }, 0)).toBe(
      true,
    );
    expect(isWithoutNetwork({ ...node, addresses: ["https://relay.example/"] }, 0)).toBe(true);
  });

  it("has one as soon as it has an address", () => {
    for (const address of ["192.168.1.20:24001", "10.0.0.1:5", "[fd00::1]:24001"]) {
      expect(isWithoutNetwork({ ...node, addresses: [address] }, 0), address).toBe(false);
    }
  });

  it("has one while anybody is connected, whatever its addresses", () => {
    expect(isWithoutNetwork({ ...node, addresses: [] }, 1)).toBe(false);
    const topics = node.topics.map((topic, n) => ({ ...topic, neighbours: n === 1 ? 1 : 0 }));
    expect(isWithoutNetwork({ ...node, addresses: [], topics }, 0)).toBe(false);
  });

  it("says nothing of the network while it does not run, or is bound to the loopback", () => {
    expect(isWithoutNetwork({ ...node, addresses: [], pid: null }, 0)).toBe(false);
    expect(isWithoutNetwork({ ...node, addresses: [], listen: ["127.0.0.1:24001"] }, 0)).toBe(
      false,
    );
  });
});
