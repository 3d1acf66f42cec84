// Chooses a reaction: four signs, or a word of one's own.
import { useEffect, useRef, useState } from "react";
import { useText } from "../../i18n";
import { isComposing, trapTab } from "../focus";
import { SIGNS, WORD_MAX } from "./reactions";

type PickerProps = { onReact: (content: string) => void; onClose: () => void };

export function ReactionPicker({ onReact, onClose }: PickerProps) {
  const t = useText();
  const box = useRef<HTMLDivElement>(null);
  const [word, setWord] = useState("");
  useEffect(() => {
    const before = document.activeElement;
    box.current?.querySelector<HTMLElement>("button")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const choose = (content: string) => {
    onClose();
    onReact(content);
  };
  return (
    <div
      ref={box}
      className="picker"
      role="dialog"
      aria-label={t.reactTo}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) onClose();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" && !event.nativeEvent.isComposing) onClose();
        if (box.current !== null) trapTab(event, box.current);
      }}
    >
      <div className="picker-signs">
        {SIGNS.map(({ content, icon: Icon, name }) => (
          <button
            key={content}
            type="button"
            className="icon-button"
            aria-label={name(t)}
            title={name(t)}
            onClick={() => {
              choose(content);
            }}
          >
            <Icon size={18} strokeWidth={1.75} />
          </button>
        ))}
      </div>
      <input
        className="input input-small"
        aria-label={t.reactionWord}
        placeholder={t.reactionWord}
        value={word}
        onChange={(event) => {
          setWord([...event.target.value].slice(0, WORD_MAX).join(""));
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || isComposing(event.nativeEvent)) return;
          event.preventDefault();
          if (word.trim() !== "") choose(word.trim());
        }}
      />
    </div>
  );
}
