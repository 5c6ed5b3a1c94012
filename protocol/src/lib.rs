//! What travels between Staffetta nodes: names, trust, calls, messages, receipts.
//!
//! The crate is pure: no socket, no file, no clock, no database. Whoever needs the time passes it in.
//! `README.md` beside this crate is the specification for implementers in other languages; the types here are
//! the same rules in Rust.
#![deny(missing_docs)]

pub mod card;
pub mod consent;
pub mod data;
pub mod digest;
pub mod evidence;
pub mod id;
pub mod jose;
pub mod json;
pub mod link;
pub mod log;
pub mod message;
pub mod modi;
pub mod problem;
pub mod receipt;
pub mod trust;
