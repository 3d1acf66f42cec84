// The timeline of the topic on screen with its composer; and the thread beside it, where one is
// open and there is room.
import { useCallback, useEffect, useRef, useState } from "react";
import { Composer } from "../../components/Composer";
import { isTyping } from "../../components/focus";
import { ErrorNotice, Notice } from "../../components/Notice";
import { Button } from "../../components/Button";
import { isolated, nameOf } from "../../domain/names";
import { clock } from "../../domain/time";
import { reachesNewest } from "../../domain/window";
import { useLanguage, useText } from "../../i18n";
import type { AuthorView, PostView, TopicView } from "../../ipc/bindings";
import { useDeletions } from "../../stores/deletions";
import { useMembers } from "../../stores/members";
import { useSettings } from "../../stores/settings";
import { useThread } from "../../stores/thread";
import { useTimeline } from "../../stores/timeline";
import { useView } from "../../stores/view";
import { Announcer } from "./Announcer";
import { EmptyTimeline } from "./EmptyTimeline";
import { Feed, type FeedHandle } from "./Feed";
import { usePeople } from "./people";
import { Placeholders } from "./Placeholders";
import { useMarkRead } from "./useMarkRead";

type TimelineProps = { topic: TopicView; own: AuthorView };

const NONE: readonly PostView[] = [];

export function TimelineView({ topic, own }: TimelineProps) {
  const t = useText();
  const language = useLanguage();
  const { name } = topic;
  const timeline = useTimeline((store) => store.timelines[name]);
  const pending = useDeletions((store) => store.pending);
  const peers = useMembers((store) => store.here);
  const offlineSince = useMembers((store) => store.offlineSince);
  const singleKeys = useSettings((store) => store.settings.single_keys);
  const [pickingId, setPickingId] = useState<string | null>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const feed = useRef<FeedHandle>(null);
  const posts = timeline?.window.posts ?? NONE;
  const ownName = own.name === null ? null : nameOf(own);
  const people = usePeople(posts, peers, { pubkey: own.pubkey, name: ownName });
  const [me, setMe] = useState({ pubkey: own.pubkey, name: ownName });
  if (me.pubkey !== own.pubkey || me.name !== ownName) setMe({ pubkey: own.pubkey, name: ownName });

  const unreadAtFirst = useRef(topic.unread);
  useEffect(() => {
    const { open, clearDivider } = useTimeline.getState();
    void open(name, unreadAtFirst.current, own.pubkey);
    return () => {
      clearDivider(name);
    };
  }, [name, own.pubkey]);

  const isAtNewest =
    timeline?.isLoaded === true && timeline.isFollowing && reachesNewest(timeline.window);
  useMarkRead(name, posts.at(-1), isAtNewest);

  const openThread = useCallback(
    (post: PostView, wantsReply = false) => {
      void useThread.getState().open(name, post.reply?.root ?? post.event.id);
      useView.getState().setThread(true, wantsReply);
    },
    [name],
  );
  const reply = useCallback(
    (post: PostView) => {
      openThread(post, true);
    },
    [openThread],
  );

  const onKey = (event: React.KeyboardEvent, active: PostView | undefined) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const isOnPost = event.target instanceof HTMLElement && event.target.tagName === "ARTICLE";
    if (event.key === "Escape") composer.current?.focus();
    else if (event.key === "Enter" && isOnPost && active !== undefined) openThread(active);
    else if (!singleKeys) return;
    else if (event.key === "j" || event.key === "k") event.preventDefault();
    else if (active === undefined) return;
    else if (event.key === "e") setPickingId(active.event.id);
    else if (event.key === "r") reply(active);
    else if (event.key === "t") openThread(active);
    else return;
    event.preventDefault();
  };
  const onUp = () => {
    const last = posts.findLast((post) => post.event.pubkey === own.pubkey);
    if (last !== undefined) feed.current?.focusPost(last.event.id);
  };

  return (
    <section className="timeline" aria-label={t.timeline}>
      {offlineSince === null ? null : (
        <div className="timeline-notice">
          <Notice
            kind="offline"
            actions={
              <Button
                size="small"
                onClick={() => {
                  useView.getState().openTab("connection");
                }}
              >
                {t.why}
              </Button>
            }
          >
            {t.noNetworkSince(clock(offlineSince, language))}
          </Notice>
        </div>
      )}
      {timeline?.error ? (
        <div className="timeline-notice">
          <ErrorNotice
            error={timeline.error}
            title={t.readFailed}
            actions={
              <Button
                size="small"
                onClick={() => void useTimeline.getState().open(name, 1, own.pubkey)}
              >
                {t.tryAgain}
              </Button>
            }
          />
        </div>
      ) : null}
      {timeline?.isLoaded !== true ? (
        <Placeholders isShown={timeline?.error == null} />
      ) : posts.length === 0 ? (
        <EmptyTimeline
          name={name}
          isAlone={topic.neighbours === 0}
          onWrite={() => composer.current?.focus()}
        />
      ) : (
        <>
          <Feed
            topic={name}
            keptSince={topic.complete_since}
            timeline={timeline}
            own={me}
            names={people.names}
            namesakes={people.namesakes}
            isOffline={topic.neighbours === 0}
            pending={pending}
            pickingId={pickingId}
            onPick={setPickingId}
            onReply={reply}
            onOpen={openThread}
            onKey={onKey}
            handle={feed}
          />
          <Announcer topic={name} posts={posts} />
        </>
      )}
      <Composer
        place={{ topic: name, root: null }}
        replyTo={null}
        placeholder={t.writeTo(isolated(name))}
        note={t.publicComposer}
        verb={t.post}
        names={people.names}
        fieldRef={composer}
        onPosted={() => void useTimeline.getState().toNewest(name)}
        onUp={onUp}
        onEscape={() => feed.current?.focusActive()}
      />
    </section>
  );
}
