//! What the window knows of Rust: `ui/src/ipc/bindings.ts`, compared with the types and the
//! commands themselves, and `bindings.examples.ts` beside it. A part of the tests only.
//!
//! Owns how commands look in TypeScript, and the layout of that file; how types look is told by
//! `ts-rs` and their attributes of serde. Must never hold a list of commands: the one source is
//! `commands.rs`, and what else names them is held against it.

mod examples;
mod layout;

use std::{
    any::TypeId,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use kukuri_application::views::{
    AuthorView, ChecksView, DiscoveryView, EntryView, ExplainView, FoundView, PeerView, PostView,
    ProfileView, StatusView, TopicView,
};
use kukuri_domain::{AuthorId, EntryKey, EventId, TopicRef};
use kukuri_node::client::{Entries, EntryWrite, Posts};
use syn::{FnArg, GenericArgument, Item, ItemFn, Pat, PathArguments, ReturnType, Type};
use ts_rs::{Config, TS, TypeVisitor};

use crate::{
    app::AppState,
    commands::{KeysQuery, PageQuery, TextQuery},
    error::AppError,
    news::NewsBatch,
    settings::{SettingsChange, SettingsView},
};

/// How the file is written anew.
const COMMAND: &str = "KUKURI_TEST_WRITE=1 cargo test -p kukuri-desktop bindings";

/// How each generated file begins.
const HEADER: &str =
    "// Generated from the Rust code of kukuri-desktop; do not edit. To write it anew:";

/// The commands, as Rust reads them.
const COMMANDS: &str = include_str!("commands.rs");

/// The types that cross the bridge, by name, laid out.
struct Types {
    config: Config,
    found: BTreeMap<String, (TypeId, String)>,
}

impl Types {
    /// Those that commands name, and all that these consist of.
    fn of_commands() -> Self {
        let mut types = Self {
            // Numbers here stay far below 2^53, and JSON knows only one kind of them.
            config: Config::new().with_large_int("number"),
            found: BTreeMap::new(),
        };
        types.visit::<AppError>();
        types.visit::<AppState>();
        types.visit::<AuthorId>();
        types.visit::<AuthorView>();
        types.visit::<ChecksView>();
        types.visit::<DiscoveryView>();
        types.visit::<Entries>();
        types.visit::<EntryKey>();
        types.visit::<EntryView>();
        types.visit::<EntryWrite>();
        types.visit::<EventId>();
        types.visit::<ExplainView>();
        types.visit::<FoundView>();
        types.visit::<KeysQuery>();
        types.visit::<NewsBatch>();
        types.visit::<PageQuery>();
        types.visit::<PeerView>();
        types.visit::<PostView>();
        types.visit::<Posts>();
        types.visit::<ProfileView>();
        types.visit::<SettingsChange>();
        types.visit::<SettingsView>();
        types.visit::<StatusView>();
        types.visit::<TextQuery>();
        types.visit::<TopicRef>();
        types.visit::<TopicView>();
        types
    }

    /// A type that stands in a command's signature.
    fn typescript(&self, ty: &Type) -> String {
        let (name, inner) = named(ty);
        match (name.as_str(), inner.as_slice()) {
            ("()", []) => "null".to_owned(),
            ("String", []) => "string".to_owned(),
            ("bool", []) => "boolean".to_owned(),
            ("u16" | "u32" | "u64" | "usize" | "i32" | "i64", []) => "number".to_owned(),
            ("Option", [inner]) => format!("{} | null", self.typescript(inner)),
            ("Vec", [inner]) => format!("Array<{}>", self.typescript(inner)),
            (name, []) if self.found.contains_key(name) => name.to_owned(),
            _ => panic!("{name} of commands.rs is missing in Types::of_commands of bindings.rs"),
        }
    }
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Without a path: a type that TypeScript has itself, or one around others.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        if let Some((known, _)) = self.found.get(&name) {
            assert_eq!(*known, TypeId::of::<T>(), "two types are called {name}");
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let body = layout::laid_out(&T::inline(&self.config));
        let space = if body.starts_with('\n') { "" } else { " " };
        let text = format!(
            "{}export type {name} ={space}{body};\n",
            layout::comment(&docs, 0)
        );
        self.found.insert(name, (TypeId::of::<T>(), text));
        T::visit_dependencies(self);
    }
}

/// A command, as the window calls it.
struct Command {
    name: String,
    docs: String,
    /// Names and types of what the window gives.
    args: Vec<(String, String)>,
    /// What it is told over a channel, if it gives one.
    channel: Option<String>,
    result: String,
}

impl Command {
    /// All of `commands.rs`, by name.
    fn all(types: &Types) -> Vec<Self> {
        let file = syn::parse_file(COMMANDS).expect("commands.rs is Rust");
        let functions = file.items.iter().filter_map(|item| match item {
            Item::Fn(function) if is_command(function) => Some(function),
            _ => None,
        });
        let mut all: Vec<Self> = functions.map(|f| Self::of(f, types)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn of(function: &ItemFn, types: &Types) -> Self {
        let mut command = Self {
            name: function.sig.ident.to_string(),
            docs: layout::docs_of(&function.attrs),
            args: Vec::new(),
            channel: None,
            result: match &function.sig.output {
                ReturnType::Type(_, ty) => types.typescript(&only_inner(ty, "Answer")),
                ReturnType::Default => panic!("{} gives no Answer", function.sig.ident),
            },
        };
        for input in &function.sig.inputs {
            let FnArg::Typed(arg) = input else {
                panic!("{}: a command is no method", command.name)
            };
            let Pat::Ident(name) = &*arg.pat else {
                panic!("{}: an argument without a name", command.name)
            };
            match named(&arg.ty).0.as_str() {
                // Tauri's own, which the window does not give.
                "State" | "AppHandle" => {}
                "Channel" => {
                    command.channel = Some(types.typescript(&only_inner(&arg.ty, "Channel")));
                }
                _ => {
                    let ty = types.typescript(&arg.ty);
                    command.args.push((name.ident.to_string(), ty));
                }
            }
        }
        command
    }

    fn args(&self) -> String {
        if self.args.is_empty() {
            return "Record<string, never>".to_owned();
        }
        let args = self.args.iter().map(|(name, ty)| format!("{name}: {ty}"));
        format!("{{ {} }}", args.collect::<Vec<_>>().join("; "))
    }
}

fn is_command(function: &ItemFn) -> bool {
    let is_command = |attribute: &syn::Attribute| {
        let path = attribute.path().segments.iter();
        path.map(|part| part.ident.to_string())
            .eq(["tauri", "command"])
    };
    function.attrs.iter().any(is_command)
}

/// The last name of a type's path, and the types in its angle brackets.
fn named(ty: &Type) -> (String, Vec<Type>) {
    match ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => ("()".to_owned(), Vec::new()),
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path has a name");
            let inner = match &last.arguments {
                PathArguments::AngleBracketed(inner) => inner
                    .args
                    .iter()
                    .filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(ty.clone()),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            (last.ident.to_string(), inner)
        }
        _ => panic!("a command uses a type that is no name"),
    }
}

fn only_inner(ty: &Type, around: &str) -> Type {
    match named(ty) {
        (name, inner) if name == around && inner.len() == 1 => inner[0].clone(),
        (name, _) => panic!("{around}<..> is expected, not {name}"),
    }
}

/// The whole file.
fn rendered() -> String {
    let types = Types::of_commands();
    let commands = Command::all(&types);
    let mut file = format!("{HEADER}\n// {COMMAND}\n");
    for (_, text) in types.found.values() {
        file.push('\n');
        file.push_str(text);
    }
    let (told, answered): (Vec<_>, Vec<_>) = commands
        .iter()
        .partition(|command| command.channel.is_some());
    file.push_str(
        "\n/** What the window may ask; every one may fail with an `AppError`. */\n\
         export type Commands = {\n",
    );
    for command in answered {
        let (name, args, result) = (&command.name, command.args(), &command.result);
        file.push_str(&layout::comment(&command.docs, 1));
        writeln!(file, "  {name}: {{ args: {args}; result: {result} }};").expect("a string");
    }
    file.push_str(
        "};\n\n/** What the window may listen to: it gives a channel, and is told over it. */\n\
         export type Channels = {\n",
    );
    for command in told {
        let (name, args) = (&command.name, command.args());
        let news = command.channel.as_deref().unwrap_or("never");
        file.push_str(&layout::comment(&command.docs, 1));
        writeln!(file, "  {name}: {{ args: {args}; news: {news} }};").expect("a string");
    }
    file.push_str("};\n");
    file
}

#[test]
fn the_types_of_the_front_end_are_those_of_the_code() {
    check("ui/src/ipc/bindings.ts", &rendered());
}

#[test]
fn the_examples_of_the_front_end_are_what_the_code_gives() {
    let header = format!("{HEADER}\n// {COMMAND}");
    check(
        "ui/src/ipc/bindings.examples.ts",
        &examples::rendered(&header),
    );
}

/// That the file says this. With `KUKURI_TEST_WRITE` it is written first.
fn check(file: &str, said: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("KUKURI_TEST_WRITE").is_some() {
        fs::write(&path, said).expect("the file is written");
    }
    // A file that is not there says nothing, which is shown as the difference.
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let (mut kept, mut said) = (kept.lines(), said.lines());
    loop {
        let (kept, said) = (kept.next(), said.next());
        assert_eq!(kept, said, "{file} is not up to date: {COMMAND}");
        if kept.is_none() {
            break;
        }
    }
}

/// The words between two marks, without what stands around each.
fn words_between(text: &str, begin: &str, end: &str, around: &[char]) -> BTreeSet<String> {
    let (_, rest) = text.split_once(begin).expect("it begins somewhere");
    let (list, _) = rest.split_once(end).expect("it ends somewhere");
    list.split(',')
        .map(|word| word.trim().trim_matches(around).to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn every_command_is_declared_handled_and_allowed() {
    let commands = Command::all(&Types::of_commands());
    let names: BTreeSet<String> = commands.into_iter().map(|command| command.name).collect();
    assert!(names.contains("subscribe"), "commands were found");

    let declared = words_between(include_str!("../build.rs"), "&[&str] = &[", "];", &['"']);
    assert_eq!(declared, names, "COMMANDS of build.rs");

    let handled = words_between(include_str!("main.rs"), "generate_handler![", "]", &[]);
    let of_names = |name: &String| format!("commands::{name}");
    let expected: BTreeSet<String> = names.iter().map(of_names).collect();
    assert_eq!(handled, expected, "generate_handler of main.rs");

    let allowed: serde_json::Value =
        serde_json::from_str(include_str!("../capabilities/main.json")).expect("it is JSON");
    let allowed = allowed["permissions"].as_array().expect("it is a list");
    let allowed: BTreeSet<&str> = allowed.iter().filter_map(|name| name.as_str()).collect();
    let permission = |name: &String| format!("allow-{}", name.replace('_', "-"));
    let expected: Vec<String> = names.iter().map(permission).collect();
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(allowed, expected, "permissions of capabilities/main.json");
}
