// Invented posts: the ones of the pictures, and any number of generated ones that are made when
// they are read and never kept.
import type { AuthorView, PostView, ReactionView } from "../bindings";
import { AYA, JONAS, LEA, MINATO, OTHERS, PRIYA, REN } from "./people";

type Extra = {
  reply?: { root: string; parent: string };
  reactions?: ReactionView[];
  sent?: number;
  held?: number;
};

let count = 0;

/** An id of 64 digits that sorts by when it was made. */
export function nextId(): string {
  count += 1;
  return `f0${count.toString(16).padStart(62, "0")}`;
}

export function made(author: AuthorView, at: number, content: string, extra: Extra = {}): PostView {
  const tags = [["ms", String(at % 1000)]];
  return {
    event: {
      id: nextId(),
      pubkey: author.pubkey,
      created_at: Math.floor(at / 1000),
      kind: 1,
      tags,
      content,
      sig: "0".repeat(128),
    },
    author,
    received_at: new Date(at).toISOString(),
    state: { stored: true, sent_to: extra.sent ?? 0, held_by: extra.held ?? 0 },
    reply: extra.reply ?? null,
    replies: { count: 0, last_at: null, last_by: null },
    reactions: extra.reactions ?? [],
    deleted_at: null,
  };
}

const reaction = (content: string, n: number, own = false): ReactionView => ({
  content,
  count: n,
  own: own ? nextId() : null,
});

/** 14 May 2026 in Japan. */
const at = (clock: string, day = 14) => Date.parse(`2026-05-${String(day)}T${clock}:00+09:00`);

export function meshLab(isJapanese: boolean): PostView[] {
  const say = (en: string, ja: string) => (isJapanese ? ja : en);
  const earlier = [
    made(REN, at("22:58", 13), "屋上のノードの電源を入れ直しました。"),
    made(
      REN,
      at("23:02", 13),
      "屋上のアンテナは停電中も電池で 40 分動きました。次は橋の方も測りたいです。",
    ),
    made(
      JONAS,
      at("23:10", 13),
      say("Forty minutes is more than I hoped for.", "40 分は思ったより長いですね。"),
    ),
  ];
  const root = made(
    PRIYA,
    at("08:31"),
    say(
      "Measured the new antenna on the bridge: −71 dBm instead of −84. Line of sight matters.",
      "The new antenna on the bridge: −71 dBm instead of −84. 川越しの見通しはやっぱり効きます。",
    ),
    { reactions: [] },
  );
  const top = { root: root.event.id, parent: root.event.id };
  const answer = (to: PostView) => ({ root: root.event.id, parent: to.event.id });
  const one = made(
    MINATO,
    at("08:58"),
    "アンテナの根元に水が入らないよう、自己融着テープを二重に巻いてください。",
    { reply: top },
  );
  const two = made(PRIYA, at("09:03"), "Done, twice. It rained an hour later, so thank you.", {
    reply: answer(one),
  });
  const three = made(REN, at("09:07"), "13 dB の改善は大きいですね。屋上側も同じ金具にしますか？", {
    reply: top,
  });
  const four = made(
    JONAS,
    at("09:20"),
    "I can cut the brackets on Friday. Is the mast 38 or 42 mm?",
    { reply: answer(three) },
  );
  const five = made(
    AYA,
    at("09:24"),
    "42 mm、測りました。図面は `parts/mounting-plate` に入れてあります。",
    {
      reply: answer(four),
      sent: 4,
      held: 4,
    },
  );
  const six = made(MINATO, at("09:36"), "土曜に現場で合わせましょう。", { reply: top });
  return [
    ...earlier,
    made(
      REN,
      at("08:12"),
      "おはようございます。昨夜の停電のあと、屋上のノードは自動で戻りました。稼働時間は `rooftop/uptime` に入れてあります。",
      {
        reactions: [reaction("+", 4, true), reaction("🙏", 2)],
      },
    ),
    root,
    one,
    two,
    three,
    four,
    five,
    six,
    made(
      JONAS,
      at("08:40"),
      say(
        "@Aya Kitamura could you bring the spare PoE injector on Saturday? Mine died in the same storm.",
        "@Aya Kitamura 土曜に予備の PoE インジェクターを持ってきてもらえますか？うちのは同じ雷で壊れました。",
      ),
    ),
    made(
      AYA,
      at("09:02"),
      say(
        "Sure. I also printed three mounting plates. The list of parts is under `parts/`.",
        "もちろん。取り付け板も三枚印刷しました。部品表は `parts/` にあります。",
      ),
      { sent: 4, held: 3 },
    ),
    made(
      MINATO,
      at("09:38"),
      "土曜日、13時に出町柳の改札前で大丈夫ですか？雨なら日曜に延期します。",
      {
        reactions: [reaction("+", 3), reaction("同感", 2)],
      },
    ),
    made(
      LEA,
      at("09:41"),
      say(
        "13:00 works. If it rains I can host the bench part indoors, there is room for eight.",
        "13:00 で行けます。雨でも作業台の分は屋内でできます。8 人入れます。",
      ),
    ),
  ];
}

export const HUGE = 100_000;

const OPENINGS = [
  "Measured again",
  "昨日の続きです",
  "For the record",
  "質問です",
  "Short note",
  "進捗",
];
const MIDDLES = [
  "the link over the river holds at 42 Mbit/s, even in the rain",
  "ケーブルを交換したら損失がなくなりました",
  "somebody should look at the battery before the weekend",
  "図面を直したので、もう一度見てもらえますか",
  "the log shows nothing unusual since Tuesday",
  "来週の集まりは場所が変わるかもしれません",
  "I would keep the old bracket; it has seen worse storms than this one and is still straight",
];

const FIRST_AT = Date.parse("2026-01-02T00:00:00Z");
const STEP_MS = 113_000;

/** The generated post of this number; always the same one. */
export function generated(index: number): PostView {
  const author = OTHERS[(index * 7 + Math.floor(index / 3)) % OTHERS.length] ?? MINATO;
  const opening = OPENINGS[index % OPENINGS.length] ?? "";
  const middle = MIDDLES[(index * 5) % MIDDLES.length] ?? "";
  const more = index % 11 === 0 ? `\n${MIDDLES[(index + 2) % MIDDLES.length] ?? ""}` : "";
  const at = FIRST_AT + index * STEP_MS;
  return {
    event: {
      id: `e0${index.toString(16).padStart(62, "0")}`,
      pubkey: author.pubkey,
      created_at: Math.floor(at / 1000),
      kind: 1,
      tags: [["ms", String(at % 1000)]],
      content: `${opening}, ${String(index)}: ${middle}.${more}`,
      sig: "0".repeat(128),
    },
    author,
    received_at: new Date(at).toISOString(),
    state: { stored: true, sent_to: 0, held_by: 0 },
    reply: null,
    replies: { count: 0, last_at: null, last_by: null },
    reactions: index % 17 === 0 ? [{ content: "+", count: (index % 5) + 1, own: null }] : [],
    deleted_at: null,
  };
}

export function generatedIndex(id: string): number | null {
  return id.startsWith("e0") ? Number.parseInt(id.slice(2), 16) : null;
}
