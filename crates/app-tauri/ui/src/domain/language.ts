// In which language a piece of foreign text is written, so that its glyphs are the right ones.
import type { Language } from "../ipc/bindings";

const KANA = /[\u3041-\u30ff\uff66-\uff9f]/u;

/** Japanese where there is kana, otherwise the language of the window. */
export function langOf(text: string, ui: Language): Language {
  return KANA.test(text) ? "ja" : ui;
}
