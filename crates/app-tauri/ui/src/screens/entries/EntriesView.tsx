// The entries of the topic on screen: a filter, the table, and how much of it was read.
import { useEffect, useMemo, useRef, useState } from "react";
import { Plus, Search, X } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { isComposing } from "../../components/focus";
import { ErrorNotice } from "../../components/Notice";
import { KnotSign } from "../../components/signs/KnotSign";
import {
  beginningsOf,
  isGoneAt,
  visibleKey,
  KEY_BYTES_MAX,
  type EntryRow,
} from "../../domain/entry";
import { nextEnd } from "../../domain/entries";
import { isolated } from "../../domain/names";
import { grouped } from "../../domain/time";
import { useText } from "../../i18n";
import type { AuthorView, TopicView } from "../../ipc/bindings";
import { useEntry } from "../../stores/entry";
import { useEntries } from "../../stores/entries";
import { useView } from "../../stores/view";
import { Placeholders } from "../timeline/Placeholders";
import { EntryTable } from "./EntryTable";

const BEGINNINGS_MAX = 3;
/** The time, as far as it matters: from one end of a value, or of a day, to the next. */
function useNow(rows: readonly EntryRow[]): number {
  const [now, setNow] = useState(() => Date.now());
  const end = useMemo(
    () => Math.min(nextEnd(rows, now) ?? Infinity, new Date(now).setHours(24, 0, 0, 0)),
    [rows, now],
  );
  useEffect(() => {
    const timer = setTimeout(
      () => {
        setNow(Date.now());
      },
      Math.max(end - Date.now(), 0),
    );
    return () => {
      clearTimeout(timer);
    };
  }, [end, now]);
  return now;
}

export function EntriesView({ topic, own }: { topic: TopicView; own: AuthorView }) {
  const t = useText();
  const { name } = topic;
  const store = useEntries();
  const chosen = useEntry((entry) => (entry.topic === name ? entry.key : null));
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    void useEntries.getState().open(name);
  }, [name]);
  const isHere = store.topic === name;
  const { list, filter, isGoneShown, error } = store;
  const isLoaded = isHere && store.isLoaded;
  const now = useNow(list.rows);
  const goneCount = useMemo(
    () => list.rows.reduce((count, row) => count + (isGoneAt(row, now) ? 1 : 0), 0),
    [list.rows, now],
  );
  const rows = useMemo(
    () =>
      isGoneShown || goneCount === 0 ? list.rows : list.rows.filter((row) => !isGoneAt(row, now)),
    [list.rows, isGoneShown, goneCount, now],
  );
  const add = () => {
    useView.getState().setOverlay({ kind: "entry", topic: name, key: filter, base: null });
  };
  const hasMore = list.next !== null;
  return (
    <section className="entries" aria-label={t.entriesTab}>
      <div className="entries-tools">
        <div className="search-field entries-filter">
          <Search size={16} strokeWidth={1.75} aria-hidden="true" />
          <input
            ref={field}
            value={filter}
            placeholder={t.entries.filter}
            aria-label={t.entries.filter}
            maxLength={KEY_BYTES_MAX}
            spellCheck={false}
            dir="auto"
            onChange={(event) => {
              store.setFilter(event.target.value);
            }}
            onKeyDown={(event) => {
              if (isComposing(event.nativeEvent)) return;
              if (event.key === "Escape" && filter !== "") store.setFilter("");
              else if (event.key === "ArrowDown" || event.key === "Enter") focusTable();
              else return;
              event.preventDefault();
              event.stopPropagation();
            }}
          />
          {filter === "" ? null : (
            <IconButton
              label={t.entries.clearFilter}
              onClick={() => {
                store.setFilter("");
                field.current?.focus();
              }}
            >
              <X size={14} strokeWidth={2} />
            </IconButton>
          )}
        </div>
        <Beginnings
          rows={rows}
          prefix={list.prefix}
          isComplete={!hasMore}
          onChoose={(beginning) => {
            store.setFilter(beginning);
            field.current?.focus();
          }}
        />
        {goneCount === 0 ? null : (
          <button
            type="button"
            className="scope"
            aria-pressed={isGoneShown}
            onClick={() => {
              store.showGone(!isGoneShown);
            }}
          >
            {t.entries.goneShown(goneCount)}
          </button>
        )}
        <span className="grow" />
        <Button
          look="main"
          icon={<Plus size={14} strokeWidth={2} aria-hidden="true" />}
          onClick={add}
        >
          {t.entries.add}
        </Button>
      </div>
      {error === null || !isHere ? null : (
        <div className="entries-error">
          <ErrorNotice
            error={error}
            title={t.entries.readFailed}
            actions={
              <Button size="small" onClick={() => void store.retry()}>
                {t.tryAgain}
              </Button>
            }
          />
        </div>
      )}
      {!isLoaded ? (
        <Placeholders isShown={error === null} />
      ) : rows.length === 0 && !hasMore ? (
        <Nothing topic={name} prefix={list.prefix} onAdd={add} />
      ) : (
        <EntryTable
          key={`${name}\n${list.prefix}`}
          topic={name}
          own={own.pubkey}
          rows={rows}
          hasMore={hasMore}
          now={now}
          isAlone={topic.neighbours === 0}
          chosen={chosen}
          onFilter={() => field.current?.focus()}
        />
      )}
      <footer className="entries-foot">
        <span className="grow" role="status">
          {!isLoaded
            ? ""
            : hasMore
              ? t.entries.keysSoFar(list.rows.length)
              : [t.entries.keys(list.rows.length), goneCount > 0 ? t.entries.gone(goneCount) : ""]
                  .filter((part) => part !== "")
                  .join(t.entries.between)}
        </span>
        {topic.in_step.length === 0 ? null : (
          <span className="entries-same">
            <KnotSign kind="done" />
            {t.entries.sameAs(topic.in_step.length)}
          </span>
        )}
      </footer>
    </section>
  );
}

