// The first start: a name, where the key is kept, topics to begin with.
import { useEffect, useRef, useState } from "react";
import { Hash, KeyRound, Megaphone, Plus, Wifi } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { isComposing } from "../../components/focus";
import { ErrorNotice } from "../../components/Notice";
import { KnotSign } from "../../components/signs/KnotSign";
import { Mark } from "../../components/signs/Mark";
import { shortNpub } from "../../domain/names";
import { useText } from "../../i18n";
import type { AuthorView, KeyStore } from "../../ipc/bindings";
import { useApp } from "../../stores/app";
import { Cloth } from "./Cloth";
import { Switches } from "./Switches";

type FirstStartProps = { author: AuthorView; keyStore: KeyStore; suggested: readonly string[] };

export function FirstStart({ author, keyStore, suggested }: FirstStartProps) {
  const t = useText();
  const { isBusy, failure, finish } = useApp();
  const [name, setName] = useState(author.name ?? "");
  const [isNameMissing, setNameMissing] = useState(false);
  const [topics, setTopics] = useState(() => suggested.map((one) => ({ name: one, isOn: true })));
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // The list has grown, and moved the field down.
    if (document.activeElement === field.current)
      field.current?.scrollIntoView({ block: "nearest" });
  }, [topics.length]);

  const add = () => {
    const added = typed.trim();
    if (added === "") return;
    const others = topics.filter((topic) => topic.name !== added);
    setTopics([...others, { name: added, isOn: true }]);
    setTyped("");
  };
  const submit = () => {
    if (name.trim() === "") {
      setNameMissing(true);
      document.getElementById("first-name")?.focus();
      return;
    }
    const chosen = topics.filter((topic) => topic.isOn).map((topic) => topic.name);
    const last = typed.trim();
    void finish(name.trim(), last === "" || chosen.includes(last) ? chosen : [...chosen, last]);
  };

  return (
    <div className="first">
      <aside className="first-side" aria-label="kukuri">
        <Cloth />
        <div className="first-motto">
          <p className="first-brand">
            <Mark size={24} />
            <span>kukuri</span>
          </p>
          <p className="first-motto-line">{t.motto}</p>
          <p className="first-motto-more">{t.mottoMore}</p>
        </div>
      </aside>
      <main className="first-main">
        <Switches />
        <form
          className="first-form"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <h1 className="display">{t.firstTitle}</h1>
          <div className="first-name">
            <Avatar pubkey={author.pubkey} size={48} />
            <div className="grow">
              <input
                id="first-name"
                className="input input-large"
                aria-label={t.firstName}
                aria-invalid={isNameMissing}
                aria-describedby="first-name-help"
                value={name}
                maxLength={64}
                autoFocus
                onChange={(event) => {
                  setName(event.target.value);
                  setNameMissing(false);
                }}
              />
              <p
                id="first-name-help"
                className={isNameMissing ? "help help-error" : "help"}
                role={isNameMissing ? "alert" : undefined}
              >
                {isNameMissing ? t.firstNameMissing : t.firstNameHelp}
              </p>
            </div>
          </div>
          <KeyCard author={author} keyStore={keyStore} />
          {/* No fieldset: WebKitGTK keeps the height that one had before the letters came. */}
          <div role="group" aria-labelledby="first-topics-label">
            <p id="first-topics-label" className="setting-label">
              {t.topicsToBegin}
            </p>
            <ul className="first-topics">
              {topics.map((topic) => (
                <FirstTopic
                  key={topic.name}
                  name={topic.name}
                  isOn={topic.isOn}
                  onChange={(isOn) => {
                    setTopics(
                      topics.map((one) => (one.name === topic.name ? { ...one, isOn } : one)),
                    );
                  }}
                />
              ))}
              <li className="first-topic">
                <Plus size={18} strokeWidth={1.75} aria-hidden="true" />
                <input
                  ref={field}
                  className="first-add"
                  aria-label={t.addTopic}
                  placeholder={t.topicExample}
                  value={typed}
                  maxLength={64}
                  onChange={(event) => {
                    setTyped(event.target.value);
                  }}
                  onKeyDown={(event) => {
                    if (event.key !== "Enter" || isComposing(event.nativeEvent)) return;
                    event.preventDefault();
                    add();
                  }}
                />
                <kbd>Enter</kbd>
              </li>
            </ul>
            <p className="help">{t.publicMeans}</p>
          </div>
          {failure === null ? null : <ErrorNotice error={failure} />}
          <div className="first-end">
            <Button look="main" size="large" type="submit" aria-busy={isBusy}>
              {isBusy ? t.opening : t.openKukuri}
            </Button>
            <p className="first-lan">
              <Wifi size={14} strokeWidth={2} aria-hidden="true" />
              {t.worksWithoutInternet}
            </p>
          </div>
        </form>
      </main>
    </div>
  );
}

function KeyCard({ author, keyStore }: { author: AuthorView; keyStore: KeyStore }) {
  const t = useText();
  const where = { os: t.keyInOs, file: t.keyInFile, memory: t.keyInMemory }[keyStore];
  const proof = { os: t.keyStoredOs, file: t.keyStoredFile, memory: null }[keyStore];
  return (
    <div className="key-card">
      <KeyRound size={18} strokeWidth={1.75} aria-hidden="true" />
      <div className="grow">
        <h2 className="key-title">{t.keyMade}</h2>
        <p className="key-text">{where}</p>
        <p className="key-proof">
          <span className="key">{shortNpub(author.npub)}</span>
          {proof === null ? null : (
            <span>
              <KnotSign kind="done" size={12} />
              {proof}
            </span>
          )}
        </p>
      </div>
    </div>
  );
}

type FirstTopicProps = { name: string; isOn: boolean; onChange: (isOn: boolean) => void };

function FirstTopic({ name, isOn, onChange }: FirstTopicProps) {
  const t = useText();
  const about: Readonly<Record<string, string>> = {
    global: t.globalAbout,
    announcements: t.announcementsAbout,
  };
  const Icon = name === "announcements" ? Megaphone : Hash;
  return (
    <li>
      <label className="first-topic">
        <input
          type="checkbox"
          className="checkbox"
          checked={isOn}
          onChange={(event) => {
            onChange(event.target.checked);
          }}
        />
        <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
        <bdi className="first-topic-name ellipsis">{name}</bdi>
        <span className="first-topic-about">{about[name] ?? t.topicAbout}</span>
      </label>
    </li>
  );
}
