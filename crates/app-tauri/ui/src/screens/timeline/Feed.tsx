// The posts of a topic as a feed: only what is near the screen is in the document. Stays at the end
// while the reader is there, and never moves what he reads otherwise.
import {
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type Ref,
} from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { Button } from "../../components/Button";
import { isolated } from "../../domain/names";
import { continues, estimatedHeight, isGone, writtenAt } from "../../domain/post";
import { clock, dayName, dayOf, shortDay } from "../../domain/time";
import { reachesNewest } from "../../domain/window";
import { useLanguage, useText } from "../../i18n";
import type { PostView } from "../../ipc/bindings";
import { useTimeline, type Timeline } from "../../stores/timeline";
import { Row, type RowProps } from "./Row";

/** Posts before the edge of what is held at which more are read. */
const NEAR = 30;
/** Pixels from the end within which the reader is at the end. */
const END_PX = 48;

export type FeedHandle = {
  /** Scrolls to a post and gives it the focus. */
  focusPost: (id: string) => void;
  focusActive: () => void;
};

type FeedProps = Pick<
  RowProps,
  "own" | "names" | "namesakes" | "isOffline" | "onReply" | "onOpen"
> & {
  topic: string;
  /** What was posted before is not kept on this device. */
  keptSince: string | null;
  timeline: Timeline;
  pending: ReadonlySet<string>;
  pickingId: string | null;
  onPick: (id: string | null) => void;
  onKey: (event: React.KeyboardEvent, active: PostView | undefined) => void;
  handle: Ref<FeedHandle>;
};

type Edge = { isNewDay: boolean; isContinued: boolean };

/** How each post follows the one above it; found out when it is first asked for. */
function edgesOf(
  posts: readonly PostView[],
  firstUnread: string | undefined,
): (index: number) => Edge {
  const known: Edge[] = [];
  const find = (index: number): Edge => {
    const post = posts[index];
    const above = posts[index - 1];
    if (post === undefined || above === undefined) return { isNewDay: true, isContinued: false };
    const isNewDay = dayOf(writtenAt(post)) !== dayOf(writtenAt(above));
    const isFirstUnread = post.event.id === firstUnread;
    return { isNewDay, isContinued: !isNewDay && !isFirstUnread && continues(post, above) };
  };
  return (index) => (known[index] ??= find(index));
}

/** The mark of the first timeline in `performance`. */
const SHOWN_MARK = "kukuri:timeline";

