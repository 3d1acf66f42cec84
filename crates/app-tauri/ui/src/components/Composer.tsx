// Where posts and replies are written. Keeps the draft, grows with it, and never posts while a
// word is being composed. An error stands in place and the text stays.
import { useLayoutEffect, useRef, useState, type Ref } from "react";
import { AtSign } from "lucide-react";
import { useLanguage, useText } from "../i18n";
import { meaningOf } from "../i18n/errors";
import * as ipc from "../ipc";
import type { PostView } from "../ipc/bindings";
import { draftKey, useDrafts, type Place } from "../stores/drafts";
import { useSettings } from "../stores/settings";
import { Button, IconButton } from "./Button";
import { isComposing } from "./focus";
import { Menu } from "./Menu";
import { ErrorNotice } from "./Notice";

type ComposerProps = {
  place: Place;
  replyTo: string | null;
  placeholder: string;
  note: string;
  verb: string;
  names: readonly string[];
  fieldRef: Ref<HTMLTextAreaElement>;
  onPosted?: (post: PostView) => void;
  onUp?: () => void;
  onEscape?: () => void;
};

export function Composer(props: ComposerProps) {
  const { place, replyTo, names } = props;
  const t = useText();
  const language = useLanguage();
  const key = draftKey(place);
  const text = useDrafts((store) => store.texts[key] ?? "");
  const error = useDrafts((store) => store.errors[key]);
  const isSending = useDrafts((store) => store.sending[key] === true);
  const enterPosts = useSettings((store) => store.settings.enter_posts);
  const { write, post } = useDrafts.getState();
  const [isMentioning, setMentioning] = useState(false);
  const [isEmptyTold, setEmptyTold] = useState(false);
  const field = useRef<HTMLTextAreaElement | null>(null);

  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = "auto";
    area.style.height = `${String(area.scrollHeight)}px`;
  }, [text]);

  const submit = async () => {
    if (text.trim() === "") {
      setEmptyTold(true);
      field.current?.focus();
      return;
    }
    const done = await post(place, replyTo);
    if (done !== null) props.onPosted?.(done);
    field.current?.focus();
  };
  const insert = (name: string) => {
    const area = field.current;
    const at = area?.selectionStart ?? text.length;
    const gap = at === 0 || /\s$/.test(text.slice(0, at)) ? "" : " ";
    write(place, `${text.slice(0, at)}${gap}@${name} ${text.slice(at)}`);
    area?.focus();
  };
  const title =
    error === undefined
      ? ""
      : error.code === "disk_full"
        ? t.notPosted.disk_full
        : `${t.notPosted.other}${language === "ja" ? "：" : ": "}${meaningOf(error, language)}`;
  return (
    <div className="composer-area">
      {error === undefined ? null : (
        <ErrorNotice
          error={error}
          title={title}
          text={error.code === "disk_full" ? t.notPostedMore.disk_full : t.notPostedMore.other}
          actions={
            error.code === "disk_full" || error.code === "read_only" ? (
              <Button size="small" onClick={() => void ipc.openDataFolder()}>
                {t.openDataFolder}
              </Button>
            ) : null
          }
        />
      )}
      <div className={error === undefined ? "composer" : "composer composer-failed"}>
        <textarea
          ref={(element) => {
            field.current = element;
            if (typeof props.fieldRef === "function") props.fieldRef(element);
            else if (props.fieldRef !== null) props.fieldRef.current = element;
          }}
          rows={1}
          value={text}
          placeholder={props.placeholder}
          aria-label={props.placeholder}
          dir="auto"
          onChange={(event) => {
            setEmptyTold(false);
            write(place, event.target.value);
          }}
          onKeyDown={(event) => {
            if (isComposing(event.nativeEvent)) return;
            if (
              event.key === "Enter" &&
              (event.ctrlKey || event.metaKey || (enterPosts && !event.shiftKey))
            ) {
              event.preventDefault();
              void submit();
            } else if (event.key === "ArrowUp" && text === "") {
              props.onUp?.();
            } else if (event.key === "Escape") {
              props.onEscape?.();
            }
          }}
        />
        <div className="composer-tools">
          <div className="anchor">
            <IconButton
              label={t.mention}
              aria-haspopup="menu"
              aria-expanded={isMentioning}
              onClick={() => {
                setMentioning(!isMentioning);
              }}
            >
              <AtSign size={18} strokeWidth={1.75} />
            </IconButton>
            {isMentioning ? (
              <Menu
                side="up"
                label={t.mention}
                items={
                  names.length === 0
                    ? [{ key: "", label: t.nobodyToMention, run: () => undefined }]
                    : names.slice(0, 8).map((name) => ({
                        key: name,
                        label: <bdi>{name}</bdi>,
                        run: () => {
                          insert(name);
                        },
                      }))
                }
                onClose={() => {
                  setMentioning(false);
                }}
              />
            ) : null}
          </div>
          <span className="composer-note ellipsis grow" role="status">
            {isEmptyTold
              ? t.emptyPost
              : noteOf(props.note, text === "" ? "" : t.draftKept, language)}
          </span>
          <kbd>{enterPosts ? "Enter" : "Ctrl Enter"}</kbd>
          <Button
            look={text.trim() === "" ? "quiet" : "main"}
            aria-busy={isSending}
            onClick={() => void submit()}
          >
            {error === undefined ? props.verb : t.postAgain}
          </Button>
        </div>
      </div>
    </div>
  );
}

const noteOf = (note: string, more: string, language: string) =>
  more === "" ? note : `${note}${language === "ja" ? "・" : " · "}${more}`;
