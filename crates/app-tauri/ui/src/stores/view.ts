// What is on screen: topic, tab, panel, thread, search, overlay. Owns no data of these.
import { create } from "zustand";
import type { EntryView } from "../ipc/bindings";

export type Tab = "timeline" | "entries" | "connection";
export type SettingsGroup =
  "you" | "keyring" | "network" | "finding" | "appearance" | "language" | "notifications" | "about";
export type Overlay =
  | { kind: "join" }
  | { kind: "palette" }
  | { kind: "shortcuts" }
  | { kind: "leave"; topic: string }
  /** Writes a key: one that is new, or one whose last write was read. */
  | { kind: "entry"; topic: string; key: string; base: EntryView | null }
  | { kind: "delete-entry"; topic: string; base: EntryView };

type ViewStore = {
  screen: "topic" | "search" | "settings";
  topic: string | null;
  tab: Tab;
  /** The right panel, where it stands beside the rest or was opened over it. */
  isPanelOpen: boolean;
  /** The topic list, where the window is too narrow to show it always. */
  isListOpen: boolean;
  isThreadOpen: boolean;
  /** The thread was opened to answer; its composer takes the focus. */
  wantsReply: boolean;
  settingsGroup: SettingsGroup;
  overlay: Overlay | null;
  openTopic: (topic: string | null) => void;
  openTab: (tab: Tab) => void;
  openSettings: (group?: SettingsGroup) => void;
  openSearch: () => void;
  backToTopic: () => void;
  setPanel: (isOpen: boolean) => void;
  setList: (isOpen: boolean) => void;
  setThread: (isOpen: boolean, wantsReply?: boolean) => void;
  setOverlay: (overlay: Overlay | null) => void;
};

/** From this width on the panel stands beside the rest. */
export const WIDE = 1100;

export const useView = create<ViewStore>((set, get) => ({
  screen: "topic",
  topic: null,
  tab: "timeline",
  isPanelOpen: window.innerWidth >= WIDE,
  isListOpen: false,
  isThreadOpen: false,
  wantsReply: false,
  settingsGroup: "you",
  overlay: null,
  openTopic: (topic) => {
    const isOther = topic !== get().topic;
    set({
      screen: "topic",
      isPanelOpen: get().isPanelOpen && window.innerWidth >= WIDE,
      topic,
      isListOpen: false,
      overlay: null,
      ...(isOther ? { tab: "timeline", isThreadOpen: false } : {}),
    });
  },
  openTab: (tab) => {
    const isPanelOpen = get().isPanelOpen && window.innerWidth >= WIDE;
    set({ screen: "topic", tab, isThreadOpen: false, isPanelOpen });
  },
  openSettings: (group) => {
    set({ screen: "settings", overlay: null, isListOpen: false, settingsGroup: group ?? "you" });
  },
  openSearch: () => {
    set({ screen: "search", overlay: null, isListOpen: false, isThreadOpen: false });
  },
  backToTopic: () => {
    set({ screen: "topic", isThreadOpen: false });
  },
  setPanel: (isPanelOpen) => {
    set({ isPanelOpen });
  },
  setList: (isListOpen) => {
    set({ isListOpen });
  },
  setThread: (isThreadOpen, wantsReply = false) => {
    set({ isThreadOpen, wantsReply });
  },
  setOverlay: (overlay) => {
    set({ overlay });
  },
}));
