// The working window: topic list, main, right panel, network line; and what floats above them.
import { useEffect, useState } from "react";
import { Button } from "../../components/Button";
import { Toasts } from "../../components/Toasts";
import { useText } from "../../i18n";
import type { StatusView, TopicView } from "../../ipc/bindings";
import { useEntry } from "../../stores/entry";
import { useMembers } from "../../stores/members";
import { useThread } from "../../stores/thread";
import { useTopic, useTopics } from "../../stores/topics";
import { useView, WIDE, type Tab } from "../../stores/view";
import { AdvicePanel } from "../connection/AdvicePanel";
import { ConnectionView } from "../connection/ConnectionView";
import { EntriesView } from "../entries/EntriesView";
import { EntryPanel } from "../entries/EntryPanel";
import { MembersPanel } from "../members/MembersPanel";
import { Overlays } from "../overlays/Overlays";
import { SearchView } from "../search/SearchView";
import { SettingsView } from "../settings/SettingsView";
import { ThreadView } from "../thread/ThreadView";
import { TimelineView } from "../timeline/TimelineView";
import { NetworkLine } from "./NetworkLine";
import { ListButton, TopicHeader } from "./TopicHeader";
import { TopicList } from "./TopicList";
import { useKeys } from "./useKeys";

const POLL_MS = 10000;
/** While nobody is connected there are no distances: only each third time. */
const ALONE_POLLS = 3;

/** Whether the window has room for a panel beside the rest. */
function useIsWide(): boolean {
  const [isWide, setWide] = useState(() => window.innerWidth >= WIDE);
  useEffect(() => {
    const update = () => {
      setWide(window.innerWidth >= WIDE);
    };
    window.addEventListener("resize", update);
    return () => {
      window.removeEventListener("resize", update);
    };
  }, []);
  return isWide;
}

/** Distances change without events, and so do the addresses of this device. */
function useNetworkWatch(topic: string | null): void {
  useEffect(() => {
    const { enter, refresh } = useMembers.getState();
    enter(topic);
    let passed = 0;
    const timer = setInterval(() => {
      if (document.visibilityState !== "visible") return;
      const isAlone = useMembers.getState().everywhere.length === 0;
      passed = isAlone ? (passed + 1) % ALONE_POLLS : 0;
      if (passed !== 0) return;
      refresh();
      // Who is in step changes without events, too.
      useTopics.getState().refresh();
    }, POLL_MS);
    // What the browser believes is a reason to ask the node, and no more.
    window.addEventListener("online", refresh);
    window.addEventListener("offline", refresh);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", refresh);
      window.removeEventListener("offline", refresh);
    };
  }, [topic]);
}

export function Shell({ status, attachedTo }: { status: StatusView; attachedTo: number | null }) {
  const t = useText();
  const {
    screen,
    topic: name,
    tab,
    isPanelOpen,
    isListOpen,
    isThreadOpen,
    setPanel,
    setList,
  } = useView();
  const topic = useTopic(name);
  const isWide = useIsWide();
  const own = status.author;
  useKeys();
  useNetworkWatch(name);
  const hasPanel = screen === "topic" && topic !== undefined && isPanelOpen && !isThreadOpen;
  const entryKey = useEntry((entry) => (entry.topic === name ? entry.key : null));
  const isEntry = hasPanel && tab === "entries" && entryKey !== null;
  const onClose = () => {
    if (isEntry) useEntry.getState().close();
    else setPanel(false);
  };
  const beside = isEntry ? "shell shell-panel shell-entry" : "shell shell-panel";
  return (
    <div className={hasPanel && isWide ? beside : "shell"}>
      <div className={isListOpen ? "list-frame list-open" : "list-frame"}>
        <TopicList own={own} keyStore={status.key_store} />
      </div>
      {isListOpen ? (
        <Veil
          onClose={() => {
            setList(false);
          }}
        />
      ) : null}
      <main className="main" aria-label={t.mainArea} tabIndex={-1} data-area>
        {screen === "settings" ? (
          <SettingsView own={own} status={status} />
        ) : screen === "search" ? (
          <Beside isWide={isWide} own={own} first={<SearchView />} kind="search" />
        ) : topic === undefined ? (
          <NoTopic />
        ) : (
          <TopicScreen topic={topic} tab={tab} isWide={isWide} own={own} />
        )}
      </main>
      {hasPanel && !isWide ? <Veil onClose={onClose} /> : null}
      {hasPanel ? (
        <aside
          className={panelLook(isWide, isEntry)}
          aria-label={t.panelArea}
          tabIndex={-1}
          data-area
        >
          {isEntry ? (
            <EntryPanel
              key={`${topic.name}\n${entryKey}`}
              topic={topic}
              entryKey={entryKey}
              own={own.pubkey}
            />
          ) : tab === "connection" ? (
            <AdvicePanel topic={topic} onClose={onClose} />
          ) : (
            <MembersPanel own={own} onClose={onClose} />
          )}
        </aside>
      ) : null}
      <NetworkLine attachedTo={attachedTo} />
      <Toasts />
      <Overlays />
    </div>
  );
}

const panelLook = (isWide: boolean, isEntry: boolean) =>
  `panel${isWide ? "" : " panel-over"}${isEntry ? " panel-wide" : ""}`;

type TopicScreenProps = {
  topic: TopicView;
  tab: Tab;
  isWide: boolean;
  own: StatusView["author"];
};

function TopicScreen({ topic, tab, isWide, own }: TopicScreenProps) {
  return (
    <div className="topic">
      <TopicHeader topic={topic} />
      <div id="topic-view" className="topic-view" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "connection" ? (
          <ConnectionView topic={topic} />
        ) : tab === "entries" ? (
          <EntriesView key={topic.name} topic={topic} own={own} />
        ) : (
          <Beside
            isWide={isWide}
            own={own}
            first={<TimelineView key={topic.name} topic={topic} own={own} />}
            kind="timeline"
          />
        )}
      </div>
    </div>
  );
}

type BesideProps = {
  isWide: boolean;
  own: StatusView["author"];
  first: React.ReactNode;
  kind: "search" | "timeline";
};

/** A list, and the open thread beside it; in a narrow window one after the other. */
function Beside({ isWide, own, first, kind }: BesideProps) {
  const t = useText();
  const { isThreadOpen, setThread } = useView();
  const close = () => {
    setThread(false);
    useThread.getState().close();
  };
  const isBoth = isThreadOpen && isWide;
  return (
    <div className={isBoth || (kind === "search" && isWide) ? `beside beside-${kind}` : "beside"}>
      <div className="beside-first" hidden={isThreadOpen && !isWide}>
        {first}
      </div>
      {isThreadOpen ? <ThreadView own={own} isBackShown={!isWide} onClose={close} /> : null}
      {!isThreadOpen && kind === "search" && isWide ? (
        <div className="empty beside-empty">
          <p>{t.openToRead}</p>
        </div>
      ) : null}
    </div>
  );
}

function NoTopic() {
  const t = useText();
  return (
    <div className="topic">
      <header className="head head-topic">
        <ListButton />
      </header>
      <div className="empty">
        <h1 className="heading">{t.noTopicTitle}</h1>
        <p>{t.noTopicText}</p>
        <div className="empty-actions">
          <Button
            look="main"
            onClick={() => {
              useView.getState().setOverlay({ kind: "join" });
            }}
          >
            {t.joinTopic}
          </Button>
        </div>
      </div>
    </div>
  );
}

/** Behind a panel that lies over the rest: a press beside the panel closes it. */
function Veil({ onClose }: { onClose: () => void }) {
  return <div className="veil" onMouseDown={onClose} />;
}
