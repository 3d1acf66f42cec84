// The parts that settings are made of: a group, a switch, a choice, a list of lines.
import { useId, useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import { useSettings } from "../../stores/settings";

export function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="group" aria-label={title}>
      <h2 className="title">{title}</h2>
      {children}
    </section>
  );
}

/** Whether the environment sets this key of the configuration, so that it cannot be changed here. */
function useIsFixed(configKey: string | undefined): boolean {
  const fixed = useSettings((store) => store.settings.fixed);
  return configKey !== undefined && fixed.includes(configKey);
}

type SwitchProps = {
  label: string;
  help: string;
  isOn: boolean;
  configKey?: string;
  onChange: (isOn: boolean) => void;
};

export function Switch({ label, help, isOn, configKey, onChange }: SwitchProps) {
  const t = useText();
  const helpId = useId();
  const isFixed = useIsFixed(configKey);
  return (
    <div className="setting">
      <label className="setting-switch">
        <span className="grow setting-label">{label}</span>
        <input
          type="checkbox"
          role="switch"
          className="switch"
          checked={isOn}
          disabled={isFixed}
          aria-describedby={helpId}
          onChange={(event) => {
            onChange(event.target.checked);
          }}
        />
      </label>
      <p id={helpId} className="help">
        {isFixed ? t.fixedByEnvironment : help}
      </p>
    </div>
  );
}

type ChoiceProps<T extends string> = {
  label: string;
  value: T;
  options: readonly { value: T; label: string; help?: string; lang?: string }[];
  configKey?: string;
  onChange: (value: T) => void;
};

export function Choice<T extends string>(props: ChoiceProps<T>) {
  const t = useText();
  const name = useId();
  const isFixed = useIsFixed(props.configKey);
  return (
    <fieldset className="setting" disabled={isFixed}>
      <legend className="setting-label">{props.label}</legend>
      {props.options.map((option) => (
        <label key={option.value} className="choice">
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={props.value === option.value}
            onChange={() => {
              props.onChange(option.value);
            }}
          />
          <span>
            <span lang={option.lang}>{option.label}</span>
            {option.help === undefined ? null : <span className="help">{option.help}</span>}
          </span>
        </label>
      ))}
      {isFixed ? <p className="help">{t.fixedByEnvironment}</p> : null}
    </fieldset>
  );
}

type LinesProps = {
  label: string;
  help: string;
  lines: readonly string[];
  configKey: string;
  onSave: (lines: string[]) => void;
};

export function Lines({ label, help, lines, configKey, onSave }: LinesProps) {
  const t = useText();
  const id = useId();
  const isFixed = useIsFixed(configKey);
  const kept = lines.join("\n");
  const [draft, setDraft] = useState<string | null>(null);
  const isChanged = draft !== null && draft !== kept;
  return (
    <div className="setting">
      <label htmlFor={id} className="setting-label">
        {label}
      </label>
      <textarea
        id={id}
        className="input input-lines"
        rows={3}
        spellCheck={false}
        value={draft ?? kept}
        readOnly={isFixed}
        aria-describedby={`${id}-help`}
        onChange={(event) => {
          setDraft(event.target.value);
        }}
      />
      <p id={`${id}-help`} className="help">
        {isFixed ? t.fixedByEnvironment : help}
      </p>
      {isChanged ? (
        <Button
          size="small"
          onClick={() => {
            onSave(
              draft
                .split("\n")
                .map((line) => line.trim())
                .filter((line) => line !== ""),
            );
            setDraft(null);
          }}
        >
          {t.save}
        </Button>
      ) : null}
    </div>
  );
}
