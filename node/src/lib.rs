#![doc = include_str!("../README.md")]

pub mod access;
pub mod app;
pub mod assessments;
pub mod authority;
pub mod backup;
pub mod cards;
pub mod cli;
pub mod clock;
pub mod config;
pub mod consents;
pub mod demo;
pub mod documents;
pub mod error;
pub mod grants;
pub mod inbox;
pub mod journal;
pub mod keys;
pub mod links;
pub mod log;
pub mod metrics;
pub mod offices;
pub mod outbox;
pub mod peers;
pub mod people;
pub mod referrals;
pub mod rights;
pub mod routes;
pub mod rules;
pub mod store;
pub mod tasks;
pub mod tls;
pub mod vault;
pub mod web;
pub mod wiring;

/// Gives memory back when nobody uses it. The system's own allocator keeps what each thread once needed, tens of MiB after
/// the routes were mounted and after each log-in, and a node shares an old computer with others. SQLite is given the same one
/// (the crate's `override`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
