//! The people whom this node accompanies.
//!
//! What must hold:
//! - The row is thin: who she is stands in her card. What staff call her in lists is sealed with her key.
//! - An id of a person names her at this node only and is random; nobody outside ever sees it. One that does not exist
//!   is not found; one that is somebody else's to see answers that, and nothing of hers.
//! - The index finds her by what she is known by: a blind token names candidates, what is sealed decides. Its rows go
//!   with the person. A query is in no URL and in no journal.
//! - That two records are of one person is proposed with its reasons and decided by somebody. A merge loses nothing: every
//!   room hands over what names the record that goes, which from then on leads to the one that stays. It is not undone:
//!   whoever was joined in error is taken up anew.
//! - Whoever takes her up leads her case. From then on every verb about her takes a [`Sight`]: the proof that whoever
//!   acts has a part in it.
//! - Whoever reads or writes personal data here leaves an entry in the journal, in the same transaction.

mod alike;
mod api;
mod collecting;
mod duplicates;
pub mod guardians;
mod index;
mod known;
mod merging;
mod model;
mod names;
mod refolding;
mod restored;
mod rows;
mod search;
mod ukrainian;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::access::Sight;
use crate::access::cases::{self, Kind, Listing};
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::{Conn, Tx};
use crate::vault::{self, Holding, Subject, Vault};

pub use alike::{Likeness, Reason};
pub use api::api;
pub use duplicates::{Likely, Match, MatchedOn, find_same};
pub use known::Identity;
pub use merging::{Kept, MergeReason, People, merge, merges};
pub use model::{Cursor, Label, Listed, Page, Person, PersonId};
pub use refolding::{AT_ONCE as REFOLDED_AT_ONCE, refold};
pub use restored::{forget, of_subjects, reindex};
pub use search::{Found, FoundBy, Hit, Query, SearchCursor, search};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "people",
    tables: &["person", "person_known", "person_token", "person_distinct", "person_merge", "guardian"],
    merge: merging::hand_over,
    collect: collecting::collect,
};

/// Takes up a person: a row, a key of her own, and how staff call her.
pub fn create(tx: &mut Tx<'_>, vault: &Vault, by: &Actor, label: &Label) -> Result<Person> {
    let subject = vault.subject_for_person(tx)?;
    let person = rows::insert(tx, vault, subject, by.staff(), label)?;
    cases::open(tx, person.id.into(), Kind::Person, subject, by.staff())?;
    let known = known::Known { label: label.clone(), identity: Identity::default() };
    index::put(tx, vault, &person, &known)?;
    let sight = Sight::of_taking_up(by.clone(), person.id.into());
    journal::record(tx, sight.entry("person.created").subject(subject).object(person.id))?;
    Ok(person)
}

/// The person of that id.
///
/// # Errors
/// `not_found`; `merged` for a record that went into another.
pub fn get(conn: &mut Conn, id: PersonId) -> Result<Person> {
    rows::by_id(conn, id)
}

/// Whose keys seal what is kept about her: the one that seals what is new, and those of the records that went into hers.
pub fn subjects(conn: &mut Conn, person: &Person) -> Result<Vec<Subject>> {
    vault::joined(conn, person.subject)
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
    let entry = |it: &Listed| {
        let listed = Entry::new(by.clone(), "person.listed").ground(of.ground());
        listed.subject(it.person.subject).object(it.person.id)
    };
    journal::record_all(tx, page.items.iter().map(entry).collect())?;
    Ok(page)
}

