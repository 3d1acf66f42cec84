//! What a change leaves of the configuration, and what is left when it fails.

use tempfile::TempDir;

use super::*;

/// A profile with this configuration; none when empty.
struct Profile {
    folder: TempDir,
    home: Home,
    window: WindowSettings,
}

impl Profile {
    fn with(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::locate(Some(folder.path()), "default").expect("a home");
        if !config.is_empty() {
            fs::write(home.config_file(), config).expect("it is written");
        }
        let window = WindowSettings::read(&home);
        Self {
            folder,
            home,
            window,
        }
    }

    fn change(&mut self, wanted: SettingsChange) -> Result<(), AppError> {
        change(&self.home, &[], &mut self.window, wanted)
    }

    fn config(&self) -> String {
        fs::read_to_string(self.home.config_file()).expect("it is read")
    }

    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).expect("it is read");
        let name = |file: io::Result<fs::DirEntry>| {
            let name = file.expect("it is read").file_name();
            name.into_string().expect("a plain name")
        };
        let mut names: Vec<String> = files.map(name).collect();
        names.sort();
        names
    }
}

#[test]
fn what_else_stands_in_the_configuration_stays() {
    let config = r#"# Mine.
[network]
# No strangers.
mode = "serverless" # since May
bind = ["0.0.0.0:4433"]

[discovery]
# In braces.
dht = { enabled = true, retries = 7 } # slow line
mdns.enabled = true

[log] # for the machine
format = "json"
"#;
    let mut profile = Profile::with(config);
    let wanted = SettingsChange {
        network_mode: Some(NetworkMode::Internet),
        dht: Some(false),
        mdns: Some(false),
        known_peers: Some(false),
        ..SettingsChange::default()
    };
    profile.change(wanted).expect("it is changed");
    let expected = r#"# Mine.
[network]
# No strangers.
mode = "internet" # since May
bind = ["0.0.0.0:4433"]

[discovery]
# In braces.
dht = { enabled = false, retries = 7 } # slow line
mdns.enabled = false

[discovery.known_peers]
enabled = false

[log] # for the machine
format = "json"
"#;
    assert_eq!(profile.config(), expected);
    assert_eq!(profile.files(), ["config.toml"], "the window's stay unset");
}

#[test]
fn a_configuration_is_made_where_there_is_none() {
    let peer = format!("{}@127.0.0.1:4001", "ab".repeat(32));
    let mut profile = Profile::with("");
    let wanted = SettingsChange {
        dht: Some(false),
        peers: Some(vec![peer.clone()]),
        ..SettingsChange::default()
    };
    profile.change(wanted).expect("it is changed");
    let expected = format!("[discovery.dht]\nenabled = false\n\n[network]\npeers = [\"{peer}\"]\n");
    assert_eq!(profile.config(), expected);
}

#[test]
fn a_table_in_braces_gets_its_inner_tables_in_braces() {
    let mut profile = Profile::with("discovery = { mdns = { enabled = true } }\n");
    let wanted = SettingsChange {
        dht: Some(false),
        ..SettingsChange::default()
    };
    profile.change(wanted).expect("it is changed");
    assert_eq!(
        profile.config(),
        "discovery = { mdns = { enabled = true } , dht = { enabled = false } }\n"
    );
}

#[test]
fn a_refused_value_changes_nothing() {
    let config = "[network]\nmode = 'internet' # as it was\n";
    let refused = [
        SettingsChange {
            peers: Some(vec!["nobody".to_owned()]),
            theme: Some(Theme::Dark),
            ..SettingsChange::default()
        },
        // The mode excludes the DHT.
        SettingsChange {
            network_mode: Some(NetworkMode::Lan),
            dht: Some(true),
            theme: Some(Theme::Dark),
            ..SettingsChange::default()
        },
    ];
    for wanted in refused {
        let mut profile = Profile::with(config);
        let before = profile.window.clone();
        let error = profile.change(wanted).expect_err("it is refused");
        assert_eq!(error.code, "config", "{}", error.message);
        assert_eq!(profile.config(), config);
        assert_eq!(profile.files(), ["config.toml"]);
        assert_eq!(profile.window, before);
    }
}

#[test]
fn a_damaged_configuration_is_left_as_it_is() {
    let mut profile = Profile::with("[network\n");
    let wanted = SettingsChange {
        dht: Some(false),
        ..SettingsChange::default()
    };
    let error = profile.change(wanted).expect_err("it is no TOML");
    assert_eq!(error.code, "config");
    assert_eq!(profile.config(), "[network\n");
    assert_eq!(profile.files(), ["config.toml"]);
}

