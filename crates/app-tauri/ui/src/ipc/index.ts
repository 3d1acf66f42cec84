// One typed function per command. The only door between the window and Rust: no other folder
// may import Tauri, and nothing here may keep state but the transport in use.
import type {
  AppError,
  EntryWrite,
  KeysQuery,
  NewsBatch,
  PageQuery,
  SettingsChange,
  TextQuery,
} from "./bindings";
import { tauri } from "./tauri";
import { asAppError, type Args, type CommandName, type Result, type Transport } from "./transport";

let transport: Transport = tauri;

/** Talks to another back end from now on; for pages and tests with invented people. */
export function connect(other: Transport): void {
  transport = other;
}

/** Thrown by every function here; carries what the window shows. */
export class CommandFailed extends Error {
  constructor(readonly error: AppError) {
    super(`${error.code}: ${error.message}`);
  }
}

/** What a failed command said. */
export function errorOf(thrown: unknown): AppError {
  return thrown instanceof CommandFailed ? thrown.error : asAppError(thrown);
}

async function call<K extends CommandName>(name: K, args: Args<K>): Promise<Result<K>> {
  try {
    return await transport.call(name, args);
  } catch (thrown) {
    throw new CommandFailed(asAppError(thrown));
  }
}

export const subscribe = (onBatch: (batch: NewsBatch) => void) => transport.subscribe(onBatch);

export const initP2p = () => call("init_p2p", {});
export const usePassphraseFile = () => call("use_passphrase_file", {});
export const initDhtDiscovery = () => call("init_dht_discovery", {});
export const getPeerCount = (topic: string | null) => call("get_peer_count", { topic });
export const finishFirstStart = (name: string, topics: string[]) =>
  call("finish_first_start", { name, topics });
export const status = () => call("status", {});
export const topics = () => call("topics", {});
export const joinTopic = (name: string) => call("join_topic", { name });
export const leaveTopic = (topic: string) => call("leave_topic", { topic });
export const readPosts = (query: PageQuery) => call("read_posts", { query });
export const readThread = (topic: string, root: string) => call("read_thread", { topic, root });
export const readSome = (topic: string, ids: string[]) => call("read_some", { topic, ids });
export const post = (topic: string, text: string, reply_to: string | null) =>
  call("post", { topic, text, reply_to });
export const react = (topic: string, id: string, content: string) =>
  call("react", { topic, id, content });
export const deleteEvent = (topic: string, id: string) => call("delete_event", { topic, id });
export const search = (query: TextQuery) => call("search", { query });
export const readEntries = (query: KeysQuery) => call("read_entries", { query });
export const readEntry = (topic: string, key: string) => call("read_entry", { topic, key });
export const entryHistory = (topic: string, key: string, limit: number) =>
  call("entry_history", { topic, key, limit });
export const writeEntries = (topic: string, writes: EntryWrite[]) =>
  call("write_entries", { topic, writes });
export const markRead = (topic: string, up_to: string) => call("mark_read", { topic, up_to });
export const mute = (author: string) => call("mute", { author });
export const unmute = (author: string) => call("unmute", { author });
export const muted = () => call("muted", {});
export const peers = (topic: string | null) => call("peers", { topic });
export const explain = (topic: string) => call("explain", { topic });
export const lookAgain = () => call("look_again", {});
export const checkDevice = () => call("check_device", {});
export const profile = (author: string) => call("profile", { author });
export const setProfile = (name: string, about: string | null) =>
  call("set_profile", { name, about });
export const notify = (topic: string, id: string) => call("notify", { topic, id });
export const settings = () => call("settings", {});
export const changeSettings = (change: SettingsChange) => call("change_settings", { change });
export const openLogFolder = () => call("open_log_folder", {});
export const openDataFolder = () => call("open_data_folder", {});
