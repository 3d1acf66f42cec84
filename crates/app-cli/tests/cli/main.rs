//! The program as its users meet it: exit codes and messages, pipes, a terminal.
//!
//! Every program that is started here has a home of its own and listens on the loopback address
//! only, without LAN discovery and port mapping.

#[cfg(unix)]
mod codes;
mod commands;
mod conversation;
mod demo;
mod entries;
mod errors;
#[cfg(unix)]
mod faults;
mod identity;
#[cfg(target_os = "linux")]
mod keyring;
mod language;
mod pipes;
mod program;
mod retention;
#[cfg(target_os = "linux")]
mod secrets;
#[cfg(unix)]
mod shell;
#[cfg(target_os = "linux")]
mod storage;
#[cfg(unix)]
mod terminal;
mod transfer;
#[cfg(unix)]
mod watching;
