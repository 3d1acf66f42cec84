// The short messages above the network line. Each ends by itself, but not under the pointer or the
// focus; only errors interrupt a screen reader.
import { useEffect, useState } from "react";
import { Trash2, X } from "lucide-react";
import { useText } from "../i18n";
import { detailsOf } from "../i18n/errors";
import { useToasts, type Toast } from "../stores/toasts";
import { IconButton } from "./Button";
import { copyText } from "./clipboard";
import { KnotSign } from "./signs/KnotSign";

export function Toasts() {
  const toasts = useToasts((store) => store.toasts);
  return (
    <div className="toasts">
      {toasts.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function OneToast({ toast }: { toast: Toast }) {
  const t = useText();
  const close = useToasts((store) => store.close);
  const [isHeld, setHeld] = useState(false);
  const { id, lifeMs } = toast;
  useEffect(() => {
    // A deletion that is counting down is not stopped by looking at it.
    if (lifeMs === null || (isHeld && toast.kind !== "deleting")) return;
    const timer = setTimeout(() => {
      close(id);
    }, lifeMs);
    return () => {
      clearTimeout(timer);
    };
  }, [id, lifeMs, isHeld, close, toast.kind]);
  return (
    <div
      className="toast"
      role={toast.kind === "error" ? "alert" : "status"}
      onMouseEnter={() => {
        setHeld(true);
      }}
      onMouseLeave={() => {
        setHeld(false);
      }}
      onFocus={() => {
        setHeld(true);
      }}
      onBlur={() => {
        setHeld(false);
      }}
    >
      <ToastSign kind={toast.kind} />
      <span className="grow">
        {toast.text(t)}
        {toast.error === null ? null : <bdi className="toast-words">{toast.error.message}</bdi>}
      </span>
      {toast.error === null ? null : (
        <button
          type="button"
          className="link"
          onClick={() => {
            if (toast.error !== null) void copyText(detailsOf(toast.error));
          }}
        >
          {t.copyDetails}
        </button>
      )}
      {toast.action === null ? null : (
        <button
          type="button"
          className="link"
          onClick={() => {
            toast.action?.run();
            close(id);
          }}
        >
          {toast.action.label(t)}
        </button>
      )}
      {toast.kind === "deleting" ? null : (
        <IconButton
          label={t.close}
          onClick={() => {
            close(id);
          }}
        >
          <X size={16} strokeWidth={1.75} />
        </IconButton>
      )}
    </div>
  );
}

function ToastSign({ kind }: { kind: Toast["kind"] }) {
  if (kind === "deleting") return <Trash2 size={16} strokeWidth={1.75} aria-hidden="true" />;
  return <KnotSign kind={kind === "error" ? "broken" : kind} />;
}
