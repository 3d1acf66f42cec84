// Settings as Rust keeps them, and what follows from them for the page: theme and language.
import { create } from "zustand";
import * as ipc from "../ipc";
import type { AppError, Language, SettingsChange, SettingsView, Theme } from "../ipc/bindings";
import { keepWord } from "./storage";

type SettingsStore = {
  settings: SettingsView;
  error: AppError | null;
  load: () => Promise<void>;
  change: (change: SettingsChange) => Promise<void>;
};

const languageOfSystem = (): Language => (navigator.language.startsWith("ja") ? "ja" : "en");

/** What holds until Rust has answered, or if it cannot. */
const FIRST: SettingsView = {
  theme: "system",
  language: languageOfSystem(),
  notifications: false,
  enter_posts: false,
  single_keys: true,
  is_started: true,
  network_mode: "internet",
  dht: true,
  mdns: true,
  known_peers: true,
  bootstrap: [],
  peers: [],
  fixed: [],
  needs_restart: false,
  config_path: "",
  log_dir: "",
  data_dir: "",
  version: "",
};

export const useSettings = create<SettingsStore>((set, get) => ({
  settings: FIRST,
  error: null,
  load: async () => {
    try {
      const settings = await ipc.settings();
      set({ settings, error: null });
    } catch (thrown) {
      set({ error: ipc.errorOf(thrown) });
    }
    show(get().settings);
  },
  change: async (change) => {
    const before = get().settings;
    set({ settings: { ...before, ...change }, error: null });
    show(get().settings);
    try {
      set({ settings: await ipc.changeSettings(change) });
    } catch (thrown) {
      set({ settings: before, error: ipc.errorOf(thrown) });
    }
    show(get().settings);
  },
}));

function show(settings: { theme: Theme; language: Language }): void {
  document.documentElement.lang = settings.language;
  keepWord("theme", settings.theme);
  window.dispatchEvent(new Event("kukuri:theme"));
}
