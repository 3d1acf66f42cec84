// One key: what it holds, why, and every write that is known of it. Says what lost and by what.
import { useEffect, useRef, useState } from "react";
import { Copy, Pencil, Trash2, X } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { Button, IconButton } from "../../components/Button";
import { copyText } from "../../components/clipboard";
import { ErrorNotice } from "../../components/Notice";
import { Name } from "../../components/Name";
import { KnotSign } from "../../components/signs/KnotSign";
import { Strand } from "../../components/signs/Strand";
import { bytesOf, bytesSaid, visibleKey } from "../../domain/entry";
import { langOf } from "../../domain/language";
import { shortId, shortNpub } from "../../domain/names";
import { fullTime } from "../../domain/time";
import { lanesOfWrites } from "../../domain/writes";
import { useLanguage, useText } from "../../i18n";
import type { EntryView, TopicView } from "../../ipc/bindings";
import { change, holds, useEntry } from "../../stores/entry";
import { EntryKey } from "./EntryKey";
import { focusTable } from "./EntriesView";
import { clockInFull, clockSaid, fateOf, moment, whyOf } from "./sentences";
import { Value, valueInShort } from "./Value";
import { WriteLanes } from "./WriteLanes";

type PanelProps = { topic: TopicView; entryKey: string; own: string };

/** A key of this many characters does not fit into the head. */
const LONG_KEY = 32;

export function EntryPanel({ topic, entryKey, own }: PanelProps) {
  const t = useText();
  const { writes, hasMore, isLoading, error, wantsFocus } = useEntry();
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!wantsFocus) return;
    head.current?.focus();
    useEntry.getState().focused();
  }, [wantsFocus]);
  const [current, ...lost] = writes;
  const isHolding = current !== undefined && holds(current);
  const close = () => {
    useEntry.getState().close();
    focusTable();
  };
  return (
    <>
      <header className="head">
        <h2 ref={head} className="entry-title grow" tabIndex={-1}>
          <EntryKey name={entryKey} />
        </h2>
        {isHolding ? (
          <IconButton
            label={current.value === undefined ? t.entries.copyBase64 : t.entries.copyValue}
            onClick={() => void copyText(current.value ?? current.value_base64 ?? "")}
          >
            <Copy size={18} strokeWidth={1.75} />
          </IconButton>
        ) : null}
        <IconButton
          label={t.entries.edit}
          onClick={() => void change("entry", topic.name, entryKey)}
        >
          <Pencil size={18} strokeWidth={1.75} />
        </IconButton>
        {isHolding ? (
          <IconButton
            label={t.entries.remove}
            onClick={() => void change("delete-entry", topic.name, entryKey)}
          >
            <Trash2 size={18} strokeWidth={1.75} />
          </IconButton>
        ) : null}
        <IconButton label={t.close} onClick={close}>
          <X size={18} strokeWidth={1.75} />
        </IconButton>
      </header>
      <div className="panel-scroll panel-entry" aria-busy={isLoading} tabIndex={0}>
        {error === null ? null : (
          <section>
            <ErrorNotice
              error={error}
              title={t.entries.readFailed}
              actions={
                <Button size="small" onClick={() => void useEntry.getState().retry()}>
                  {t.tryAgain}
                </Button>
              }
            />
          </section>
        )}
        {current === undefined ? (
          isLoading || error !== null ? null : (
            <section>
              <p>{t.entries.neverWritten}</p>
            </section>
          )
        ) : (
          <>
            <section>
              {entryKey.length > LONG_KEY ? (
                <p className="entry-long-key selectable">
                  <bdi>{visibleKey(entryKey)}</bdi>
                </p>
              ) : null}
              <Value key={current.revision} write={current} />
              <Facts write={current} isOwn={current.author.pubkey === own} topic={topic} />
            </section>
            <Why writes={writes} own={own} isHolding={isHolding} />
            <History current={current} lost={lost} own={own} hasMore={hasMore} />
          </>
        )}
      </div>
    </>
  );
}

type FactsProps = { write: EntryView; isOwn: boolean; topic: TopicView };

