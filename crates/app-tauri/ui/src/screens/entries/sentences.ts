// Why a key holds what it holds, in sentences, and what became of each write. Pure: it follows from
// the clocks, authors and revisions alone, so that it reads alike on every device.
import { differenceOf } from "../../domain/entry";
import { isolated, nameOf } from "../../domain/names";
import { clock, dayOf, fullTime, shortDay } from "../../domain/time";
import type { Text } from "../../i18n";
import type { Person } from "../../i18n/en";
import type { AuthorView, EntryView, Language } from "../../ipc/bindings";

/** Two people who write within this time have hardly read each other's write. */
const CLOSE_MS = 5000;

export function personOf(author: AuthorView, own: string, t: Text): Person {
  return author.pubkey === own ? t.entries.you : t.entries.person(isolated(nameOf(author)));
}

/** The sentences below "Why this value". `writes` begins with the one that counts. */
export function whyOf(
  writes: readonly EntryView[],
  own: string,
  t: Text,
  language: Language,
): string[] {
  const [winner, next] = writes;
  if (winner === undefined) return [];
  const words = t.entries;
  const by = personOf(winner.author, own, t);
  const isDeletion = isDeleted(winner);
  if (next === undefined) return [...ended(winner, t, language), firstAlone(winner, by, t)];
  const said: string[] = [...ended(winner, t, language)];
  if (isDeletion) said.push(words.deletes(by));
  if (next.author.pubkey === winner.author.pubkey && differenceOf(winner, next) === "clock") {
    if (!isDeletion) said.push(words.again(by));
    return said;
  }
  const loser = personOf(next.author, own, t);
  const byMs = winner.clock.ms - next.clock.ms;
  switch (differenceOf(winner, next)) {
    case "clock":
      said.push((byMs < CLOSE_MS ? words.close : words.later)(by, loser, words.span(byMs)));
      break;
    case "counter":
      said.push(words.sameMs(by, loser));
      break;
    case "author":
      said.push(words.sameClock(by, loser));
      break;
    case "revision":
      said.push(words.sameAuthor);
  }
  const late = Date.parse(next.received_at) - Date.parse(winner.received_at);
  if (late > 0 && next.author.pubkey !== own) said.push(words.lateHere(loser, words.span(late)));
  return said;
}

const isDeleted = ({ value, value_base64 }: EntryView) =>
  value === undefined && value_base64 === undefined;

function ended(write: EntryView, t: Text, language: Language): string[] {
  if (write.outcome !== "deleted" || isDeleted(write) || write.expires_at === null) return [];
  return [t.entries.hasExpired(moment(Date.parse(write.expires_at), language))];
}

const firstAlone = (write: EntryView, by: Person, t: Text) =>
  isDeleted(write) ? t.entries.onlyDeleted(by) : t.entries.only(by);

/** What became of a write that lost, in a word, and by what the next greater one was greater. */
export function fateOf(
  write: EntryView,
  greater: EntryView,
  own: string,
  t: Text,
): { chip: string; isClose: boolean; reason: string } {
  const words = t.entries;
  const difference = differenceOf(greater, write);
  const winner = personOf(greater.author, own, t);
  const byMs = greater.clock.ms - write.clock.ms;
  const isClose = greater.author.pubkey !== write.author.pubkey && byMs < CLOSE_MS;
  const by = words.span(byMs);
  const reason =
    difference === "clock" ? words.lostTo.clock(winner, by) : words.lostTo[difference](winner);
  return {
    chip: isClose && difference === "clock" ? words.lostBy(by) : words.replaced,
    isClose,
    reason,
  };
}

/** "09:31" today, otherwise "14 May, 09:31". */
export function moment(at: number, language: Language, now = Date.now()): string {
  const time = clock(at, language);
  if (dayOf(at) === dayOf(now)) return time;
  return `${shortDay(at, now, language)}${language === "ja" ? " " : ", "}${time}`;
}

/** "09:31", or the day if it was another one. */
export function brief(at: number, language: Language, now = Date.now()): string {
  return dayOf(at) === dayOf(now) ? clock(at, language) : shortDay(at, now, language);
}

/** "09:31:07.412 +2", or "12 May, 18:20:30.500 +0": a clock by its local time and its counter. */
export function clockSaid(
  { ms, counter }: EntryView["clock"],
  language: Language,
  now = Date.now(),
): string {
  const date = new Date(ms);
  const seconds = String(date.getSeconds()).padStart(2, "0");
  const rest = String(date.getMilliseconds()).padStart(3, "0");
  return `${moment(ms, language, now)}:${seconds}.${rest} +${String(counter)}`;
}

/** The same in full, for a tooltip. */
export function clockInFull({ ms, counter }: EntryView["clock"], t: Text, language: Language) {
  return t.entries.clockMeans(fullTime(ms, language), counter);
}
