// Joins a public topic by its name.
import { useState } from "react";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { isComposing } from "../../components/focus";
import { ErrorNotice } from "../../components/Notice";
import { useText } from "../../i18n";
import type { AppError } from "../../ipc/bindings";
import { useTopics } from "../../stores/topics";
import { useView } from "../../stores/view";

const NAME_CHARS_MAX = 64;

export function JoinDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const [name, setName] = useState("");
  const [error, setError] = useState<AppError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const join = async () => {
    if (name.trim() === "" || isBusy) return;
    setBusy(true);
    const joined = await useTopics.getState().join(name.trim());
    setBusy(false);
    if ("code" in joined) {
      setError(joined);
      return;
    }
    onClose();
    useView.getState().openTopic(joined.name);
  };
  return (
    <Dialog
      title={t.joinTitle}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button look="main" aria-busy={isBusy} onClick={() => void join()}>
            {isBusy ? t.joining : t.join}
          </Button>
        </>
      }
    >
      <label className="setting-label" htmlFor="join-name">
        {t.joinLabel}
      </label>
      <input
        id="join-name"
        className="input input-large"
        data-first-focus
        value={name}
        maxLength={NAME_CHARS_MAX}
        aria-describedby="join-help"
        onChange={(event) => {
          setName(event.target.value);
          setError(null);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !isComposing(event.nativeEvent)) {
            event.preventDefault();
            void join();
          }
        }}
      />
      <p id="join-help" className="help">
        {t.joinHelp} {t.publicMeans}
      </p>
      {error === null ? null : <ErrorNotice error={error} />}
    </Dialog>
  );
}
