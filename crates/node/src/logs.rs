//! The log: what goes into it, and where it goes.
//!
//! Owns the choice of level (`--log`, then `KUKURI_LOG`, then `RUST_LOG`) and the log file. Must
//! never write into a screen on which somebody chats, unless they asked for it with `--log`.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use thiserror::Error;
use tracing_subscriber::{
    EnvFilter,
    fmt::{MakeWriter, writer::BoxMakeWriter},
};

use crate::{
    config::{LogFormat, LogSettings},
    home::{self, Home, HomeError},
};

/// The log file is put aside when it would grow beyond this; one older file is kept.
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Where log lines go.
pub type Writer = BoxMakeWriter;

const FILE: &str = "kukuri.log";

/// After the name of the file that was put aside.
const OLD_ENDING: &str = ".1";

/// The level without any wish: DEBUG in debug builds, INFO in release builds.
const DEFAULT_LEVEL: &str = if cfg!(debug_assertions) {
    "debug"
} else {
    "info"
};

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// The wish is no level and no filter.
    #[error(
        "{origin}: '{text}' is no log level: expected error, warn, info, debug, trace, off or a filter such as kukuri_node=debug"
    )]
    Filter {
        /// `--log` or the variable.
        origin: &'static str,
        /// What was given.
        text: String,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Home(#[from] HomeError),
}

/// What the user wished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogWish {
    /// `--log`
    pub flag: Option<String>,
    /// `KUKURI_LOG`
    pub kukuri_log: Option<String>,
    /// `RUST_LOG`
    pub rust_log: Option<String>,
}

impl LogWish {
    /// The flag with this process's environment.
    pub fn of_process(flag: Option<String>) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        Self {
            flag,
            kukuri_log: variable("KUKURI_LOG"),
            rust_log: variable("RUST_LOG"),
        }
    }

    /// The filter: the first wish, or the build's default. A bare level is meant for this
    /// program; libraries then say warnings only.
    ///
    /// # Errors
    /// [`LogError::Filter`].
    pub fn filter(&self) -> Result<EnvFilter, LogError> {
        let wishes = [
            ("--log", &self.flag),
            ("KUKURI_LOG", &self.kukuri_log),
            ("RUST_LOG", &self.rust_log),
        ];
        let wish = wishes
            .into_iter()
            .find_map(|(origin, text)| Some((origin, text.as_deref()?)));
        let (origin, text) = wish.unwrap_or(("default", DEFAULT_LEVEL));
        let refused = || LogError::Filter {
            origin,
            text: text.to_owned(),
        };
        // The filter's parser takes any bare word for the name of a module.
        let is_bare = text.chars().all(|c| c.is_ascii_alphanumeric());
        let directives = match text.to_ascii_lowercase().as_str() {
            "off" => "off".to_owned(),
            level @ ("error" | "warn" | "info" | "debug" | "trace") => {
                format!("warn,kukuri={level}")
            }
            _ if is_bare => return Err(refused()),
            _ => text.to_owned(),
        };
        EnvFilter::builder()
            .parse(directives)
            .map_err(|_| refused())
    }
}

