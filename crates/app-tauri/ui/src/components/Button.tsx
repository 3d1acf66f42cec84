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
