//! The log: what goes into it, and where it goes.
//!
//! Owns the choice of level (`--log`, then `KUKURI_LOG`, then `RUST_LOG`) and the log file. Must
//! never write into a screen on which somebody chats, unless they asked for it with `--log`.

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use thiserror::Error;
use tracing_subscriber::{
    EnvFilter,
    fmt::{MakeWriter, writer::BoxMakeWriter},
};

use crate::{
    config::LogFormat,
    home::{self, Home, HomeError},
};

/// The log file is put aside when a start finds it larger than this.
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Where log lines go.
pub type Writer = BoxMakeWriter;

const FILE: &str = "kukuri.log";
const OLD_FILE: &str = "kukuri.log.1";

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
    format: LogFormat,
    screen: Option<Writer>,
) -> Result<(), LogError> {
    let filter = wish.filter()?;
    let writer = match screen {
        Some(screen) => screen,
        None => BoxMakeWriter::new(LogFile::open(home)?),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(writer);
    let started = match format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
    Ok(())
}

/// The log file, shared by all threads.
#[derive(Debug, Clone)]
struct LogFile(Arc<Mutex<File>>);

impl LogFile {
    fn open(home: &Home) -> Result<Self, LogError> {
        let folder = home.create_logs()?;
        let path = folder.join(FILE);
        let opened = put_aside(&path, &folder.join(OLD_FILE)).and_then(|()| {
            let file = home::private_options()
                .append(true)
                .create(true)
                .open(&path)?;
            home::close_to_others(&file)?;
            Ok(file)
        });
        let file = opened.map_err(|source| HomeError::NotWritable { path, source })?;
        Ok(Self(Arc::new(Mutex::new(file))))
    }
}

fn put_aside(path: &Path, old: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.len() > LOG_BYTES_MAX => fs::rename(path, old),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
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
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

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
    fn the_file_is_appended_to_and_put_aside_when_it_is_large() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::locate(Some(folder.path()), DEFAULT_PROFILE).expect("a valid profile");
        home.create().expect("created");
        let path = home.logs().join(FILE);
        for line in ["one\n", "two\n"] {
            LogFile::open(&home)
                .expect("opened")
                .write_all(line.as_bytes())
                .expect("written");
        }
        assert_eq!(fs::read_to_string(&path).expect("readable"), "one\ntwo\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).expect("there").permissions().mode() & 0o777,
                0o600
            );
        }
        File::options()
            .write(true)
            .open(&path)
            .expect("opened")
            .set_len(LOG_BYTES_MAX + 1)
            .expect("set");
        LogFile::open(&home).expect("opened");
        assert_eq!(fs::metadata(&path).expect("there").len(), 0);
        assert!(home.logs().join(OLD_FILE).exists());
    }
}
