// The text of a post, as text: nothing in it is loaded, followed or run. Long ones are folded.
import { memo, useState } from "react";
import { FoldButton } from "../Button";
import { cleanText } from "../../domain/names";
import { langOf } from "../../domain/language";
import { isLong } from "../../domain/post";
import { segments, type Segment } from "../../domain/segments";
import { useLanguage, useText } from "../../i18n";

/** What is drawn of a folded text at all, however long it is. */
const FOLDED_CHARS = 3000;

type PostTextProps = { text: string; names: readonly string[]; own: string | null };

export const PostText = memo(function PostText({ text, names, own }: PostTextProps) {
  const t = useText();
  const language = useLanguage();
  const [isOpen, setOpen] = useState(false);
  const clean = cleanText(text);
  const isFoldable = isLong(clean);
  const isFolded = isFoldable && !isOpen;
  const shown = isFolded ? clean.slice(0, FOLDED_CHARS) : clean;
  return (
    <>
      <p
        className={isFolded ? "post-text selectable post-folded" : "post-text selectable"}
        dir="auto"
        lang={langOf(clean, language)}
      >
        {segments(shown, names, own).map((segment, index) => (
          <Part key={index} segment={segment} />
        ))}
      </p>
      {isFoldable ? (
        <FoldButton
          isOpen={isOpen}
          onToggle={setOpen}
          words={[t.showAll, t.showLess]}
          className="post-fold"
        />
      ) : null}
    </>
  );
});

function Part({ segment }: { segment: Segment }) {
  switch (segment.kind) {
    case "text":
      return segment.text;
    case "code":
      return <code>{segment.text}</code>;
    case "address":
      return <span className="address">{segment.text}</span>;
    case "mention":
      return <span className="mention">{segment.text}</span>;
    case "own-mention":
      return <span className="mention mention-own">{segment.text}</span>;
  }
}
