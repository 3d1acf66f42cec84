//! An author's secret key as text: `nsec1...` (NIP-19), `ncryptsec1...` (NIP-49), hex.
//!
//! Owns reading and writing these forms. Must never put what it was given into an error, because
//! what is no key after a slip of the finger is one nearly.

use kukuri_application::ports::SecretBytes;
use nostr::{
    key::SecretKey,
    nips::{
        nip19::{FromBech32 as _, ToBech32 as _},
        nip49::{EncryptedSecretKey, KeySecurity},
    },
};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::passphrase::Passphrase;

/// Work of sealing a key: scrypt with N = 2^16 takes 64 MiB and a good part of a second.
const SEAL_LOG_N: u8 = 16;

/// The most that a sealed key may ask for: 1 GiB.
const OPEN_LOG_N_MAX: u8 = 20;

/// Why a text is no key, or does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyTextError {
    /// It has none of the forms.
    #[error("this is no secret key: expected nsec1..., ncryptsec1... or 64 hex digits")]
    NoKey,
    /// It is the public half.
    #[error("this is a public key; a profile needs the secret one (nsec1... or ncryptsec1...)")]
    Public,
    /// It has the form and a mistake in it.
    #[error("this looks like a secret key and is none: a letter is wrong or missing")]
    Damaged,
    /// The passphrase does not open the sealed key.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// NIP-49 takes text only.
    #[error("the passphrase is no UTF-8 text, which NIP-49 asks for")]
    PassphraseBytes,
    /// Opening it would take too much memory.
    #[error("this sealed key asks for more memory than 1 GiB to open it")]
    TooMuchWork,
    /// Sealing did not work.
    #[error("the key could not be sealed")]
    Seal,
}

/// A secret key that was read from text.
pub enum WrittenKey {
    /// In the clear.
    Plain(SecretBytes),
    /// Sealed with a passphrase.
    Sealed(SealedKey),
}

/// A key that a passphrase opens.
pub struct SealedKey(Box<EncryptedSecretKey>);

impl std::fmt::Debug for WrittenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            WrittenKey::Plain(_) => "Plain(..)",
            WrittenKey::Sealed(_) => "Sealed(..)",
        })
    }
}

impl WrittenKey {
    /// Reads one of the three forms; white space around it does not count.
    ///
    /// # Errors
    /// [`KeyTextError::NoKey`], [`KeyTextError::Public`], [`KeyTextError::Damaged`].
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let text = text.trim();
        if text.starts_with("npub1") {
            return Err(KeyTextError::Public);
        }
        if text.starts_with("ncryptsec1") {
            let sealed = EncryptedSecretKey::from_bech32(text);
            let sealed = sealed.map_err(|_| KeyTextError::Damaged)?;
            return Ok(WrittenKey::Sealed(SealedKey(Box::new(sealed))));
        }
        let key = if text.starts_with("nsec1") {
            SecretKey::from_bech32(text).map_err(|_| KeyTextError::Damaged)?
        } else if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            SecretKey::from_hex(text).map_err(|_| KeyTextError::Damaged)?
        } else {
            return Err(KeyTextError::NoKey);
        };
        Ok(WrittenKey::Plain(bytes_of(&key)))
    }
}

impl SealedKey {
    /// Opens it. Blocks for as long as its maker wanted it to.
    ///
    /// # Errors
    /// [`KeyTextError::WrongPassphrase`], [`KeyTextError::PassphraseBytes`],
    /// [`KeyTextError::TooMuchWork`].
    pub fn open(&self, passphrase: &Passphrase) -> Result<SecretBytes, KeyTextError> {
        if self.0.log_n() > OPEN_LOG_N_MAX {
            return Err(KeyTextError::TooMuchWork);
        }
        let opened = self
            .0
            .decrypt_with_max_log_n(text_of(passphrase)?, OPEN_LOG_N_MAX);
        let key = opened.map_err(|_| KeyTextError::WrongPassphrase)?;
        Ok(bytes_of(&key))
    }
}

/// The key in the clear, `nsec1...`.
///
/// # Errors
/// [`KeyTextError::Damaged`] for bytes that are no key.
pub fn nsec(secret: &SecretBytes) -> Result<Zeroizing<String>, KeyTextError> {
    let key = key_of(secret)?;
    let text = key.to_bech32().map_err(|_| KeyTextError::Damaged)?;
    Ok(Zeroizing::new(text))
}

/// The key sealed with a passphrase, `ncryptsec1...`. Blocks for a good part of a second.
///
/// # Errors
/// [`KeyTextError::PassphraseBytes`], [`KeyTextError::Damaged`], [`KeyTextError::Seal`].
pub fn ncryptsec(secret: &SecretBytes, passphrase: &Passphrase) -> Result<String, KeyTextError> {
    let key = key_of(secret)?;
    let passphrase = text_of(passphrase)?;
    // Whether the key was ever handled carelessly is not known here.
    let sealed = EncryptedSecretKey::new(&key, passphrase, SEAL_LOG_N, KeySecurity::Unknown);
    let sealed = sealed.map_err(|_| KeyTextError::Seal)?;
    sealed.to_bech32().map_err(|_| KeyTextError::Seal)
}

