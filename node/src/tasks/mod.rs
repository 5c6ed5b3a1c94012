//! Tasks for people: what the node noticed and cannot mend by itself.
//!
//! What must hold:
//! - A task is opened in the transaction that notices what it is about, or neither happens. While one of a kind about an
//!   object is open, no second one of the two is made, however often the thing is noticed.
//! - It is for one access role. About a person it belongs to her case: only who has a part in the case is shown it, and
//!   finishes it. It holds ids, codes and instants, and no word about her.
//! - Whoever finishes it stands in it; the node itself closes what has mended.

mod collecting;
mod learning;
mod model;
mod rows;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::access::cases::{self, Listing};
use crate::access::{AccessRole, Acting};
use crate::error::{Error, Result};
use crate::journal::{self, Actor, Entry};
use crate::store::schema::task;
use crate::store::{Id, Tx};
use crate::vault::{self, Merging, Vault};

pub use learning::{learns, let_go};
pub use model::{By, Channel, Kind, Task, TaskRow};
pub use rows::open_about;

/// The tables of this room that hold personal data.
pub const HOLDING: vault::Holding =
    vault::Holding { room: "tasks", tables: &["task"], merge, collect: collecting::collect };

/// Opens a task, if none of its kind about its object is open. Whether this was the act that opened it.
///
/// # Errors
/// What the database refuses.
pub fn open(tx: &mut Tx<'_>, new: Task) -> Result<bool> {
    let case = new.subject.map(|subject| rows::case_of(tx.conn(), subject)).transpose()?.flatten();
    let id = crate::clock::id_at(tx.now());
    if !rows::insert(tx, id, &new, case)? {
        return Ok(false);
    }
    tracing::warn!(task = %id, kind = new.kind.as_str(), "a task was opened for a person");
    let entry = Entry::new(Actor::System, "task.opened").object(id).code(new.kind.as_str());
    let entry = new.peer.iter().fold(entry, |entry, peer| entry.peer(peer));
    let entry = new.subject.into_iter().fold(entry, Entry::subject);
    journal::record(tx, entry)?;
    Ok(true)
}

/// Closes what is open of a kind about an object: it has mended, or somebody did elsewhere what it asked for.
///
/// # Errors
/// What the database refuses.
pub fn close(tx: &mut Tx<'_>, kind: Kind, object: &str, by: Actor) -> Result<()> {
    let Some(closed) = rows::close(tx, kind, object, by.staff())? else { return Ok(()) };
    let ground = by.staff().map(|_| ground(closed.role));
    let entry = Entry::new(by, "task.closed").object(closed.id).code(kind.as_str());
    let entry = ground.into_iter().fold(entry, Entry::ground);
    journal::record(tx, closed.subject.into_iter().fold(entry, Entry::subject))
}

/// The tasks of whoever asks, the oldest first: of her role, and about people only those of her cases. What names a
/// person leaves a line in the journal for each.
///
/// # Errors
/// What the database refuses.
pub fn list(
    tx: &mut Tx<'_>,
    by: &Acting,
    done: bool,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<TaskRow>> {
    let of = Listing::of(by.id, by.role);
    let found = rows::list(tx.conn(), whose(by.role), of, done, after, limit)?;
    let ground = if by.role == AccessRole::Dpo { "data_protection" } else { of.ground() };
    let looks = found.iter().filter_map(|task| {
        let entry = Entry::new(by.actor(), "task.listed").object(task.id).ground(ground);
        task.subject.map(|subject| entry.subject(subject))
    });
    journal::record_all(tx, looks.collect())?;
    Ok(found)
}

/// Whose tasks an account of this role sees: whoever answers for operators sees theirs.
const fn whose(role: AccessRole) -> AccessRole {
    match role {
        AccessRole::Supervisor => AccessRole::Operator,
        other => other,
    }
}

/// On which ground a task about a person is this role's.
const fn ground(role: AccessRole) -> &'static str {
    match role {
        AccessRole::Dpo => "data_protection",
        _ => "case_team",
    }
}

/// She has done it. Of a glass that was broken this says that the person was told.
///
/// # Errors
/// `not_found`, for what is another role's too; `outside_case` where she is not shown the case; `not_entitled` where it
/// is for whoever leads the case to say; `conflict` where it was done already, or another act than this does it.
pub fn finish(tx: &mut Tx<'_>, by: &Acting, id: Uuid) -> Result<()> {
    let task = rows::find(tx.conn(), id)?.filter(|task| task.role == whose(by.role)).ok_or(Code::NotFound)?;
    let now = tx.now();
    let mut entry = Entry::new(by.actor(), "task.done");
    if let Some(case) = task.case
        && !cases::still_sees(tx.conn(), by, case, now)?
    {
        return Err(Code::OutsideCase.into());
    }
    match task.kind {
        Kind::GlassBroken => {
            let told = "Lo chiude la revisione dell'apertura. The review of the broken glass closes it.";
            return Err(Problem::new(Code::Conflict).detail(told).into());
        }
        // Whoever looked is shown the case too, and does not say herself that the person knows.
        Kind::GlassToBeTold => {
            let file = task.case.map(|case| cases::case_file(tx.conn(), case)).transpose()?.flatten();
            if file.is_none_or(|file| file.lead != Some(by.id) && file.deputy != Some(by.id)) {
                return Err(Code::NotEntitled.into());
            }
            cases::glass::told(tx, task.object.parse().map_err(Error::internal)?)?;
        }
        _ => {}
    }
    if task.subject.is_some() {
        entry = entry.ground(ground(by.role));
    }
    if !rows::finish(tx, id, by.id)? {
        return Err(Code::Conflict.into());
    }
    journal::record(tx, task.subject.into_iter().fold(entry.object(id).code(task.kind.as_str()), Entry::subject))
}

/// The tasks of the record that goes are the other's.
fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    diesel::update(task::table.filter(task::case_file.eq(Id(merging.from))))
        .set(task::case_file.eq(Id(merging.into)))
        .execute(tx.conn())?;
    Ok(())
}