/// What staff call these people, of those whom `of` covers, for a list that names them. Each gets her entry.
///
/// # Errors
/// What the database refuses.
pub fn labels(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Actor,
    of: Listing,
    people: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Label>> {
    let ids: Vec<Uuid> = people.iter().copied().collect();
    let seen = match of {
        Listing::All => ids,
        Listing::Of(staff) => cases::cases_among(tx.conn(), staff, &ids)?,
    };
    let (mut found, mut entries) = (BTreeMap::new(), Vec::new());
    for id in seen {
        // Of a record that was erased or went into another there is nothing to be called, and a referral is no person.
        if let Ok(Some(Listed { person, label, .. })) = rows::listed(tx.conn(), vault, PersonId(id)) {
            let entry = Entry::new(by.clone(), "person.listed").ground(of.ground());
            entries.push(entry.subject(person.subject).object(person.id));
            found.insert(id, label);
        }
    }
    journal::record_all(tx, entries)?;
    Ok(found)
}

/// Records that a search showed these people, each in her own journal, and that it was made: with how many it showed and,
/// where it was told, how many more there are in the cases of others. Never what was looked for.
pub fn note_found(tx: &mut Tx<'_>, by: &Actor, of: Listing, found: &Found) -> Result<()> {
    let ids: Vec<PersonId> = found.items.iter().map(|hit| hit.person).collect();
    let others = found.others.map(|(count, more)| format!(" others:{count}{}", if more { "+" } else { "" }));
    let told = format!("found:{}{}", ids.len(), others.unwrap_or_default());
    let mut entries = vec![Entry::new(by.clone(), "people.searched").code(told)];
    for (id, subject) in rows::subjects_of(tx.conn(), &ids)? {
        entries.push(Entry::new(by.clone(), "person.found").ground(of.ground()).subject(subject).object(id));
    }
    journal::record_all(tx, entries)
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
    let identity = index::own(tx.conn(), vault, id)?.map(|known| known.identity).unwrap_or_default();
    index::put(tx, vault, &person, &known::Known { label: label.clone(), identity })?;
    journal::record(tx, sight.entry("person.labelled").subject(person.subject).object(id))?;
    Ok(person)
}

/// What staff call her. `None` once her key is gone.
///
/// # Errors
/// What the database refuses.
pub fn label_of(conn: &mut Conn, vault: &Vault, id: PersonId) -> Result<Option<Label>> {
    Ok(rows::listed(conn, vault, id)?.map(|listed| listed.label))
}

/// Calls her by no name: what staff called her came from somebody who took it back. Called by whoever erased the rest.
///
/// # Errors
/// `not_found`.
pub fn unname(tx: &mut Tx<'_>, vault: &Vault, id: PersonId) -> Result<()> {
    let person = get(tx.conn(), id)?;
    let label = Label::new("Persona senza nome").map_err(|refusal| crate::error::Error::internal(refusal.code()))?;
    let person = rows::relabel(tx, vault, &person, &label)?.ok_or(Code::VersionConflict)?;
    index::put(tx, vault, &person, &known::Known { label, identity: Identity::default() })?;
    let sight = Sight::of_the_node(id.into());
    journal::record(tx, sight.entry("person.unnamed").subject(person.subject).object(id))
}

/// Who she is nothing says any more: of what she is known by, as what went into her record was too, there stays what staff
/// call her. Called by whoever deletes her card.
///
/// # Errors
/// What the database refuses.
pub fn forget_identity(tx: &mut Tx<'_>, vault: &Vault, id: PersonId) -> Result<()> {
    let person = get(tx.conn(), id)?;
    for entry in index::of(tx.conn(), vault, &[id])? {
        let known = known::Known { identity: Identity::default(), ..entry.known };
        index::write(tx, vault, person.subject, entry.id, id, &known)?;
    }
    index::retoken(tx, vault, id)
}

/// Makes her findable by what her card says now; what it no longer says goes. Called by whoever saves who she is.
pub fn index(tx: &mut Tx<'_>, vault: &Vault, person: &Person, identity: Identity) -> Result<()> {
    let label = match index::own(tx.conn(), vault, person.id)? {
        Some(known) if known.identity == identity => return Ok(()),
        Some(known) => known.label,
        None => rows::listed(tx.conn(), vault, person.id)?.ok_or(Code::NotFound)?.label,
    };
    index::put(tx, vault, person, &known::Known { label, identity })
}

/// Erases her: her keys, and with them what was sealed for her here and in every other room, and what would find her.
/// Called by whoever answers for it, which records the act.
///
/// # Errors
/// `not_found`.
pub fn erase(tx: &mut Tx<'_>, vault: &Vault, id: PersonId) -> Result<()> {
    let person = get(tx.conn(), id)?;
    index::forget(tx, id)?;
    vault.shred(tx, person.subject)
}

/// Who is likely to be the same person as this one, for somebody who looks at her record. What staff call each is shown
/// to whoever may see her; of the others there is the id. Each finds it in her journal.
///
/// # Errors
/// `not_found`, also for a person who was erased.
pub fn likely_duplicates(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Vec<Likely>> {
    let id = of(sight);
    let person = get(tx.conn(), id)?;
    let known = index::own(tx.conn(), vault, id)?.ok_or(Code::NotFound)?;
    let found = duplicates::likely(tx.conn(), vault, &known, Some(id))?;
    journal::record(tx, sight.entry("person.duplicates-read").subject(person.subject).object(id))?;
    note_proposed(tx, &sight.actor(), &found)?;
    Ok(found)
}

/// Who here is likely to be somebody who is being taken up: by what staff would call her, and who she is, of which
/// nothing is kept.
pub fn look_up(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Actor,
    label: &Label,
    identity: Identity,
    except: Option<PersonId>,
) -> Result<Vec<Likely>> {
    let known = known::Known { label: label.clone(), identity };
    let found = duplicates::likely(tx.conn(), vault, &known, except)?;
    note_proposed(tx, by, &found)?;
    Ok(found)
}

fn note_proposed(tx: &mut Tx<'_>, by: &Actor, found: &[Likely]) -> Result<()> {
    let ids: Vec<PersonId> = found.iter().map(|likely| likely.person).collect();
    let subjects = rows::subjects_of(tx.conn(), &ids)?;
    let entry =
        |(id, subject)| Entry::new(by.clone(), "person.proposed").ground("accuracy").subject(subject).object(id);
    journal::record_all(tx, subjects.into_iter().map(entry).collect())
}

/// Records that she is not this other person: they are proposed for each other no more. A second time changes nothing.
///
/// # Errors
/// `not_found`; `conflict` with herself.
pub fn tell_apart(tx: &mut Tx<'_>, sight: &Sight, other: PersonId) -> Result<()> {
    apart(tx, sight, other, "person.told-apart", |tx, one| duplicates::set_apart(tx, sight.staff(), one, other))
}

/// Takes that back.
///
/// # Errors
/// `not_found`; `conflict` with herself.
pub fn tell_apart_no_more(tx: &mut Tx<'_>, sight: &Sight, other: PersonId) -> Result<()> {
    apart(tx, sight, other, "person.told-apart-no-more", |tx, one| duplicates::bring_together(tx, one, other))
}

fn apart(
    tx: &mut Tx<'_>,
    sight: &Sight,
    other: PersonId,
    act: &'static str,
    change: impl FnOnce(&mut Tx<'_>, PersonId) -> Result<bool>,
) -> Result<()> {
    let (one, two) = (get(tx.conn(), of(sight))?, get(tx.conn(), other)?);
    if one.id == two.id {
        return Err(Problem::new(Code::Conflict).says("È la stessa scheda.", "It is the same record.").into());
    }
    if change(tx, one.id)? {
        journal::record(tx, sight.entry(act).subject(one.subject).object(two.id))?;
        journal::record(tx, sight.entry(act).subject(two.subject).object(one.id))?;
    }
    Ok(())
}

impl From<PersonId> for Uuid {
    fn from(id: PersonId) -> Self {
        id.0
    }
}
