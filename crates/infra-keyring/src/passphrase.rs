//! The passphrase of a sealed file, and where it comes from.
//!
//! Owns the sources (given, first line of a file, asked for on a terminal, nobody) and their
//! rules. Must never show a passphrase, never take an empty one, and never read it from a file
//! that others can read. The bytes count as they are: nothing is normalised.

use std::{
    fmt, fs,
    io::{self, BufRead as _, Read as _},
    path::{Path, PathBuf},
};

use kukuri_application::ports::VaultError;
use thiserror::Error;
use zeroize::Zeroizing;

/// How often a person at a prompt is asked before the vault gives up.
pub const PROMPT_ATTEMPTS_MAX: u32 = 3;

/// Greatest length of a passphrase in a file, in bytes; a longer first line is no passphrase
/// but the wrong file.
const FILE_LINE_BYTES_MAX: u64 = 4_096;

/// Bits of a Unix file mode that let anyone but the owner at the file.
#[cfg(unix)]
const OTHERS_MODE_BITS: u32 = 0o077;

/// A passphrase with at least one byte. It is wiped on drop and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes as they are.
    ///
    /// # Errors
    /// [`PassphraseError::Empty`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, PassphraseError> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.is_empty() {
            Err(PassphraseError::Empty)
        } else {
            Ok(Self(bytes))
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The passphrase of an existing vault. From the second attempt on, the one before was
    /// wrong.
    Open {
        /// Counts from 1 to [`PROMPT_ATTEMPTS_MAX`].
        attempt: u32,
    },
    /// A passphrase for a new vault. From the second attempt on, the one before was empty or
    /// its repetition differed.
    Choose {
        /// Counts from 1 to [`PROMPT_ATTEMPTS_MAX`].
        attempt: u32,
    },
    /// The passphrase just chosen, once more.
    Repeat,
}

/// Asks a person and returns the line without its end, not echoed. It is called on the blocking
/// pool.
pub type Prompt = Box<dyn Fn(Ask) -> io::Result<String> + Send + Sync>;

/// Where a vault's passphrase comes from. It is asked for only when it is needed, and once in
/// the life of a vault that it opens.
pub enum PassphraseSource {
    /// It is known already.
    Given(Passphrase),
    /// The first line of a file that only its owner can read (`keyring.passphrase_file`).
    File(PathBuf),
    /// A person at a terminal.
    Prompt(Prompt),
    /// There is nobody to ask: the vault answers [`VaultError::PassphraseNeeded`].
    Nobody,
}

impl fmt::Debug for PassphraseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PassphraseSource::Given(_) => "Given(..)",
            PassphraseSource::File(_) => "File(..)",
            PassphraseSource::Prompt(_) => "Prompt(..)",
            PassphraseSource::Nobody => "Nobody",
        })
    }
}

/// Why a source gave no passphrase. It is the cause inside [`VaultError::Locked`].
#[derive(Debug, Error)]
pub enum PassphraseError {
    /// It has no bytes.
    #[error("the passphrase is empty")]
    Empty,
    /// Others than the owner have access to the file.
    #[error(
        "others have access to the passphrase file {} (mode {mode:04o}); chmod 600 {} closes it",
        .path.display(), .path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read.
    #[error("the passphrase file {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The first line of the file is empty.
    #[error("the first line of the passphrase file {} is empty", .path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// The first line of the file is too long for a passphrase.
    #[error("the first line of the passphrase file {} is longer than {FILE_LINE_BYTES_MAX} bytes", .path.display())]
    LongFile {
        /// The file.
        path: PathBuf,
    },
    /// The repetition of a new passphrase differed each time.
    #[error("the two passphrases differ")]
    Differs,
    /// The terminal gave no line.
    #[error("the passphrase could not be read from the terminal")]
    Prompt(#[source] io::Error),
}

impl From<PassphraseError> for VaultError {
    fn from(error: PassphraseError) -> Self {
        VaultError::Locked(Box::new(error))
    }
}

impl PassphraseSource {
    /// How often it is worth asking for the passphrase of something that exists.
    pub fn attempts_max(&self) -> u32 {
        if matches!(self, PassphraseSource::Prompt(_)) {
            PROMPT_ATTEMPTS_MAX
        } else {
            1
        }
    }

