// Beside the lanes: what one can do oneself, and whether this device is able to connect.
import { useEffect } from "react";
import { Copy, X } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { copyText } from "../../components/clipboard";
import { ErrorNotice } from "../../components/Notice";
import { KnotSign } from "../../components/signs/KnotSign";
import type { Knot } from "../../domain/lanes";
import { isolated } from "../../domain/names";
import { reportOf } from "../../domain/report";
import { fullTime } from "../../domain/time";
import { useLanguage, useText } from "../../i18n";
import { saidBriefly, sentenceOf } from "../../i18n/phrases";
import type { CheckResult, TopicView } from "../../ipc/bindings";
import { useConnection } from "../../stores/connection";
import { useSettings } from "../../stores/settings";

export function AdvicePanel({ topic, onClose }: { topic: TopicView; onClose: () => void }) {
  const t = useText();
  const settings = useSettings((store) => store.settings);
  const { explain, checks } = useConnection();
  return (
    <>
      <header className="head">
        <h2 className="heading grow">{t.whatYouCanDo}</h2>
        <IconButton label={t.close} onClick={onClose}>
          <X size={18} strokeWidth={1.75} />
        </IconButton>
      </header>
      <div className="panel-scroll panel-advice">
        <section>
          <h3>{t.checkName}</h3>
          <p>{t.checkNameText(isolated(topic.name))}</p>
        </section>
        <section>
          <h3>{t.tellSomebody}</h3>
          <p>{t.tellSomebodyText}</p>
          <Button
            icon={<Copy size={14} strokeWidth={2} aria-hidden="true" />}
            onClick={() => void copyText(topic.name)}
          >
            {t.copyName}
          </Button>
        </section>
        <section>
          <h3>{t.leaveOpen}</h3>
          <p>{t.leaveOpenText}</p>
        </section>
        <Device />
      </div>
      <footer className="panel-foot panel-foot-row">
        <Button
          icon={<Copy size={14} strokeWidth={2} aria-hidden="true" />}
          onClick={() => void copyText(reportOf(t.reportTitle, explain, checks, settings))}
        >
          {t.copyReport}
        </Button>
        <span className="panel-foot-note">{t.reportNote}</span>
      </footer>
    </>
  );
}

const KNOTS: Record<CheckResult, Knot> = {
  ok: "done",
  warn: "trying",
  fails: "broken",
  skipped: "not-used",
};

function Device() {
  const t = useText();
  const language = useLanguage();
  const { checks, checkedAt, isChecking, checkError, check } = useConnection();
  useEffect(() => {
    if (useConnection.getState().checks === null) void check();
  }, [check]);
  const names: Readonly<Record<string, string>> = t.checkNames;
  return (
    <section className="device" aria-busy={isChecking}>
      <div className="device-head">
        <h3 className="section-title grow">{t.thisDevice}</h3>
        <button type="button" className="link" onClick={() => void check()}>
          {isChecking
            ? t.checking
            : checkedAt === null
              ? t.checkNow
              : t.checkedAt(new Date(checkedAt).toTimeString().slice(0, 8))}
        </button>
      </div>
      {checkError === null ? null : <ErrorNotice error={checkError} />}
      <ul>
        {checks?.checks.map((one) => (
          <li
            key={one.name}
            className="check"
            title={checkedAt === null ? undefined : fullTime(checkedAt, language)}
          >
            <KnotSign kind={KNOTS[one.result]} />
            <span className="check-name">{names[one.name.toLowerCase()] ?? one.name}</span>
            <span className="hidden-text">{t.checkResults[one.result]}</span>
            <span className="check-detail">{saidBriefly(one.detail, language)}</span>
          </li>
        ))}
      </ul>
      {checks?.cause ? (
        <p className="check-cause">
          {sentenceOf(checks.cause, language)}
          {checks.remedy === null ? null : <span>{sentenceOf(checks.remedy, language)}</span>}
        </p>
      ) : null}
    </section>
  );
}
