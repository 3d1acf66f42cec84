// A lane in words: what was done, what came of it, and what can be done about it. Pure.
import type { Lane } from "../../domain/lanes";
import { duration, seconds } from "../../domain/time";
import { said } from "../../i18n/phrases";
import type { Text } from "../../i18n";
import type { Language } from "../../ipc/bindings";
import type { SettingsGroup } from "../../stores/view";

export type Tone = "neutral" | "accent" | "warn" | "danger";
export type Words = {
  when: string;
  chip: { text: string; tone: Tone };
  /** What is known, then what it may mean. */
  facts: string[];
  hints: string[];
  remedy: { text: string; group: SettingsGroup } | null;
};

export function wordsOf(lane: Lane, isAlone: boolean, t: Text, language: Language): Words {
  return {
    when: whenOf(lane, t),
    chip: chipOf(lane, isAlone, t),
    facts: factsOf(lane, isAlone, t, language),
    hints: hintsOf(lane, t),
    remedy: remedyOf(lane, t),
  };
}

function whenOf(lane: Lane, t: Text): string {
  if (lane.source === "dht" && lane.asked > 0) return t.dhtAttempts(lane.asked);
  const devices = lane.found + lane.elsewhere + lane.silent;
  const when = t.laneWhen[lane.source];
  return devices > 0 && lane.source !== "mdns" ? t.triedCount(devices, when) : when;
}

function chipOf(lane: Lane, isAlone: boolean, t: Text): Words["chip"] {
  if (!lane.isOn) {
    const isUnset = lane.source === "bootstrap" || lane.source === "manual";
    return { text: isUnset ? t.chips.unused : t.chips.off, tone: "neutral" };
  }
  switch (lane.knot) {
    case "done":
      return { text: t.chips.found(lane.found), tone: "accent" };
    case "trying":
      return { text: lane.source === "mdns" ? t.chips.listening : t.chips.asking, tone: "warn" };
    case "broken":
      return {
        text:
          lane.silent > 0 && lane.source !== "dht"
            ? t.chips.unreachable(lane.silent)
            : t.chips.failed,
        tone: "danger",
      };
    case "waiting":
      return { text: isAlone ? t.chips.waiting : t.chips.unused, tone: "neutral" };
    case "not-found":
    case "not-used":
      return { text: t.chips.nobody, tone: "neutral" };
  }
}

function factsOf(lane: Lane, isAlone: boolean, t: Text, language: Language): string[] {
  if (!lane.isOn) {
    if (lane.source === "bootstrap" || lane.source === "manual") {
      return [t.lane.noneConfigured[lane.source]];
    }
    return [t.lane.off];
  }
  const facts: string[] = [];
  if (lane.found > 0) facts.push(t.lane.found(lane.found, duration(lane.firstFoundMs ?? 0)));
  if (lane.elsewhere > 0) facts.push(t.lane.answeredElsewhere(lane.elsewhere));
  if (lane.source === "dht") facts.push(...dhtFacts(lane, t));
  else if (lane.silent > 0 && lane.source !== "mdns") facts.push(t.lane.noAnswer(lane.silent));
  if (facts.length === 0) facts.push(quiet(lane, isAlone, t));
  if (lane.failure !== null && lane.failure !== "") {
    facts.push(t.lane.said(said(lane.failure, language)));
  }
  return facts;
}

function dhtFacts(lane: Lane, t: Text): string[] {
  if (lane.found > 0) return [];
  if (lane.silent > 0) return [t.lane.dhtUnreachable];
  const ended = lane.asked - (lane.askingSinceMs === null ? 0 : 1);
  if (ended > 0) return [t.lane.dhtEmpty(ended)];
  return lane.askingSinceMs === null ? [] : [t.lane.asking(seconds(lane.askingSinceMs))];
}

/** The sentence of a lane where nothing has come of anything. */
function quiet(lane: Lane, isAlone: boolean, t: Text): string {
  if (lane.source === "mdns") return t.lane.mdnsSilent;
  if (lane.source === "known" && lane.knot !== "trying") return t.lane.knownNone;
  if (lane.knot === "waiting") {
    if (lane.source === "bootstrap") return isAlone ? t.lane.waits : t.lane.notNeeded;
    return t.lane.notTried;
  }
  return lane.askingSinceMs === null ? t.lane.notTried : t.lane.asking(seconds(lane.askingSinceMs));
}

function hintsOf(lane: Lane, t: Text): string[] {
  if (!lane.isOn || lane.found > 0) return [];
  if (lane.source === "mdns") return [t.lane.mdnsHint];
  if (lane.source === "dht") {
    return [
      lane.publishedMs === null ? t.lane.notPublished : t.lane.published(seconds(lane.publishedMs)),
    ];
  }
  return lane.knot === "broken" ? [t.lane.switchedOff] : [];
}

function remedyOf(lane: Lane, t: Text): Words["remedy"] {
  if (lane.found > 0) return null;
  const off = { text: t.remedies.switchOn, group: "finding" } as const;
  switch (lane.source) {
    case "mdns":
      return lane.isOn ? { text: t.remedies.address, group: "finding" } : off;
    case "bootstrap":
      return { text: t.remedies.bootstrap, group: "finding" };
    case "manual":
      return { text: t.remedies.address, group: "finding" };
    case "dht":
      if (!lane.isOn) return off;
      return lane.knot === "broken" ? { text: t.remedies.network, group: "network" } : null;
    case "known":
      return lane.isOn ? null : off;
    case "ticket":
      return null;
  }
}
