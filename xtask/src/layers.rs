//! The one table of which crate may know which, and the check of a workspace against it.
//!
//! The hexagon is only real if an edge outside the table fails a test. The check is a pure
//! function over what `cargo metadata` says, so that a forbidden edge can be tested too.

use std::fmt;

use anyhow::Context as _;
use serde_json::Value;

/// What one workspace package may depend on.
pub struct Layer {
    /// The package's name.
    pub package: &'static str,
    /// Workspace packages it may name, in any kind of dependency.
    pub may_know: &'static [&'static str],
    /// Libraries it must not name outside its tests; a trailing `*` stands for any ending.
    pub must_not_use: &'static [&'static str],
}

/// Everything with I/O, a clock or randomness of its own.
const IMPURE: &[&str] = &[
    "tokio*",
    "async-trait",
    "futures*",
    "rand",
    "rand_*",
    "getrandom",
    "iroh*",
    "sea-orm*",
    "rusqlite*",
];

/// The libraries that adapters exist to hide.
const ADAPTED: &[&str] = &[
    "iroh*",
    "n0-mainline",
    "mainline",
    "distributed-topic-tracker",
    "sea-orm*",
    "sqlx*",
    "rusqlite*",
    "keyring*",
    "secret-service",
    "zbus*",
];

/// The feature of `kukuri-application` that holds fakes and mocks.
const TESTING: &str = "testing";

/// Every package of the workspace. One that is missing here fails the check.
pub const LAYERS: &[Layer] = &[
    Layer {
        package: "kukuri-domain",
        may_know: &[],
        must_not_use: IMPURE,
    },
    Layer {
        package: "kukuri-application",
        may_know: &["kukuri-domain"],
        must_not_use: ADAPTED,
    },
    Layer {
        package: "kukuri-infra-iroh",
        may_know: &["kukuri-domain", "kukuri-application"],
        must_not_use: &["sea-orm*", "sqlx*", "rusqlite*", "keyring*"],
    },
    Layer {
        package: "kukuri-infra-db",
        may_know: &["kukuri-domain", "kukuri-application"],
        must_not_use: &["iroh*", "n0-mainline", "keyring*"],
    },
    Layer {
        package: "kukuri-infra-keyring",
        may_know: &["kukuri-domain", "kukuri-application"],
        must_not_use: &["iroh*", "n0-mainline", "sea-orm*", "sqlx*", "rusqlite*"],
    },
    Layer {
        package: "kukuri-node",
        may_know: &["kukuri-domain", "kukuri-application"],
        must_not_use: ADAPTED,
    },
    Layer {
        package: "kukuri-wiring",
        may_know: &[
            "kukuri-domain",
            "kukuri-application",
            "kukuri-infra-iroh",
            "kukuri-infra-db",
            "kukuri-infra-keyring",
            "kukuri-node",
        ],
        must_not_use: ADAPTED,
    },
    Layer {
        package: "kukuri-cli",
        may_know: &[
            "kukuri-domain",
            "kukuri-application",
            "kukuri-infra-iroh",
            "kukuri-infra-db",
            "kukuri-infra-keyring",
            "kukuri-node",
            "kukuri-wiring",
        ],
        must_not_use: ADAPTED,
    },
    Layer {
        package: "kukuri-desktop",
        may_know: &[
            "kukuri-domain",
            "kukuri-application",
            "kukuri-infra-keyring",
            "kukuri-node",
            "kukuri-wiring",
        ],
        must_not_use: ADAPTED,
    },
    // iroh-gossip's protocol is what it drives; sockets, disks and clocks it must not have.
    Layer {
        package: "kukuri-sim",
        may_know: &["kukuri-domain", "kukuri-application"],
        must_not_use: &[
            "iroh",
            "n0-mainline",
            "mainline",
            "distributed-topic-tracker",
            "sea-orm*",
            "sqlx*",
            "rusqlite*",
            "keyring*",
        ],
    },
    Layer {
        package: "kukuri-tests",
        may_know: &[
            "kukuri-domain",
            "kukuri-application",
            "kukuri-sim",
            "kukuri-infra-iroh",
            "kukuri-infra-db",
            "kukuri-infra-keyring",
            "kukuri-node",
        ],
        must_not_use: &[],
    },
    Layer {
        package: "xtask",
        may_know: &[],
        must_not_use: &[],
    },
];

/// Which section of a manifest names a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `[dependencies]`
    Normal,
    /// `[dev-dependencies]`
    Dev,
    /// `[build-dependencies]`
    Build,
}

/// One dependency of one workspace package, as written in its manifest.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The package whose manifest it is.
    pub from: String,
    /// The package that is depended on, by its real name.
    pub to: String,
    /// The section it stands in.
    pub kind: Kind,
    /// Whether the dependency is a path, so a package of this workspace.
    pub in_workspace: bool,
    /// The features that are asked for by name.
    pub features: Vec<String>,
}

