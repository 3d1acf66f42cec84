// Up to which post each topic was read on this screen, and when; for the line "2 new since 08:55".
import { keep, kept } from "./storage";

export type Seen = { writtenAt: number; id: string; at: number };
type AllSeen = Record<string, Seen>;

const isAllSeen = (value: unknown): value is AllSeen =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every(
    (seen: unknown) =>
      typeof seen === "object" &&
      seen !== null &&
      "writtenAt" in seen &&
      "id" in seen &&
      "at" in seen,
  );

export function seenOf(topic: string): Seen | null {
  return kept<AllSeen>("seen", isAllSeen, {})[topic] ?? null;
}

export function rememberSeen(topic: string, seen: Seen): void {
  keep("seen", { ...kept<AllSeen>("seen", isAllSeen, {}), [topic]: seen });
}
