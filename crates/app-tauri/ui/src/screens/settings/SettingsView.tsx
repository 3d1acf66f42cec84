// The settings: one page, its groups at the left.
import { useEffect, useRef } from "react";
import { KeyRound, X } from "lucide-react";
import { IconButton } from "../../components/Button";
import { ErrorNotice, Notice } from "../../components/Notice";
import { useText } from "../../i18n";
import type { AuthorView, KeyStore, StatusView } from "../../ipc/bindings";
import { useSettings } from "../../stores/settings";
import { useView, type SettingsGroup } from "../../stores/view";
import { About } from "./About";
import { Choice, Group, Lines, Switch } from "./fields";
import { You } from "./You";

const GROUPS: readonly SettingsGroup[] = [
  "you",
  "keyring",
  "network",
  "finding",
  "appearance",
  "language",
  "notifications",
  "about",
];

export function SettingsView({ own, status }: { own: AuthorView; status: StatusView }) {
  const t = useText();
  const group = useView((store) => store.settingsGroup);
  const error = useSettings((store) => store.error);
  const page = useRef<HTMLDivElement>(null);
  const { openSettings, backToTopic } = useView.getState();
  useEffect(() => {
    page.current?.scrollTo({ top: 0 });
  }, [group]);
  return (
    <section
      className="settings"
      aria-label={t.settings}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.nativeEvent.isComposing) backToTopic();
      }}
    >
      <header className="head">
        <h1 className="heading grow">{t.settings}</h1>
        <IconButton label={t.close} onClick={backToTopic}>
          <X size={18} strokeWidth={1.75} />
        </IconButton>
      </header>
      <nav className="settings-groups" aria-label={t.settingsGroups}>
        {GROUPS.map((one) => (
          <button
            key={one}
            type="button"
            className="row"
            aria-current={one === group ? "page" : undefined}
            onClick={() => {
              openSettings(one);
            }}
          >
            {t.groups[one]}
          </button>
        ))}
      </nav>
      <div
        className="settings-page"
        ref={page}
        tabIndex={0}
        role="group"
        aria-label={t.groups[group]}
      >
        <div className="settings-content">
          {error === null ? null : <ErrorNotice error={error} title={t.notSaved} />}
          <Chosen group={group} own={own} status={status} />
        </div>
      </div>
    </section>
  );
}

function Chosen({
  group,
  own,
  status,
}: {
  group: SettingsGroup;
  own: AuthorView;
  status: StatusView;
}) {
  switch (group) {
    case "you":
      return <You own={own} />;
    case "keyring":
      return <Keyring store={status.key_store} />;
    case "network":
      return <Network />;
    case "finding":
      return <Finding />;
    case "appearance":
      return <Appearance />;
    case "language":
      return <LanguageGroup />;
    case "notifications":
      return <Notifications />;
    case "about":
      return <About status={status} />;
  }
}

function Keyring({ store }: { store: KeyStore }) {
  const t = useText();
  const [title, more] = {
    os: [t.keyringOs, t.keyringOsMore],
    file: [t.keyringFile, t.keyringFileMore],
    memory: [t.keyringMemory, t.keyringMemoryMore],
  }[store];
  return (
    <Group title={t.groups.keyring}>
      <div className="key-card">
        <KeyRound size={18} strokeWidth={1.75} aria-hidden="true" />
        <div>
          <p className="setting-label">{title}</p>
          <p className="help">{more}</p>
        </div>
      </div>
    </Group>
  );
}

function Restart() {
  const t = useText();
  const isNeeded = useSettings((store) => store.settings.needs_restart);
  return isNeeded ? <Notice kind="warn">{t.needsRestart}</Notice> : null;
}

function Network() {
  const t = useText();
  const { settings, change } = useSettings();
  const modes = (["internet", "serverless", "lan"] as const).map((value) => ({
    value,
    label: t.modes[value],
    help: t.modeHelp[value],
  }));
  return (
    <Group title={t.groups.network}>
      <Restart />
      <Choice
        label={t.networkMode}
        value={settings.network_mode}
        options={modes}
        configKey="network.mode"
        onChange={(network_mode) => void change({ network_mode })}
      />
    </Group>
  );
}

function Finding() {
  const t = useText();
  const { settings, change } = useSettings();
  return (
    <Group title={t.groups.finding}>
      <Restart />
      <Switch
        label={t.mdnsSetting}
        help={t.mdnsSettingHelp}
        isOn={settings.mdns}
        configKey="discovery.mdns.enabled"
        onChange={(mdns) => void change({ mdns })}
      />
      <Switch
        label={t.knownSetting}
        help={t.knownSettingHelp}
        isOn={settings.known_peers}
        configKey="discovery.known_peers.enabled"
        onChange={(known_peers) => void change({ known_peers })}
      />
      <Switch
        label={t.dhtSetting}
        help={t.dhtSettingHelp}
        isOn={settings.dht}
        configKey="discovery.dht.enabled"
        onChange={(dht) => void change({ dht })}
      />
      <Lines
        label={t.bootstrapSetting}
        help={t.bootstrapSettingHelp}
        lines={settings.bootstrap}
        configKey="network.bootstrap"
        onSave={(bootstrap) => void change({ bootstrap })}
      />
      <Lines
        label={t.peersSetting}
        help={t.peersSettingHelp}
        lines={settings.peers}
        configKey="network.peers"
        onSave={(peers) => void change({ peers })}
      />
    </Group>
  );
}

function Appearance() {
  const t = useText();
  const { settings, change } = useSettings();
  const themes = (["light", "dark", "system"] as const).map((value) => ({
    value,
    label: t.themes[value],
  }));
  return (
    <Group title={t.groups.appearance}>
      <Choice
        label={t.theme}
        value={settings.theme}
        options={themes}
        onChange={(theme) => void change({ theme })}
      />
      <h3 className="setting-head">{t.writing}</h3>
      <Switch
        label={t.enterPosts}
        help={t.enterPostsHelp}
        isOn={settings.enter_posts}
        onChange={(enter_posts) => void change({ enter_posts })}
      />
      <Switch
        label={t.singleKeys}
        help={t.singleKeysHelp}
        isOn={settings.single_keys}
        onChange={(single_keys) => void change({ single_keys })}
      />
    </Group>
  );
}

function LanguageGroup() {
  const t = useText();
  const { settings, change } = useSettings();
  const languages = (["en", "ja"] as const).map((value) => ({
    value,
    label: t.languages[value],
    lang: value,
  }));
  return (
    <Group title={t.groups.language}>
      <Choice
        label={t.languageSetting}
        value={settings.language}
        options={languages}
        onChange={(language) => void change({ language })}
      />
    </Group>
  );
}

function Notifications() {
  const t = useText();
  const { settings, change } = useSettings();
  return (
    <Group title={t.groups.notifications}>
      <Switch
        label={t.notificationsSetting}
        help={t.notificationsHelp}
        isOn={settings.notifications}
        onChange={(notifications) => void change({ notifications })}
      />
    </Group>
  );
}
