//! Stories of federations, each on both databases.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod absence;
mod consent;
mod counselling;
mod evidence;
mod history;
mod hostile;
mod paper;
mod prato;
mod relay;
mod restored;
mod sap;
mod seen;
mod stage;
mod transfer;
mod trespass;
mod trust;
mod walk;
