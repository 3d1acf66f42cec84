//! The layout, held by a golden vector, and what damage to each part of it gives.

use proptest::prelude::*;

use super::*;

const SALT: [u8; SALT_BYTES] = [0x5a; SALT_BYTES];
const NONCE: [u8; NONCE_BYTES] = [0x6e; NONCE_BYTES];

/// A vault with passphrase "swordfish" and two entries, as version 1 of this program wrote it.
const GOLDEN: &str = include_str!("golden.hex");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(passphrase: &str) -> VaultKey {
    let passphrase = Passphrase::new(passphrase).expect("not empty");
    VaultKey::derive(&passphrase, KdfCost::WORTHLESS, SALT).expect("possible parameters")
}

fn vault() -> Vec<u8> {
    let mut entries = Entries::default();
    entries
        .insert(SecretName::Root, &SecretBytes::new([1; 32]))
        .expect("new");
    entries
        .insert(SecretName::Identity, &SecretBytes::new([2; 32]))
        .expect("new");
    key("swordfish").seal(&entries, NONCE)
}

/// The vault with a change before the checksum, which is made right again.
fn altered(alter: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut vault = vault();
    vault.truncate(vault.len() - CHECKSUM_BYTES);
    alter(&mut vault);
    let sum = checksum(&vault);
    vault.extend_from_slice(&sum);
    vault
}

fn corrupt_reason(vault: &[u8]) -> String {
    match Sealed::parse(vault) {
        Err(VaultError::Corrupt(why)) => why,
        other => panic!("expected damage, got {other:?}"),
    }
}

#[test]
fn the_layout_holds_still() {
    assert_eq!(hex(&vault()), GOLDEN.trim());
}

#[test]
fn what_was_sealed_opens() {
    let vault = vault();
    let sealed = Sealed::parse(&vault).expect("a fine vault");
    let key = key("swordfish");
    assert!(key.belongs_to(&sealed));
    let entries = sealed.open(&key).expect("the right key");
    assert_eq!(
        entries.get(SecretName::Root),
        Some(SecretBytes::new([1; 32]))
    );
    assert_eq!(
        entries.get(SecretName::Identity),
        Some(SecretBytes::new([2; 32]))
    );
}

#[test]
fn another_passphrase_does_not_open_it() {
    let vault = vault();
    let opened = Sealed::parse(&vault)
        .expect("a fine vault")
        .open(&key("tuna"));
    assert!(matches!(opened.err(), Some(VaultError::WrongPassphrase)));
}

#[test]
fn an_entry_is_inserted_once() {
    let mut entries = Entries::default();
    entries
        .insert(SecretName::Root, &SecretBytes::new([1; 32]))
        .expect("new");
    let again = entries.insert(SecretName::Root, &SecretBytes::new([2; 32]));
    assert!(matches!(again, Err(VaultError::Exists)));
    assert_eq!(
        entries.get(SecretName::Root),
        Some(SecretBytes::new([1; 32]))
    );
}

#[test]
fn every_flipped_bit_and_every_cut_is_seen_without_a_key() {
    let vault = vault();
    for position in 0..vault.len() {
        for bit in 0..8 {
            let mut damaged = vault.clone();
            damaged[position] ^= 1 << bit;
            corrupt_reason(&damaged);
        }
        corrupt_reason(&vault[..position]);
    }
    corrupt_reason(&[&vault[..], b"\n"].concat());
}

#[test]
fn reasons_are_told_apart() {
    assert!(corrupt_reason(b"").contains("begin"));
    assert!(corrupt_reason(b"-----BEGIN AGE ENCRYPTED FILE-----").contains("begin"));
    assert!(corrupt_reason(&MAGIC).contains("ends"));
    assert!(corrupt_reason(&altered(|v| v[8] = 2)).contains("version 2"));
    let mut damaged = vault();
    damaged[70] ^= 1;
    assert!(corrupt_reason(&damaged).contains("changed"));
}

#[test]
fn absurd_work_is_refused_before_any_is_done() {
    let with_cost = |offset: usize, number: u32| {
        altered(|v| v[offset..offset + 4].copy_from_slice(&number.to_be_bytes()))
    };
    let (memory, passes, lanes) = (9, 13, 17);
    for (offset, number) in [
        (memory, 0),
        (memory, 7),
        (memory, KdfCost::MAX.memory_kib + 1),
        (memory, u32::MAX),
        (passes, 0),
        (passes, KdfCost::MAX.passes + 1),
        (lanes, 0),
        (lanes, 2),
        (lanes, u32::MAX),
    ] {
        let why = corrupt_reason(&with_cost(offset, number));
        assert!(why.contains("absurd"), "{offset} = {number}: {why}");
    }
    for (offset, number) in [
        (memory, KdfCost::MAX.memory_kib),
        (passes, KdfCost::MAX.passes),
    ] {
        assert!(
            Sealed::parse(&with_cost(offset, number)).is_ok(),
            "{offset} = {number}"
        );
    }
}

#[test]
fn the_header_is_sealed_with_the_entries() {
    // The cost is raised behind the checksum's back: the key is another one, and even with the
    // old key the associated data no longer fits.
    let vault = altered(|v| v[16] += 1);
    let sealed = Sealed::parse(&vault).expect("a fine outside");
    let old_key = key("swordfish");
    assert!(!old_key.belongs_to(&sealed));
    assert!(matches!(
        sealed.open(&old_key).err(),
        Some(VaultError::WrongPassphrase)
    ));
}

#[test]
fn entries_of_a_later_version_are_kept() {
    let mut entries = Entries::default();
    entries.0.push(Entry {
        name: "later".to_owned(),
        secret: [9; 32],
    });
    let key = key("swordfish");
    let vault = key.seal(&entries, NONCE);
    let mut entries = Sealed::parse(&vault)
        .and_then(|s| s.open(&key))
        .expect("a fine vault");
    entries
        .insert(SecretName::Root, &SecretBytes::new([1; 32]))
        .expect("new");
    let vault = key.seal(&entries, NONCE);
    let entries = Sealed::parse(&vault)
        .and_then(|s| s.open(&key))
        .expect("a fine vault");
    assert!(
        entries
            .0
            .iter()
            .any(|entry| entry.name == "later" && entry.secret == [9; 32])
    );
}

#[test]
fn no_secret_stands_in_the_file() {
    let vault = vault();
    for byte in [1, 2] {
        assert!(!vault.windows(8).any(|window| window == [byte; 8]));
    }
}

proptest! {
    #[test]
    fn parser_vault_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        is_ours in any::<bool>(),
        is_summed in any::<bool>(),
    ) {
        let mut vault = if is_ours { [&MAGIC[..], &[VERSION]].concat() } else { Vec::new() };
        vault.extend_from_slice(&bytes);
        if is_summed {
            let sum = checksum(&vault);
            vault.extend_from_slice(&sum);
        }
        if let Ok(sealed) = Sealed::parse(&vault) {
            prop_assert!(sealed.cost.is_sane());
            prop_assert!(sealed.open(&key("swordfish")).is_err());
        }
    }
}
