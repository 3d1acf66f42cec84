// A small menu that floats at a button. Arrow keys move, Escape closes, the focus goes back.
import { useEffect, useRef, type ReactNode } from "react";

export type MenuItem = {
  label: ReactNode;
  key: string;
  icon?: ReactNode;
  isDanger?: boolean;
  run: () => void;
};

type MenuProps = {
  label: string;
  items: readonly MenuItem[];
  onClose: () => void;
  side?: "up" | "down";
};

export function Menu({ label, items, onClose, side = "down" }: MenuProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const move = (by: number) => {
    const all = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = all.findIndex((item) => item === document.activeElement);
    all[(at + by + all.length) % all.length]?.focus();
  };
  return (
    <div
      ref={box}
      className={`menu menu-${side}`}
      role="menu"
      aria-label={label}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) onClose();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || event.key === "Tab") onClose();
        else if (event.key === "ArrowDown") move(1);
        else if (event.key === "ArrowUp") move(-1);
        else return;
        event.preventDefault();
      }}
    >
      {items.map((item) => (
        <button
          key={item.key}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className={item.isDanger === true ? "menu-item menu-danger" : "menu-item"}
          onClick={() => {
            onClose();
            item.run();
          }}
        >
          {item.icon}
          <span className="ellipsis grow">{item.label}</span>
        </button>
      ))}
    </div>
  );
}
