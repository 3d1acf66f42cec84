// A dialog: takes the focus, keeps it, gives it back, and closes with Escape or beside it.
import { useEffect, useId, useRef, type ReactNode } from "react";
import { X } from "lucide-react";
import { useText } from "../i18n";
import { IconButton } from "./Button";
import { trapTab } from "./focus";

type DialogProps = {
  title: string;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  isNarrow?: boolean;
};

export function Dialog({ title, onClose, children, footer, isNarrow }: DialogProps) {
  const t = useText();
  const titleId = useId();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const wanted = box.current?.querySelector<HTMLElement>("[data-first-focus]");
    (wanted ?? box.current)?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <div
      className="scrim"
      onMouseDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div
        ref={box}
        className={isNarrow === true ? "dialog dialog-narrow" : "dialog"}
        role="dialog"
        aria-modal="true"
        aria-labelledby={titleId}
        tabIndex={-1}
        onKeyDown={(event) => {
          if (event.key === "Escape" && !event.nativeEvent.isComposing) {
            event.stopPropagation();
            onClose();
          }
          if (box.current !== null) trapTab(event, box.current);
        }}
      >
        <div className="dialog-head">
          <h2 id={titleId} className="title grow">
            {title}
          </h2>
          <IconButton label={t.close} onClick={onClose}>
            <X size={18} strokeWidth={1.75} />
          </IconButton>
        </div>
        <div className="dialog-body">{children}</div>
        {footer === undefined ? null : <div className="dialog-foot">{footer}</div>}
      </div>
    </div>
  );
}
