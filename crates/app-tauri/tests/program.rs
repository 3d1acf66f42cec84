//! The program before it has a window: what it says where there is none to be had.

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a temporary folder");
    Command::new(env!("CARGO_BIN_EXE_kukuri-desktop"))
        .args(args)
        .env("KUKURI_HOME", home.path())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("it starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_tells_its_version() {
    let output = run(&["--version"]);
    let version = format!("kukuri-desktop {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), version);
    assert!(output.status.success());
}

#[test]
fn a_name_that_is_no_profile_is_refused_before_anything_is_made() {
    let output = run(&["--profile", "../elsewhere"]);
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(said.contains("'../elsewhere' is no profile name"), "{said}");
    assert!(said.contains("  do: "), "{said}");
}

#[test]
fn without_a_screen_it_says_so() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("error: the window could not be opened"),
        "{said}"
    );
    assert!(said.contains("  do: "), "{said}");
}
