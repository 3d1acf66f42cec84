// Whom the posts on screen name: for mentions, and to tell two people of one name apart.
import { useMemo } from "react";
import { cleanName } from "../../domain/names";
import type { AuthorView, PeerView, PostView } from "../../ipc/bindings";

export type People = {
  /** Names that can be mentioned, without one's own. */
  names: readonly string[];
  /** Authors whose name somebody else in the topic had first. */
  namesakes: ReadonlySet<string>;
};

/** Names that are read as one: full width or not, large or small. */
const sound = (name: string) => name.normalize("NFKC").toLowerCase();

/**
 * Oneself is known best, then whose posts came to this device first: the time that an author writes
 * on a post proves nothing. Who is only connected comes last.
 */
export function peopleOf(
  posts: readonly PostView[],
  peers: readonly PeerView[],
  own: { pubkey: string; name: string | null },
): People {
  const firstOf = new Map<string, string>();
  const names = new Set<string>();
  const namesakes = new Set<string>();
  const meet = (pubkey: string, name: string) => {
    if (name === "") return;
    names.add(name);
    const first = firstOf.get(sound(name));
    if (first === undefined) firstOf.set(sound(name), pubkey);
    else if (first !== pubkey) namesakes.add(pubkey);
  };
  if (own.name !== null) meet(own.pubkey, own.name);
  const cameAt = new Map<string, string>();
  const authors = new Map<string, AuthorView>();
  for (const post of posts) {
    if (post.author.name === null) continue;
    const { pubkey } = post.event;
    authors.set(pubkey, post.author);
    const earliest = cameAt.get(pubkey);
    if (earliest === undefined || post.received_at < earliest) cameAt.set(pubkey, post.received_at);
  }
  const byArrival = [...cameAt].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [pubkey] of byArrival) meet(pubkey, cleanName(authors.get(pubkey)?.name ?? ""));
  for (const peer of peers) {
    if (peer.author?.name) meet(peer.author.pubkey, cleanName(peer.author.name));
  }
  if (own.name !== null) names.delete(own.name);
  return { names: [...names], namesakes };
}

/** The same, with the same arrays as long as nobody new appears. */
export function usePeople(
  posts: readonly PostView[],
  peers: readonly PeerView[],
  own: { pubkey: string; name: string | null },
): People {
  const { pubkey, name } = own;
  const people = useMemo(
    () => peopleOf(posts, peers, { pubkey, name }),
    [posts, peers, pubkey, name],
  );
  const key = `${people.names.join("\n")}\n\n${[...people.namesakes].join("\n")}`;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the people
  return useMemo(() => people, [key]);
}
