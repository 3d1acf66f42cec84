// The language in use. Owns no text; chooses between the catalogues.
import type { Language } from "../ipc/bindings";
import { useSettings } from "../stores/settings";
import { en, type Text } from "./en";
import { ja } from "./ja";

export type { Text };

const CATALOGUES: Record<Language, Text> = { en, ja };

export function textOf(language: Language): Text {
  return CATALOGUES[language];
}

/** The catalogue of the language in use. */
export function useText(): Text {
  return CATALOGUES[useSettings((state) => state.settings.language)];
}

export function useLanguage(): Language {
  return useSettings((state) => state.settings.language);
}
