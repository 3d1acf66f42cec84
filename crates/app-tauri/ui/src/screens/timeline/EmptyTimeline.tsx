// A topic without posts: says who is there, and offers the first step.
import { Button } from "../../components/Button";
import { isolated } from "../../domain/names";
import { useText } from "../../i18n";
import { useView } from "../../stores/view";

type EmptyProps = { name: string; isAlone: boolean; onWrite: () => void };

export function EmptyTimeline({ name, isAlone, onWrite }: EmptyProps) {
  const t = useText();
  return (
    <div className="empty">
      <LooseThread isTied={!isAlone} />
      <h2 className="heading">{(isAlone ? t.onlyYou : t.nothingYet)(isolated(name))}</h2>
      <p>{isAlone ? t.onlyYouText : t.nothingYetText}</p>
      <div className="empty-actions">
        <Button look="main" onClick={onWrite}>
          {t.writeFirst}
        </Button>
        {isAlone ? (
          <Button
            onClick={() => {
              useView.getState().openTab("connection");
            }}
          >
            {t.whyAlone}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function LooseThread({ isTied }: { isTied: boolean }) {
  return (
    <svg className="loose-thread" width="104" height="24" viewBox="0 0 104 24" aria-hidden="true">
      <circle className="path-end" cx="4" cy="12" r="4" />
      <path d="M4 12C22 12 26 5 38 5S54 16 63 15" />
      <path
        className={isTied ? "" : "loose-end"}
        d="M66 14.5C76 13 84 12 96 12"
        strokeDasharray={isTied ? "0" : "4 4"}
      />
      <circle
        className={isTied ? "path-end" : "loose-ring"}
        cx="100"
        cy="12"
        r={isTied ? 4 : 3.2}
      />
    </svg>
  );
}
