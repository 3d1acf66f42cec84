// Whichever dialog is open. One at a time.
import { useState } from "react";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { ErrorNotice } from "../../components/Notice";
import { isolated } from "../../domain/names";
import { useText } from "../../i18n";
import type { AppError } from "../../ipc/bindings";
import { useTimeline } from "../../stores/timeline";
import { useTopics } from "../../stores/topics";
import { useView } from "../../stores/view";
import { DeleteEntryDialog, EntryDialog } from "../entries/EntryDialog";
import { JoinDialog } from "./JoinDialog";
import { Palette } from "./Palette";
import { Shortcuts } from "./Shortcuts";

export function Overlays() {
  const { overlay, setOverlay } = useView();
  const close = () => {
    setOverlay(null);
  };
  switch (overlay?.kind) {
    case undefined:
      return null;
    case "join":
      return <JoinDialog onClose={close} />;
    case "palette":
      return <Palette onClose={close} />;
    case "shortcuts":
      return <Shortcuts onClose={close} />;
    case "leave":
      return <LeaveDialog topic={overlay.topic} onClose={close} />;
    case "entry":
      return (
        <EntryDialog
          topic={overlay.topic}
          entryKey={overlay.key}
          base={overlay.base}
          onClose={close}
        />
      );
    case "delete-entry":
      return <DeleteEntryDialog topic={overlay.topic} base={overlay.base} onClose={close} />;
  }
}

function LeaveDialog({ topic, onClose }: { topic: string; onClose: () => void }) {
  const t = useText();
  const [error, setError] = useState<AppError | null>(null);
  const leave = async () => {
    const failed = await useTopics.getState().leave(topic);
    if (failed !== null) {
      setError(failed);
      return;
    }
    useTimeline.getState().forget(topic);
    useView.getState().openTopic(useTopics.getState().topics[0]?.name ?? null);
    onClose();
  };
  return (
    <Dialog
      isNarrow
      title={t.leaveTitle(isolated(topic))}
      onClose={onClose}
      footer={
        <>
          <Button data-first-focus onClick={onClose}>
            {t.cancel}
          </Button>
          <Button look="danger" onClick={() => void leave()}>
            {t.leaveDo}
          </Button>
        </>
      }
    >
      <p className="dialog-text">{t.leaveText}</p>
      {error === null ? null : <ErrorNotice error={error} title={t.notLeft} />}
    </Dialog>
  );
}
