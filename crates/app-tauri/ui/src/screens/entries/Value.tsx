// A value as text: never run, loaded or interpreted. Long ones are folded, bytes are only counted.
import { useState } from "react";
import { Binary, Trash2 } from "lucide-react";
import { FoldButton } from "../../components/Button";
import { bytesOf, bytesSaid } from "../../domain/entry";
import { langOf } from "../../domain/language";
import { cleanText } from "../../domain/names";
import { useLanguage, useText, type Text } from "../../i18n";
import type { EntryView } from "../../ipc/bindings";

/** What is drawn of a folded value at all, however long it is. */
const FOLDED_CHARS = 1200;
const FOLDED_LINES = 12;

/** The beginning of a value that is shown folded; null if all of it is shown. */
function folded(text: string): string | null {
  let end = text.length > FOLDED_CHARS ? FOLDED_CHARS : text.length;
  let line = -1;
  for (let n = 0; n < FOLDED_LINES; n += 1) {
    line = text.indexOf("\n", line + 1);
    if (line < 0) break;
  }
  if (line >= 0) end = Math.min(end, line);
  return end < text.length ? text.slice(0, end).replace(/[\ud800-\udbff]$/, "") : null;
}

export function Value({ write }: { write: EntryView }) {
  const t = useText();
  const language = useLanguage();
  const [isOpen, setOpen] = useState(false);
  if (write.value_base64 !== undefined) {
    return (
      <p className="entry-none">
        <Binary size={16} strokeWidth={1.75} aria-hidden="true" />
        {t.entries.binaryText(bytesSaid(bytesOf(write), t.entries.bytes))}
      </p>
    );
  }
  if (write.value === undefined) {
    return (
      <p className="entry-none">
        <Trash2 size={16} strokeWidth={1.75} aria-hidden="true" />
        {t.entries.deleted}
      </p>
    );
  }
  const text = cleanText(write.value);
  const beginning = folded(text);
  if (text === "") return <p className="entry-none">{t.entries.emptyValue}</p>;
  return (
    <>
      <div className="entry-value selectable" dir="auto" lang={langOf(text, language)}>
        {isOpen || beginning === null ? text : `${beginning}…`}
      </div>
      {beginning === null ? null : (
        <FoldButton isOpen={isOpen} onToggle={setOpen} words={[t.showAll, t.showLess]} />
      )}
    </>
  );
}

/** A value in a few words of one line. */
export function valueInShort(write: EntryView, t: Text): string {
  if (write.value_base64 !== undefined) {
    return t.entries.binary(bytesSaid(bytesOf(write), t.entries.bytes));
  }
  if (write.value === undefined) return t.entries.deleted;
  if (write.value === "") return t.entries.emptyValue;
  return inOneLine(write.value.slice(0, 300));
}

/** Text that stands in one line. */
export const inOneLine = (text: string): string => cleanText(text).replace(/\s+/gu, " ");
