// What can be done with a post: react, reply, more. Shown on hover and focus.
import { useState } from "react";
import { Copy, Ellipsis, Hash, Reply, SmilePlus, Trash2, VolumeX } from "lucide-react";
import { isolated, nameOf } from "../../domain/names";
import { useText } from "../../i18n";
import type { PostView } from "../../ipc/bindings";
import { muteAuthor, react } from "../../stores/actions";
import { deleteSoon } from "../../stores/deletions";
import { IconButton } from "../Button";
import { copyText } from "../clipboard";
import { Menu, type MenuItem } from "../Menu";
import { ReactionPicker } from "./ReactionPicker";

type PostToolsProps = {
  topic: string;
  post: PostView;
  isOwn: boolean;
  isPicking: boolean;
  onPick: (isPicking: boolean) => void;
  onReply: () => void;
};

export function PostTools({ topic, post, isOwn, isPicking, onPick, onReply }: PostToolsProps) {
  const t = useText();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const { id, content } = post.event;
  const icon = { size: 16, strokeWidth: 1.75, "aria-hidden": true } as const;
  const items: MenuItem[] = [
    { key: "text", label: t.copyText, icon: <Copy {...icon} />, run: () => void copyText(content) },
    { key: "id", label: t.copyId, icon: <Hash {...icon} />, run: () => void copyText(id) },
    isOwn
      ? {
          key: "delete",
          label: t.deletePost,
          icon: <Trash2 {...icon} />,
          isDanger: true,
          run: () => {
            deleteSoon(topic, post);
          },
        }
      : {
          key: "mute",
          label: t.muteAuthor(isolated(nameOf(post.author))),
          icon: <VolumeX {...icon} />,
          run: () => void muteAuthor(topic, post.author),
        },
  ];
  return (
    <div className={isMenuOpen || isPicking ? "post-tools post-tools-open" : "post-tools"}>
      <IconButton
        label={t.reactTo}
        aria-expanded={isPicking}
        onClick={() => {
          onPick(!isPicking);
        }}
      >
        <SmilePlus {...icon} size={18} />
      </IconButton>
      <IconButton label={t.replyTo} onClick={onReply}>
        <Reply {...icon} size={18} />
      </IconButton>
      <IconButton
        label={t.moreOf}
        aria-haspopup="menu"
        aria-expanded={isMenuOpen}
        onClick={() => {
          setMenuOpen(!isMenuOpen);
        }}
      >
        <Ellipsis {...icon} size={18} />
      </IconButton>
      {isMenuOpen ? (
        <Menu
          label={t.moreOf}
          items={items}
          onClose={() => {
            setMenuOpen(false);
          }}
        />
      ) : null}
      {isPicking ? (
        <ReactionPicker
          onReact={(reaction) => void react(topic, id, reaction)}
          onClose={() => {
            onPick(false);
          }}
        />
      ) : null}
    </div>
  );
}
