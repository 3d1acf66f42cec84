// The entry of the page with invented people. The address says which scene is played.
import { connect } from "./ipc";
import { newMock, SCENE } from "./ipc/mock";
import { arriveWrite, written } from "./ipc/mock/entries";
import { arrive } from "./ipc/mock/world";
import { MINATO } from "./ipc/mock/people";
import { mount } from "./mount";
import { HOSTILE, HOSTILE_NAMES, TWISTED } from "./testing/hostile";
import { useSearch } from "./stores/search";
import { rememberSeen } from "./stores/seen";

const NAMESAKE = { pubkey: `${"d".repeat(56)}02ba7e05`, npub: "npub1d4m8r2kq7w9z5x8r2c" };

const namesakeOf = (name: string | null) => ({ ...NAMESAKE, name });

const wanted = new URLSearchParams(window.location.search);
const stage = wanted.get("stage");

const mock = newMock({
  language: wanted.get("lang") === "ja" ? "ja" : "en",
  theme: wanted.get("theme") === "dark" ? "dark" : "light",
  stage: stage === "first_start" || stage === "blocked" ? stage : SCENE.stage,
  isDiskFull: wanted.has("disk-full"),
  isOffline: wanted.has("offline"),
  attachedTo: wanted.has("attached") ? 4121 : null,
  isEmpty: wanted.has("empty"),
});

if (wanted.has("hostile")) {
  for (const content of HOSTILE) arrive(mock.world, "announcements", MINATO, content);
  for (const [n, name] of HOSTILE_NAMES.entries()) {
    const pubkey = `${MINATO.pubkey.slice(0, 56)}0${String(n % 4)}5a${String(40 + n)}0${String(n % 10)}`;
    const author = { pubkey, npub: `npub1${String(n).repeat(12)}`, name };
    arrive(mock.world, "announcements", author, TWISTED[n * 2] ?? "");
  }
  arrive(mock.world, "announcements", { ...NAMESAKE, name: MINATO.name }, "鍵を忘れました。");
  // Keys have at most 256 bytes.
  for (const [n, text] of [...TWISTED, ...HOSTILE.slice(0, 30)].entries()) {
    const name = HOSTILE_NAMES[n % HOSTILE_NAMES.length] ?? null;
    const key = `hostile/${[...text].slice(0, 60).join("")}`;
    const at = Date.parse("2026-05-14T09:00:00+09:00") + n * 1000;
    arriveWrite(mock.world, "mesh-lab", written(key, { ...MINATO, name }, at, text));
    arriveWrite(mock.world, "mesh-lab", written(key, namesakeOf(name), at - 500, `${text} `));
  }
}

localStorage.setItem("kukuri.theme", mock.world.settings.theme);
window.dispatchEvent(new Event("kukuri:theme"));
rememberSeen("mesh-lab", {
  writtenAt: Date.parse("2026-05-14T09:05:00+09:00"),
  id: "",
  at: Date.parse("2026-05-14T08:55:00+09:00"),
});

connect(mock.transport);
Object.assign(window, {
  mock,
  arrive: arrive.bind(null, mock.world),
  writeElsewhere: () => {
    const at = Date.parse("2026-05-14T09:42:05+09:00");
    const value = '{"time":"13:30","place":"出町柳 改札"}';
    arriveWrite(mock.world, "mesh-lab", written("meet/saturday", MINATO, at, value));
  },
  showTook: (tookMs: number) => {
    useSearch.setState({ tookMs });
  },
});
mount();
