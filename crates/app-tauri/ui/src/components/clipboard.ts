// Copies text, and says so. Owns no text.
import { useToasts } from "../stores/toasts";

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text);
  }
  useToasts.getState().show({ kind: "done", text: (t) => t.copied, key: "copied" });
}

/** For web views that keep the clipboard from pages. */
function copyBySelection(text: string): void {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "hidden-text";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