    /// The passphrase of something that exists. Blocks.
    ///
    /// # Errors
    /// [`VaultError::PassphraseNeeded`], [`VaultError::Locked`] with a [`PassphraseError`],
    /// [`VaultError::WrongPassphrase`] for an empty one.
    pub fn for_opening(&self, attempt: u32) -> Result<Passphrase, VaultError> {
        match self {
            PassphraseSource::Prompt(prompt) => {
                let line = asked(prompt, Ask::Open { attempt })?;
                // No vault has an empty passphrase, so it is simply a wrong one.
                Passphrase::new(line).map_err(|_| VaultError::WrongPassphrase)
            }
            _ => self.without_asking(),
        }
    }

    /// A passphrase for something new; a person is asked twice. Blocks.
    ///
    /// # Errors
    /// [`VaultError::PassphraseNeeded`], [`VaultError::Locked`] with a [`PassphraseError`].
    pub fn for_creating(&self) -> Result<Passphrase, VaultError> {
        let PassphraseSource::Prompt(prompt) = self else {
            return self.without_asking();
        };
        let mut failure = PassphraseError::Differs;
        for attempt in 1..=PROMPT_ATTEMPTS_MAX {
            match Passphrase::new(asked(prompt, Ask::Choose { attempt })?) {
                Err(empty) => failure = empty,
                Ok(chosen) => {
                    let repeated = Zeroizing::new(asked(prompt, Ask::Repeat)?.into_bytes());
                    if *repeated == chosen.expose() {
                        return Ok(chosen);
                    }
                    failure = PassphraseError::Differs;
                }
            }
        }
        Err(failure.into())
    }

    fn without_asking(&self) -> Result<Passphrase, VaultError> {
        match self {
            PassphraseSource::Given(passphrase) => Ok(passphrase.clone()),
            PassphraseSource::File(path) => Ok(from_file(path)?),
            PassphraseSource::Prompt(_) | PassphraseSource::Nobody => {
                Err(VaultError::PassphraseNeeded)
            }
        }
    }
}

fn asked(prompt: &Prompt, ask: Ask) -> Result<String, PassphraseError> {
    prompt(ask).map_err(PassphraseError::Prompt)
}

/// The first line of the file, without its end.
fn from_file(path: &Path) -> Result<Passphrase, PassphraseError> {
    let unreadable = |source| PassphraseError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(unreadable)?;
    refuse_exposed(path, &file.metadata().map_err(unreadable)?)?;

    // Room for the longest line at once: a growing buffer would leave copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(FILE_LINE_BYTES_MAX as usize + 1));
    let mut reader = io::BufReader::with_capacity(1, file.take(FILE_LINE_BYTES_MAX + 1));
    reader.read_until(b'\n', &mut line).map_err(unreadable)?;
    if line.len() as u64 > FILE_LINE_BYTES_MAX {
        return Err(PassphraseError::LongFile {
            path: path.to_owned(),
        });
    }
    let end = line
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))
        .map_or(0, |i| i + 1);
    Passphrase::new(&line[..end]).map_err(|_| PassphraseError::EmptyFile {
        path: path.to_owned(),
    })
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), PassphraseError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS_MODE_BITS == 0 {
        Ok(())
    } else {
        Err(PassphraseError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

/// Elsewhere access is a matter of inherited lists that a program cannot judge.
#[cfg(not(unix))]
fn refuse_exposed(_path: &Path, _metadata: &fs::Metadata) -> Result<(), PassphraseError> {
    Ok(())
}

#[cfg(test)]
mod tests;
