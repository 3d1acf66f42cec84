// A key in one line, its last part in front of the rest. What cannot be seen is shown by its number.
import { memo } from "react";
import { keyParts, visibleKey } from "../../domain/entry";
import { langOf } from "../../domain/language";
import { useLanguage } from "../../i18n";

export const EntryKey = memo(function EntryKey({ name }: { name: string }) {
  const language = useLanguage();
  const { path, name: last } = keyParts(name);
  return (
    <bdi className="entry-key ellipsis" title={visibleKey(name)} lang={langOf(name, language)}>
      {path === "" ? null : <span className="entry-path">{visibleKey(path)}</span>}
      {visibleKey(last)}
    </bdi>
  );
});
