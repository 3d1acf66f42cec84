//! `kukuri mute`, `kukuri unmute`

use serde_json::json;

use super::with_client;
use kukuri_wiring::{Failure, Need};

use crate::{args::ProfileArgs, commands::posts::author, language::say};

/// `kukuri mute`
pub async fn mute(args: &ProfileArgs, who: Option<&str>) -> Result<(), Failure> {
    let Some(who) = who else {
        return list(args).await;
    };
    let author = author(who)?;
    with_client(args, Need::Note, async |access, console| {
        let changed = access.client().mute(author).await?;
        console.answer(
            &json!({ "muted": true, "changed": changed }),
            |_| match changed {
                true => say!("{author} is muted", author = author.npub()),
                false => say!("{author} was muted already", author = author.npub()),
            },
        )
    })
    .await
}

/// `kukuri unmute`
pub async fn unmute(args: &ProfileArgs, who: &str) -> Result<(), Failure> {
    let author = author(who)?;
    with_client(args, Need::Note, async |access, console| {
        let changed = access.client().unmute(author).await?;
        console.answer(
            &json!({ "muted": false, "changed": changed }),
            |_| match changed {
                true => say!("{author} is shown again", author = author.npub()),
                false => say!("{author} was not muted", author = author.npub()),
            },
        )
    })
    .await
}

async fn list(args: &ProfileArgs) -> Result<(), Failure> {
    with_client(args, Need::Read, async |access, console| {
        let muted = access.client().muted().await?;
        if console.is_json {
            return console.json(&json!({ "authors": muted }));
        }
        if muted.is_empty() {
            return console.text(&say!("nobody is muted"));
        }
        let lines: Vec<String> = muted.iter().map(|author| author.pubkey.npub()).collect();
        console.text(&lines.join("\n"))
    })
    .await
}