export function Feed(props: FeedProps) {
  const { topic, timeline, pending, pickingId } = props;
  const t = useText();
  const language = useLanguage();
  const scroller = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useState<string | null>(null);
  const [now] = useState(() => Date.now());
  const { older, newer, follow, toNewest, leavePlace } = useTimeline.getState();
  const { window: held, divider, isFollowing } = timeline;
  const posts = useMemo(
    () =>
      held.posts.some((post) => isGone(post, now))
        ? held.posts.filter((post) => !isGone(post, now))
        : held.posts,
    [held.posts, now],
  );

  const wantsEnd = isFollowing && reachesNewest(held);
  const edgeOf = useMemo(() => edgesOf(posts, divider?.before), [posts, divider?.before]);
  const getItemKey = useCallback((index: number) => posts[index]?.event.id ?? index, [posts]);
  const virtualizer = useVirtualizer({
    count: posts.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => {
      const post = posts[index];
      return post === undefined ? 60 : estimatedHeight(post, continues(post, posts[index - 1]));
    },
    getItemKey,
    overscan: 8,
    paddingStart: 32,
    paddingEnd: 12,
    scrollPaddingStart: 96,
    anchorTo: "end",
    followOnAppend: wantsEnd,
    scrollEndThreshold: END_PX,
    useFlushSync: false,
    // Rows are moved and the feed is made longer without rendering anew: each step of a scroll
    // measures rows, and would render once more for it.
    directDomUpdates: true,
    directDomUpdatesMode: "position",
  });

  // Where the timeline opens: where it was left, at the first unread post, or at the end, which is
  // also where whoever has posted meanwhile wants to be.
  const begin = useRef({ place: timeline.place, divider: isFollowing ? null : divider });
  useLayoutEffect(() => {
    const { place, divider: first } = begin.current;
    const indexOf = (id: string | undefined) => posts.findIndex((post) => post.event.id === id);
    const placed = indexOf(place?.id);
    const unread = indexOf(first?.before);
    if (placed >= 0) virtualizer.scrollToIndex(placed, { align: "start" });
    else if (unread >= 0) virtualizer.scrollToIndex(unread, { align: "start" });
    else virtualizer.scrollToEnd();
    // Only when it opens; afterwards the reader decides.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const items = virtualizer.getVirtualItems();

  // More is read when the reader comes near an end. One page for each movement, so that a page that
  // does not move the reader away from the end cannot start a flood.
  const hasMoved = useRef(false);
  const readMore = useCallback(() => {
    const element = scroller.current;
    if (element === null || !hasMoved.current) return;
    const first = virtualizer.getVirtualItemForOffset(element.scrollTop);
    const last = virtualizer.getVirtualItemForOffset(element.scrollTop + element.clientHeight);
    const isNearFirst = first !== undefined && first.index < NEAR;
    const isNearLast = last !== undefined && last.index > virtualizer.options.count - NEAR;
    if (!isNearFirst && !isNearLast) return;
    hasMoved.current = false;
    if (isNearFirst) void older(topic);
    if (isNearLast) void newer(topic);
  }, [virtualizer, topic, older, newer]);
  useEffect(() => {
    if (timeline.loading === null) readMore();
  }, [timeline.loading, readMore]);

  // Whoever wants to be at the end is taken there, by the button or by an own post.
  useEffect(() => {
    if (wantsEnd && !virtualizer.isAtEnd()) virtualizer.scrollToEnd();
  }, [wantsEnd, virtualizer]);

  // A window or a composer that grows must not push the newest post out of sight.
  const following = useRef(isFollowing);
  following.current = isFollowing;
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      if (following.current) virtualizer.scrollToEnd();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [virtualizer]);

  const shown = useRef({ id: "", offset: 0 });
  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight <= END_PX;
    follow(topic, isAtEnd && reachesNewest(held));
    const top = virtualizer.getVirtualItemForOffset(element.scrollTop + 96);
    if (top !== undefined) shown.current = { id: String(top.key), offset: 0 };
    hasMoved.current = true;
    readMore();
  };
  useEffect(
    () => () => {
      leavePlace(topic, following.current || shown.current.id === "" ? null : shown.current);
    },
    [topic, leavePlace],
  );

  // Whoever measures the start (`cargo xtask bench window`) finds here when the posts were shown.
  useEffect(() => {
    if (performance.getEntriesByName(SHOWN_MARK).length === 0) performance.mark(SHOWN_MARK);
  }, []);

  const focusPost = (id: string) => {
    const index = posts.findIndex((post) => post.event.id === id);
    if (index < 0) return;
    setActiveId(id);
    const isInView = () => scroller.current?.querySelector<HTMLElement>(`[data-id="${id}"]`);
    if (isInView() == null) virtualizer.scrollToIndex(index, { align: "center" });
    let tries = 0;
    const focus = () => {
      const element = isInView();
      tries += 1;
      if (element == null && tries < 20) requestAnimationFrame(focus);
      element?.focus({ preventScroll: true });
      element?.scrollIntoView({ block: "nearest" });
    };
    focus();
  };
  const lastId = posts.at(-1)?.event.id ?? null;
  const current = activeId ?? lastId;
  const step = (by: number) => {
    const at = posts.findIndex((post) => post.event.id === current);
    const next = posts[Math.min(Math.max(at + by, 0), posts.length - 1)];
    if (next !== undefined) focusPost(next.event.id);
  };
  useImperativeHandle(props.handle, () => ({
    focusPost,
    focusActive: () => {
      if (current !== null) focusPost(current);
    },
  }));

  return (
    <div className="feed-frame">
      <div
        ref={scroller}
        className="feed-scroll"
        onScroll={onScroll}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") step(1);
          else if (event.key === "ArrowUp") step(-1);
          else if (event.key === "j" || event.key === "k") {
            props.onKey(event, undefined);
            if (!event.defaultPrevented) return;
            step(event.key === "j" ? 1 : -1);
            return;
          } else {
            props.onKey(
              event,
              posts.find((post) => post.event.id === current),
            );
            return;
          }
          event.preventDefault();
        }}
      >
        <div
          ref={virtualizer.containerRef}
          className="feed"
          role="feed"
          aria-label={t.timelineOf(isolated(topic))}
          aria-busy={timeline.loading !== null}
        >
          {items.map((item) => {
            const post = posts[item.index];
            if (post === undefined) return null;
            const { isNewDay, isContinued } = edgeOf(item.index);
            const { id } = post.event;
            return (
              <div
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                className="feed-row"
              >
                {item.index === 0 && !held.hasOlder && props.keptSince !== null ? (
                  <p className="feed-beginning">
                    {t.keptSince(shortDay(Date.parse(props.keptSince), now, language))}
                  </p>
                ) : null}
                <Row
                  topic={topic}
                  post={post}
                  own={props.own}
                  names={props.names}
                  namesakes={props.namesakes}
                  isOffline={props.isOffline}
                  day={isNewDay ? dayName(writtenAt(post), now, language) : null}
                  news={
                    divider?.before === id
                      ? t.newSince(divider.count, clock(divider.since, language))
                      : null
                  }
                  isContinued={isContinued}
                  isActive={current === id}
                  isLeaving={pending.has(id)}
                  isPicking={pickingId === id}
                  position={item.index + 1}
                  onPick={props.onPick}
                  onReply={props.onReply}
                  onOpen={props.onOpen}
                  onActive={setActiveId}
                />
              </div>
            );
          })}
        </div>
      </div>
      {wantsEnd ? null : (
        <div className="below">
          <Button
            size="small"
            icon={<ArrowDown size={14} strokeWidth={2} aria-hidden="true" />}
            onClick={() => {
              void toNewest(topic);
            }}
          >
            {timeline.unseen > 0 ? t.newBelow(timeline.unseen) : t.toNewest}
          </Button>
        </div>
      )}
    </div>
  );
}
