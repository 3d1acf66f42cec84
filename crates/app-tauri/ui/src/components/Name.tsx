// A foreign name: isolated, clipped, in the language that it is written in.
import type { AuthorView } from "../ipc/bindings";
import { langOf } from "../domain/language";
import { nameOf } from "../domain/names";
import { useLanguage } from "../i18n";

export function Name({ author, className }: { author: AuthorView; className?: string }) {
  const name = nameOf(author);
  const lang = langOf(name, useLanguage());
  return (
    <bdi className={`name ellipsis ${className ?? ""}`} lang={lang}>
      {name}
    </bdi>
  );
}
