// Writes a key, under the condition that it still holds what was shown. If somebody was faster, it
// says what is there now and lets the person decide; what was typed stays.
import { useEffect, useRef, useState } from "react";
import { ChevronDown } from "lucide-react";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { isComposing } from "../../components/focus";
import { ErrorNotice, Notice } from "../../components/Notice";
import {
  bytesOf,
  bytesSaid,
  KEY_BYTES_MAX,
  utf8Length,
  VALUE_BYTES_MAX,
  visibleKey,
} from "../../domain/entry";
import { useLanguage, useText } from "../../i18n";
import { meaningOf } from "../../i18n/errors";
import type { AppError, EntryView } from "../../ipc/bindings";
import { useOwn } from "../../stores/app";
import { holds, unchanged, useEntry, writeEntry } from "../../stores/entry";
import { moment, personOf } from "./sentences";
import { keySaid } from "./EntryTable";
import { Value } from "./Value";

const HOUR_MS = 3_600_000;
const LASTS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, month: 720 * HOUR_MS };
type Ends = "never" | "keep" | keyof typeof LASTS;
const ENDS: readonly Ends[] = ["never", "keep", "hour", "day", "week", "month"];

type EntryDialogProps = {
  topic: string;
  entryKey: string;
  base: EntryView | null;
  onClose: () => void;
};

export function EntryDialog({ topic, entryKey, base, onClose }: EntryDialogProps) {
  const t = useText();
  const language = useLanguage();
  const words = t.entries;
  const before = base !== null && holds(base) ? base : null;
  const isNew = base === null;
  const [key, setKey] = useState(entryKey);
  const [text, setText] = useState(before?.value ?? "");
  const endsBefore = before?.expires_at == null ? null : Date.parse(before.expires_at);
  const [ends, setEnds] = useState<Ends>(endsBefore === null ? "never" : "keep");
  const [isTouched, setTouched] = useState(false);
  const [complaint, setComplaint] = useState<{ of: "key" | "value"; text: string } | null>(null);
  const [error, setError] = useState<AppError | null>(null);
  const [changed, setChanged] = useState<{ current: EntryView | null } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const bytes = utf8Length(text);
  const isBinary = before?.value_base64 !== undefined;

  // The focus never gets lost with a button that goes.
  const field = useRef<HTMLTextAreaElement>(null);
  const stay = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isLeaving) stay.current?.focus();
  }, [isLeaving]);
  const leave = () => {
    if (isTouched && !isLeaving) setLeaving(true);
    else onClose();
  };
  const write = async () => {
    if (isBusy) return;
    const keyBytes = utf8Length(key);
    if (key === "") setComplaint({ of: "key", text: words.keyMissing });
    else if (keyBytes > KEY_BYTES_MAX)
      setComplaint({ of: "key", text: words.keyTooLong(keyBytes) });
    else if (bytes > VALUE_BYTES_MAX)
      setComplaint({ of: "value", text: words.valueTooLong(bytesSaid(bytes, words.bytes)) });
    else if (isBinary && !isTouched) setComplaint({ of: "value", text: words.typeFirst });
    else {
      setBusy(true);
      const ttl = ends === "never" ? null : ends === "keep" ? remaining(endsBefore) : LASTS[ends];
      const written = await writeEntry(topic, {
        key,
        value: text,
        ...(ttl === null ? {} : { ttl_ms: ttl }),
        only_if: unchanged(changed === null ? base : changed.current),
      });
      setBusy(false);
      if (written.kind === "done") {
        void useEntry.getState().open(topic, key);
        onClose();
      }
      setError(written.kind === "failed" ? written.error : null);
      if (written.kind === "changed") setChanged({ current: written.current });
    }
  };
  const touched = () => {
    setTouched(true);
    setComplaint(null);
    setLeaving(false);
  };
  return (
    <Dialog
      title={isNew ? words.addTitle : words.editTitle}
      onClose={leave}
      footer={
        isLeaving ? (
          <>
            <span className="grow" role="alert">
              {words.discardAsk}
            </span>
            <Button look="danger" onClick={onClose}>
              {words.discard}
            </Button>
            <Button
              ref={stay}
              onClick={() => {
                setLeaving(false);
                field.current?.focus();
              }}
            >
              {words.goOn}
            </Button>
          </>
        ) : (
          <>
            <Button onClick={changed === null ? leave : onClose}>
              {changed === null ? t.cancel : words.keepTheirs}
            </Button>
            <Button look="main" aria-busy={isBusy} onClick={() => void write()}>
              {changed === null ? words.write : words.writeOver}
            </Button>
          </>
        )
      }
    >
      <form
        className="entry-form"
        onSubmit={(event) => {
          event.preventDefault();
          void write();
        }}
        onKeyDown={(event) => {
          if (isComposing(event.nativeEvent)) return;
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void write();
          }
        }}
      >
        {error === null ? null : (
          <ErrorNotice error={error} title={words.notWritten(meaningOf(error, language))} />
        )}
        {changed === null ? null : <Changed current={changed.current} text={words.decide} />}
        {isNew ? (
          <>
            <label className="setting-label" htmlFor="entry-key">
              {words.key}
            </label>
            <input
              id="entry-key"
              className="input entry-input"
              data-first-focus
              value={key}
              dir="auto"
              spellCheck={false}
              autoComplete="off"
              aria-invalid={complaint?.of === "key"}
              aria-describedby="entry-key-help"
              onChange={(event) => {
                setKey(event.target.value);
                setChanged(null);
                touched();
              }}
            />
            <p
              id="entry-key-help"
              className={complaint?.of === "key" ? "help help-error" : "help"}
              {...(complaint?.of === "key" ? { role: "alert" } : {})}
            >
              {complaint?.of === "key" ? complaint.text : words.keyHelp}
            </p>
          </>
        ) : (
          <p className="entry-long-key selectable">
            <bdi>{visibleKey(entryKey)}</bdi>
          </p>
        )}
        <label className="setting-label" htmlFor="entry-text">
          {words.value}
        </label>
        <textarea
          ref={field}
          id="entry-text"
          className="input input-lines"
          rows={6}
          value={text}
          dir="auto"
          spellCheck={false}
          aria-invalid={complaint?.of === "value"}
          aria-describedby="entry-text-help"
          {...(isNew ? {} : { "data-first-focus": true })}
          onChange={(event) => {
            setText(event.target.value);
            touched();
          }}
        />
        <p
          id="entry-text-help"
          className={complaint?.of === "value" ? "help help-error" : "help"}
          {...(complaint?.of === "value" ? { role: "alert" } : {})}
        >
          {complaint?.of === "value"
            ? complaint.text
            : isBinary && !isTouched && before !== null
              ? words.binaryReplaced(bytesSaid(bytesOf(before), words.bytes))
              : words.valueHelp(bytesSaid(bytes, words.bytes))}
        </p>
        <label className="setting-label" htmlFor="entry-ends">
          {words.ends}
        </label>
        <span className="entry-select">
          <select
            id="entry-ends"
            className="input"
            value={ends}
            onChange={(event) => {
              setEnds(ENDS.find((one) => one === event.target.value) ?? "never");
              touched();
            }}
          >
            {ENDS.filter((one) => one !== "keep" || endsBefore !== null).map((one) => (
              <option key={one} value={one}>
                {one === "keep"
                  ? words.endsAt.keep(moment(endsBefore ?? 0, language))
                  : words.endsAt[one]}
              </option>
            ))}
          </select>
          <ChevronDown size={14} strokeWidth={2} aria-hidden="true" />
        </span>
      </form>
    </Dialog>
  );
}

