//! The papers of each person: what they are, until when they hold, who keeps them, and a file of each where there is one.
//!
//! What must hold:
//! - A file is what its own bytes say, one of few kinds, whole, and nothing else besides ([`Media`]). It is taken once;
//!   another file is another document.
//! - Its bytes are sealed with her key in pieces bound to their places, and compared with their digest before anybody
//!   gets one of them. They come back as a file to be kept, never as something that is shown or run.
//! - A document is known by an id. What somebody called a file on her machine is not kept, and stands in no header, path
//!   or log.
//! - No file leaves the node. What crosses is made from [`metadata`].
//! - Whoever reads or writes here has the documents' section of the card in sight, and leaves an entry in the journal.

mod api;
mod api_content;
mod collecting;
mod content;
mod media;
mod model;
mod rows;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use staffetta_protocol::card::{Day, DocumentEntry, Section};
use staffetta_protocol::problem::{Code, Problem};

use crate::access::{Acting, Sight};
use crate::error::{Error, Result};
use crate::journal;
use crate::people::{self, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::{Holding, Vault};

pub use api::api;
pub use media::{Media, Unfit};
pub use model::{Cursor, Description, Document, DocumentId, DocumentKind, Ending, FileInfo, HeldBy, Page};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "documents",
    tables: &["document", "document_chunk"],
    merge: rows::merge,
    collect: collecting::collect,
};

/// The section of the card that says who works with documents.
const SECTION: Section = Section::L;

fn reads(sight: &Sight) -> Result<()> {
    if sight.reads(SECTION) { Ok(()) } else { Err(Code::FunctionNotEntitled.into()) }
}

fn writes(sight: &Sight) -> Result<()> {
    if sight.writes(SECTION) { Ok(()) } else { Err(Code::FunctionNotEntitled.into()) }
}

fn note(tx: &mut Tx<'_>, sight: &Sight, act: &'static str, of: &Document) -> Result<()> {
    let entry = sight.entry(act).subject(of.subject).object(of.id);
    journal::record(tx, entry.code(of.description.kind.code()))
}

/// Enters a document, without a file yet.
///
/// # Errors
/// `not_found`; `function_not_entitled`.
pub fn enter(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, description: &Description) -> Result<Document> {
    writes(sight)?;
    let person = people::get(tx.conn(), people::of(sight))?;
    let document = rows::insert(tx, vault, &person, sight.staff(), description)?;
    note(tx, sight, "document.entered", &document)?;
    Ok(document)
}

/// A document of hers, for somebody who looks at it.
///
/// # Errors
/// `not_found`, also for one of somebody else; `function_not_entitled`.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: DocumentId) -> Result<Document> {
    reads(sight)?;
    let document = found(tx.conn(), vault, sight, id)?;
    note(tx, sight, "document.read", &document)?;
    Ok(document)
}

fn found(conn: &mut Conn, vault: &Vault, sight: &Sight, id: DocumentId) -> Result<Document> {
    rows::find(conn, vault, people::of(sight), id)?.ok_or_else(|| Code::NotFound.into())
}

/// A page of her documents, the newest first.
///
/// # Errors
/// `not_found`; `function_not_entitled`.
pub fn list(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    after: Option<Cursor<DateTime<Utc>>>,
    limit: u32,
) -> Result<Page> {
    reads(sight)?;
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("documents.listed").subject(person.subject).object(person.id))?;
    rows::page(tx.conn(), vault, person.id, after, limit.clamp(1, model::PAGE.0))
}

/// Changes what is said of a document. Its file stays.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `version_conflict` when somebody else changed it in between.
pub fn describe(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    id: DocumentId,
    description: &Description,
    expected: i32,
) -> Result<Document> {
    let was = expected_of(tx, vault, sight, id, expected)?;
    let document = rows::describe(tx, vault, &was, description)?;
    note(tx, sight, "document.changed", &document)?;
    Ok(document)
}

fn expected_of(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: DocumentId, expected: i32) -> Result<Document> {
    writes(sight)?;
    let was = found(tx.conn(), vault, sight, id)?;
    if was.version == expected { Ok(was) } else { Err(Code::VersionConflict.into()) }
}

/// The document that somebody means to give a file to: asked before a long file is looked at.
///
/// # Errors
/// `not_found`; `function_not_entitled`.
pub fn may_file(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: DocumentId) -> Result<Document> {
    writes(sight)?;
    found(tx.conn(), vault, sight, id)
}

/// A file that was examined and sealed for one document, and not stored yet.
#[derive(Debug)]
pub struct SealedFile {
    of: DocumentId,
    info: FileInfo,
    pieces: Vec<Vec<u8>>,
}

/// Examines a file and seals it for a document. It changes nothing, so the long part of taking a file holds nobody up.
///
/// # Errors
/// `invalid_input` for a file that is not what `declared` says, or more than that.
pub fn seal(conn: &mut Conn, vault: &Vault, of: &Document, declared: Media, bytes: &[u8]) -> Result<SealedFile> {
    let info = model::file_info(declared, bytes)?;
    Ok(SealedFile { of: of.id, info, pieces: content::seal(conn, vault, of.subject, of.id, bytes)? })
}

