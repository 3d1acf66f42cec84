// Says new posts to screen readers, as one sentence, at most once in five seconds.
import { useEffect, useRef, useState } from "react";
import { isolated } from "../../domain/names";
import { paced, type Paced } from "../../domain/pace";
import { useText } from "../../i18n";
import type { PostView } from "../../ipc/bindings";

const EVERY_MS = 5000;

export function Announcer({ topic, posts }: { topic: string; posts: readonly PostView[] }) {
  const t = useText();
  const [sentence, setSentence] = useState("");
  const latest = useRef({ posts, toldUpTo: posts.at(-1)?.event.id, t });
  const tell = useRef<Paced | null>(null);
  useEffect(() => {
    tell.current = paced(EVERY_MS, () => {
      const now = latest.current;
      const at = now.posts.findLastIndex((post) => post.event.id === now.toldUpTo);
      const fresh = now.posts.length - 1 - at;
      now.toldUpTo = now.posts.at(-1)?.event.id;
      if (at >= 0 && fresh > 0) setSentence(now.t.newPosts(fresh, isolated(topic)));
    });
    return () => tell.current?.cancel();
  }, [topic]);
  useEffect(() => {
    latest.current.posts = posts;
    latest.current.t = t;
    tell.current?.();
  }, [posts, t]);
  return (
    <p className="hidden-text" role="status">
      {sentence}
    </p>
  );
}