/** At least a moment: a value that has ended meanwhile is not made to hold for ever. */
const remaining = (end: number | null) => (end === null ? null : Math.max(1, end - Date.now()));

/** What the key holds now, instead of what was shown. */
function Changed({ current, text }: { current: EntryView | null; text: string }) {
  const t = useText();
  const language = useLanguage();
  const own = useOwn();
  const words = t.entries;
  const by = current === null ? null : personOf(current.author, own?.pubkey ?? "", t);
  const time = current === null ? "" : moment(Date.parse(current.written_at), language);
  return (
    <Notice kind="warn" isAlert>
      <strong>{words.changedTitle}</strong>
      {current === null || by === null ? (
        <p>{words.nothingThere}</p>
      ) : holds(current) ? (
        <>
          <p>{words.changedBy(by, time)}</p>
          <Value key={current.revision} write={current} />
        </>
      ) : current.value === undefined && current.value_base64 === undefined ? (
        <p>{words.deletedBy(by, time)}</p>
      ) : (
        <p>{words.expiredNow}</p>
      )}
      <p className="notice-text">{text}</p>
    </Notice>
  );
}

type DeleteProps = { topic: string; base: EntryView; onClose: () => void };

/** Asks before a key is deleted, and deletes what was shown and nothing newer. */
export function DeleteEntryDialog({ topic, base, onClose }: DeleteProps) {
  const t = useText();
  const words = t.entries;
  const [error, setError] = useState<AppError | null>(null);
  const [changed, setChanged] = useState<{ current: EntryView | null } | null>(null);
  const current = changed === null ? base : changed.current;
  const isThere = current !== null && holds(current);
  const remove = async () => {
    if (!isThere) return;
    const only_if = { revision: current.revision };
    const written = await writeEntry(topic, { key: base.key, only_if });
    if (written.kind === "done") onClose();
    setError(written.kind === "failed" ? written.error : null);
    if (written.kind === "changed") setChanged({ current: written.current });
  };
  return (
    <Dialog
      isNarrow
      title={words.deleteTitle(keySaid(base.key))}
      onClose={onClose}
      footer={
        <>
          <Button data-first-focus onClick={onClose}>
            {changed === null ? t.cancel : isThere ? words.keepTheirs : t.close}
          </Button>
          {isThere ? (
            <Button look="danger" onClick={() => void remove()}>
              {changed === null ? words.deleteDo : words.deleteAnyway}
            </Button>
          ) : null}
        </>
      }
    >
      {changed === null ? null : (
        <Changed current={changed.current} text={isThere ? words.decideDelete : ""} />
      )}
      <p className="dialog-text">{words.deleteText}</p>
      {error === null ? null : <ErrorNotice error={error} title={words.notDeleted} />}
    </Dialog>
  );
}
