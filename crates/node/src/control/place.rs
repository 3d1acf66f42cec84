//! Where the control socket of a profile is.
//!
//! It lies in the profile's folder. A path that is too long for a socket (107 bytes on Linux) is
//! replaced by one in the runtime folder, which the lock's note names.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use interprocess::local_socket::{
    GenericFilePath, ListenerOptions, ToFsName as _,
    tokio::{Listener, Stream, prelude::*},
};

use crate::{home::Home, lock};

/// Longest path of a socket, in bytes: the least of what systems take (macOS), without the
/// terminating zero.
const PATH_BYTES_MAX: usize = 103;

/// The path of a control socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPlace {
    path: PathBuf,
}

impl fmt::Display for SocketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl SocketPlace {
    /// Where a node of this profile will serve.
    pub(crate) fn to_serve(home: &Home) -> Self {
        let path = home.control_socket();
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Self { path };
        }
        let hash = blake3::hash(path.as_os_str().as_encoded_bytes());
        let name = format!("kukuri-{}.sock", &hash.to_hex()[..16]);
        Self {
            path: runtime_folder().join(name),
        }
    }

    /// Where the node that holds this profile serves.
    pub(crate) fn of_running(home: &Home) -> Self {
        match lock::noted_socket(home) {
            Some(path) => Self { path },
            None => Self::to_serve(home),
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn connect(&self) -> io::Result<Stream> {
        Stream::connect(self.name()?).await
    }

    /// Listens. Only the process that holds the profile's lock may call it: what lies at the
    /// place then is what a process left behind that was killed.
    pub(crate) fn listen(&self) -> io::Result<Listener> {
        remove_left_over(&self.path)?;
        let listener = ListenerOptions::new().name(self.name()?).create_tokio()?;
        close_to_others(&self.path)?;
        Ok(listener)
    }

    #[cfg(unix)]
    fn name(&self) -> io::Result<interprocess::local_socket::Name<'_>> {
        self.path.as_path().to_fs_name::<GenericFilePath>()
    }

    /// Pipes have a name space of their own.
    #[cfg(windows)]
    fn name(&self) -> io::Result<interprocess::local_socket::Name<'_>> {
        let hash = blake3::hash(self.path.as_os_str().as_encoded_bytes());
        let name = format!(r"\\.\pipe\kukuri-{}", &hash.to_hex()[..16]);
        PathBuf::from(name).to_fs_name::<GenericFilePath>()
    }
}

/// The user's folder for sockets, or a folder of our own below the one for temporary files.
fn runtime_folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => std::env::temp_dir(),
    }
}

#[cfg(unix)]
fn remove_left_over(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is something that is no socket",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn remove_left_over(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::DEFAULT_PROFILE;

    #[test]
    fn a_path_that_is_too_long_is_replaced_by_a_short_one() {
        let place = |folder: &str| {
            let home = Home::locate(Some(Path::new(folder)), DEFAULT_PROFILE).expect("valid");
            SocketPlace::to_serve(&home).path
        };
        assert_eq!(place("/p"), Path::new("/p/control.sock"));
        let long = format!("/{}", "x".repeat(120));
        let short = place(&long);
        assert!(short.as_os_str().len() <= PATH_BYTES_MAX, "{short:?}");
        assert_eq!(short, place(&long));
        assert_ne!(short, place(&format!("{long}y")));
    }

    #[test]
    #[cfg(unix)]
    fn only_a_socket_is_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("control.sock");
        std::fs::write(&path, "a file").expect("written");
        let error = remove_left_over(&path).expect_err("it is no socket");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        std::fs::remove_file(&path).expect("removed");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
        remove_left_over(&path).expect("a socket that nobody serves");
        assert!(!path.exists());
    }
}
