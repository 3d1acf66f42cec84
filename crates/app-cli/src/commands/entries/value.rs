//! Where the value of a write comes from: an argument, a file, or standard input.
//!
//! Must never change a byte of it, and never read without a bound.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read},
};

use data_encoding::BASE64;
use kukuri_application::views::EntryView;
use kukuri_domain::{EntryValue, limits::ENTRY_VALUE_BYTES_MAX};
use kukuri_node::{
    ClientError,
    client::{Code, EntryWrite},
};
use kukuri_wiring::{Exit, Failure};

use super::key_of;
use crate::{args::PutArgs, language::say};

/// The write that a command line asks for.
///
/// # Errors
/// [`Failure`] if key or value are not possible, or the file cannot be read.
pub fn write_of(put: &PutArgs) -> Result<EntryWrite, Failure> {
    let key = key_of(&put.key)?;
    let bytes = match (&put.file, put.value.as_deref()) {
        (Some(path), _) if path.as_os_str() != "-" => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| not_read(&name, &error))?;
            read(file, &name)?
        }
        (None, Some(value)) if value != "-" => value.as_bytes().to_vec(),
        _ => {
            if io::stdin().is_terminal() {
                eprintln!("{}", say!("the value, then Ctrl-D:"));
            }
            read(io::stdin().lock(), "standard input")?
        }
    };
    let value = EntryValue::new(bytes).map_err(ClientError::from)?;
    let mut write = EntryWrite::new(key, Some(&value));
    write.only_if.clone_from(&put.if_revision);
    write.ttl_ms = put.ttl;
    Ok(write)
}

fn read(from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = ENTRY_VALUE_BYTES_MAX as u64;
    from.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| not_read(name, &error))?;
    if bytes.len() as u64 > most {
        let message = format!("a value has at most {most} bytes (64 KiB), {name} has more");
        let error = ClientError::new(Code::TooLong, message);
        return Err(error
            .hint("keep the bytes elsewhere, and here what leads to them")
            .into());
    }
    Ok(bytes)
}

/// Why a file that was named cannot be read.
pub fn not_read(name: &str, error: &io::Error) -> Failure {
    let message = format!("failed to read {name}: {error}");
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(Exit::NotFound, message).hint("check the name of the file")
        }
        _ => Failure::new(Exit::Unexpected, message),
    }
}

/// The bytes that were written; `None` for a deletion.
pub fn bytes_of(entry: &EntryView) -> Option<Vec<u8>> {
    match (&entry.value, &entry.value_base64) {
        (Some(text), _) => Some(text.clone().into_bytes()),
        // A form that a newer node might use is better shown as it is than not at all.
        (None, Some(base64)) => Some(
            BASE64
                .decode(base64.as_bytes())
                .unwrap_or_else(|_| base64.clone().into_bytes()),
        ),
        (None, None) => None,
    }
}