fn key_of(secret: &SecretBytes) -> Result<SecretKey, KeyTextError> {
    SecretKey::from_slice(secret.expose()).map_err(|_| KeyTextError::Damaged)
}

fn bytes_of(key: &SecretKey) -> SecretBytes {
    SecretBytes::new(key.to_secret_bytes())
}

fn text_of(passphrase: &Passphrase) -> Result<&str, KeyTextError> {
    std::str::from_utf8(passphrase.expose()).map_err(|_| KeyTextError::PassphraseBytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// The test vector of NIP-49: passphrase "nostr".
    const NIP49: &str = "ncryptsec1qgg9947rlpvqu76pj5ecreduf9jxhselq2nae2kghhvd5g7dgjtcxfqtd67p9m0w57lspw8gsq6yphnm8623nsl8xn9j4jdzz84zm3frztj3z7s35vpzmqf6ksu8r89qk5z2zxfmu5gv8th8wclt0h4p";
    const NIP49_KEY: &str = "3501454135014541350145413501453fefb02227e449e57cf4d3a3ce05378683";

    /// The test vector of NIP-19.
    const NSEC: &str = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    const NSEC_KEY: &str = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";

    fn hex(secret: &SecretBytes) -> String {
        secret.expose().iter().map(|b| format!("{b:02x}")).collect()
    }

    fn plain(text: &str) -> SecretBytes {
        match WrittenKey::parse(text) {
            Ok(WrittenKey::Plain(secret)) => secret,
            other => panic!("{other:?}"),
        }
    }

    fn sealed(text: &str) -> SealedKey {
        match WrittenKey::parse(text) {
            Ok(WrittenKey::Sealed(sealed)) => sealed,
            other => panic!("{other:?}"),
        }
    }

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).expect("not empty")
    }

    #[test]
    fn keys_in_the_clear_are_read_and_written() {
        for text in [NSEC, NSEC_KEY, &format!("  {NSEC}\r\n")] {
            assert_eq!(hex(&plain(text)), NSEC_KEY);
        }
        assert_eq!(*nsec(&plain(NSEC)).expect("a key"), NSEC);
    }

    #[test]
    fn a_key_sealed_elsewhere_is_opened() {
        let key = sealed(NIP49)
            .open(&passphrase("nostr"))
            .expect("the vector");
        assert_eq!(hex(&key), NIP49_KEY);
        let wrong = sealed(NIP49).open(&passphrase("nostrich"));
        assert_eq!(wrong, Err(KeyTextError::WrongPassphrase));
    }

    #[test]
    fn what_we_seal_we_open() {
        let text = ncryptsec(&plain(NSEC), &passphrase("Å ｶﾞ")).expect("sealed");
        // NIP-49 normalises: composed or not, it is the same passphrase.
        let key = sealed(&text)
            .open(&passphrase("A\u{30a} ガ"))
            .expect("ours");
        assert_eq!(hex(&key), NSEC_KEY);
    }

    #[rstest]
    #[case("", KeyTextError::NoKey)]
    #[case("hello", KeyTextError::NoKey)]
    #[case(
        "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
        KeyTextError::Public
    )]
    #[case(
        "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe4",
        KeyTextError::Damaged
    )]
    #[case("ncryptsec1qgg", KeyTextError::Damaged)]
    #[case(
        "0000000000000000000000000000000000000000000000000000000000000000",
        KeyTextError::Damaged
    )]
    #[case(
        "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ff",
        KeyTextError::NoKey
    )]
    fn what_is_no_key_is_refused(#[case] text: &str, #[case] expected: KeyTextError) {
        assert_eq!(WrittenKey::parse(text).map(|_| ()), Err(expected));
    }

    #[test]
    fn a_passphrase_of_bytes_and_absurd_work_are_refused() {
        let bytes = Passphrase::new([0xff, 0xfe]).expect("not empty");
        assert_eq!(
            sealed(NIP49).open(&bytes),
            Err(KeyTextError::PassphraseBytes)
        );
        let mut absurd = EncryptedSecretKey::from_bech32(NIP49)
            .expect("the vector")
            .as_vec();
        absurd[1] = 30;
        let absurd = EncryptedSecretKey::from_slice(&absurd).expect("well formed");
        let opened = SealedKey(Box::new(absurd)).open(&passphrase("nostr"));
        assert_eq!(opened, Err(KeyTextError::TooMuchWork));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", WrittenKey::parse(NSEC)), "Ok(Plain(..))");
        assert_eq!(format!("{:?}", WrittenKey::parse(NIP49)), "Ok(Sealed(..))");
    }

    proptest! {
        #[test]
        fn parser_of_written_keys_never_shows_what_it_was_given(text in "(nsec1|ncryptsec1|npub1)?[ -~]{8,80}") {
            if let Err(error) = WrittenKey::parse(&text) {
                prop_assert!(!error.to_string().contains(text.trim()));
            }
        }
    }
}
