// Language and theme, before there are settings to open.
import { Languages, Moon, Sun, SunMoon } from "lucide-react";
import { IconButton } from "../../components/Button";
import { useText } from "../../i18n";
import type { Theme } from "../../ipc/bindings";
import { useSettings } from "../../stores/settings";

const NEXT: Record<Theme, Theme> = { light: "dark", dark: "system", system: "light" };
const ICONS = { light: Sun, dark: Moon, system: SunMoon };

export function Switches() {
  const t = useText();
  const { settings, change } = useSettings();
  const other = settings.language === "en" ? "ja" : "en";
  const Icon = ICONS[settings.theme];
  return (
    <div className="switches">
      <button
        type="button"
        className="quiet-button"
        aria-label={`${t.languageSetting}: ${t.languages[settings.language]}`}
        onClick={() => void change({ language: other })}
      >
        <Languages size={16} strokeWidth={1.75} aria-hidden="true" />
        <span>{t.languages[settings.language]}</span>
      </button>
      <IconButton
        label={`${t.theme}: ${t.themes[settings.theme]}`}
        onClick={() => void change({ theme: NEXT[settings.theme] })}
      >
        <Icon size={18} strokeWidth={1.75} />
      </IconButton>
    </div>
  );
}
