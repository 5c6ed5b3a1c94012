//! Two records that are of one person become one.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Check, Refusal, Text};
use staffetta_protocol::problem::{Code, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Listed, Person, PersonId, duplicates, guardians, index, rows};
use crate::access::Sight;
use crate::access::cases::restriction;
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::schema::{person, person_merge};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Holding, Merging, Place, Vault};

/// What this room needs from above: the rooms that hold something about people, this one included.
#[derive(Debug, Clone, Copy)]
pub struct People {
    /// Whoever is forgotten here keeps naming a record that is no more.
    pub holdings: &'static [Holding],
    /// Whose word counts may be another's now: the record that stays may tell another age. Called in the same transaction.
    pub age_said: fn(&mut Tx<'_>, &Vault, &Sight) -> Result<()>,
}

/// Why somebody is sure that two records are of one person.
pub type MergeReason = Text<500>;

/// What each record says of her: which counts from now on. The other stays readable among the versions of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MergeKept)]
pub enum Kept {
    /// The card of the record that stays.
    Own,
    /// The card of the record that goes into it.
    Other,
}

impl Check for Kept {}

impl Kept {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Other => "other",
        }
    }
}

/// Puts what is kept under `other` under `id`, where everything is from now on. `other` leads there.
///
/// # Errors
/// `not_found`; `merged` for one that went into another already; `invalid_input` for a record and itself; `conflict`
/// where it was recorded that they are two; `restricted` while the data of one of them may only be kept, before an erasure
/// too.
pub fn merge(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Actor,
    rooms: &[Holding],
    (id, other): (PersonId, PersonId),
    kept: Kept,
    reason: &MergeReason,
) -> Result<Listed> {
    if id == other {
        return Err(Problem::invalid(vec![Refusal::Inconsistent.at("/other")]).into());
    }
    let (stays, goes) = locked(tx, id, other)?;
    for one in [&stays, &goes] {
        // What is to be erased goes nowhere, and what was erased is nobody's.
        if Vault::is_shredded(tx.conn(), one.subject)? {
            return Err(Code::NotFound.into());
        }
        if restriction::is_on(tx.conn(), one.id.into())? {
            return Err(Code::Restricted.into());
        }
    }
    if duplicates::are_apart(tx.conn(), id, other)? {
        return Err(Problem::new(Code::Conflict)
            .says("Risulta che sono due persone distinte.", "It was recorded that they are two people.")
            .into());
    }
    let merging = Merging {
        from: other.0,
        into: id.0,
        from_subject: goes.subject,
        into_subject: stays.subject,
        keep_from: kept == Kept::Other,
        by: by.staff(),
    };
    for room in rooms {
        (room.merge)(tx, vault, &merging)?;
    }
    note(tx, vault, &merging, kept, reason)?;
    let entry = |subject, object| Entry::new(by.clone(), "person.merged").subject(subject).object(object);
    journal::record(tx, entry(stays.subject, other).ground("supervision").code(kept.as_str()))?;
    journal::record(tx, entry(goes.subject, id).ground("supervision").code(kept.as_str()))?;
    rows::listed(tx.conn(), vault, id)?.ok_or_else(|| Code::NotFound.into())
}

/// Both rows, touched in one order whoever merges, so that neither goes anywhere else meanwhile.
fn locked(tx: &mut Tx<'_>, id: PersonId, other: PersonId) -> Result<(Person, Person)> {
    let now = At::from(tx.now());
    for one in [id.min(other), id.max(other)] {
        diesel::update(person::table.find(Id(one.0)).filter(person::merged_into.is_null()))
            .set(person::updated_at.eq(now))
            .execute(tx.conn())?;
    }
    Ok((super::get(tx.conn(), id)?, super::get(tx.conn(), other)?))
}

const fn place(id: Uuid) -> Place {
    Place { table: "person_merge", row: id, column: "sealed" }
}

fn note(tx: &mut Tx<'_>, vault: &Vault, merging: &Merging, kept: Kept, reason: &MergeReason) -> Result<()> {
    let id = Uuid::new_v4();
    let sealed = vault.seal(tx.conn(), merging.into_subject, place(id), reason.as_str().as_bytes())?;
    diesel::insert_into(person_merge::table)
        .values((
            person_merge::id.eq(Id(id)),
            person_merge::person.eq(Id(merging.into)),
            person_merge::went.eq(Id(merging.from)),
            person_merge::kept.eq(kept.as_str()),
            person_merge::sealed.eq(sealed),
            person_merge::merged_at.eq(At::from(tx.now())),
            person_merge::merged_by.eq(merging.by.map(Id)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The records that went into hers, with the reason of each, for somebody who looks at them; the oldest first.
///
/// # Errors
/// `not_found`.
pub fn merges(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Vec<(PersonId, MergeReason)>> {
    let person = super::get(tx.conn(), super::of(sight))?;
    journal::record(tx, sight.entry("person.merges-read").subject(person.subject).object(person.id))?;
    went_into(tx.conn(), vault, person.id)
}

fn went_into(conn: &mut Conn, vault: &Vault, into: PersonId) -> Result<Vec<(PersonId, MergeReason)>> {
    let rows: Vec<(Id, Id, Vec<u8>)> = person_merge::table
        .filter(person_merge::person.eq(Id(into.0)))
        .order((person_merge::merged_at, person_merge::id))
        .select((person_merge::id, person_merge::went, person_merge::sealed))
        .load(conn)?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, went, sealed) in rows {
        let Some(plain) = vault.open(conn, place(id.0), &sealed)? else { continue };
        let reason = std::str::from_utf8(&plain).ok().and_then(|text| MergeReason::new(text).ok());
        let damaged = || crate::error::Error::internal("a stored reason does not parse");
        all.push((PersonId(went.0), reason.ok_or_else(damaged)?));
    }
    Ok(all)
}

/// What this room keeps under the record that goes is under the one that stays: she is found by both. Where what goes
/// counts, the two ways in which she is known change places, so that hers is what her card says.
pub(super) fn hand_over(tx: &mut Tx<'_>, vault: &Vault, merging: &Merging) -> Result<()> {
    let (from, into) = (PersonId(merging.from), PersonId(merging.into));
    if merging.keep_from
        && let Some(mut theirs) = index::own(tx.conn(), vault, from)?
        && let Some(mut own) = index::own(tx.conn(), vault, into)?
    {
        std::mem::swap(&mut theirs.identity, &mut own.identity);
        index::write(tx, vault, merging.from_subject, from.0, from, &theirs)?;
        index::write(tx, vault, merging.into_subject, into.0, into, &own)?;
    }
    index::hand_over(tx, vault, from, into)?;
    duplicates::hand_over(tx, merging.by, from, into)?;
    guardians::hand_over(tx, from, into)?;
    diesel::update(person_merge::table.filter(person_merge::person.eq(Id(from.0))))
        .set(person_merge::person.eq(Id(into.0)))
        .execute(tx.conn())?;
    diesel::update(person::table.filter(person::merged_into.eq(Id(from.0)).or(person::id.eq(Id(from.0)))))
        .set((person::merged_into.eq(Id(into.0)), person::merged_at.eq(At::from(tx.now()))))
        .execute(tx.conn())?;
    Ok(())
}