/// Stores the file of a document. The same file a second time changes nothing.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `version_conflict`; `already_exists` for a document that has another file; `too_large`
/// where all files of hers would have more than `room` bytes.
pub fn file(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    sealed: &SealedFile,
    expected: i32,
    room: usize,
) -> Result<Document> {
    let was = may_file(tx, vault, sight, sealed.of)?;
    match was.file {
        Some(there) if there == sealed.info => return Ok(was),
        Some(_) => return Err(Code::AlreadyExists.into()),
        None if was.version != expected => return Err(Code::VersionConflict.into()),
        None => {}
    }
    let bytes = rows::bytes_of(tx, was.person)? + u64::from(sealed.info.size);
    if bytes > room as u64 {
        return Err(Problem::new(Code::TooLarge).detail("No room is left for documents of this person.").into());
    }
    let document = rows::filed(tx, &was, sealed.info)?;
    content::insert(tx, document.id, &sealed.pieces)?;
    note(tx, sight, "document.filed", &document)?;
    Ok(document)
}

/// Notes that somebody takes a copy of the file; [`content`] then gives it.
///
/// # Errors
/// `not_found`, also for a document without a file; `function_not_entitled`.
pub fn take_copy(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: DocumentId) -> Result<Document> {
    reads(sight)?;
    let document = found(tx.conn(), vault, sight, id)?;
    if document.file.is_none() {
        return Err(Code::NotFound.into());
    }
    note(tx, sight, "document.copied", &document)?;
    Ok(document)
}

/// The bytes of a document's file, compared with their digest. Who gives them to anybody calls [`take_copy`] first.
///
/// # Errors
/// `not_found` for a document without a file, and for a person who was erased; a fault where the bytes are not those
/// that were taken.
pub fn content(conn: &mut Conn, vault: &Vault, of: &Document) -> Result<Vec<u8>> {
    let file = of.file.ok_or(Code::NotFound)?;
    content::open(conn, vault, of.id, &file)?.ok_or_else(|| Code::NotFound.into())
}

/// Deletes a document and its file.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `version_conflict` when somebody else changed it in between.
pub fn delete(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: DocumentId, expected: i32) -> Result<()> {
    let document = expected_of(tx, vault, sight, id, expected)?;
    content::erase(tx, id)?;
    if !rows::delete(tx, id)? {
        return Err(Code::NotFound.into());
    }
    note(tx, sight, "document.deleted", &document)
}

/// Deletes the bytes of every file of hers; that there were documents stays, sealed. Called by whoever erases her, which
/// records the act.
///
/// # Errors
/// What the database refuses.
pub fn erase_files(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    rows::ids(tx.conn(), person)?.into_iter().try_for_each(|id| content::erase(tx, id))
}

/// The documents that end by `until`, of those cases in whose team `staff` is with a function that reads documents. Each
/// person on the page finds it in her journal.
///
/// # Errors
/// What the database refuses.
pub fn ending(
    tx: &mut Tx<'_>,
    staff: &Acting,
    until: Option<Day>,
    after: Option<Cursor<Day>>,
    limit: u32,
) -> Result<(Vec<Ending>, Option<Cursor<Day>>)> {
    let until = until.map_or_else(|| Ok(model::usual_horizon(today(tx)?)), Ok::<_, Error>)?;
    let limit = limit.clamp(1, model::PAGE.0);
    let mut found = rows::ending(tx.conn(), staff.id, until, after, limit + 1)?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| Cursor { by: last.expires, id: last.id.0 });
    let mut shown = Vec::with_capacity(found.len());
    for ending in found {
        let sight = match staff.sight(tx, ending.person) {
            Err(error) if [Code::FunctionNotEntitled, Code::Restricted, Code::NotFound].contains(&error.code()) => {
                continue;
            }
            sight => sight?,
        };
        if sight.reads(SECTION) {
            let person = people::get(tx.conn(), ending.person)?;
            journal::record(tx, sight.entry("document.listed").subject(person.subject).object(ending.id))?;
            shown.push(ending);
        }
    }
    Ok((shown, next))
}

fn today(tx: &Tx<'_>) -> Result<Day> {
    Day::new(crate::rules::calendar::local_day(tx.now())).map_err(Error::internal)
}

/// What of her documents may be disclosed where the group of documents is granted, the oldest first: nothing of what
/// staff call them, and no byte. Who discloses it says so in the journal.
///
/// # Errors
/// What the database refuses.
pub fn metadata(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Vec<DocumentEntry>> {
    Ok(rows::all(conn, vault, person)?.iter().map(Document::entry).collect())
}

/// Whether this is a document of hers: for whoever keeps a reference to one.
///
/// # Errors
/// What the database refuses.
pub fn is_hers(conn: &mut Conn, person: PersonId, id: DocumentId) -> Result<bool> {
    rows::is_there(conn, person, id)
}
