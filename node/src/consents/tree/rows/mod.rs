//! Rows of recalls: who was told and answered what, and what was taken and answered. What a recipient answered for each
//! group is sealed with the key of whom it is about; that it answered, and the digest of its message, stays.

mod taken;
mod told;

use staffetta_protocol::data::Below;

use crate::error::{Error, Result};

pub(super) use taken::{
    Taken, Withheld, answered_by, frozen, insert_taken, locked, look_again, mark_shredded, save_taken, taken_of,
    unshredded,
};
pub use told::{Told, Wanted};
pub(in crate::consents) use told::{
    answered_groups, insert_told, is_open, late, list, mark_elsewhere, mark_failed, mark_late, mark_reached, mark_task,
    save_answer, tell_by, told, told_about, told_below, told_by, told_to,
};

fn damaged() -> Error {
    Error::internal("a stored recall does not parse")
}

fn text(below: &[Below]) -> Result<String> {
    serde_json::to_string(below).map_err(Error::internal)
}