function Facts({ write, isOwn, topic }: FactsProps) {
  const t = useText();
  const language = useLanguage();
  const words = t.entries.facts;
  const ends = write.expires_at === null ? null : Date.parse(write.expires_at);
  return (
    <dl className="entry-facts">
      <dt>{t.entries.columns.by}</dt>
      <dd className="entry-writer" title={clockInFull(write.clock, t, language)}>
        <Avatar pubkey={write.author.pubkey} size={16} />
        <Name author={write.author} />
        {moment(Date.parse(write.written_at), language)}
      </dd>
      {ends === null ? null : (
        <>
          <dt>{write.outcome === "deleted" ? words.ended : words.ends}</dt>
          <dd title={fullTime(ends, language)}>{moment(ends, language)}</dd>
        </>
      )}
      <dt>{words.size}</dt>
      <dd>{bytesSaid(bytesOf(write), t.entries.bytes)}</dd>
      {isOwn ? (
        <>
          <dt>{words.state}</dt>
          <dd>
            <Strand state={write.state} isOffline={topic.neighbours === 0} />
          </dd>
        </>
      ) : null}
    </dl>
  );
}

type WhyProps = { writes: readonly EntryView[]; own: string; isHolding: boolean };

function Why({ writes, own, isHolding }: WhyProps) {
  const t = useText();
  const language = useLanguage();
  const lanes = lanesOfWrites(writes);
  return (
    <section>
      <h3>{isHolding ? t.entries.why : t.entries.whyNothing}</h3>
      <p className="entry-why">
        {whyOf(writes, own, t, language).join(language === "ja" ? "" : " ")}
      </p>
      {lanes === null ? null : <WriteLanes lanes={lanes} />}
    </section>
  );
}

type HistoryProps = {
  current: EntryView;
  lost: readonly EntryView[];
  own: string;
  hasMore: boolean;
};

function History({ current, lost, own, hasMore }: HistoryProps) {
  const t = useText();
  const all = [current, ...lost];
  return (
    <section>
      <div className="entry-history-head">
        <h3>{t.entries.history}</h3>
        <span>{(hasMore ? t.entries.newestWrites : t.entries.writes)(all.length)}</span>
      </div>
      <ol className="writes">
        {all.map((write, index) => (
          <Write key={write.revision} write={write} greater={all[index - 1] ?? null} own={own} />
        ))}
      </ol>
      {hasMore ? (
        <Button size="small" onClick={() => void useEntry.getState().more()}>
          {t.entries.moreWrites}
        </Button>
      ) : null}
      <p className="entry-kept">{t.entries.kept}</p>
    </section>
  );
}

type WriteProps = { write: EntryView; greater: EntryView | null; own: string };

function Write({ write, greater, own }: WriteProps) {
  const t = useText();
  const language = useLanguage();
  const [isOpen, setOpen] = useState(false);
  const fate = greater === null ? null : fateOf(write, greater, own, t);
  const short = valueInShort(write, t);
  const isOwn = write.author.pubkey === own;
  const arrived = isOwn
    ? t.entries.madeHere
    : t.entries.arrived(moment(Date.parse(write.received_at), language));
  return (
    <li className={fate === null ? "write" : "write write-lost"}>
      <KnotSign kind={fate === null ? "done" : fate.isClose ? "not-found" : "waiting"} />
      <div className="grow">
        <div className="write-head">
          <Avatar pubkey={write.author.pubkey} size={16} />
          <Name author={write.author} />
          <span className="key">{shortNpub(write.author.npub)}</span>
          <span className="grow" />
          <span className={fate === null ? "chip chip-accent" : "chip chip-neutral"}>
            {fate === null ? t.entries.counts : fate.chip}
          </span>
        </div>
        {isOpen ? (
          <Value write={write} />
        ) : (
          <button
            type="button"
            className="write-value"
            aria-expanded={false}
            onClick={() => {
              setOpen(true);
            }}
          >
            <bdi className="ellipsis" lang={langOf(short, language)}>
              {short}
            </bdi>
          </button>
        )}
        {fate === null ? null : <p className="write-reason">{fate.reason}</p>}
        <p className="write-clock" title={clockInFull(write.clock, t, language)}>
          {clockSaid(write.clock, language)}
          {t.between}
          {arrived}
          {t.between}
          <span title={write.revision}>{t.entries.id(shortId(write.revision))}</span>
        </p>
      </div>
    </li>
  );
}
