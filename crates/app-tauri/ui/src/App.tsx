// Chooses the screen by where the app stands. Who puts it into a page starts the app beside it.
import { useEffect } from "react";
import { Mark } from "./components/signs/Mark";
import { Toasts } from "./components/Toasts";
import { useText } from "./i18n";
import { Blocked } from "./screens/start/Blocked";
import { FirstStart } from "./screens/start/FirstStart";
import { Shell } from "./screens/shell/Shell";
import { useApp } from "./stores/app";
import { useSettings } from "./stores/settings";

export function App() {
  const t = useText();
  const state = useApp((store) => store.state);
  const load = useSettings((store) => store.load);
  useEffect(() => {
    void load();
  }, [load]);
  useEffect(() => {
    // What the profile needs to be read may only be known once it is open.
    if (state.stage === "ready") void load();
  }, [state.stage, load]);
  switch (state.stage) {
    case "starting":
      return (
        <main className="starting">
          <Mark size={32} />
          <p role="status">{t.starting}</p>
        </main>
      );
    case "blocked":
      return (
        <>
          <Blocked error={state.error} passphraseFile={state.passphrase_file} />
          <Toasts />
        </>
      );
    case "first_start":
      return (
        <>
          <FirstStart
            author={state.author}
            keyStore={state.key_store}
            suggested={state.suggested}
          />
          <Toasts />
        </>
      );
    case "ready":
      return <Shell status={state.status} attachedTo={state.attached_to} />;
  }
}
