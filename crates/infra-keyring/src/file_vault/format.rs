//! The bytes of a sealed vault.
//!
//! Owns the layout, the key derivation and the sealing. Must never read or write a file, and
//! never trusts a number in a header before its limits were checked. Layout, all integers
//! big-endian:
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | magic `kukvault` |
//! | 8 | 1 | version, 1 |
//! | 9 | 4 | Argon2id memory in KiB |
//! | 13 | 4 | Argon2id passes |
//! | 17 | 4 | Argon2id lanes |
//! | 21 | 16 | salt |
//! | 37 | 24 | XChaCha20-Poly1305 nonce, fresh for each write |
//! | 61 | n + 16 | sealed entries and their tag; associated data: bytes 0 to 61 |
//! | 77 + n | 16 | start of the BLAKE3 hash of all bytes before |
//!
//! The entries are a postcard map from name (string) to secret (32 bytes). The hash protects
//! against accidents, not against people: it tells a damaged file from a wrong passphrase.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use kukuri_application::ports::{SecretBytes, SecretName, VaultError};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::passphrase::Passphrase;

/// First bytes of a vault.
pub(super) const MAGIC: [u8; 8] = *b"kukvault";

/// Version of the layout.
pub(super) const VERSION: u8 = 1;

/// Length of the header, which is the associated data of the sealing.
pub(super) const HEADER_BYTES: usize = 8 + 1 + 3 * 4 + SALT_BYTES + NONCE_BYTES;

/// Greatest size of a vault file. Two entries need about 200 bytes; what is much larger is
/// another file.
pub(super) const VAULT_BYTES_MAX: usize = 64 * 1024;

const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 16;

/// Room for the plain entries, so that the buffer does not grow and leave copies behind.
const ENTRIES_BYTES_HINT: usize = 1_024;

/// How much work Argon2id is. It is written into the vault, so that a later default does not
/// shut out earlier vaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl KdfCost {
    /// What vaults are made with: 64 MiB, 3 passes, one lane.
    pub const PRODUCTION: KdfCost = KdfCost {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// The least that Argon2 takes. For tests only: it protects nothing.
    pub const WORTHLESS: KdfCost = KdfCost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// The most that a vault may ask for, so that a damaged header cannot take the machine's
    /// memory: 1 GiB, 64 passes, 16 lanes.
    const MAX: KdfCost = KdfCost {
        memory_kib: 1024 * 1024,
        passes: 64,
        lanes: 16,
    };

    fn is_sane(self) -> bool {
        let max = Self::MAX;
        (1..=max.lanes).contains(&self.lanes)
            && (1..=max.passes).contains(&self.passes)
            && (8 * self.lanes..=max.memory_kib).contains(&self.memory_kib)
    }
}

/// What the passphrase gave for one salt and cost. It is wiped on drop.
pub(super) struct VaultKey {
    cost: KdfCost,
    salt: [u8; SALT_BYTES],
    key: Zeroizing<[u8; 32]>,
}

impl VaultKey {
    /// Runs Argon2id: a good part of a second of one core, and the memory that `cost` names.
    pub(super) fn derive(
        passphrase: &Passphrase,
        cost: KdfCost,
        salt: [u8; SALT_BYTES],
    ) -> Result<Self, VaultError> {
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(key.len()))
            .map_err(|e| VaultError::Corrupt(format!("its key derivation is impossible: {e}")))?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose(), &salt, key.as_mut())
            .map_err(|e| VaultError::Access(e.to_string().into()))?;
        Ok(Self { cost, salt, key })
    }

    /// Whether this is the key for a vault with this header (if the passphrase was right).
    pub(super) fn belongs_to(&self, sealed: &Sealed<'_>) -> bool {
        self.cost == sealed.cost && self.salt == sealed.salt
    }

    /// A whole vault file. `nonce` must never have been used with this key.
    pub(super) fn seal(&self, entries: &Entries, nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let mut vault = Vec::with_capacity(HEADER_BYTES + ENTRIES_BYTES_HINT);
        vault.extend_from_slice(&MAGIC);
        vault.push(VERSION);
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            vault.extend_from_slice(&number.to_be_bytes());
        }
        vault.extend_from_slice(&self.salt);
        vault.extend_from_slice(&nonce);

        let plain = postcard::to_extend(entries, Vec::with_capacity(ENTRIES_BYTES_HINT))
            .expect("strings and bytes are what postcard encodes, and a Vec grows");
        let plain = Zeroizing::new(plain);
        let sealed = XChaCha20Poly1305::new(self.key.as_ref().into())
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: &plain,
                    aad: &vault,
                },
            )
            .expect("a few hundred bytes are far below the cipher's limit");
        vault.extend_from_slice(&sealed);
        vault.extend_from_slice(&checksum(&vault));
        vault
    }
}

