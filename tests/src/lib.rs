//! Whole federations in one process: an authority, its members, a clock that the story sets, and desks to act at.
//!
//! Nodes are real: each has its own database, HTTP server on loopback and client. Only time and the workers are in the
//! story's hand: nothing is sent until [`Federation::pump`] is called, so no story ever sleeps.

mod desk;
mod federation;
mod goals;
mod machine;
mod member;
mod people;

pub use desk::{Answer, Desk};
pub use federation::{Federation, on_each_database, on_servers};
pub use goals::{Ending, missed};
pub use machine::machine;
pub use member::Member;
pub use people::{BOTH, Person};
