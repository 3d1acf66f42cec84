// The report that "Copy report" copies. Pure. Holds no names, no topics, no keys and no addresses:
// what could tell them is cut out.
import type { ChecksView, ExplainView, SettingsView } from "../ipc/bindings";

/** IPv4 and IPv6 addresses, host names with a port, long keys, quoted names. */
const TELLING =
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\[?[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,}\]?(?::\d+)?|\b[\w-]+(?:\.[\w-]+)+:\d+\b|\b(?:npub1\w+|[0-9a-f]{16,})\b|\bhttps?:\/\/\S+/giu;

export function withoutAddresses(text: string): string {
  return text.replace(TELLING, "[left out]");
}

export function reportOf(
  title: string,
  explain: ExplainView | null,
  checks: ChecksView | null,
  settings: SettingsView,
): string {
  const lines = [title, `version ${settings.version}, mode ${settings.network_mode}`];
  if (explain !== null) {
    lines.push(`state ${explain.state ?? "-"}, connected ${String(explain.peers.length)}`, "");
    for (const one of explain.sources) {
      lines.push(`${one.source}: ${one.enabled ? "on" : "off"}; ${one.state}; ${one.result}`);
    }
    lines.push("");
    for (const one of explain.attempts.slice(-60)) {
      const took = one.took_ms === null ? "-" : `${String(one.took_ms)} ms`;
      const who = one.peer === null ? "" : " (a device)";
      lines.push(
        `${String(one.started_after_ms)} ms ${one.source}${who}: ${one.result}, ${took}; ${one.detail}`,
      );
    }
    lines.push("");
    for (const peer of explain.peers) {
      lines.push(`${peer.path}, ${String(peer.rtt_ms ?? "-")} ms, found by ${peer.found_by}`);
    }
  }
  if (checks !== null) {
    lines.push("");
    for (const check of checks.checks)
      lines.push(`${check.name}: ${check.result}; ${check.detail}`);
    if (checks.cause !== null) lines.push(`cause: ${checks.cause}`);
  }
  return withoutAddresses(lines.join("\n"));
}
