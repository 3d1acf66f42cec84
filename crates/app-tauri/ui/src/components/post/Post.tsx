// One post: who, when, what, and what became of it. Knows nothing of the list around it.
import { memo, useState } from "react";
import { Users } from "lucide-react";
import { isolated, nameOf, shortNpub } from "../../domain/names";
import { writtenAt } from "../../domain/post";
import { isMentioned } from "../../domain/segments";
import { clock, fullTime } from "../../domain/time";
import { useLanguage, useText } from "../../i18n";
import type { PostView } from "../../ipc/bindings";
import { react } from "../../stores/actions";
import { Avatar } from "../Avatar";
import { Name } from "../Name";
import { Strand } from "../signs/Strand";
import { PostText } from "./PostText";
import { PostTools } from "./PostTools";
import { Reactions } from "./Reactions";

export type PostProps = {
  topic: string;
  post: PostView;
  /** Who looks: oneself. */
  own: { pubkey: string; name: string | null };
  names: readonly string[];
  isContinued?: boolean;
  isActive?: boolean;
  /** Another person of this name is known better. */
  isNamesake?: boolean;
  isLeaving?: boolean;
  isOffline?: boolean;
  isPicking?: boolean;
  /** Whom a deep answer answers. */
  answers?: string | null;
  position?: number;
  avatarSize?: number;
  onPick?: (id: string | null) => void;
  onReply: (post: PostView) => void;
  onOpen?: (post: PostView) => void;
  onActive?: (id: string) => void;
};

export const Post = memo(function Post(props: PostProps) {
  const { post, own, topic, names, onActive } = props;
  const t = useText();
  const language = useLanguage();
  const [isPickingHere, setPickingHere] = useState(false);
  // Tools and tooltip of a post are made when it is first reached, by pointer, focus or key.
  const [isReached, setReached] = useState(false);
  const { id, pubkey, content } = post.event;
  const isOwn = pubkey === own.pubkey;
  const isDeleted = post.deleted_at !== null;
  const at = writtenAt(post);
  const isMention = !isDeleted && !isOwn && isMentioned(content, own.name);
  const isContinued = props.isContinued === true;
  const classes = [
    "post",
    isContinued ? "post-continued" : "",
    isMention ? "post-mention" : "",
    props.isLeaving === true ? "post-leaving" : "",
    post.replies.count > 0 && props.onOpen !== undefined ? "post-has-replies" : "",
  ];
  const name = nameOf(post.author);
  const pick = (isPicking: boolean) => {
    if (props.onPick === undefined) setPickingHere(isPicking);
    else props.onPick(isPicking ? id : null);
  };
  return (
    <article
      className={classes.filter((one) => one !== "").join(" ")}
      aria-label={t.postBy(isolated(name), clock(at, language))}
      {...(props.position === undefined
        ? {}
        : { "aria-posinset": props.position, "aria-setsize": -1 })}
      data-id={id}
      tabIndex={props.isActive === true ? 0 : -1}
      onMouseEnter={() => {
        setReached(true);
      }}
      onFocus={() => {
        setReached(true);
        onActive?.(id);
      }}
    >
      <div className="post-side">
        {isContinued ? (
          <time className="post-side-time" dateTime={new Date(at).toISOString()}>
            {clock(at, language)}
          </time>
        ) : (
          <Avatar pubkey={pubkey} size={props.avatarSize ?? 32} />
        )}
      </div>
      <div className="post-body">
        {isContinued ? null : (
          <header className="post-head">
            <Name author={post.author} />
            <span className="key">{shortNpub(post.author.npub)}</span>
            <time
              className="post-time"
              dateTime={new Date(at).toISOString()}
              title={isReached ? fullTime(at, language) : undefined}
            >
              {clock(at, language)}
            </time>
            {props.answers ? (
              <span className="post-answers ellipsis">{t.answers(isolated(props.answers))}</span>
            ) : null}
          </header>
        )}
        {isDeleted ? (
          <p className="post-deleted">{t.deleted}</p>
        ) : (
          <>
            <PostText text={content} names={names} own={own.name} />
            {props.isNamesake === true && !isContinued ? (
              <p className="chip chip-warn">
                <Users size={14} strokeWidth={2} aria-hidden="true" />
                {t.sameName(isolated(name), post.author.npub.slice(-4))}
              </p>
            ) : null}
            <Reactions
              reactions={post.reactions}
              onReact={(reaction) => void react(topic, id, reaction)}
            />
            {isOwn ? <Strand state={post.state} isOffline={props.isOffline === true} /> : null}
          </>
        )}
        {post.replies.count > 0 && props.onOpen !== undefined ? (
          <RepliesLine post={post} onOpen={props.onOpen} />
        ) : null}
      </div>
      {isDeleted || !(isReached || props.isPicking === true) ? null : (
        <PostTools
          topic={topic}
          post={post}
          isOwn={isOwn}
          isPicking={props.onPick === undefined ? isPickingHere : props.isPicking === true}
          onPick={pick}
          onReply={() => {
            props.onReply(post);
          }}
        />
      )}
    </article>
  );
});

function RepliesLine({ post, onOpen }: { post: PostView; onOpen: (post: PostView) => void }) {
  const t = useText();
  const language = useLanguage();
  const { count, last_at, last_by } = post.replies;
  const time = last_at === null ? null : clock(Date.parse(last_at), language);
  return (
    <button
      type="button"
      className="replies"
      onClick={() => {
        onOpen(post);
      }}
    >
      {last_by === null ? null : <Avatar pubkey={last_by.pubkey} size={20} />}
      <strong>{t.replies(count)}</strong>
      {time === null ? null : (
        <span className="ellipsis">
          {last_by === null ? t.lastAt(time) : t.lastBy(isolated(nameOf(last_by)), time)}
        </span>
      )}
    </button>
  );
}
