//! Holds the edges between crates: the real workspace against the table, and the table's check
//! against workspaces that break it on purpose.

use serde_json::{Value, json};
use xtask::layers::{self, Breach, Kind, LAYERS};
use xtask::workspace::Workspace;

#[test]
fn the_workspace_keeps_its_layers() {
    let metadata = Workspace::here()
        .metadata()
        .expect("cargo metadata works in a checkout");
    if let Err(error) = layers::check(&metadata) {
        panic!("{error:#}");
    }
}

/// A workspace with every package of the table and, in `from`, one more dependency.
fn workspace_with(from: &str, dependency: Value) -> Vec<Breach> {
    let packages: Vec<Value> = LAYERS
        .iter()
        .map(|layer| {
            let mut dependencies: Vec<Value> = layer.may_know.iter().map(|to| inside(to)).collect();
            if layer.package == from {
                dependencies.push(dependency.clone());
            }
            json!({ "name": layer.package, "dependencies": dependencies })
        })
        .collect();
    check(&json!({ "packages": packages }))
}

fn check(metadata: &Value) -> Vec<Breach> {
    let (packages, edges) = layers::read(metadata).expect("the document has metadata's form");
    layers::breaches(LAYERS, &packages, &edges)
}

fn inside(name: &str) -> Value {
    json!({ "name": name, "kind": null, "path": "/x", "features": [] })
}

fn outside(name: &str, kind: Value) -> Value {
    json!({ "name": name, "kind": kind, "path": null, "features": [] })
}

#[test]
fn the_table_itself_has_no_breach() {
    assert_eq!(workspace_with("xtask", outside("anyhow", Value::Null)), []);
}

#[test]
fn an_edge_outside_the_table_is_a_breach_in_every_section() {
    let forbidden = [
        ("kukuri-domain", "kukuri-application"),
        ("kukuri-application", "kukuri-infra-db"),
        ("kukuri-infra-iroh", "kukuri-infra-db"),
        ("kukuri-infra-db", "kukuri-infra-keyring"),
        ("kukuri-node", "kukuri-infra-iroh"),
        ("kukuri-tests", "kukuri-cli"),
        ("xtask", "kukuri-domain"),
    ];
    let sections = [
        (Value::Null, Kind::Normal),
        (json!("dev"), Kind::Dev),
        (json!("build"), Kind::Build),
    ];
    for (from, to) in forbidden {
        for (section, kind) in &sections {
            let mut dependency = inside(to);
            dependency["kind"] = section.clone();
            let expected = Breach::Edge {
                from: from.to_owned(),
                to: to.to_owned(),
                kind: *kind,
            };
            assert_eq!(workspace_with(from, dependency), [expected]);
        }
    }
}

#[test]
fn the_domain_stays_without_runtime_and_randomness_except_in_its_tests() {
    for library in [
        "tokio",
        "tokio-util",
        "async-trait",
        "rand",
        "rand_core",
        "getrandom",
    ] {
        let expected = Breach::Library {
            from: "kukuri-domain".to_owned(),
            library: library.to_owned(),
        };
        assert_eq!(
            workspace_with("kukuri-domain", outside(library, Value::Null)),
            [expected]
        );
        assert_eq!(
            workspace_with("kukuri-domain", outside(library, json!("dev"))),
            []
        );
    }
    assert_eq!(
        workspace_with("kukuri-domain", outside("randomness", Value::Null)),
        []
    );
}

#[test]
fn fakes_are_for_tests_only() {
    let mut dependency = inside("kukuri-application");
    dependency["features"] = json!(["testing"]);
    let expected = Breach::TestingFeature {
        from: "kukuri-node".to_owned(),
    };
    assert_eq!(
        workspace_with("kukuri-node", dependency.clone()),
        [expected]
    );
    assert_eq!(workspace_with("kukuri-tests", dependency.clone()), []);
    dependency["kind"] = json!("dev");
    assert_eq!(workspace_with("kukuri-node", dependency), []);
}

#[test]
fn a_package_without_a_row_and_a_row_without_a_package_are_breaches() {
    let stranger = json!({ "name": "kukuri-extra", "dependencies": [] });
    let found = check(&json!({ "packages": [stranger] }));
    assert_eq!(found[0], Breach::Unlisted("kukuri-extra".to_owned()));
    assert!(found.contains(&Breach::Vanished("kukuri-domain")));
}

#[test]
fn a_breach_reads_as_a_sentence() {
    let breach = &workspace_with("kukuri-node", inside("kukuri-infra-db"))[0];
    let sentence = "kukuri-node must not know kukuri-infra-db ([dependencies])";
    assert_eq!(breach.to_string(), sentence);
}
