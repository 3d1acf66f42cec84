// The reactions below a post. A press gives the same one or takes the own one back.
import { grouped } from "../../domain/time";
import { cleanName } from "../../domain/names";
import { useText } from "../../i18n";
import type { ReactionView } from "../../ipc/bindings";
import { signOf } from "./reactions";

type ReactionsProps = { reactions: readonly ReactionView[]; onReact: (content: string) => void };

/** Kinds of reaction shown with one post, at most. */
const KINDS_MAX = 12;

export function Reactions({ reactions, onReact }: ReactionsProps) {
  const t = useText();
  const shown = reactions.filter((one) => signOf(one.content) ?? cleanName(one.content) !== "");
  if (shown.length === 0) return null;
  return (
    <div className="reactions">
      {shown.slice(0, KINDS_MAX).map((reaction) => {
        const sign = signOf(reaction.content);
        const word = cleanName(reaction.content);
        const Icon = sign?.icon;
        const isOwn = reaction.own !== null;
        return (
          <button
            key={reaction.content}
            type="button"
            className={isOwn ? "reaction reaction-own" : "reaction"}
            aria-pressed={isOwn}
            aria-label={t.reactionCount(sign?.name(t) ?? word, reaction.count)}
            title={sign?.name(t) ?? word}
            onClick={() => {
              onReact(reaction.content);
            }}
          >
            {Icon === undefined ? (
              <bdi className="reaction-word">{word}</bdi>
            ) : (
              <Icon size={14} strokeWidth={2} aria-hidden="true" />
            )}
            <span>{grouped(reaction.count)}</span>
          </button>
        );
      })}
    </div>
  );
}
