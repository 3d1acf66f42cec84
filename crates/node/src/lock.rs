//! One node per profile.
//!
//! Owns an advisory lock of the operating system on the profile's `lock` file, and the note in it
//! that says who holds it. Must never trust the note alone: a process that was killed leaves it
//! behind, but the system has released its lock.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use thiserror::Error;

use crate::home::{self, Home};

/// How often a lock that is held is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// A holder that has left no note.
const UNKNOWN_HOLDER: &str = "another process";

/// Longest note that is read: a line about the process, and one with the path of its socket.
const NOTE_BYTES_MAX: u64 = 8 * 1024;

/// Why the profile cannot be taken.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process has it.
    #[error("profile \"{profile}\" is in use by {holder}")]
    InUse {
        /// Which profile.
        profile: String,
        /// "process 4121 (kukuri-desktop)", as far as it is known.
        holder: String,
    },
    /// The lock file cannot be made or written.
    #[error("{} cannot be written: {source}", path.display())]
    NotWritable {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A profile that is ours until this is dropped.
#[derive(Debug)]
pub struct ProfileLock {
    // The lock belongs to the open file.
    file: File,
}

/// The control socket that whoever holds the profile has noted; `None` where there is no note of
/// one.
pub(crate) fn noted_socket(home: &Home) -> Option<PathBuf> {
    // Without a note the socket is at its usual place.
    let note = std::fs::read_to_string(home.lock_file()).ok()?;
    let path = note.lines().nth(1)?;
    Some(PathBuf::from(path)).filter(|path| path.is_absolute())
}

impl ProfileLock {
    /// Who holds the profile, in words, as far as the note says.
    pub fn holder(home: &Home) -> String {
        match File::open(home.lock_file()) {
            Ok(mut file) => holder(&mut file),
            // Without a note nobody is named.
            Err(_) => UNKNOWN_HOLDER.to_owned(),
        }
    }

    /// Takes the profile, waiting up to `patience` for a process that holds it only briefly. It
    /// blocks the thread. `program` is noted for whoever finds the profile in use.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(home: &Home, program: &str, patience: Duration) -> Result<Self, LockError> {
        let path = home.lock_file();
        let failed = |source| LockError::NotWritable {
            path: path.clone(),
            source,
        };
        let mut file = open(&path).map_err(failed)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(LockError::InUse {
                        profile: home.profile().to_owned(),
                        holder: holder(&mut file),
                    });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(RETRY),
            }
        }
        note(&mut file, program).map_err(failed)?;
        Ok(Self { file })
    }

    /// Notes where the control socket is, for whoever finds the profile in use.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub(crate) fn note_socket(&mut self, path: &Path) -> io::Result<()> {
        self.file.seek(io::SeekFrom::End(0))?;
        writeln!(self.file, "{}", path.display())?;
        self.file.flush()
    }
}

fn open(path: &Path) -> io::Result<File> {
    let file = home::private_options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    home::close_to_others(&file)?;
    Ok(file)
}

fn note(file: &mut File, program: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{} {program}", std::process::id())?;
    file.flush()
}

/// Who holds the lock, in words. Where the system also locks the content (Windows), or the note
/// is being written, nobody is named.
fn holder(file: &mut File) -> String {
    let mut note = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(NOTE_BYTES_MAX).read_to_string(&mut note));
    if read.is_err() {
        return UNKNOWN_HOLDER.to_owned();
    }
    match note.lines().next().unwrap_or_default().split_once(' ') {
        Some((pid, program)) if pid.parse::<u32>().is_ok() => format!("process {pid} ({program})"),
        _ => UNKNOWN_HOLDER.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::DEFAULT_PROFILE;

    fn home(folder: &Path) -> Home {
        let home = Home::locate(Some(folder), DEFAULT_PROFILE).expect("a valid profile");
        home.create().expect("created");
        home
    }

    #[test]
    fn the_second_is_told_who_is_first_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = home(folder.path());
        let first = ProfileLock::take(&home, "first", Duration::ZERO).expect("free");
        match ProfileLock::take(&home, "second", Duration::ZERO) {
            Err(LockError::InUse { profile, holder }) => {
                assert_eq!(profile, "default");
                assert_eq!(holder, format!("process {} (first)", std::process::id()));
            }
            other => panic!("expected InUse, got {other:?}"),
        }
        drop(first);
        ProfileLock::take(&home, "second", Duration::ZERO).expect("free again");
    }

    #[test]
    fn a_short_holder_is_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = home(folder.path());
        let first = ProfileLock::take(&home, "first", Duration::ZERO).expect("free");
        let (waiting, is_waiting) = std::sync::mpsc::channel();
        let waiter = std::thread::spawn({
            let home = home.clone();
            move || {
                waiting.send(()).expect("the test listens");
                ProfileLock::take(&home, "second", Duration::from_secs(10)).is_ok()
            }
        });
        is_waiting.recv().expect("the waiter started");
        drop(first);
        assert!(waiter.join().expect("no panic"));
    }

    #[test]
    fn a_stale_note_does_not_lock() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = home(folder.path());
        std::fs::write(home.lock_file(), "4121 kukuri-desktop\n").expect("written");
        ProfileLock::take(&home, "kukuri", Duration::ZERO).expect("nobody holds it");
        let note = std::fs::read_to_string(home.lock_file()).expect("readable");
        assert_eq!(note, format!("{} kukuri\n", std::process::id()));
    }
}
