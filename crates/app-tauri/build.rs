//! Looks for the front end before Tauri does, and declares what the window may call.

use std::path::Path;

/// The commands of `src/commands.rs`: a window may call those that its capability names.
const COMMANDS: &[&str] = &[
    "change_settings",
    "check_device",
    "delete_event",
    "entry_history",
    "explain",
    "finish_first_start",
    "get_peer_count",
    "init_dht_discovery",
    "init_p2p",
    "join_topic",
    "leave_topic",
    "look_again",
    "mark_read",
    "mute",
    "muted",
    "notify",
    "open_data_folder",
    "open_log_folder",
    "peers",
    "post",
    "profile",
    "react",
    "read_entries",
    "read_entry",
    "read_posts",
    "read_some",
    "read_thread",
    "search",
    "set_profile",
    "settings",
    "status",
    "subscribe",
    "topics",
    "unmute",
    "use_passphrase_file",
    "write_entries",
];

fn main() {
    println!("cargo::rerun-if-changed=ui/dist/index.html");
    if !Path::new("ui/dist/index.html").exists() {
        println!(
            "cargo::error=the front end is not built; build it and the app with: cargo xtask desktop"
        );
        std::process::exit(1);
    }
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    if let Err(error) =
        tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
    {
        println!("cargo::error={error:#}");
        std::process::exit(1);
    }
}
