// The sheet of keys.
import { Dialog } from "../../components/Dialog";
import { useText } from "../../i18n";

export function Shortcuts({ onClose }: { onClose: () => void }) {
  const t = useText();
  const k = t.keys;
  const rows: readonly (readonly [string, string])[] = [
    ["Ctrl K", k.goTo],
    ["Ctrl N", k.join],
    ["Ctrl F", k.searchHere],
    ["Ctrl Shift F", k.searchEverywhere],
    ["Alt ↑ ↓", k.neighbours],
    ["Alt Shift ↑ ↓", k.unreadNeighbours],
    ["Ctrl 1–9", k.numbered],
    ["Alt 1, 2, 3", k.tabs],
    ["Ctrl M", k.panel],
    ["Ctrl \\", k.list],
    ["J K / ↓ ↑", k.posts],
    ["R, E, T", k.postActions],
    ["Enter", k.openPost],
    ["F2, Delete", k.entryActions],
    ["/", k.entryFilter],
    ["Esc", k.escape],
    ["Ctrl Enter", k.post],
    ["↑", k.lastOwn],
    ["F6, Shift F6", k.areas],
    ["Ctrl ,", k.settings],
    ["?", k.sheet],
  ];
  return (
    <Dialog title={t.shortcutsTitle} onClose={onClose}>
      <dl className="keys">
        {rows.map(([keys, does]) => (
          <div key={keys} className="keys-row">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
