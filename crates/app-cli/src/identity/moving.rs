//! `kukuri identity move`: the keys of a profile go from one store to another.
//!
//! Owns what is said about it. The order that makes it all or nothing is
//! `kukuri_application::keys::move_keys`. A contradictory `keyring.store` does not stop it, since
//! this command is what resolves the contradiction.

use std::sync::Arc;

use kukuri_application::{
    keys::{MoveError, clear_leftovers, move_keys, open_or_create_keys},
    ports::{KeyStore, SecretVault, VaultError},
};
use kukuri_node::{IdentityFile, config::KeyringStore, identity_file::KeyPlace};
use serde_json::json;

use super::hold;
use kukuri_wiring::{Exit, Failure, Place, Reason, keys};

use crate::{access::place_of, args::ProfileArgs, console::Console, failure, language::say};

pub(super) async fn run(
    args: &ProfileArgs,
    to: KeyringStore,
    console: Console,
) -> Result<(), Failure> {
    let place = place_of(args)?;
    if !has_keys(&place)? {
        return Err(no_keys(&place));
    }
    let _lock = hold(args, &place).await?;
    // Again, now that nobody else can change it.
    let (file, from) = match key_place(&place)? {
        KeyPlace::Recorded(file) => {
            let from = keys::vault(&place, &file, file.key_store, Reason::Move);
            (file, from)
        }
        KeyPlace::OldFile => record_old(&place).await?,
        KeyPlace::New(_) => return Err(no_keys(&place)),
    };
    if file.key_store == to {
        clear(&place, &file, from.as_ref()).await?;
        return say(console, to, false, &place);
    }
    let into = keys::vault(&place, &file, to, Reason::Move);
    let moved = move_keys(from.as_ref(), into.as_ref(), async || {
        let file = IdentityFile {
            key_store: to,
            ..file.clone()
        };
        file.write(&place.home).map_err(Into::into)
    });
    let moved = moved.await.map_err(|error| keys::of_move(&error))?;
    if let Some(source) = moved.leftover {
        let store = from.kind();
        let left = MoveError::Leftover { store, source };
        let error = say!("error: {message}", message = "");
        let warning = say!("warning: {message}", message = "");
        console.remark(&say!(
            "{left}\nthe keys are in the new store as well, which is used from now on. To remove the \
             copy, run the same command again.",
            left = failure::shown(&keys::of_move(&left))
                .trim_end()
                .replacen(&error, &warning, 1)
        ));
    }
    say(console, to, true, &place)
}

/// What a profile of an earlier version says from now on: it must be said before a key goes
/// anywhere.
async fn record_old(place: &Place) -> Result<(IdentityFile, Arc<dyn SecretVault>), Failure> {
    let file = IdentityFile::new(KeyringStore::File)?;
    let vault = keys::vault(place, &file, KeyringStore::File, Reason::Move);
    let found = open_or_create_keys(vault.as_ref(), false).await;
    let found = found.map_err(|error| keys::of_setup(vault.kind(), &error))?;
    let file = IdentityFile {
        keys: Some(keys::public_keys(&found)?),
        ..file
    };
    file.write(&place.home)?;
    Ok((file, vault))
}

fn has_keys(place: &Place) -> Result<bool, Failure> {
    Ok(!matches!(key_place(place)?, KeyPlace::New(_)))
}

fn key_place(place: &Place) -> Result<KeyPlace, Failure> {
    let recorded = keys::recorded(place)?.filter(|file| file.keys.is_some());
    let found = KeyPlace::find(recorded, keys::has_sealed_file(place), None);
    Ok(found?)
}

fn no_keys(place: &Place) -> Failure {
    let message = format!("profile \"{}\" has no keys to move", place.home.profile());
    Failure::new(Exit::NotFound, message)
        .hint("a new profile gets its keys in the store that keyring.store names")
}

/// Removes what an interrupted move left in the store that is not used.
async fn clear(place: &Place, file: &IdentityFile, kept: &dyn SecretVault) -> Result<(), Failure> {
    let other = match file.key_store {
        KeyringStore::Os if keys::has_sealed_file(place) => KeyringStore::File,
        KeyringStore::Os => return Ok(()),
        KeyringStore::File => KeyringStore::Os,
    };
    let other = keys::vault(place, file, other, Reason::Move);
    match clear_leftovers(kept, other.as_ref()).await {
        // Where there is no keyring there is nothing in it.
        Err(MoveError::Leftover {
            store: KeyStore::Os,
            source: VaultError::Unavailable(_),
        }) => Ok(()),
        cleared => cleared.map_err(|error| keys::of_move(&error)),
    }
}

fn say(
    console: Console,
    store: KeyringStore,
    was_moved: bool,
    place: &Place,
) -> Result<(), Failure> {
    if let Some(chosen) = &place.settings.keyring.store
        && chosen.store != store
    {
        console.remark(&say!(
            "keyring.store ({origin}) still says '{store}': remove it, or the next command is refused",
            origin = chosen.origin,
            store = chosen.store.word()
        ));
    }
    if console.is_json {
        return console.json(&json!({ "key_store": store.word(), "moved": was_moved }));
    }
    let where_to = match store {
        KeyringStore::Os => say!("the system's keyring"),
        KeyringStore::File => say!(
            "{home}/vault, sealed with a passphrase",
            home = place.shown_home()
        ),
    };
    console.text(&if was_moved {
        say!("the keys are in {place} now", place = where_to)
    } else {
        say!("the keys are in {place} already", place = where_to)
    })
}
