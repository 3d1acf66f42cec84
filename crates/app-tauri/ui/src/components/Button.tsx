// Buttons and icon buttons as the design has them. One main button per view.
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: "main" | "plain" | "danger" | "quiet";
  size?: "small" | "normal" | "large";
  icon?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
};

export function Button({ look = "plain", size = "normal", icon, children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={`button button-${look} button-${size}`}>
      {icon}
      <span>{children}</span>
    </button>
  );
}

type IconButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  label: string;
  isOn?: boolean;
  ref?: Ref<HTMLButtonElement>;
};

export function IconButton({ label, isOn, children, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...(isOn === undefined ? {} : { "aria-pressed": isOn })}
      {...rest}
      className={`icon-button ${className ?? ""}`}
    >
      {children}
    </button>
  );
}

type FoldButtonProps = {
  isOpen: boolean;
  onToggle: (isOpen: boolean) => void;
  /** What it says while the rest is hidden, and while it is shown. */
  words: [closed: string, open: string];
  className?: string;
};

/** Shows and hides the rest of something, and says which to those who cannot see it. */
export function FoldButton({ isOpen, onToggle, words, className }: FoldButtonProps) {
  return (
    <button
      type="button"
      className={className === undefined ? "link" : `link ${className}`}
      aria-expanded={isOpen}
      onClick={() => {
        onToggle(!isOpen);
      }}
    >
      {words[isOpen ? 1 : 0]}
    </button>
  );
}
