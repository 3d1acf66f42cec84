//! The vault file on the disk.
//!
//! Owns reading it, and replacing it as a whole or not at all. Must never take a failure for a
//! missing file, never leave a half-written vault under its name, and never replace content
//! that the caller has not seen.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use kukuri_application::ports::VaultError;

use super::format::VAULT_BYTES_MAX;

/// How [`replace`] ended when nothing failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    /// The new content is on the disk.
    Done,
    /// The file is not what the caller has seen; nothing was written.
    Changed,
}

/// The content of the file, or `None` when it definitely does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // A link that leads nowhere is a vault on a disk that is not there, not a missing one.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match fs::symlink_metadata(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                _ => Err(access(error)),
            };
        }
        Err(error) => return Err(access(error)),
    };
    if !metadata.is_file() {
        return Err(access(io::Error::new(
            ErrorKind::InvalidInput,
            "it is not a regular file",
        )));
    }
    let mut content = Vec::new();
    let file = File::open(path).map_err(access)?;
    file.take(VAULT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut content)
        .map_err(access)?;
    if content.len() > VAULT_BYTES_MAX {
        return Err(VaultError::Corrupt(
            "it is much larger than a vault".to_owned(),
        ));
    }
    Ok(Some(content))
}

/// Puts `content` in place of `seen` (`None`: no file) in one step: the file always holds the
/// one or the other as a whole, and when this returns, the new one is on the disk.
pub(super) fn replace(
    path: &Path,
    seen: Option<&[u8]>,
    content: &[u8],
) -> Result<Replaced, VaultError> {
    let folder = Folder::lock(path).map_err(access)?;
    if read(path)?.as_deref() != seen {
        return Ok(Replaced::Changed);
    }
    let temporary = temporary_path(path);
    write_temporary(&temporary, content).map_err(|error| discard(&temporary, error))?;
    let published = if seen.is_none() {
        publish_new(&temporary, path)
    } else {
        fs::rename(&temporary, path)
    };
    match published {
        Ok(()) => {}
        Err(error) if seen.is_none() && error.kind() == ErrorKind::AlreadyExists => {
            discard(&temporary, error);
            return Ok(Replaced::Changed);
        }
        Err(error) => return Err(discard(&temporary, error)),
    }
    folder.sync().map_err(access)?;
    Ok(Replaced::Done)
}

/// Removes the file if it still is what the caller has seen. When this returns, it is gone from
/// the disk.
pub(super) fn remove(path: &Path, seen: &[u8]) -> Result<Replaced, VaultError> {
    let folder = Folder::lock(path).map_err(access)?;
    if read(path)?.as_deref() != Some(seen) {
        return Ok(Replaced::Changed);
    }
    fs::remove_file(path).map_err(access)?;
    folder.sync().map_err(access)?;
    Ok(Replaced::Done)
}

fn access(error: io::Error) -> VaultError {
    VaultError::Access(Box::new(error))
}

/// Beside the vault, so that the rename stays on one file system. The name is fixed: what a
/// crash leaves behind is replaced by the next write.
fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".new");
    path.with_file_name(name)
}

/// Creates the file for its owner alone and waits until its content is on the disk.
fn write_temporary(temporary: &Path, content: &[u8]) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(temporary)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Gives the temporary file the vault's name unless something bears it already. A plain rename
/// would replace what it finds, so the name is made by a link where links exist.
fn publish_new(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // A file system without links (FAT): the folder's lock and the check before must do.
        Err(_) => fs::rename(temporary, path),
    }
}

/// Removes the temporary file after a failure and passes the failure on.
fn discard(temporary: &Path, error: io::Error) -> VaultError {
    if let Err(left) = fs::remove_file(temporary)
        && left.kind() != ErrorKind::NotFound
    {
        tracing::warn!(file = %temporary.display(), %left, "a temporary vault file stays behind");
    }
    access(error)
}

/// The vault's folder, locked against other processes that write a vault in it.
struct Folder {
    #[cfg(unix)]
    handle: File,
}

#[cfg(unix)]
impl Folder {
    /// Waits for other writers, each of which is done within milliseconds.
    fn lock(path: &Path) -> io::Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let handle = File::open(folder)?;
        match handle.lock() {
            // Some network file systems cannot lock; the profile's own lock still holds.
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            Ok(()) | Err(_) => Ok(Self { handle }),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}

/// Elsewhere a folder cannot be opened; the profile's own lock keeps a second process out, and
/// the rename is written through by the system.
#[cfg(not(unix))]
impl Folder {
    fn lock(_path: &Path) -> io::Result<Self> {
        Ok(Self {})
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
