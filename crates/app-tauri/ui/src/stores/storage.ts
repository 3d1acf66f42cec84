// What the window keeps in the browser's storage: drafts, what was seen, the theme. Nothing secret.
// A full or missing storage never stops the window.

export function kept<T>(key: string, isValid: (value: unknown) => value is T, otherwise: T): T {
  try {
    const text = localStorage.getItem(`kukuri.${key}`);
    if (text === null) return otherwise;
    const value: unknown = JSON.parse(text);
    return isValid(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(`kukuri.${key}`, JSON.stringify(value));
  } catch {
    // Without room the value lives as long as the window.
  }
}

/** Keeps a bare word, which `theme.js` reads before anything else runs. */
export function keepWord(key: string, word: string): void {
  try {
    localStorage.setItem(`kukuri.${key}`, word);
  } catch {
    // As above.
  }
}
