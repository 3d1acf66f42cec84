// The version, the licences, and where things are kept on this device.
import { useState } from "react";
import { FolderOpen } from "lucide-react";
import { Button } from "../../components/Button";
import { Mark } from "../../components/signs/Mark";
import { ErrorNotice } from "../../components/Notice";
import { shortId } from "../../domain/names";
import { useText } from "../../i18n";
import * as ipc from "../../ipc";
import type { AppError, StatusView } from "../../ipc/bindings";
import { useSettings } from "../../stores/settings";
import { Group } from "./fields";

export function About({ status }: { status: StatusView }) {
  const t = useText();
  const settings = useSettings((store) => store.settings);
  const [error, setError] = useState<AppError | null>(null);
  const open = (folder: () => Promise<null>) => {
    folder().then(
      () => {
        setError(null);
      },
      (thrown: unknown) => {
        setError(ipc.errorOf(thrown));
      },
    );
  };
  const openButton = (folder: () => Promise<null>, name: string) => (
    <Button
      size="small"
      aria-label={`${t.open} ${name}`}
      icon={<FolderOpen size={14} strokeWidth={2} aria-hidden="true" />}
      onClick={() => {
        open(folder);
      }}
    >
      {t.open}
    </Button>
  );
  return (
    <Group title={t.groups.about}>
      <p className="about-name">
        <Mark size={24} />
        <span className="title">kukuri</span>
        <span className="help">
          {t.version} {settings.version}
        </span>
      </p>
      {error === null ? null : <ErrorNotice error={error} />}
      <dl className="facts">
        <dt>{t.profileName}</dt>
        <dd>{status.profile}</dd>
        <dt>{t.deviceId}</dt>
        <dd className="key">{shortId(status.peer_id)}</dd>
        <dt>{t.dataFolder}</dt>
        <dd>
          <span className="grow selectable">{settings.data_dir}</span>
          {openButton(ipc.openDataFolder, t.dataFolder)}
        </dd>
        <dt>{t.logFolder}</dt>
        <dd>
          <span className="grow selectable">{settings.log_dir}</span>
          {openButton(ipc.openLogFolder, t.logFolder)}
        </dd>
        <dt>{t.configFile}</dt>
        <dd>
          <span className="selectable">{settings.config_path}</span>
        </dd>
        <dt>{t.licences}</dt>
        <dd>{t.licencesText}</dd>
      </dl>
    </Group>
  );
}
