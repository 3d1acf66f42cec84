//! The program `kukuri-desktop`: one window on one profile.
//!
//! Owns the start and the end of the program. Which database, network and vault its node has is
//! decided in `kukuri-wiring`; what the window shows, in `ui/`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
#[cfg(test)]
mod bindings;
mod commands;
mod error;
mod news;
mod notify;
mod person;
mod settings;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use kukuri_node::{Home, platform::StopSignals};
use tauri::{Manager as _, RunEvent, WebviewUrl, WebviewWindowBuilder};

use app::App;

/// The one window.
const WINDOW: &str = "main";

/// Topics, held together by the people in them.
#[derive(Debug, Parser)]
#[command(name = "kukuri-desktop", version)]
struct Args {
    /// Folder that holds everything of the profile, in place of the user's folders
    #[arg(long, value_name = "DIR", env = "KUKURI_HOME")]
    home: Option<PathBuf>,
    /// Profile to use
    #[arg(
        long,
        value_name = "NAME",
        env = "KUKURI_PROFILE",
        default_value = "default"
    )]
    profile: String,
    /// Log to the terminal as well, for example debug or kukuri=trace
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
    /// Set a configuration key
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

fn main() -> ExitCode {
    kukuri_node::platform::make_new_files_private();
    kukuri_node::platform::keep_memory_private();
    let args = Args::parse();
    let folder = args.home.filter(|folder| !folder.as_os_str().is_empty());
    match Home::locate(folder.as_deref(), &args.profile) {
        Ok(home) => run(home, args.set, args.log),
        Err(error) => {
            let hint = error.hint();
            eprintln!("error: {error}\n  do: {hint}");
            ExitCode::from(2)
        }
    }
}

fn run(home: Home, flags: Vec<String>, log: Option<String>) -> ExitCode {
    if let Err(why) = screen() {
        eprintln!("error: the window could not be opened: {why}");
        eprintln!(
            "  do: start it in a desktop session; in a terminal, kukuri join TOPIC does the same"
        );
        return ExitCode::FAILURE;
    }
    let webview_data = home.folder().join("webview");
    let window_state = home.folder().join("window.json").display().to_string();
    // Another profile is another program to the desktop: each has one window of its own.
    let instance = blake3::hash(home.folder().as_os_str().as_encoded_bytes()).to_hex();
    let instance = format!("dev.kukuri.desktop.p{}", &instance[..16]);
    let built = tauri::Builder::default()
        .plugin(
            tauri_plugin_single_instance::Builder::new()
                .dbus_id(instance)
                .callback(|handle, _, _| show(handle))
                .build(),
        )
        .plugin(
            tauri_plugin_window_state::Builder::default()
                .with_filename(window_state)
                .build(),
        )
        .plugin(tauri_plugin_opener::init())
        .manage(App::new(home, flags, log))
        .invoke_handler(tauri::generate_handler![
            commands::change_settings,
            commands::check_device,
            commands::delete_event,
            commands::entry_history,
            commands::explain,
            commands::finish_first_start,
            commands::get_peer_count,
            commands::init_dht_discovery,
            commands::init_p2p,
            commands::join_topic,
            commands::leave_topic,
            commands::look_again,
            commands::mark_read,
            commands::mute,
            commands::muted,
            commands::notify,
            commands::open_data_folder,
            commands::open_log_folder,
            commands::peers,
            commands::post,
            commands::profile,
            commands::react,
            commands::read_entries,
            commands::read_entry,
            commands::read_posts,
            commands::read_some,
            commands::read_thread,
            commands::search,
            commands::set_profile,
            commands::settings,
            commands::status,
            commands::subscribe,
            commands::topics,
            commands::unmute,
            commands::use_passphrase_file,
            commands::write_entries,
        ])
        .setup(move |app| {
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move { handle.state::<App>().open_ahead().await });
            WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::App("index.html".into()))
                .title("kukuri")
                .inner_size(1_280.0, 800.0)
                .min_inner_size(720.0, 520.0)
                .data_directory(webview_data)
                .disable_drag_drop_handler()
                // Nothing but the app itself is ever shown in the window.
                .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
                .build()?;
            end_on_signal(app.handle().clone());
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => ExitCode::from(u8::try_from(app.run_return(on_event)).unwrap_or(1)),
        Err(error) => {
            eprintln!("error: the window could not be opened: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How long the cursor of a text field takes to go out and come back: it is out for the second half,
/// and each key lights it again.
#[cfg(target_os = "linux")]
const CURSOR_BLINK_MS: i32 = 4 * 24 * 60 * 60 * 1_000;

/// Whether there is a screen to open a window on. The toolkit would end the program otherwise.
#[cfg(target_os = "linux")]
fn screen() -> Result<(), String> {
    use gtk::prelude::GtkSettingsExt as _;
    gtk::init().map_err(|_| "there is no screen here".to_owned())?;
    // The toolkit's own fields stop blinking after ten seconds, those of the web view never do:
    // left in the composer, the cursor would have the window drawn anew twice a second for ever.
    // Told not to blink at all, WebKitGTK (2.50) asks anew in every frame whether it still may not,
    // which costs as much; so it blinks once in days.
    if let Some(settings) = gtk::Settings::default() {
        settings.set_gtk_cursor_blink(true);
        settings.set_gtk_cursor_blink_time(CURSOR_BLINK_MS);
    }
    Ok(())
}

/// Whether there is a screen to open a window on.
#[cfg(not(target_os = "linux"))]
fn screen() -> Result<(), String> {
    Ok(())
}

/// The node ends before the program does.
fn on_event(handle: &tauri::AppHandle, event: RunEvent) {
    if let RunEvent::ExitRequested { api, code, .. } = event
        && code.is_none()
    {
        api.prevent_exit();
        let handle = handle.clone();
        tauri::async_runtime::spawn(async move {
            handle.state::<App>().close().await;
            handle.exit(0);
        });
    }
}

fn show(handle: &tauri::AppHandle) {
    let Some(window) = handle.get_webview_window(WINDOW) else {
        return;
    };
    let shown = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::debug!(%error, "the window was not brought to the front");
    }
}

/// SIGTERM and Ctrl-C end the program as closing its window does.
fn end_on_signal(handle: tauri::AppHandle) {
    tauri::async_runtime::spawn(async move {
        match StopSignals::listen() {
            Ok(mut signals) => _ = signals.next().await,
            Err(error) => return tracing::warn!(%error, "failed to listen to signals"),
        }
        handle.state::<App>().close().await;
        handle.exit(0);
    });
}
