// The keys and values of a topic as a table: only what is near the screen is in the document, and
// what is read does not move while keys come in above it.
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Binary, Hourglass, Trash2 } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { isTyping } from "../../components/focus";
import { Name } from "../../components/Name";
import { bytesSaid, isGoneAt, visibleKey, type EntryRow } from "../../domain/entry";
import { placeOf } from "../../domain/entries";
import { langOf } from "../../domain/language";
import { isolated } from "../../domain/names";
import { fullTime } from "../../domain/time";
import { useLanguage, useText, type Text } from "../../i18n";
import { change, useEntry } from "../../stores/entry";
import { useEntries } from "../../stores/entries";
import { EntryKey } from "./EntryKey";
import { brief, moment } from "./sentences";
import { inOneLine } from "./Value";

const ROW_PX = 40;
/** The names of the columns, which stay in sight. */
const HEAD_PX = 32;
/** Rows before the last one at which more are read. */
const NEAR = 100;

type TableProps = {
  topic: string;
  own: string;
  rows: readonly EntryRow[];
  /** Whether there are more than these. */
  hasMore: boolean;
  now: number;
  isAlone: boolean;
  chosen: string | null;
  onFilter: () => void;
};

export function EntryTable(props: TableProps) {
  const { topic, rows, chosen, hasMore } = props;
  const t = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(chosen);
  const { more, leave } = useEntries.getState();
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    scrollMargin: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
    initialOffset: useEntries.getState().scrolled,
    useFlushSync: false,
  });
  const items = virtualizer.getVirtualItems();

  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && lastShown >= rows.length - NEAR) void more();
  }, [hasMore, lastShown, rows.length, more]);

  // The row at the top keeps its place when keys come or go above it.
  const top = useRef<{ key: string; offset: number } | null>(null);
  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    const at = Math.floor(element.scrollTop / ROW_PX);
    const row = rows[at];
    const offset = element.scrollTop - at * ROW_PX;
    top.current = row === undefined || element.scrollTop === 0 ? null : { key: row.key, offset };
  };
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || top.current === null) return;
    const wanted = placeOf(rows, top.current.key).at * ROW_PX + top.current.offset;
    if (Math.abs(wanted - element.scrollTop) >= 1) element.scrollTop = wanted;
  }, [rows]);
  useEffect(() => {
    const element = scroller.current;
    return () => {
      leave(element?.scrollTop ?? 0);
    };
  }, [leave]);

  const held = active !== null && placeOf(rows, active).isHeld ? active : (rows[0]?.key ?? null);
  const focus = (index: number) => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row === undefined) return;
    setActive(row.key);
    virtualizer.scrollToIndex(placeOf(rows, row.key).at, { align: "auto" });
    let tries = 0;
    const reach = () => {
      const found = [...(scroller.current?.querySelectorAll<HTMLElement>(".entry-row") ?? [])];
      const element = found.find((one) => one.dataset["key"] === row.key);
      tries += 1;
      if (element === undefined && tries < 20) requestAnimationFrame(reach);
      else element?.focus({ preventScroll: true });
    };
    reach();
  };
  const page = () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PX) - 1);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (held === null) return;
    const at = placeOf(rows, held).at;
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page(),
      PageUp: at - page(),
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) focus(to);
    else if (event.key === "Enter") void useEntry.getState().open(topic, held, true);
    else if (event.key === "F2") void change("entry", topic, held);
    else if (event.key === "Delete") void change("delete-entry", topic, held);
    else if (event.key === "/") props.onFilter();
    else return;
    event.preventDefault();
  };
  const columns = t.entries.columns;
  return (
    <div
      className="entries-grid"
      role="grid"
      aria-label={t.entries.of(isolated(topic))}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      onKeyDown={onKeyDown}
    >
      <div ref={scroller} className="entries-scroll" role="presentation" onScroll={onScroll}>
        <div role="rowgroup" className="entries-head">
          <div role="row" aria-rowindex={1} className="entry-cells">
            <span role="columnheader">{columns.key}</span>
            <span role="columnheader">{columns.value}</span>
            <span role="columnheader">{columns.by}</span>
            <span role="columnheader" className="entry-state">
              {columns.state}
            </span>
            <span role="columnheader" className="entry-time">
              {columns.changed}
            </span>
          </div>
        </div>
        <div
          role="rowgroup"
          className="entries-rows"
          style={{ height: `${String(virtualizer.getTotalSize())}px` }}
        >
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <Row
                key={row.key}
                topic={topic}
                row={row}
                index={item.index}
                isOwn={row.author.pubkey === props.own}
                isGone={isGoneAt(row, props.now)}
                now={props.now}
                isAlone={props.isAlone}
                isChosen={chosen === row.key}
                isActive={held === row.key}
                onActive={setActive}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

type RowProps = {
  topic: string;
  row: EntryRow;
  index: number;
  isOwn: boolean;
  isGone: boolean;
  now: number;
  isAlone: boolean;
  isChosen: boolean;
  isActive: boolean;
  onActive: (key: string) => void;
};

const Row = memo(function Row(props: RowProps) {
  const { topic, row, index, isGone, now } = props;
  const t = useText();
  const language = useLanguage();
  const place = useMemo(() => ({ transform: `translateY(${String(index * ROW_PX)}px)` }), [index]);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={props.isChosen}
      tabIndex={props.isActive ? 0 : -1}
      className={isGone ? "entry-cells entry-row entry-gone" : "entry-cells entry-row"}
      data-key={row.key}
      style={place}
      onFocus={() => {
        props.onActive(row.key);
      }}
      onClick={() => {
        void useEntry.getState().open(topic, row.key);
      }}
    >
      <span role="gridcell">
        <EntryKey name={row.key} />
      </span>
      <span role="gridcell" className="entry-short">
        <Short row={row} isGone={isGone} now={now} />
      </span>
      <span role="gridcell" className="entry-by">
        <Avatar pubkey={row.author.pubkey} size={16} />
        <Name author={row.author} />
      </span>
      <span role="gridcell" className="entry-state ellipsis">
        {stateOf(row, props.isOwn, props.isAlone, t)}
      </span>
      <span role="gridcell" className="entry-time" title={fullTime(row.writtenAt, language)}>
        {brief(row.writtenAt, language, now)}
      </span>
    </div>
  );
});

