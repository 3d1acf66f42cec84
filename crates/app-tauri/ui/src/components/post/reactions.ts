// The signs that this window offers for reactions, and what they are called.
import { Check, Eye, Heart, HeartHandshake, type LucideIcon } from "lucide-react";
import type { Text } from "../../i18n";

type Sign = { content: string; icon: LucideIcon; name: (t: Text) => string };

export const SIGNS: readonly Sign[] = [
  { content: "+", icon: Check, name: (t) => t.agree },
  { content: "🙏", icon: HeartHandshake, name: (t) => t.thanks },
  { content: "❤️", icon: Heart, name: (t) => t.heart },
  { content: "👀", icon: Eye, name: (t) => t.seen },
];

/** Letters of an own word, at most. */
export const WORD_MAX = 8;

/** One of the signs, whichever form of the heart or the plus was sent. */
export function signOf(content: string): Sign | undefined {
  const plain = content.replace(/\ufe0f/g, "");
  return SIGNS.find((sign) => sign.content.replace(/\ufe0f/g, "") === (plain === "" ? "+" : plain));
}
