// Whom the posts on screen name: for mentions, and to tell two people of one name apart.
import { useMemo } from "react";
import { cleanName, nameOf } from "../../domain/names";
import type { PeerView, PostView } from "../../ipc/bindings";

export type People = {
  /** Names that can be mentioned, without one's own. */
  names: readonly string[];
  /** Authors whose name somebody else in the topic had first. */
  namesakes: ReadonlySet<string>;
};

export function peopleOf(
  posts: readonly PostView[],
  peers: readonly PeerView[],
  own: { pubkey: string; name: string | null },
): People {
  const firstOf = new Map<string, string>();
  const namesakes = new Set<string>();
  if (own.name !== null) firstOf.set(own.name, own.pubkey);
  const meet = (pubkey: string, name: string) => {
    const first = firstOf.get(name);
    if (first === undefined) firstOf.set(name, pubkey);
    else if (first !== pubkey) namesakes.add(pubkey);
  };
  for (const peer of peers) {
    if (peer.author?.name) meet(peer.author.pubkey, cleanName(peer.author.name));
  }
  for (const post of posts) {
    if (post.author.name !== null) meet(post.event.pubkey, nameOf(post.author));
  }
  const names = [...firstOf.keys()].filter((name) => name !== own.name && name !== "");
  return { names, namesakes };
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