/** The value, as far as there is room, and until when it holds. */
function Short({ row, isGone, now }: { row: EntryRow; isGone: boolean; now: number }) {
  const t = useText();
  const language = useLanguage();
  if (isGone) {
    const Icon = row.kind === "deleted" ? Trash2 : Hourglass;
    return (
      <>
        <Icon size={14} strokeWidth={2} aria-hidden="true" />
        <span className="ellipsis">
          {row.kind === "deleted" ? t.entries.deleted : t.entries.expired}
        </span>
      </>
    );
  }
  return (
    <>
      {row.kind === "binary" ? (
        <>
          <Binary size={14} strokeWidth={2} aria-hidden="true" />
          <span className="ellipsis">
            {t.entries.binary(bytesSaid(row.bytes, t.entries.bytes))}
          </span>
        </>
      ) : row.bytes === 0 ? (
        <span className="ellipsis">{t.entries.emptyValue}</span>
      ) : (
        <bdi className="entry-preview ellipsis" lang={langOf(row.preview, language)}>
          {inOneLine(row.preview)}
        </bdi>
      )}
      {row.expiresAt === null ? null : (
        <span className="entry-until" title={t.entries.until(fullTime(row.expiresAt, language))}>
          <Hourglass size={12} strokeWidth={2} aria-hidden="true" />
          {t.entries.until(moment(row.expiresAt, language, now))}
        </span>
      )}
    </>
  );
}

/** How far the write has come, in two or three words. */
function stateOf({ state }: EntryRow, isOwn: boolean, isAlone: boolean, t: Text): string {
  if (state.held_by > 0) return t.heldBy(state.held_by);
  if (state.sent_to > 0) return t.sentTo(state.sent_to);
  return isOwn && isAlone ? t.entries.states.waits : t.entries.states.here;
}

/** Names a key in a sentence. */
export const keySaid = (key: string): string => isolated(visibleKey(key));