/// A breach of the table, as a sentence.
#[derive(Debug, PartialEq, Eq)]
pub enum Breach {
    /// A workspace package that the table does not name.
    Unlisted(String),
    /// A package of the table that the workspace does not have.
    Vanished(&'static str),
    /// An edge between workspace packages that the table does not allow.
    Edge {
        /// The package that depends.
        from: String,
        /// The package that it must not know.
        to: String,
        /// The section of the manifest.
        kind: Kind,
    },
    /// An outside library in a layer that must do without it.
    Library {
        /// The package that depends.
        from: String,
        /// The library.
        library: String,
    },
    /// Fakes and mocks compiled into what users run.
    TestingFeature {
        /// The package that asks for the feature.
        from: String,
    },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlisted(name) => {
                write!(
                    f,
                    "{name} is in no layer: give it a row in xtask/src/layers.rs"
                )
            }
            Self::Vanished(name) => {
                write!(
                    f,
                    "{name} is not in the workspace: remove its row in xtask/src/layers.rs"
                )
            }
            Self::Edge { from, to, kind } => {
                write!(f, "{from} must not know {to} ({})", section(*kind))
            }
            Self::Library { from, library } => {
                write!(
                    f,
                    "{from} must not use {library}: it belongs to another layer"
                )
            }
            Self::TestingFeature { from } => write!(
                f,
                "{from} asks for feature `{TESTING}` of kukuri-application outside \
                 [dev-dependencies]: fakes would reach users"
            ),
        }
    }
}

/// Reads the workspace's packages and all their dependencies out of `cargo metadata`.
///
/// # Errors
///
/// When the document is not what `cargo metadata --format-version 1` prints.
pub fn read(metadata: &Value) -> anyhow::Result<(Vec<String>, Vec<Edge>)> {
    let mut packages = Vec::new();
    let mut edges = Vec::new();
    for package in metadata["packages"]
        .as_array()
        .context("metadata has no packages")?
    {
        let from = package["name"].as_str().context("a package has no name")?;
        packages.push(from.to_owned());
        let dependencies = package["dependencies"].as_array();
        for dependency in dependencies.context("a package has no dependencies")? {
            edges.push(edge(from, dependency)?);
        }
    }
    Ok((packages, edges))
}

fn edge(from: &str, dependency: &Value) -> anyhow::Result<Edge> {
    let kind = match dependency["kind"].as_str() {
        None => Kind::Normal,
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        Some(other) => anyhow::bail!("unknown kind of dependency `{other}` in {from}"),
    };
    let features = dependency["features"].as_array().into_iter().flatten();
    Ok(Edge {
        from: from.to_owned(),
        to: dependency["name"]
            .as_str()
            .context("a dependency has no name")?
            .to_owned(),
        kind,
        in_workspace: dependency["path"].is_string(),
        features: features
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    })
}

/// Everything in the workspace that the table does not allow; empty when all is well.
pub fn breaches(layers: &[Layer], packages: &[String], edges: &[Edge]) -> Vec<Breach> {
    let mut found = Vec::new();
    let listed = |name: &str| layers.iter().any(|layer| layer.package == name);
    found.extend(
        packages
            .iter()
            .filter(|name| !listed(name))
            .cloned()
            .map(Breach::Unlisted),
    );
    let present = |layer: &&Layer| packages.iter().any(|name| name == layer.package);
    let vanished = layers.iter().filter(|layer| !present(layer));
    found.extend(vanished.map(|layer| Breach::Vanished(layer.package)));
    for edge in edges {
        // A package without a row has been reported above.
        let Some(layer) = layers.iter().find(|layer| layer.package == edge.from) else {
            continue;
        };
        found.extend(breach_of(layer, edge));
    }
    found
}

fn breach_of(layer: &Layer, edge: &Edge) -> Option<Breach> {
    let from = edge.from.clone();
    if edge.in_workspace {
        if !layer.may_know.contains(&edge.to.as_str()) {
            return Some(Breach::Edge {
                from,
                to: edge.to.clone(),
                kind: edge.kind,
            });
        }
        let for_tests = edge.kind == Kind::Dev || layer.package == "kukuri-tests";
        let asks = edge.features.iter().any(|feature| feature == TESTING);
        return (asks && !for_tests).then_some(Breach::TestingFeature { from });
    }
    let forbidden = layer
        .must_not_use
        .iter()
        .any(|pattern| matches(pattern, &edge.to));
    (forbidden && edge.kind != Kind::Dev).then(|| Breach::Library {
        from,
        library: edge.to.clone(),
    })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn section(kind: Kind) -> &'static str {
    match kind {
        Kind::Normal => "[dependencies]",
        Kind::Dev => "[dev-dependencies]",
        Kind::Build => "[build-dependencies]",
    }
}

/// Checks this workspace against the table.
///
/// # Errors
///
/// With one line per breach.
pub fn check(metadata: &Value) -> anyhow::Result<()> {
    let (packages, edges) = read(metadata)?;
    let found = breaches(LAYERS, &packages, &edges);
    if found.is_empty() {
        println!(
            "{} packages, {} dependencies: no forbidden edge",
            packages.len(),
            edges.len()
        );
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(|breach| format!("  {breach}")).collect();
    anyhow::bail!("forbidden in xtask/src/layers.rs\n{}", lines.join("\n"))
}
