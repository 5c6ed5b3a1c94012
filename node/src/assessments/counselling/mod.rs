//! What was said in counselling: for whoever counsels in the case and for whoever wrote it, and for nobody else.
//!
//! What must hold:
//! - The text of a note comes out of this room by two verbs: [`read`], for somebody who may, and
//!   [`counselling_notes_for_access`], for what the person is owed (art. 15 GDPR). [`NoteText`] has no form on any wire:
//!   it is in no message, no group of the card, no export and no list.
//! - Breaking the glass does not reach a note; neither does a supervisor's role, nor the data protection officer's.
//! - Notes go six months after the case has ended ([`case_ended`], [`due`]).

mod api;
mod rows;

#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Months, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Prose;
use staffetta_protocol::problem::Code;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access::{Sight, Why};
use crate::error::{Error, Result};
use crate::journal;
use crate::people::{self, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::{Subject, Vault};

pub use api::api;

/// For how long a note is kept after the end of the case.
const KEPT: Months = Months::new(6);

/// The id of a counselling note at this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct NoteId(pub Uuid);

impl fmt::Display for NoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// What a note says, as it is written down: it can be read from a request, and be written to none.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct NoteText(Prose<8000>);

impl NoteText {
    /// The words, for whoever may see them.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for NoteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteText")
    }
}

/// That there is a note; not what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteInfo {
    /// Its id.
    pub id: NoteId,
    /// Who wrote it.
    pub author: Uuid,
    /// For `If-Match`.
    pub version: i32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it goes, once the case has ended.
    pub delete_after: Option<DateTime<Utc>>,
}

/// Whether whoever looks counsels in the case; whoever wrote a note sees that one too, as long as she works on the case.
fn may_see(sight: &Sight, author: Uuid) -> bool {
    sight.counsels() || (sight.functions().is_some() && sight.staff() == Some(author))
}

fn note(tx: &mut Tx<'_>, sight: &Sight, act: &'static str, id: NoteId) -> Result<()> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry(act).subject(person.subject).object(id))
}

fn seen(conn: &mut Conn, sight: &Sight, id: NoteId) -> Result<NoteInfo> {
    let info = rows::find(conn, people::of(sight), id)?;
    match info {
        Some(info) if may_see(sight, info.author) => Ok(info),
        // Whoever may see none of them is told that, whether there is one or not.
        None if sight.counsels() => Err(Code::NotFound.into()),
        _ => Err(Code::FunctionNotEntitled.into()),
    }
}

/// Writes a note.
///
/// # Errors
/// `not_found`; `function_not_entitled` for whoever does not counsel in the case.
pub fn write(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, text: &NoteText) -> Result<NoteInfo> {
    let author = sight.staff().filter(|_| sight.counsels()).ok_or(Code::FunctionNotEntitled)?;
    let person = people::get(tx.conn(), people::of(sight))?;
    let info = rows::insert(tx, vault, &person, author, text)?;
    note(tx, sight, "counselling_note.written", info.id)?;
    Ok(info)
}

/// Her notes that whoever looks may see, without their text: the newest first, at most `limit`, from behind `after`; and
/// whether there are more.
///
/// # Errors
/// `not_found`, also for an `after` that is none of hers; `function_not_entitled` for whoever does not work on the case.
pub fn list(tx: &mut Tx<'_>, sight: &Sight, after: Option<NoteId>, limit: u32) -> Result<(Vec<NoteInfo>, bool)> {
    let only_by = match (sight.counsels(), sight.functions(), sight.staff()) {
        (true, ..) => None,
        (false, Some(_), Some(author)) => Some(author),
        _ => return Err(Code::FunctionNotEntitled.into()),
    };
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("counselling_notes.listed").subject(person.subject).object(person.id))?;
    let mut items = rows::page(tx.conn(), person.id, only_by, after, limit + 1)?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    Ok((items, more))
}

/// A note with its text, for somebody who counsels in the case or wrote it.
///
/// # Errors
/// `not_found`, also for a person who was erased; `function_not_entitled` for everybody else, whether there is such a note or not.
pub fn read(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: NoteId) -> Result<(NoteInfo, NoteText)> {
    let info = seen(tx.conn(), sight, id)?;
    let text = rows::text(tx.conn(), vault, id)?.ok_or(Code::NotFound)?;
    note(tx, sight, "counselling_note.read", id)?;
    Ok((info, text))
}

/// Writes a note anew: its author only.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `version_conflict`.
pub fn rewrite(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    id: NoteId,
    text: &NoteText,
    expected: i32,
) -> Result<NoteInfo> {
    let was = seen(tx.conn(), sight, id)?;
    if sight.staff() != Some(was.author) {
        return Err(Code::FunctionNotEntitled.into());
    }
    if was.version != expected {
        return Err(Code::VersionConflict.into());
    }
    let person = people::get(tx.conn(), people::of(sight))?;
    let info = rows::rewrite(tx, vault, &person, &was, text)?;
    note(tx, sight, "counselling_note.changed", id)?;
    Ok(info)
}

/// A note as the person is told of it when she asks for all that is held about her.
pub struct AccessNote {
    /// Who wrote it.
    pub author: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What it says.
    pub text: Zeroizing<String>,
}

impl fmt::Debug for AccessNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessNote").field("author", &self.author).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Everything that was written about her in counselling, the oldest first: for the answer to her own `request` for access
/// (art. 15 GDPR), which the journal names, and for nothing else.
///
/// # Errors
/// `not_found`; `function_not_entitled` for whoever is neither the person nor answers for her rights.
pub fn counselling_notes_for_access(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    request: Uuid,
) -> Result<Vec<AccessNote>> {
    if !matches!(sight.why(), Why::Herself | Why::DataProtection) {
        return Err(Code::FunctionNotEntitled.into());
    }
    let person = people::get(tx.conn(), people::of(sight))?;
    let mut told = Vec::new();
    for info in rows::all(tx.conn(), person.id)? {
        let Some(text) = rows::text(tx.conn(), vault, info.id)? else { continue };
        told.push(AccessNote {
            author: info.author,
            at: info.created_at,
            text: Zeroizing::new(text.expose().to_owned()),
        });
    }
    let entry = sight.entry("counselling_notes.disclosed_to_her").subject(person.subject).object(request);
    journal::record(tx, entry.code(told.len()))?;
    Ok(told)
}

/// The case of this person ended at `at`: her notes go six months later. A second time moves nothing.
///
/// # Errors
/// What the database refuses.
pub fn case_ended(tx: &mut Tx<'_>, person: PersonId, at: DateTime<Utc>) -> Result<()> {
    let due = at.checked_add_months(KEPT).ok_or_else(|| Error::internal("the case ended beyond all calendars"))?;
    rows::due(tx, person, due)
}

/// The case goes on: her notes stay.
///
/// # Errors
/// What the database refuses.
pub fn case_reopened(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    rows::not_due(tx, person)
}

/// Notes whose day has come by `before`, in the order of ids: for the rules of retention.
///
/// # Errors
/// What the database refuses.
pub fn due(
    conn: &mut Conn,
    before: DateTime<Utc>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(Uuid, Option<Subject>)>> {
    let found = rows::due_by(conn, before, after, limit)?;
    Ok(found.into_iter().map(|(id, subject)| (id.0, Some(subject))).collect())
}

/// Deletes a note, whoever wrote it.
///
/// # Errors
/// What the database refuses.
pub fn delete(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    rows::delete(tx, NoteId(id))
}
