// Who is in the topic now: the way to each, how far it is, how and when they were found.
import { ArrowRight, Laptop, X } from "lucide-react";
import { Avatar } from "../../components/Avatar";
import { IconButton } from "../../components/Button";
import { Name } from "../../components/Name";
import { Path } from "../../components/signs/Path";
import { isolated, nameOf, shortId } from "../../domain/names";
import { clock, duration } from "../../domain/time";
import { useLanguage, useText } from "../../i18n";
import type { AuthorView, PeerView, PostView } from "../../ipc/bindings";
import { personsOf, useMembers } from "../../stores/members";
import { useTimeline } from "../../stores/timeline";
import { useView } from "../../stores/view";
import { usePeople } from "../timeline/people";

const NONE: readonly PostView[] = [];

export function MembersPanel({ own, onClose }: { own: AuthorView; onClose: () => void }) {
  const t = useText();
  const { here: peers, hereIn } = useMembers();
  const topic = useView((store) => store.topic);
  const posts = useTimeline((store) => store.timelines[topic ?? ""]?.window.posts ?? NONE);
  const ownName = own.name === null ? null : nameOf(own);
  const { namesakes } = usePeople(posts, peers, { pubkey: own.pubkey, name: ownName });
  const persons = personsOf(peers).sort((a, b) => (a.rtt_ms ?? Infinity) - (b.rtt_ms ?? Infinity));
  return (
    <>
      <header className="head">
        <h2 className="heading">{t.members}</h2>
        <span className="head-note grow">{t.membersHere(persons.length + 1)}</span>
        <IconButton label={t.close} onClick={onClose}>
          <X size={18} strokeWidth={1.75} />
        </IconButton>
      </header>
      <div className="panel-scroll">
        <h3 className="section-title">{t.hereNow}</h3>
        <ul className="people">
          <li className="person">
            <Avatar pubkey={own.pubkey} size={32} />
            <div className="grow">
              <Name author={own} />
              <p className="person-how">{t.youThisDevice}</p>
            </div>
          </li>
          {persons.map((peer) => (
            <Person
              key={peer.id}
              peer={peer}
              isNamesake={peer.author !== null && namesakes.has(peer.author.pubkey)}
            />
          ))}
        </ul>
        {persons.length === 0 && hereIn !== null ? (
          <p className="panel-note">{t.membersAlone}</p>
        ) : null}
      </div>
      <footer className="panel-foot">
        <ul className="legend">
          {(["lan", "direct", "relay"] as const).map((kind) => (
            <li key={kind} title={kind === "relay" ? t.relayMeans : undefined}>
              <Path kind={kind} />
              {t.paths[kind]}
            </li>
          ))}
        </ul>
        <button
          type="button"
          className="link link-arrow"
          onClick={() => {
            useView.getState().openTab("connection");
          }}
        >
          {t.whyMissing}
          <ArrowRight size={14} strokeWidth={2} aria-hidden="true" />
        </button>
      </footer>
    </>
  );
}

function Person({ peer, isNamesake }: { peer: PeerView; isNamesake: boolean }) {
  const t = useText();
  const language = useLanguage();
  const how = t.foundBy[peer.found_by](clock(Date.parse(peer.connected_at), language));
  return (
    <li className="person">
      {peer.author ? (
        <Avatar pubkey={peer.author.pubkey} size={32} />
      ) : (
        <span className="device-cloth">
          <Laptop size={16} strokeWidth={1.75} aria-hidden="true" />
        </span>
      )}
      <div className="grow">
        {peer.author ? (
          <Name author={peer.author} />
        ) : (
          <span className="name">
            {t.aDevice} <span className="key">{shortId(peer.id)}</span>
          </span>
        )}
        {peer.author !== null && isNamesake ? (
          <p className="person-how person-namesake">
            {t.sameName(isolated(nameOf(peer.author)), peer.author.npub.slice(-4))}
          </p>
        ) : (
          <p className="person-how ellipsis" title={how}>
            {how}
          </p>
        )}
      </div>
      <div className="person-way" title={peer.path === "relay" ? t.relayMeans : undefined}>
        <Path kind={peer.path} />
        <span className="hidden-text">{t.paths[peer.path]}</span>
        <span className="person-rtt">{peer.rtt_ms === null ? "–" : duration(peer.rtt_ms)}</span>
      </div>
    </li>
  );
}
