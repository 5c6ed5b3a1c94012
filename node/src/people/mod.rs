//! The people whom this node accompanies.
//!
//! What must hold:
//! - The row is thin: who she is stands in her card. What staff call her in lists is sealed with her key.
//! - An id of a person names her at this node only and is random; nobody outside ever sees it. One that does not exist
//!   is not found, exactly like one that is somebody else's to see.
//! - The index finds her by what she is known by: a blind token names candidates, the sealed value decides. Its rows go
//!   with the person.
//! - Whoever takes her up leads her case. From then on every verb about her takes a [`Sight`]: the proof that whoever
//!   acts has a part in it.
//! - Whoever reads or writes personal data here leaves an entry in the journal, in the same transaction.

mod api;
mod model;
mod rows;

#[cfg(test)]
mod tests;

use staffetta_protocol::card::{BirthDate, TaxCode};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use crate::access::Sight;
use crate::access::cases::{self, Kind, Listing};
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::{Conn, Tx};
use crate::vault::{Holding, Vault};

pub use api::api;
pub use model::{Cursor, Label, Listed, Match, MatchedOn, Page, Person, PersonId};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding { room: "people", tables: &["person", "person_index"] };

/// Takes up a person: a row, a key of her own, and how staff call her.
pub fn create(tx: &mut Tx<'_>, vault: &Vault, by: &Actor, label: &Label) -> Result<Person> {
    let subject = vault.subject_for_person(tx)?;
    let person = rows::insert(tx, vault, subject, by.staff(), label)?;
    cases::open(tx, person.id.into(), Kind::Person, subject, by.staff())?;
    let sight = Sight::of_taking_up(by.clone(), person.id.into());
    journal::record(tx, sight.entry("person.created").subject(subject).object(person.id))?;
    Ok(person)
}

/// The person of that id.
///
/// # Errors
/// `not_found`.
pub fn get(conn: &mut Conn, id: PersonId) -> Result<Person> {
    rows::by_id(conn, id)?.ok_or_else(|| Code::NotFound.into())
}

/// The person of that id with what staff call her, for somebody who looks at her record.
///
/// # Errors
/// `not_found`, also for a person who was erased.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Listed> {
    let id = of(sight);
    let listed = rows::listed(tx.conn(), vault, id)?.ok_or(Code::NotFound)?;
    journal::record(tx, sight.entry("person.read").subject(listed.person.subject).object(id))?;
    Ok(listed)
}

/// The person whose case it is.
pub fn of(sight: &Sight) -> PersonId {
    PersonId(sight.case())
}

/// A page of the people whom `of` covers, in the order in which they came. The label of each is data of hers: each gets
/// her entry.
pub fn list(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Actor,
    of: Listing,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page> {
    let page = rows::page(tx.conn(), vault, of, after, limit.clamp(1, Page::LARGEST))?;
    for listed in &page.items {
        let entry = Entry::new(by.clone(), "person.listed").subject(listed.person.subject).object(listed.person.id);
        journal::record(tx, entry)?;
    }
    Ok(page)
}

/// Changes what staff call her, where her row still has the version `expected`.
///
/// # Errors
/// `not_found`; `version_conflict` when somebody else changed it meanwhile.
pub fn relabel(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, label: &Label, expected: i64) -> Result<Person> {
    let id = of(sight);
    let person = get(tx.conn(), id)?;
    if person.version() != expected {
        return Err(Code::VersionConflict.into());
    }
    let person = rows::relabel(tx, vault, &person, label)?.ok_or(Code::VersionConflict)?;
    journal::record(tx, sight.entry("person.labelled").subject(person.subject).object(id))?;
    Ok(person)
}

/// Makes her findable by what her card says now; what it no longer says goes. Called by whoever saves who she is.
pub fn index(
    tx: &mut Tx<'_>,
    vault: &Vault,
    person: &Person,
    tax_code: Option<&TaxCode>,
    names: &[&str],
    birth: Option<&BirthDate>,
) -> Result<()> {
    rows::replace_index(tx, vault, person, &model::keys(tax_code, names, birth))
}

/// Who here may be the person of this tax code, or of these names and this year of birth. A proposal for somebody to
/// decide on: a tax code before a name, nobody twice.
pub fn find_same(
    conn: &mut Conn,
    vault: &Vault,
    tax_code: Option<&TaxCode>,
    names: &[&str],
    birth: Option<&BirthDate>,
) -> Result<Vec<Match>> {
    let mut found: Vec<Match> = Vec::new();
    for key in model::keys(tax_code, names, birth) {
        for person in rows::matching(conn, vault, &key)? {
            if !found.iter().any(|earlier| earlier.person == person) {
                found.push(Match { person, on: key.on });
            }
        }
    }
    Ok(found)
}

impl From<PersonId> for Uuid {
    fn from(id: PersonId) -> Self {
        id.0
    }
}
