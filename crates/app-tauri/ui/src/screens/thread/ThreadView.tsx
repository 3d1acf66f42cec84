// A thread: the first post, the answers as a tree on one thread, and a composer.
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { ArrowLeft, X } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { Composer } from "../../components/Composer";
import { ErrorNotice } from "../../components/Notice";
import { Post } from "../../components/post/Post";
import { isolated, nameOf } from "../../domain/names";
import { treeOf, type Node } from "../../domain/tree";
import { useText } from "../../i18n";
import type { AuthorView, PostView } from "../../ipc/bindings";
import { useDeletions } from "../../stores/deletions";
import { useMembers } from "../../stores/members";
import { useSettings } from "../../stores/settings";
import { useThread } from "../../stores/thread";
import { useView } from "../../stores/view";
import { usePeople } from "../timeline/people";

/** Answers drawn at first, and added by each press. */
const ANSWERS_SHOWN = 150;

type ThreadProps = { own: AuthorView; isBackShown: boolean; onClose: () => void };

export function ThreadView({ own, isBackShown, onClose }: ThreadProps) {
  const t = useText();
  const { topic, root, posts, error, isLoading } = useThread();
  const peers = useMembers((store) => store.here);
  const [answered, setAnswered] = useState<PostView | null>(null);
  const [limit, setLimit] = useState(ANSWERS_SHOWN);
  const [pickingId, setPickingId] = useState<string | null>(null);
  const singleKeys = useSettings((store) => store.settings.single_keys);
  const field = useRef<HTMLTextAreaElement>(null);
  const ownName = own.name === null ? null : nameOf(own);
  const me = { pubkey: own.pubkey, name: ownName };
  const people = usePeople(posts, peers, me);
  useEffect(() => {
    setAnswered(null);
    setLimit(ANSWERS_SHOWN);
  }, [root]);
  const wantsReply = useView((store) => store.wantsReply);
  const isThere = posts.length > 0;
  useEffect(() => {
    if (wantsReply && isThere) field.current?.focus();
  }, [root, wantsReply, isThere]);
  if (topic === null || root === null) return null;
  const shown = posts.length > limit + 1 ? [...posts.slice(0, limit + 1)] : posts;
  const tree = treeOf(shown, root);
  const persons = new Set(posts.map((post) => post.event.pubkey)).size;
  const target = answered ?? tree?.post ?? null;
  const reply = (post: PostView) => {
    setAnswered(post);
    field.current?.focus();
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const { ctrlKey, metaKey, altKey, key, target: at } = event;
    if (ctrlKey || metaKey || altKey || !singleKeys) return;
    if (!(at instanceof HTMLElement) || at.tagName !== "ARTICLE") return;
    const post = posts.find((one) => one.event.id === at.dataset.id);
    if (post === undefined || post.deleted_at !== null) return;
    if (key === "r") reply(post);
    else if (key === "e") setPickingId(post.event.id);
    else return;
    event.preventDefault();
  };
  return (
    <section className="thread" aria-label={t.thread}>
      <header className="head">
        {isBackShown ? (
          <IconButton label={t.back} onClick={onClose}>
            <ArrowLeft size={18} strokeWidth={1.75} />
          </IconButton>
        ) : null}
        <h2 className="title">{t.thread}</h2>
        <span className="head-note ellipsis grow">
          {tree === null ? null : t.threadIn(isolated(topic), persons, posts.length - 1)}
        </span>
        {isBackShown ? null : (
          <IconButton label={t.close} onClick={onClose}>
            <X size={18} strokeWidth={1.75} />
          </IconButton>
        )}
      </header>
      <div
        className="thread-scroll"
        tabIndex={0}
        role="group"
        aria-label={t.thread}
        onKeyDown={onKey}
      >
        {error === null ? null : <ErrorNotice error={error} />}
        {tree === null ? null : (
          <ul className="tree">
            <Branch
              node={tree}
              topic={topic}
              me={me}
              names={people.names}
              namesakes={people.namesakes}
              pickingId={pickingId}
              onPick={setPickingId}
              onReply={reply}
            />
          </ul>
        )}
        {posts.length > shown.length ? (
          <Button
            onClick={() => {
              setLimit(limit + ANSWERS_SHOWN);
            }}
          >
            {t.showMoreReplies(posts.length - shown.length)}
          </Button>
        ) : null}
        {tree !== null && posts.length === 1 && !isLoading ? (
          <p className="thread-none">{t.noReplies}</p>
        ) : null}
      </div>
      {target === null ? null : (
        <Composer
          key={root}
          place={{ topic, root }}
          replyTo={target.event.id}
          placeholder={t.replyToName(isolated(nameOf(target.author)))}
          note={t.publicComposer}
          verb={t.reply}
          names={people.names}
          fieldRef={field}
          onPosted={() => {
            setAnswered(null);
          }}
          onEscape={
            answered === null
              ? onClose
              : () => {
                  setAnswered(null);
                }
          }
        />
      )}
    </section>
  );
}

type BranchProps = {
  node: Node;
  topic: string;
  me: { pubkey: string; name: string | null };
  names: readonly string[];
  namesakes: ReadonlySet<string>;
  pickingId: string | null;
  onPick: (id: string | null) => void;
  onReply: (post: PostView) => void;
};

function Branch({ node, ...shared }: BranchProps) {
  const pending = useDeletions((store) => store.pending);
  const { post } = node;
  return (
    <li className={node.children.length > 0 ? "tree-node tree-parent" : "tree-node"}>
      <Post
        topic={shared.topic}
        post={post}
        own={shared.me}
        names={shared.names}
        isNamesake={shared.namesakes.has(post.event.pubkey)}
        isLeaving={pending.has(post.event.id)}
        answers={node.answers}
        avatarSize={28}
        isActive
        isPicking={shared.pickingId === post.event.id}
        onPick={shared.onPick}
        onReply={shared.onReply}
      />
      {node.children.length > 0 ? (
        <ul>
          {node.children.map((child) => (
            <Branch key={child.post.event.id} node={child} {...shared} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}
