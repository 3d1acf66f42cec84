// Times, days and durations as people read them. Pure but for the time zone of the system.
import type { Language } from "../ipc/bindings";

const LOCALES: Record<Language, string> = { en: "en-GB", ja: "ja-JP" };
const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(LOCALES[language], options);
    formats.set(key, made);
  }
  return made;
}

/** "09:41", or "9:41" in Japanese. */
export function clock(at: number, language: Language): string {
  const date = new Date(at);
  const minutes = String(date.getMinutes()).padStart(2, "0");
  const hours = String(date.getHours());
  return `${language === "ja" ? hours : hours.padStart(2, "0")}:${minutes}`;
}

/** The local day as one number that grows with time. */
export function dayOf(at: number): number {
  const date = new Date(at);
  return date.getFullYear() * 10_000 + (date.getMonth() + 1) * 100 + date.getDate();
}

/** "Thursday, 14 May" and "5 月 14 日（木）"; with the year if it is another one. */
export function dayName(at: number, now: number, language: Language): string {
  const date = new Date(at);
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  if (language === "ja") {
    const weekday = format("ja", { weekday: "short" }).format(date);
    const year = isThisYear ? "" : `${String(date.getFullYear())} 年 `;
    return `${year}${String(date.getMonth() + 1)} 月 ${String(date.getDate())} 日（${weekday}）`;
  }
  const weekday = format("en", { weekday: "long" }).format(date);
  const year: Intl.DateTimeFormatOptions = isThisYear ? {} : { year: "numeric" };
  const day = format("en", { day: "numeric", month: "long", ...year }).format(date);
  return `${weekday}, ${day}`;
}

/** "14 May" and "5月14日". */
export function shortDay(at: number, now: number, language: Language): string {
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const year: Intl.DateTimeFormatOptions = isThisYear ? {} : { year: "numeric" };
  return format(language, { day: "numeric", month: "short", ...year }).format(new Date(at));
}

/** The whole of a time, for a tooltip. */
export function fullTime(at: number, language: Language): string {
  return format(language, { dateStyle: "full", timeStyle: "medium" }).format(new Date(at));
}

/** "0.6 ms", "18 ms", "1.4 s": one decimal under 10 ms, then whole ms, from one second in s. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${String(Math.round(ms))} ms`;
  return seconds(ms);
}

/** "7.9 s" */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** "18,204" */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "640 kB", "12.4 MB", "1.0 GB": about how much room something takes, as in the terminal. */
export function storage(bytes: number): string {
  const tenths = (unit: number) => (Math.floor((bytes / unit) * 10) / 10).toFixed(1);
  if (bytes < 1_000_000) return `${String(Math.ceil(bytes / 1000))} kB`;
  return bytes < 1_000_000_000 ? `${tenths(1_000_000)} MB` : `${tenths(1_000_000_000)} GB`;
}
