//! `kukuri identity name`: how this profile's author wants to be called.
//!
//! Owns what is kept when only a part is given. Must never touch the keys: a name is told to the
//! topics, and changed as often as one likes.

use kukuri_application::views::ProfileView;
use kukuri_node::Client;
use kukuri_wiring::{Exit, Failure, Need};

use super::NameArgs;
use crate::{args::ProfileArgs, commands::with_client, language::say, text};

/// Runs the command.
pub(super) async fn run(args: &ProfileArgs, wish: &NameArgs) -> Result<(), Failure> {
    if wish.name.is_none() && wish.about.is_none() {
        return with_client(args, Need::Read, async |access, console| {
            let client = access.client();
            let profile = client.profile_of(client.author()).await?;
            console.answer(&profile, shown)
        })
        .await;
    }
    with_client(args, Need::Note, async |access, console| {
        let client = access.client();
        let told = set(client, wish).await?;
        // A node of our own ends with this command.
        let has_node = client.has_node() && access.own_node().is_none();
        console.answer(&told, |told| {
            let next = match has_node {
                true => say!("the joined topics were told"),
                false => say!("no node is running; the next one tells the joined topics"),
            };
            format!("{}\n{next}", shown(told))
        })
    })
    .await
}

/// What is not given stays; an empty description is none.
async fn set(client: &Client, wish: &NameArgs) -> Result<ProfileView, Failure> {
    let before = client.profile_of(client.author()).await?;
    let name = wish.name.as_ref().or(before.author.name.as_ref());
    let Some(name) = name else {
        return Err(
            Failure::new(Exit::Usage, "a description needs a name to stand beside")
                .hint("give both: kukuri identity name NAME --about TEXT"),
        );
    };
    let about = wish.about.as_ref().or(before.about.as_ref());
    Ok(client.set_profile(name, about.map(String::as_str)).await?)
}

fn shown(profile: &ProfileView) -> String {
    let Some(name) = &profile.author.name else {
        return say!("you have no name yet; set one: kukuri identity name NAME");
    };
    let name = say!("you are called {name}", name = text::one_line(name));
    match &profile.about {
        Some(about) => format!("{name}\n{}", text::lines(about).join("\n")),
        None => name,
    }
}
