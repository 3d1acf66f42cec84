// A message in place, where the matter is. An error carries what Rust said and can be copied.
import type { ReactNode } from "react";
import { CircleAlert, Info, TriangleAlert, WifiOff } from "lucide-react";
import { useLanguage, useText } from "../i18n";
import { detailsOf, meaningOf } from "../i18n/errors";
import { sentenceOf } from "../i18n/phrases";
import type { AppError } from "../ipc/bindings";
import { Button } from "./Button";
import { copyText } from "./clipboard";

type Kind = "info" | "warn" | "offline" | "danger";

const ICONS: Record<Kind, typeof Info> = {
  info: Info,
  warn: TriangleAlert,
  offline: WifiOff,
  danger: CircleAlert,
};

type NoticeProps = { kind: Kind; children: ReactNode; actions?: ReactNode; isAlert?: boolean };

export function Notice({ kind, children, actions, isAlert }: NoticeProps) {
  const Icon = ICONS[kind];
  return (
    <div className={`notice notice-${kind}`} {...(isAlert === true ? { role: "alert" } : {})}>
      <Icon size={16} strokeWidth={2} aria-hidden="true" />
      <div className="grow">{children}</div>
      {actions}
    </div>
  );
}

type ErrorNoticeProps = { error: AppError; title?: string; text?: string; actions?: ReactNode };

/** An error: what it means, what to do, the exact words, and a way to copy them. */
export function ErrorNotice({ error, title, text, actions }: ErrorNoticeProps) {
  const t = useText();
  const language = useLanguage();
  return (
    <Notice kind="danger" isAlert>
      <strong>{title ?? meaningOf(error, language)}</strong>
      <p className="notice-text">
        {text ??
          (error.hint === null ? <bdi>{error.message}</bdi> : sentenceOf(error.hint, language))}
      </p>
      {text === undefined && error.hint !== null ? (
        <p className="notice-words">
          <bdi>{error.message}</bdi>
        </p>
      ) : null}
      <div className="notice-actions">
        {actions}
        <Button size="small" onClick={() => void copyText(detailsOf(error))}>
          {t.copyDetails}
        </Button>
      </div>
    </Notice>
  );
}
