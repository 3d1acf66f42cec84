// The head of the topic on screen: name, views, tools.
import { useState } from "react";
import { Ellipsis, Hash, LogOut, Megaphone, PanelLeft, PanelRight, Search } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { IconButton } from "../../components/Button";
import { Menu } from "../../components/Menu";
import { Presence } from "../../components/signs/Presence";
import { useText, type Text } from "../../i18n";
import type { TopicView } from "../../ipc/bindings";
import { useEntry } from "../../stores/entry";
import { personsOf, useMembers } from "../../stores/members";
import { useSearch } from "../../stores/search";
import { useView, type Tab } from "../../stores/view";

export function TopicHeader({ topic }: { topic: TopicView }) {
  const t = useText();
  const { tab, isPanelOpen, openTab, setPanel, setOverlay, openSearch } = useView();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const isEntry = useEntry((entry) => entry.topic === topic.name);
  const Icon = topic.name === "announcements" ? Megaphone : Hash;
  const tabOf = (one: Tab, label: string) => (
    <button
      type="button"
      role="tab"
      id={`tab-${one}`}
      className="tab"
      aria-selected={tab === one}
      aria-controls="topic-view"
      onClick={() => {
        openTab(one);
      }}
    >
      {label}
      {one === "connection" && topic.neighbours === 0 ? (
        <Presence state={topic.state} others={0} />
      ) : null}
    </button>
  );
  return (
    <header className="head head-topic">
      <ListButton />
      <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
      <h1 className="heading ellipsis">
        <bdi title={topic.name}>{topic.name}</bdi>
      </h1>
      <div className="tabs" role="tablist" aria-label={t.views}>
        {tabOf("timeline", t.timeline)}
        {tabOf("entries", t.entriesTab)}
        {tabOf("connection", t.connection)}
      </div>
      <span className="grow" />
      <HereNow />
      <IconButton
        label={t.searchHere}
        onClick={() => {
          useSearch.getState().setTopic(topic.name);
          openSearch();
        }}
      >
        <Search size={18} strokeWidth={1.75} />
      </IconButton>
      <div className="anchor">
        <IconButton
          label={t.more}
          aria-haspopup="menu"
          aria-expanded={isMenuOpen}
          onClick={() => {
            setMenuOpen(!isMenuOpen);
          }}
        >
          <Ellipsis size={18} strokeWidth={1.75} />
        </IconButton>
        {isMenuOpen ? (
          <Menu
            label={t.more}
            items={[
              {
                key: "leave",
                label: t.leaveTopic,
                icon: <LogOut size={16} strokeWidth={1.75} aria-hidden="true" />,
                isDanger: true,
                run: () => {
                  setOverlay({ kind: "leave", topic: topic.name });
                },
              },
            ]}
            onClose={() => {
              setMenuOpen(false);
            }}
          />
        ) : null}
      </div>
      <IconButton
        label={panelName(tab, isEntry, t)}
        isOn={isPanelOpen}
        onClick={() => {
          setPanel(!isPanelOpen);
        }}
      >
        <PanelRight size={18} strokeWidth={1.75} />
      </IconButton>
    </header>
  );
}

function panelName(tab: Tab, isEntry: boolean, t: Text): string {
  if (tab === "connection") return t.whatYouCanDo;
  return tab === "entries" && isEntry ? t.entries.panel : t.members;
}

/** Opens the topic list where there is no room for it. */
export function ListButton() {
  const t = useText();
  const setList = useView((store) => store.setList);
  return (
    <IconButton
      className="list-button"
      label={t.toggleTopics}
      onClick={() => {
        setList(true);
      }}
    >
      <PanelLeft size={18} strokeWidth={1.75} />
    </IconButton>
  );
}

/** In a narrow window: up to three of those who are here. */
function HereNow() {
  const t = useText();
  const peers = useMembers((store) => store.here);
  const persons = personsOf(peers);
  if (persons.length === 0) return null;
  return (
    <span className="here-now">
      <span className="here-cloths">
        {persons
          .flatMap(({ author }) => (author ? [author] : []))
          .slice(0, 3)
          .map((author) => (
            <Avatar key={author.pubkey} pubkey={author.pubkey} size={20} />
          ))}
      </span>
      {t.here(persons.length + 1)}
    </span>
  );
}
