// Settings about oneself: name, a line about oneself, the key, and whom one does not want to read.
import { useEffect, useState } from "react";
import { Copy } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { copyText } from "../../components/clipboard";
import { Name } from "../../components/Name";
import { ErrorNotice } from "../../components/Notice";
import { shortNpub } from "../../domain/names";
import { useText } from "../../i18n";
import * as ipc from "../../ipc";
import type { AppError, AuthorView } from "../../ipc/bindings";
import { useApp } from "../../stores/app";
import { useToasts } from "../../stores/toasts";
import { Group } from "./fields";

export function You({ own }: { own: AuthorView }) {
  const t = useText();
  const [name, setName] = useState(own.name ?? "");
  const [about, setAbout] = useState("");
  const [error, setError] = useState<AppError | null>(null);
  useEffect(() => {
    let isWanted = true;
    ipc.profile(own.pubkey).then(
      (profile) => {
        if (isWanted) setAbout(profile.about ?? "");
      },
      (thrown: unknown) => {
        if (isWanted) setError(ipc.errorOf(thrown));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [own.pubkey]);
  const save = async () => {
    try {
      const profile = await ipc.setProfile(name.trim(), about.trim() === "" ? null : about.trim());
      useApp.getState().setOwnName(profile.author);
      useToasts.getState().show({ kind: "done", text: (text) => text.saved, key: "saved" });
      setError(null);
    } catch (thrown) {
      setError(ipc.errorOf(thrown));
    }
  };
  return (
    <Group title={t.groups.you}>
      <form
        className="you"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Avatar pubkey={own.pubkey} size={48} />
        <div className="grow">
          <label className="setting-label" htmlFor="own-name">
            {t.yourName}
          </label>
          <input
            id="own-name"
            className="input"
            value={name}
            maxLength={64}
            required
            onChange={(event) => {
              setName(event.target.value);
            }}
          />
          <label className="setting-label" htmlFor="own-about">
            {t.yourAbout}
          </label>
          <input
            id="own-about"
            className="input"
            value={about}
            maxLength={200}
            aria-describedby="own-about-help"
            onChange={(event) => {
              setAbout(event.target.value);
            }}
          />
          <p id="own-about-help" className="help">
            {t.yourAboutHelp}
          </p>
          {error === null ? null : <ErrorNotice error={error} title={t.notSaved} />}
          <Button look="main" type="submit">
            {t.save}
          </Button>
        </div>
      </form>
      <div className="setting">
        <h3 className="setting-label">{t.yourKey}</h3>
        <p className="key-line">
          <code className="selectable">{own.npub}</code>
          <Button
            size="small"
            icon={<Copy size={14} strokeWidth={2} aria-hidden="true" />}
            onClick={() => void copyText(own.npub)}
          >
            {t.copyKey}
          </Button>
        </p>
        <p className="help">{t.yourKeyHelp}</p>
      </div>
      <Muted />
    </Group>
  );
}

function Muted() {
  const t = useText();
  const [authors, setAuthors] = useState<readonly AuthorView[] | null>(null);
  const [error, setError] = useState<AppError | null>(null);
  const load = async () => {
    try {
      setAuthors(await ipc.muted());
    } catch (thrown) {
      setError(ipc.errorOf(thrown));
    }
  };
  useEffect(() => void load(), []);
  const unmute = async (author: AuthorView) => {
    try {
      await ipc.unmute(author.pubkey);
      await load();
    } catch (thrown) {
      setError(ipc.errorOf(thrown));
    }
  };
  return (
    <div className="setting">
      <h3 className="setting-label">{t.mutedPeople}</h3>
      <p className="help">{t.mutedHelp}</p>
      {error === null ? null : <ErrorNotice error={error} />}
      {authors?.length === 0 ? <p className="setting-none">{t.mutedNone}</p> : null}
      <ul>
        {authors?.map((author) => (
          <li key={author.pubkey} className="person">
            <Avatar pubkey={author.pubkey} size={24} />
            <Name author={author} />
            <span className="key grow">{shortNpub(author.npub)}</span>
            <Button size="small" onClick={() => void unmute(author)}>
              {t.unmute}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