/// Starts the log of this process: into `screen` where one is given, otherwise into the file of
/// the profile. A second start in one process changes nothing.
///
/// # Errors
/// [`LogError`].
pub fn start(
    home: &Home,
    wish: &LogWish,
    settings: &LogSettings,
    screen: Option<Writer>,
) -> Result<(), LogError> {
    let filter = wish.filter()?;
    let writer = match screen {
        Some(screen) => screen,
        None => BoxMakeWriter::new(LogFile::open(log_path(home, settings)?)?),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(writer);
    let started = match settings.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
    Ok(())
}

/// The configured file, relative to the profile's folder, or the usual one.
fn log_path(home: &Home, settings: &LogSettings) -> Result<PathBuf, LogError> {
    match &settings.file {
        Some(file) => Ok(home.folder().join(file)),
        None => Ok(home.create_logs()?.join(FILE)),
    }
}

/// The log file, shared by all threads.
#[derive(Debug, Clone)]
struct LogFile(Arc<Mutex<Rotating>>);

/// A file that is put aside when it is full.
#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

impl LogFile {
    fn open(path: PathBuf) -> Result<Self, LogError> {
        let opened = Rotating::open(path.clone(), LOG_BYTES_MAX);
        let rotating = opened.map_err(|source| HomeError::NotWritable { path, source })?;
        Ok(Self(Arc::new(Mutex::new(rotating))))
    }

    fn lock(&self) -> MutexGuard<'_, Rotating> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rotating {
    fn open(path: PathBuf, bytes_max: u64) -> io::Result<Self> {
        let file = home::private_options()
            .append(true)
            .create(true)
            .open(&path)?;
        home::close_to_others(&file)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            path,
            file,
            bytes,
            bytes_max,
        })
    }

    fn put_aside(&mut self) -> io::Result<()> {
        let mut old = self.path.clone().into_os_string();
        old.push(OLD_ENDING);
        fs::rename(&self.path, old)?;
        *self = Self::open(self.path.clone(), self.bytes_max)?;
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.bytes_max {
            self.put_aside()?;
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::home::DEFAULT_PROFILE;

    fn wish(flag: &str, kukuri_log: &str, rust_log: &str) -> LogWish {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        LogWish {
            flag: some(flag),
            kukuri_log: some(kukuri_log),
            rust_log: some(rust_log),
        }
    }

    #[test]
    fn the_flag_wins_over_kukuri_log_which_wins_over_rust_log() {
        let check = |flag, kukuri, rust, expected: &str| {
            let filter = wish(flag, kukuri, rust)
                .filter()
                .expect("valid")
                .to_string();
            assert!(
                filter.contains(expected),
                "{expected} is missing in {filter}"
            );
        };
        check("trace", "warn", "error", "kukuri=trace");
        check("", "warn", "error", "kukuri=warn");
        check("", "", "ERROR", "kukuri=error");
        check(
            "",
            "",
            "",
            if cfg!(debug_assertions) {
                "kukuri=debug"
            } else {
                "kukuri=info"
            },
        );
        check("iroh=debug,kukuri_node=info", "", "", "iroh=debug");
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        let message = wish("loud", "", "")
            .filter()
            .expect_err("no level")
            .to_string();
        assert!(
            message.contains("--log") && message.contains("'loud'"),
            "{message}"
        );
        let message = wish("", "kukuri=loud", "")
            .filter()
            .expect_err("no level")
            .to_string();
        assert!(message.contains("KUKURI_LOG"), "{message}");
    }

    #[test]
    fn the_file_is_appended_to_and_is_the_owners_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::locate(Some(folder.path()), DEFAULT_PROFILE).expect("a valid profile");
        home.create().expect("created");
        let path = log_path(&home, &LogSettings::default()).expect("a folder of logs");
        assert_eq!(path, home.logs().join(FILE));
        for line in ["one\n", "two\n"] {
            let mut log = LogFile::open(path.clone()).expect("opened");
            log.write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(fs::read_to_string(&path).expect("readable"), "one\ntwo\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_full_file_is_put_aside_while_it_is_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log");
        let mut log = Rotating::open(path.clone(), 10).expect("opened");
        for line in ["12345\n", "abc\n", "next\n", "a line longer than ten\n"] {
            log.write(line.as_bytes()).expect("written");
        }
        let read = |path: &Path| fs::read_to_string(path).expect("readable");
        assert_eq!(read(&path), "a line longer than ten\n");
        assert_eq!(read(&folder.path().join("log.1")), "next\n");
    }

    #[test]
    fn the_configured_file_wins() {
        let home = Home::locate(Some(Path::new("/p")), DEFAULT_PROFILE).expect("a valid profile");
        let check = |file: &str, expected: &str| {
            let settings = LogSettings {
                file: Some(file.into()),
                ..LogSettings::default()
            };
            let path = log_path(&home, &settings).expect("nothing is made");
            assert_eq!(path, Path::new(expected));
        };
        check("/var/log/kukuri.log", "/var/log/kukuri.log");
        check("node.log", "/p/node.log");
    }
}
