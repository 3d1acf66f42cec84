//! A profile's place on the disk.
//!
//! Owns the names of its files, their permissions (folders 0700, files 0600) and the UDP port
//! that the profile keeps. Must never widen a permission, and never touch what another program
//! put into a folder that a user named.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    net::{Ipv4Addr, UdpSocket},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;
use rand::Rng as _;
use thiserror::Error;

/// The name of the program's folders.
const PROGRAM: &str = "kukuri";

/// The profile without a name.
pub const DEFAULT_PROFILE: &str = "default";

/// Ports that profiles draw from: registered by few programs, and below those that systems hand
/// out for outgoing connections, so that the port is still free after a restart.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How many ports are tried before the system chooses one.
const PORT_ATTEMPTS: usize = 20;

/// Longest name of a profile, in characters: with the folder's path it must stay far below the
/// 107 bytes of a socket's path.
const PROFILE_CHARS_MAX: usize = 32;

/// Why a profile's folder cannot be used.
#[derive(Debug, Error)]
pub enum HomeError {
    /// The user has no home directory.
    #[error("the home directory of this user is not known")]
    NoHomeDirectory(#[source] etcetera::HomeDirError),
    /// The name cannot be the name of a folder everywhere.
    #[error(
        "'{0}' is no profile name: 1 to {PROFILE_CHARS_MAX} letters a-z, digits, '-' or '_' are expected"
    )]
    ProfileName(String),
    /// There is something else where the folder should be.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// Where.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be made, read or written.
    #[error("{} cannot be written: {source}", path.display())]
    NotWritable {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl HomeError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            HomeError::NoHomeDirectory(_) => {
                "set HOME, or name a folder with --home DIR".to_owned()
            }
            HomeError::ProfileName(_) => "choose another name with --profile NAME".to_owned(),
            HomeError::NotAFolder { .. } => {
                "move it away, or name another folder with --home DIR".to_owned()
            }
            HomeError::NotWritable { source, .. }
                if source.kind() == io::ErrorKind::StorageFull =>
            {
                "make room on this disk, or name a folder on another with --home DIR".to_owned()
            }
            HomeError::NotWritable { .. } => {
                "make it writable for this user, or name another folder with --home DIR".to_owned()
            }
        }
    }
}

/// Where a profile keeps its files. Nothing is touched before [`Home::create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    profile: String,
    data: PathBuf,
    config: PathBuf,
}

impl Home {
    /// The home of `profile`: everything under `folder` where one is named, otherwise under the
    /// user's data home and configuration home.
    ///
    /// # Errors
    /// [`HomeError::ProfileName`], [`HomeError::NoHomeDirectory`].
    pub fn locate(folder: Option<&Path>, profile: &str) -> Result<Self, HomeError> {
        let is_plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let length = profile.chars().count();
        if length == 0 || length > PROFILE_CHARS_MAX || !profile.chars().all(is_plain) {
            return Err(HomeError::ProfileName(profile.to_owned()));
        }
        let profile = profile.to_owned();
        if let Some(folder) = folder {
            return Ok(Self {
                profile,
                data: folder.to_owned(),
                config: folder.to_owned(),
            });
        }
        let base = etcetera::choose_base_strategy().map_err(HomeError::NoHomeDirectory)?;
        Ok(Self {
            data: base.data_dir().join(PROGRAM).join(&profile),
            config: base.config_dir().join(PROGRAM).join(&profile),
            profile,
        })
    }

    /// The profile's name.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The folder of database, vault, lock and logs.
    pub fn folder(&self) -> &Path {
        &self.data
    }

    /// The configuration file; it need not exist.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data.join("kukuri.db")
    }

    /// The sealed vault.
    pub fn vault(&self) -> PathBuf {
        self.data.join("vault")
    }

    /// What the profile says about its keys.
    pub fn identity_file(&self) -> PathBuf {
        self.data.join("identity")
    }

    /// The lock.
    pub fn lock_file(&self) -> PathBuf {
        self.data.join("lock")
    }

    /// The lines that were typed in a shell.
    pub fn shell_history(&self) -> PathBuf {
        self.data.join("shell_history")
    }

    /// The control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.data.join("control.sock")
    }

    /// The folder of logs.
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }

    /// Makes the folder, for its owner only. A folder that exists is closed to others if it is
    /// empty or a profile already; in any other folder only our own files are closed.
    ///
    /// # Errors
    /// [`HomeError::NotAFolder`], [`HomeError::NotWritable`].
    pub fn create(&self) -> Result<(), HomeError> {
        make_folder(&self.data)?;
        if is_ours(&self.data).map_err(not_writable(&self.data))? {
            set_owner_only(&self.data)?;
        }
        Ok(())
    }

    /// Makes the folder of logs.
    ///
    /// # Errors
    /// [`HomeError::NotAFolder`], [`HomeError::NotWritable`].
    pub fn create_logs(&self) -> Result<PathBuf, HomeError> {
        let logs = self.logs();
        make_folder(&logs)?;
        Ok(logs)
    }

    /// The UDP port that this profile keeps, drawn at random the first time, so that its peers
    /// and the router's mapping find it again after a restart.
    ///
    /// # Errors
    /// [`HomeError::NotWritable`].
    pub fn port(&self) -> Result<u16, HomeError> {
        let path = self.data.join("port");
        let kept = match fs::read_to_string(&path) {
            // Another content is replaced by a new port.
            Ok(text) => text.trim().parse::<u16>().ok().filter(|port| *port > 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(not_writable(&path)(error)),
        };
        if let Some(port) = kept {
            return Ok(port);
        }
        let port = draw_port();
        let written = create_private(&path).and_then(|mut file| writeln!(file, "{port}"));
        written.map_err(not_writable(&path))?;
        Ok(port)
    }
}

