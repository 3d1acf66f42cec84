// "Go to…": a topic by a part of its name, a new topic, or a search for the words.
import { useEffect, useRef, useState } from "react";
import { Hash, Plus, Search } from "lucide-react";
import { isComposing, trapTab } from "../../components/focus";
import { isolated } from "../../domain/names";
import { useText } from "../../i18n";
import { useSearch } from "../../stores/search";
import { useTopics } from "../../stores/topics";
import { useView } from "../../stores/view";

type Entry = { key: string; icon: typeof Hash; label: string; run: () => void };

const folded = (text: string) => text.normalize("NFKC").toLowerCase();

export function Palette({ onClose }: { onClose: () => void }) {
  const t = useText();
  const topics = useTopics((store) => store.topics);
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    field.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const words = text.trim();
  const view = useView.getState();
  const entries: Entry[] = topics
    .filter((topic) => folded(topic.name).includes(folded(words)))
    .map((topic) => ({
      key: `topic ${topic.name}`,
      icon: Hash,
      label: topic.name,
      run: () => {
        view.openTopic(topic.name);
      },
    }));
  if (words !== "") {
    entries.push({
      key: "search",
      icon: Search,
      label: t.paletteSearch(isolated(words)),
      run: () => {
        useSearch.getState().setTopic(null);
        useSearch.getState().setText(words);
        view.openSearch();
      },
    });
    if (!topics.some((topic) => topic.name === words)) {
      entries.push({
        key: "join",
        icon: Plus,
        label: t.paletteJoin(isolated(words)),
        run: () => {
          void useTopics
            .getState()
            .join(words)
            .then((joined) => {
              if (!("code" in joined)) view.openTopic(joined.name);
              else view.setOverlay({ kind: "join" });
            });
        },
      });
    }
  }
  const at = Math.min(chosen, Math.max(0, entries.length - 1));
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  return (
    <div
      className="scrim scrim-top"
      onMouseDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div
        ref={box}
        className="palette"
        role="dialog"
        aria-modal="true"
        aria-label={t.paletteLabel}
        onKeyDown={(event) => {
          if (isComposing(event.nativeEvent)) return;
          if (box.current !== null) trapTab(event, box.current);
          if (event.key === "Escape") onClose();
          else if (event.key === "ArrowDown") setChosen((at + 1) % entries.length);
          else if (event.key === "ArrowUp") setChosen((at - 1 + entries.length) % entries.length);
          else if (event.key === "Enter") run(entries[at]);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        <div className="palette-field">
          <Search size={18} strokeWidth={1.75} aria-hidden="true" />
          <input
            ref={field}
            role="combobox"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-activedescendant={entries.length > 0 ? `palette-${String(at)}` : undefined}
            aria-label={t.paletteLabel}
            placeholder={t.palettePlaceholder}
            value={text}
            maxLength={64}
            onChange={(event) => {
              setText(event.target.value);
              setChosen(0);
            }}
          />
        </div>
        <ul id="palette-list" role="listbox" aria-label={t.paletteLabel}>
          {entries.map((entry, index) => (
            <li
              key={entry.key}
              id={`palette-${String(index)}`}
              role="option"
              aria-selected={index === at}
              className="row"
              onMouseDown={(event) => {
                event.preventDefault();
                run(entry);
              }}
            >
              <entry.icon size={16} strokeWidth={1.75} aria-hidden="true" />
              <bdi className="ellipsis grow">{entry.label}</bdi>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
