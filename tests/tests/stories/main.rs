//! Stories of federations, each on both databases.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod absence;
mod consent;
mod counselling;
mod evidence;
mod history;
mod hostile;
mod lists;
mod mailbox;
mod operations;
mod outsider;
mod paper;
mod prato;
mod processes;
mod recall;
mod relay;
mod restore;
mod restored;
mod sap;
mod seen;
mod servers;
mod stage;
mod transfer;
mod trespass;
mod trust;
mod walk;