/// A port that is free now.
fn draw_port() -> u16 {
    let mut random = rand::rng();
    let free = |port: &u16| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    std::iter::repeat_with(|| random.random_range(PORTS))
        .take(PORT_ATTEMPTS)
        .find(free)
        .unwrap_or(PORTS.start)
}

/// Opens a file for writing from its start, readable by its owner only.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let file = private_options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    close_to_others(&file)?;
    Ok(file)
}

/// How files of a profile are opened: readable by their owner only.
pub(crate) fn private_options() -> OpenOptions {
    #[allow(unused_mut)] // Only Unix has modes.
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file that existed keeps its mode when it is opened; this closes it.
#[cfg(unix)]
pub(crate) fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if file.metadata()?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

/// The user's folders are private on other systems.
#[cfg(not(unix))]
pub(crate) fn close_to_others(_file: &File) -> io::Result<()> {
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), HomeError> {
    #[allow(unused_mut)] // Only Unix has modes.
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.recursive(true).create(path) {
        Ok(()) => Ok(()),
        Err(error) => Err(match blocking_file(path) {
            Some(path) => HomeError::NotAFolder { path },
            None => not_writable(path)(error),
        }),
    }
}

/// The part of the path that exists and is no folder.
fn blocking_file(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|part| part.exists() && !part.is_dir())
        .map(Path::to_owned)
}

/// Whether a folder holds nothing, or a profile.
fn is_ours(folder: &Path) -> io::Result<bool> {
    let is_profile = folder.join("lock").exists() || folder.join("kukuri.db").exists();
    Ok(is_profile || fs::read_dir(folder)?.next().is_none())
}

#[cfg(unix)]
fn set_owner_only(folder: &Path) -> Result<(), HomeError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(folder)
        .map_err(not_writable(folder))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(not_writable(folder))
}

#[cfg(not(unix))]
fn set_owner_only(_folder: &Path) -> Result<(), HomeError> {
    Ok(())
}

fn not_writable(path: &Path) -> impl FnOnce(io::Error) -> HomeError + use<> {
    let path = path.to_owned();
    move |source| HomeError::NotWritable { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(folder: &Path) -> Home {
        Home::locate(Some(folder), DEFAULT_PROFILE).expect("a valid profile")
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).expect("it exists").permissions().mode() & 0o777
    }

    #[test]
    #[cfg(unix)]
    fn folders_are_0700_and_files_0600() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let home = home(&base.path().join("a/b"));
        home.create().expect("created");
        home.create_logs().expect("created");
        home.port().expect("a port");
        assert_eq!(mode(home.folder()), 0o700);
        assert_eq!(mode(&home.logs()), 0o700);
        assert_eq!(mode(&home.folder().join("port")), 0o600);
    }

    #[test]
    #[cfg(unix)]
    fn an_empty_folder_is_closed_and_a_foreign_one_left_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let base = tempfile::tempdir().expect("a temporary folder");
        for (name, content, expected) in [("empty", None, 0o700), ("foreign", Some("photo"), 0o755)]
        {
            let folder = base.path().join(name);
            fs::create_dir(&folder).expect("made");
            if let Some(content) = content {
                fs::write(folder.join(content), "x").expect("written");
            }
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("set");
            home(&folder).create().expect("created");
            assert_eq!(mode(&folder), expected, "{name}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn an_open_file_is_closed_to_others_when_it_is_used_again() {
        use std::os::unix::fs::PermissionsExt as _;
        let base = tempfile::tempdir().expect("a temporary folder");
        let path = base.path().join("file");
        fs::write(&path, "x").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        create_private(&path).expect("opened");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn the_port_is_kept() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let home = home(base.path());
        let port = home.port().expect("a port");
        assert!(PORTS.contains(&port));
        assert_eq!(home.port().expect("a port"), port);
        fs::write(base.path().join("port"), "nonsense").expect("written");
        let other = home.port().expect("a new port");
        assert_eq!(home.port().expect("a port"), other);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let file = base.path().join("file");
        fs::write(&file, "x").expect("written");
        for folder in [file.clone(), file.join("below")] {
            match home(&folder).create() {
                Err(HomeError::NotAFolder { path }) => assert_eq!(path, file),
                other => panic!("expected NotAFolder, got {other:?}"),
            }
        }
    }

    #[test]
    fn profile_names_stay_inside_the_data_home() {
        for bad in ["", "..", "a/b", "Ä", "A", &"x".repeat(33)] {
            assert!(
                matches!(Home::locate(None, bad), Err(HomeError::ProfileName(_))),
                "{bad:?}"
            );
        }
        assert!(Home::locate(Some(Path::new("/x")), "work-2").is_ok());
    }
}
