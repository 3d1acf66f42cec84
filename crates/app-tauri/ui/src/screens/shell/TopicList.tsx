// The topics at the left, with what is unread and who is there; oneself at the bottom.
import { Hash, Megaphone, Plus, Search, Settings } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { IconButton } from "../../components/Button";
import { Name } from "../../components/Name";
import { Mark } from "../../components/signs/Mark";
import { Presence } from "../../components/signs/Presence";
import { grouped } from "../../domain/time";
import { useText } from "../../i18n";
import type { AuthorView, KeyStore, TopicView } from "../../ipc/bindings";
import { useTopics } from "../../stores/topics";
import { useView } from "../../stores/view";

export function TopicList({ own, keyStore }: { own: AuthorView; keyStore: KeyStore }) {
  const t = useText();
  const { topics, isLoaded } = useTopics();
  const chosen = useView((store) => store.topic);
  const screen = useView((store) => store.screen);
  const { openTopic, setOverlay, openSettings } = useView.getState();
  const kept = { os: t.keyStoreOs, file: t.keyStoreFile, memory: t.keyStoreMemory }[keyStore];
  return (
    <nav className="list" aria-label={t.topicsArea} tabIndex={-1} data-area>
      <div className="list-head">
        <span className="list-mark">
          <Mark size={22} />
        </span>
        <span className="list-brand grow">kukuri</span>
        <IconButton
          label={t.joinTopic}
          onClick={() => {
            setOverlay({ kind: "join" });
          }}
        >
          <Plus size={18} strokeWidth={1.75} />
        </IconButton>
      </div>
      <button
        type="button"
        className="go-to"
        onClick={() => {
          setOverlay({ kind: "palette" });
        }}
      >
        <Search size={16} strokeWidth={1.75} aria-hidden="true" />
        <span className="grow">{t.goTo}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className="list-scroll">
        <h2 className="section-title">{t.publicTopics}</h2>
        {isLoaded && topics.length === 0 ? <p className="panel-note">{t.noTopics}</p> : null}
        <ul>
          {topics.map((topic) => (
            <TopicRow
              key={topic.id}
              topic={topic}
              isChosen={topic.name === chosen && screen !== "settings"}
              onOpen={openTopic}
            />
          ))}
        </ul>
      </div>
      <div className="list-own">
        <Avatar pubkey={own.pubkey} size={32} />
        <div className="grow">
          <Name author={own} />
          <p className="list-kept ellipsis" title={kept}>
            {kept}
          </p>
        </div>
        <IconButton
          label={t.settings}
          onClick={() => {
            openSettings();
          }}
        >
          <Settings size={18} strokeWidth={1.75} />
        </IconButton>
      </div>
    </nav>
  );
}

type TopicRowProps = { topic: TopicView; isChosen: boolean; onOpen: (name: string) => void };

function TopicRow({ topic, isChosen, onOpen }: TopicRowProps) {
  const t = useText();
  const Icon = topic.name === "announcements" ? Megaphone : Hash;
  return (
    <li>
      <button
        type="button"
        className={topic.unread > 0 ? "row row-unread" : "row"}
        aria-current={isChosen ? "page" : undefined}
        onClick={() => {
          onOpen(topic.name);
        }}
      >
        <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
        <bdi className="ellipsis grow" title={topic.name}>
          {topic.name}
        </bdi>
        {topic.unread > 0 ? (
          <span className="count">
            <span aria-hidden="true">{grouped(topic.unread)}</span>
            <span className="hidden-text">{t.unreadCount(topic.unread)}</span>
          </span>
        ) : null}
        <Presence state={topic.state} others={topic.neighbours} />
      </button>
    </li>
  );
}
