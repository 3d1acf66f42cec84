//! `kukuri config show|path`

use kukuri_node::config::{self, ConfigSources};
use kukuri_wiring::Failure;
use serde_json::json;

use crate::{
    access,
    args::{ConfigCommand, ProfileArgs},
    console::Console,
    render,
};

/// Runs the command. The profile is not touched.
pub fn run(args: &ProfileArgs, command: &ConfigCommand) -> Result<(), Failure> {
    let console = Console::of_process(args.json);
    let home = access::home_of(args)?;
    let file = home.config_file();
    match command {
        ConfigCommand::Path if console.is_json => {
            console.json(&json!({ "path": file, "exists": file.exists() }))
        }
        ConfigCommand::Path => console.text(&file.display().to_string()),
        ConfigCommand::Show { default: true } if console.is_json => {
            let keys: Vec<_> = config::KEYS
                .iter()
                .map(|key| json!({ "key": key.name, "default": key.default, "meaning": key.meaning }))
                .collect();
            console.json(&json!({ "keys": keys }))
        }
        ConfigCommand::Show { default: true } => {
            console.text(config::default_document().trim_end())
        }
        ConfigCommand::Show { default: false } => {
            let sources = ConfigSources::of_process(&file, args.set.clone());
            let keys = config::shown(&sources)?;
            if console.is_json {
                return console.json(&json!({ "path": file, "keys": keys }));
            }
            console.text(&render::config(&keys))
        }
    }
}
