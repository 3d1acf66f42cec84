// What stands in the way of opening the profile, why, and what can be done. Nothing else is shown.
import { CircleAlert, KeyRound } from "lucide-react";
import { Button } from "../../components/Button";
import { copyText } from "../../components/clipboard";
import { useLanguage, useText } from "../../i18n";
import { detailsOf, meaningOf } from "../../i18n/errors";
import { sentenceOf } from "../../i18n/phrases";
import type { AppError } from "../../ipc/bindings";
import { useApp } from "../../stores/app";
import { Switches } from "./Switches";

const ABOUT_KEYS = /vault|key|passphrase/;

export function Blocked({
  error,
  passphraseFile,
}: {
  error: AppError;
  passphraseFile: string | null;
}) {
  const t = useText();
  const language = useLanguage();
  const { isBusy, start, keepInFile } = useApp();
  const isAboutKeys = ABOUT_KEYS.test(error.code);
  const Icon = isAboutKeys ? KeyRound : CircleAlert;
  return (
    <main className="blocked">
      <Switches />
      <div className="blocked-card" role="alert">
        <Icon
          className={isAboutKeys ? "blocked-keys" : "blocked-broken"}
          size={24}
          strokeWidth={1.75}
          aria-hidden="true"
        />
        <h1 className="title">{meaningOf(error, language)}</h1>
        {passphraseFile !== null ? (
          <p>{t.passphraseFileMeans}</p>
        ) : error.hint === null ? null : (
          <p>{sentenceOf(error.hint, language)}</p>
        )}
        {isAboutKeys ? <p>{t.blockedKept}</p> : null}
        {passphraseFile === null ? null : (
          <p className="blocked-file">{t.passphraseFileAt(passphraseFile)}</p>
        )}
        <div className="blocked-actions">
          <Button look="main" aria-busy={isBusy} onClick={() => void start()}>
            {t.tryAgain}
          </Button>
          {passphraseFile === null ? null : (
            <Button onClick={() => void keepInFile()}>{t.usePassphraseFile}</Button>
          )}
          <Button onClick={() => void copyText(detailsOf(error))}>{t.copyDetails}</Button>
        </div>
        <p className="help">
          <bdi>{error.message}</bdi>
        </p>
      </div>
    </main>
  );
}