/// A vault file whose outside is in order.
#[derive(Debug)]
pub(super) struct Sealed<'a> {
    pub(super) cost: KdfCost,
    pub(super) salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    header: &'a [u8],
    body: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Reads the outside of a vault file: nothing is derived or allocated yet.
    pub(super) fn parse(vault: &'a [u8]) -> Result<Self, VaultError> {
        let corrupt = |why: &str| VaultError::Corrupt(why.to_owned());
        if !vault.starts_with(&MAGIC) {
            return Err(corrupt("it does not begin like a kukuri vault"));
        }
        if vault.len() < HEADER_BYTES + TAG_BYTES + CHECKSUM_BYTES {
            return Err(corrupt("it ends too early"));
        }
        if vault[MAGIC.len()] != VERSION {
            return Err(VaultError::Corrupt(format!(
                "version {} is not known to this program",
                vault[MAGIC.len()]
            )));
        }
        let (content, sum) = vault.split_at(vault.len() - CHECKSUM_BYTES);
        if checksum(content) != sum {
            return Err(corrupt("its bytes have changed since it was written"));
        }

        let (header, body) = content.split_at(HEADER_BYTES);
        let mut fields = Fields(&header[MAGIC.len() + 1..]);
        let number = |bytes| u32::from_be_bytes(bytes);
        let cost = KdfCost {
            memory_kib: number(fields.take()),
            passes: number(fields.take()),
            lanes: number(fields.take()),
        };
        if !cost.is_sane() {
            return Err(corrupt(
                "its key derivation asks for an absurd amount of work",
            ));
        }
        Ok(Self {
            cost,
            salt: fields.take(),
            nonce: fields.take(),
            header,
            body,
        })
    }

    /// The entries. [`VaultError::WrongPassphrase`] when the key does not fit.
    pub(super) fn open(&self, key: &VaultKey) -> Result<Entries, VaultError> {
        let payload = Payload {
            msg: self.body,
            aad: self.header,
        };
        let plain = XChaCha20Poly1305::new(key.key.as_ref().into())
            .decrypt(XNonce::from_slice(&self.nonce), payload)
            .map_err(|_| VaultError::WrongPassphrase)?;
        let plain = Zeroizing::new(plain);
        postcard::from_bytes(&plain)
            .map_err(|_| VaultError::Corrupt("its entries do not decode".to_owned()))
    }
}

/// Takes fixed-size fields off the front of a header of known length.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self
            .0
            .split_first_chunk()
            .expect("HEADER_BYTES is the sum of the fields");
        self.0 = rest;
        *field
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..CHECKSUM_BYTES]);
    sum
}

/// The inside of a vault. Entries of unknown names are kept: a later version may have made
/// them.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Entries(Vec<Entry>);

/// The one place where a secret is serialised: on its way into the sealing.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Entry {
    name: String,
    secret: [u8; 32],
}

impl Entries {
    pub(super) fn get(&self, name: SecretName) -> Option<SecretBytes> {
        let entry = self.0.iter().find(|entry| entry.name == name.code())?;
        Some(SecretBytes::new(entry.secret))
    }

    /// Adds an entry that is not there yet.
    pub(super) fn insert(
        &mut self,
        name: SecretName,
        secret: &SecretBytes,
    ) -> Result<(), VaultError> {
        if self.0.iter().any(|entry| entry.name == name.code()) {
            return Err(VaultError::Exists);
        }
        self.0.push(Entry {
            name: name.code().to_owned(),
            secret: *secret.expose(),
        });
        Ok(())
    }

    /// Whether nothing is left, not even an entry of a later version.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts `new` in place of `seen`.
    pub(super) fn replace(
        &mut self,
        name: SecretName,
        seen: &SecretBytes,
        new: &SecretBytes,
    ) -> Result<(), VaultError> {
        let entry = self.0.iter_mut().find(|entry| entry.name == name.code());
        match entry {
            Some(entry) if entry.secret == *seen.expose() => {
                entry.secret = *new.expose();
                Ok(())
            }
            _ => Err(VaultError::Changed),
        }
    }

    /// Takes the entry out if it is `seen`.
    pub(super) fn remove(
        &mut self,
        name: SecretName,
        seen: &SecretBytes,
    ) -> Result<(), VaultError> {
        match self.0.iter().position(|entry| entry.name == name.code()) {
            Some(at) if self.0[at].secret != *seen.expose() => Err(VaultError::Changed),
            Some(at) => {
                self.0.remove(at);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
