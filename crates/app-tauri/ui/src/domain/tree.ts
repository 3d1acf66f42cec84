// A thread as a tree. Pure. Answers deeper than the levels that are drawn stay at the last level
// and name whom they answer.
import { nameOf } from "./names";
import type { PostView } from "../ipc/bindings";

export type Node = { post: PostView; answers: string | null; children: Node[] };

/** Levels that are drawn, the first post included. */
export const LEVELS_MAX = 4;

/** The tree of the posts of one thread, which come oldest first; null without its first post. */
export function treeOf(posts: readonly PostView[], root: string): Node | null {
  const first = posts.find((post) => post.event.id === root);
  if (first === undefined) return null;
  const byId = new Map(posts.map((post) => [post.event.id, post]));
  const answersTo = new Map<string, PostView[]>();
  for (const post of posts) {
    if (post.event.id === root) continue;
    // An answer to something that is not here hangs at the first post.
    const parent = post.reply?.parent;
    const at = parent !== undefined && parent !== post.event.id && byId.has(parent) ? parent : root;
    answersTo.set(at, [...(answersTo.get(at) ?? []), post]);
  }
  const drawn = new Set<string>();
  const build = (post: PostView, level: number, answers: string | null): Node => {
    drawn.add(post.event.id);
    const children: Node[] = [];
    if (level < LEVELS_MAX - 1) {
      for (const child of answersTo.get(post.event.id) ?? []) {
        if (!drawn.has(child.event.id)) children.push(build(child, level + 1, null));
      }
      if (level === LEVELS_MAX - 2) {
        for (const child of [...children]) children.push(...deeper(child.post));
        children.sort((a, b) => posts.indexOf(a.post) - posts.indexOf(b.post));
      }
    }
    return { post, answers, children };
  };
  const deeper = (top: PostView): Node[] => {
    const found: Node[] = [];
    const waiting = [top];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const child of answersTo.get(next.event.id) ?? []) {
        if (drawn.has(child.event.id)) continue;
        drawn.add(child.event.id);
        found.push({ post: child, answers: nameOf(next.author), children: [] });
        waiting.push(child);
      }
    }
    return found;
  };
  return build(first, 0, null);
}