#[test]
fn without_a_change_nothing_is_written() {
    let mut profile = Profile::with("[discovery.dht]\nenabled = false\n");
    let wanted = SettingsChange {
        dht: Some(false),
        theme: Some(profile.window.theme),
        ..SettingsChange::default()
    };
    profile.change(wanted).expect("nothing is to do");
    assert_eq!(profile.files(), ["config.toml"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "a file").expect("it is written");
    let home = Home::locate(Some(&blocked.join("home")), "default").expect("a home");
    let before = WindowSettings::read(&home);
    let mut window = before.clone();
    let dark = SettingsChange {
        theme: Some(Theme::Dark),
        ..SettingsChange::default()
    };
    let error = change(&home, &[], &mut window, dark).expect_err("there is no folder");
    assert_eq!(error.code, "read_only", "{}", error.message);
    assert_eq!(window, before);
}

#[test]
fn what_cannot_take_its_place_is_not_left_beside_it() {
    let config = "[discovery.dht]\nenabled = true\n";
    let mut profile = Profile::with(config);
    let before = profile.window.clone();
    fs::create_dir(profile.folder.path().join("desktop.json")).expect("it is made");
    let wanted = SettingsChange {
        dht: Some(false),
        theme: Some(Theme::Dark),
        ..SettingsChange::default()
    };
    let error = profile.change(wanted).expect_err("a folder is in the way");
    assert_eq!(error.code, "read_only", "{}", error.message);
    assert_eq!(profile.config(), config, "neither file is changed");
    assert_eq!(profile.files(), ["config.toml", "desktop.json"]);
    assert_eq!(profile.window, before);
}

/// The kernel's own read-only folder: permissions alone do not keep root out.
#[cfg(target_os = "linux")]
#[test]
fn a_read_only_folder_is_told() {
    let home = Home::locate(Some(Path::new("/proc/self/fdinfo")), "default").expect("a home");
    let error = WindowSettings::read(&home)
        .write(&home)
        .expect_err("nobody writes there");
    assert_eq!(error.code, "read_only", "{}", error.message);
}

#[test]
fn the_window_finds_what_it_wrote_and_defaults_for_the_rest() {
    let mut profile = Profile::with("");
    let wanted = SettingsChange {
        theme: Some(Theme::Dark),
        language: Some(Language::Japanese),
        single_keys: Some(false),
        ..SettingsChange::default()
    };
    profile.change(wanted).expect("it is changed");
    assert_eq!(profile.files(), ["desktop.json"]);
    let read = WindowSettings::read(&profile.home);
    assert_eq!(read, profile.window);
    assert_eq!(
        (read.theme, read.language, read.single_keys),
        (Theme::Dark, Language::Japanese, false)
    );

    let file = profile.folder.path().join("desktop.json");
    fs::write(&file, r#"{ "theme": "light", "of_tomorrow": 1 }"#).expect("it is written");
    let read = WindowSettings::read(&profile.home);
    assert_eq!((read.theme, read.notifications), (Theme::Light, true));
    fs::write(&file, "{ \"the").expect("it is written");
    assert_eq!(
        WindowSettings::read(&profile.home),
        WindowSettings::default()
    );
}

#[test]
fn the_view_says_what_is_set_and_what_waits_for_a_restart() {
    let mut profile = Profile::with("[network]\nmode = 'lan'\n");
    let flags = ["discovery.mdns.enabled=false".to_owned()];
    let sources = ConfigSources::of_process(&profile.home.config_file(), flags.to_vec());
    let running = config::load(&sources).expect("it is valid");
    let shown = |profile: &Profile| {
        view(&profile.home, &flags, &profile.window, Some(&running)).expect("it is shown")
    };
    let before = shown(&profile);
    assert_eq!(before.network_mode, NetworkMode::Lan);
    assert!(!before.mdns && before.known_peers && !before.needs_restart);
    assert!(before.fixed.contains(&"discovery.mdns.enabled".to_owned()));

    let wanted = SettingsChange {
        known_peers: Some(false),
        ..SettingsChange::default()
    };
    profile.change(wanted).expect("it is changed");
    let after = shown(&profile);
    assert!(!after.known_peers && after.needs_restart);
}
