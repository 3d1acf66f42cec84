//! Where a profile's secrets are kept, and the author's key that signs.
//!
//! Owns the adapters of the ports `SecretVault` (the operating system's keyring; a file sealed
//! with a passphrase; memory for throw-away homes) and `Identity`. Must never log, print or write
//! a secret in the clear, must never take "cannot be read" for "is not there", and never changes
//! an entry that the caller has not seen. When a secret may be made is decided in
//! `kukuri_application::keys`, not here.

mod file_vault;
mod identity;
mod key_text;
mod memory_vault;
mod os_vault;
mod passphrase;

pub use file_vault::{FileVault, KdfCost};
pub use identity::{InvalidSecret, LocalIdentity, public_key_of};
pub use key_text::{KeyTextError, SealedKey, WrittenKey, ncryptsec, nsec};
pub use memory_vault::MemoryVault;
pub use os_vault::OsVault;
pub use passphrase::{
    Ask, PROMPT_ATTEMPTS_MAX, Passphrase, PassphraseError, PassphraseSource, Prompt,
};
