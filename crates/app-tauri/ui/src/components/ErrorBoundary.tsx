// What is shown when a part of the window breaks: a sentence and a way out, never a blank page.
// Owns nothing of the app's state: what broke is drawn anew from the stores.
import { Component, type ReactNode } from "react";
import { useText } from "../i18n";
import { Button } from "./Button";
import { copyText } from "./clipboard";

type Props = { children: ReactNode };
type State = { failure: string | null };

export class ErrorBoundary extends Component<Props, State> {
  override state: State = { failure: null };

  static getDerivedStateFromError(thrown: unknown): State {
    const failure =
      thrown instanceof Error ? `${thrown.message}\n${thrown.stack ?? ""}` : String(thrown);
    return { failure };
  }

  override render() {
    const { failure } = this.state;
    if (failure === null) return this.props.children;
    return (
      <Broken
        failure={failure}
        onAgain={() => {
          this.setState({ failure: null });
        }}
      />
    );
  }
}

function Broken({ failure, onAgain }: { failure: string; onAgain: () => void }) {
  const t = useText();
  return (
    <main className="blocked">
      <div className="blocked-card" role="alert">
        <h1 className="title">{t.windowBroke}</h1>
        <p>{t.windowBrokeText}</p>
        <div className="blocked-actions">
          <Button look="main" onClick={onAgain}>
            {t.showAgain}
          </Button>
          <Button onClick={() => void copyText(failure)}>{t.copyDetails}</Button>
        </div>
      </div>
    </main>
  );
}