/** To the row that is reached by Tab. */
export function focusTable(): void {
  document.querySelector<HTMLElement>('.entry-row[tabindex="0"]')?.focus();
}

type BeginningsProps = {
  rows: readonly EntryRow[];
  prefix: string;
  isComplete: boolean;
  onChoose: (beginning: string) => void;
};

/** The beginnings that most keys share. How many have one is only known of keys that were read. */
function Beginnings({ rows, prefix, isComplete, onChoose }: BeginningsProps) {
  const t = useText();
  const beginnings = useMemo(() => beginningsOf(rows, prefix, BEGINNINGS_MAX), [rows, prefix]);
  if (beginnings.length === 0) return null;
  return (
    <ul className="entries-beginnings">
      {beginnings.map(({ beginning, count }) => (
        <li key={beginning}>
          <button
            type="button"
            className="chip chip-neutral"
            onClick={() => {
              onChoose(beginning);
            }}
          >
            <bdi className="ellipsis">{visibleKey(beginning)}</bdi>
            {isComplete ? (
              <>
                {" "}
                <span aria-hidden="true">{grouped(count)}</span>
                <span className="hidden-text">{t.entries.keys(count)}</span>
              </>
            ) : null}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Nothing({ topic, prefix, onAdd }: { topic: string; prefix: string; onAdd: () => void }) {
  const t = useText();
  const isFiltered = prefix !== "";
  return (
    <div className="empty">
      <h2 className="heading">
        {isFiltered
          ? t.entries.nothingTitle(isolated(visibleKey(prefix)))
          : t.entries.emptyTitle(isolated(topic))}
      </h2>
      <p>{isFiltered ? t.entries.nothingText : t.entries.emptyText}</p>
      <div className="empty-actions">
        {isFiltered ? (
          <Button
            onClick={() => {
              useEntries.getState().setFilter("");
            }}
          >
            {t.entries.clearFilter}
          </Button>
        ) : (
          <Button onClick={onAdd}>{t.entries.addFirst}</Button>
        )}
      </div>
    </div>
  );
}
