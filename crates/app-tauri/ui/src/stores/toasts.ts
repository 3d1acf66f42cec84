// Short messages at the lower left. A text is a function of the catalogue, so that it changes with
// the language. Owns no meaning; at most three are kept.
import { create } from "zustand";
import type { Text } from "../i18n/en";
import type { AppError } from "../ipc/bindings";

const TOASTS_MAX = 3;
const PLAIN_MS = 6000;
const ACTION_MS = 10_000;

export type Toast = {
  id: number;
  kind: "done" | "trying" | "deleting" | "error";
  text: (t: Text) => string;
  /** Toasts of one key replace each other. */
  key: string | null;
  action: { label: (t: Text) => string; run: () => void } | null;
  /** Null: stays until it is closed. */
  lifeMs: number | null;
  error: AppError | null;
};

type NewToast = Pick<Toast, "kind" | "text"> &
  Partial<Pick<Toast, "key" | "action" | "lifeMs" | "error">>;

type ToastStore = {
  toasts: readonly Toast[];
  show: (toast: NewToast) => number;
  close: (id: number) => void;
};

let lastId = 0;

export const useToasts = create<ToastStore>((set, get) => ({
  toasts: [],
  show: (toast) => {
    lastId += 1;
    const action = toast.action ?? null;
    const life = toast.kind === "error" ? null : action === null ? PLAIN_MS : ACTION_MS;
    const full: Toast = {
      id: lastId,
      kind: toast.kind,
      text: toast.text,
      key: toast.key ?? null,
      action,
      lifeMs: toast.lifeMs ?? life,
      error: toast.error ?? null,
    };
    const others = get().toasts.filter((old) => full.key === null || old.key !== full.key);
    set({ toasts: [...others, full].slice(-TOASTS_MAX) });
    return full.id;
  },
  close: (id) => {
    set({ toasts: get().toasts.filter((toast) => toast.id !== id) });
  },
}));
