// The search: in the topic on screen or everywhere, with what matched marked. Nothing of it leaves
// this device.
import { useEffect, useRef } from "react";
import { Hash, Search, X } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { Button, IconButton } from "../../components/Button";
import { Name } from "../../components/Name";
import { ErrorNotice } from "../../components/Notice";
import { langOf } from "../../domain/language";
import { cleanText, isolated } from "../../domain/names";
import { writtenAt } from "../../domain/post";
import { highlighted } from "../../domain/segments";
import { clock, dayOf, duration, shortDay } from "../../domain/time";
import { useLanguage, useText } from "../../i18n";
import type { FoundView } from "../../ipc/bindings";
import { useSearch } from "../../stores/search";
import { useThread } from "../../stores/thread";
import { useTopics } from "../../stores/topics";
import { useView } from "../../stores/view";

export function SearchView() {
  const t = useText();
  const search = useSearch();
  const here = useView((store) => store.topic);
  const topics = useTopics((store) => store.topics);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const searched = topics
    .filter((topic) => search.topic === null || topic.name === search.topic)
    .reduce((sum, topic) => sum + topic.posts, 0);
  const open = (found: FoundView) => {
    search.choose(found.event.id);
    void useThread.getState().open(found.topic, found.reply?.root ?? found.event.id);
    useView.getState().setThread(true);
  };
  const isAsked = search.text.trim() !== "";
  return (
    <section className="search" role="search" aria-label={t.search}>
      <h1 className="hidden-text">{t.search}</h1>
      <div className="search-head">
        <div className="search-field">
          <Search size={16} strokeWidth={1.75} aria-hidden="true" />
          <input
            ref={field}
            value={search.text}
            placeholder={t.searchPlaceholder}
            aria-label={t.searchPlaceholder}
            maxLength={256}
            onChange={(event) => {
              search.setText(event.target.value);
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape" && !event.nativeEvent.isComposing) {
                useView.getState().backToTopic();
              }
            }}
          />
          {search.text === "" ? null : (
            <IconButton
              label={t.clear}
              onClick={() => {
                search.setText("");
                field.current?.focus();
              }}
            >
              <X size={16} strokeWidth={1.75} />
            </IconButton>
          )}
        </div>
        <IconButton
          label={t.close}
          onClick={() => {
            useView.getState().backToTopic();
          }}
        >
          <X size={18} strokeWidth={1.75} />
        </IconButton>
      </div>
      <div className="search-scopes" role="group" aria-label={t.search}>
        <Scope
          name={t.allTopics}
          isOn={search.topic === null}
          onChoose={() => {
            search.setTopic(null);
          }}
        />
        {here === null ? null : (
          <Scope
            name={
              <>
                <Hash size={14} strokeWidth={2} aria-hidden="true" />
                <bdi>{here}</bdi>
              </>
            }
            isOn={search.topic === here}
            onChoose={() => {
              search.setTopic(here);
            }}
          />
        )}
      </div>
      {search.error === null ? null : <ErrorNotice error={search.error} />}
      <p className="search-count" role="status">
        {isAsked && search.tookMs !== null && search.error === null
          ? t.searchedPosts(search.found.length, duration(search.tookMs), searched)
          : null}
      </p>
      {search.found.length > 0 ? (
        <div className="search-list">
          <ul>
            {search.found.map((found) => (
              <Found
                key={`${found.topic} ${found.event.id}`}
                found={found}
                isChosen={search.chosen === found.event.id}
                onOpen={open}
              />
            ))}
          </ul>
          {search.hasMore ? (
            <div className="search-more">
              <Button onClick={() => void search.more()}>{t.showMore}</Button>
            </div>
          ) : null}
        </div>
      ) : search.isSearching || search.error !== null ? null : (
        <div className="empty">
          <h2 className="heading">
            {isAsked && search.tookMs !== null
              ? t.searchNothing(isolated(search.text))
              : t.searchStart}
          </h2>
          <p>{isAsked && search.tookMs !== null ? t.searchNothingText : t.searchStartText}</p>
        </div>
      )}
    </section>
  );
}

type ScopeProps = { name: React.ReactNode; isOn: boolean; onChoose: () => void };

function Scope({ name, isOn, onChoose }: ScopeProps) {
  return (
    <button type="button" className="scope" aria-pressed={isOn} onClick={onChoose}>
      {name}
    </button>
  );
}

type FoundProps = { found: FoundView; isChosen: boolean; onOpen: (found: FoundView) => void };

function Found({ found, isChosen, onOpen }: FoundProps) {
  const t = useText();
  const language = useLanguage();
  const at = writtenAt(found);
  const now = Date.now();
  const time = clock(at, language);
  const when =
    dayOf(at) === dayOf(now) ? t.todayAt(time) : `${shortDay(at, now, language)} ${time}`;
  return (
    <li>
      <button
        type="button"
        className="found"
        aria-current={isChosen}
        onClick={() => {
          onOpen(found);
        }}
      >
        <Avatar pubkey={found.event.pubkey} size={24} />
        <span className="found-body">
          <span className="found-head">
            <Name author={found.author} />
            <span className="found-topic ellipsis">
              <Hash size={12} strokeWidth={2} aria-hidden="true" />
              <bdi>{found.topic}</bdi>
            </span>
            <time dateTime={new Date(at).toISOString()}>{when}</time>
          </span>
          <span className="found-text" dir="auto" lang={langOf(found.event.content, language)}>
            {excerpt(found).map((part, index) =>
              part.isMatch ? (
                <mark key={index}>{cleanText(part.text)}</mark>
              ) : (
                <span key={index}>{cleanText(part.text)}</span>
              ),
            )}
          </span>
        </span>
      </button>
    </li>
  );
}

const BEFORE = 40;
const LENGTH = 240;

/** The text around the first match, cut at Unicode characters. */
function excerpt(found: FoundView) {
  const first = found.matches[0]?.[0] ?? 0;
  const from = first > BEFORE * 2 ? first - BEFORE : 0;
  const text = [...found.event.content].slice(from, from + LENGTH).join("");
  const ranges = found.matches.map(
    ([begin, end]) => [Math.max(0, begin - from), Math.max(0, end - from)] as const,
  );
  return highlighted(text, ranges);
}
