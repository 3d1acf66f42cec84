//! Events, topics and remembered peers in one SQLite file, by sea-orm.
//!
//! Owns the file, its schema, the one writer and the pool of readers; implements the ports
//! `EventStore` and `TopicBook`. Must never decide what is stored (events arrive verified and
//! admitted), never write outside the writer's transactions, and never show a type of sea-orm
//! or sqlx: what a caller can act on is a variant of `StoreError`.

mod backup;
mod book;
mod clocks;
mod connection;
mod convert;
mod database;
mod entities;
mod entries;
mod error;
mod events;
mod migrations;
mod posts;
mod search;
mod sets;
mod terms;
mod writer;

pub use backup::BACKUP_KEPT_DAYS;
pub use database::{Database, OpenOptions};
