//! Who may be the same person, and who is not.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{BirthDate, TaxCode};
use utoipa::ToSchema;

use super::alike::{self, Likeness};
use super::index;
use super::known::{self, Known};
use super::search::by_person;
use super::{Label, PersonId, names};
use crate::access::cases::{Listing, restriction};
use crate::error::Result;
use crate::store::schema::person_distinct;
use crate::store::{At, Conn, Id, Tx, each_backend};
use crate::vault::Vault;

/// People that are compared at most: estimated dates of birth meet on the first of January.
const COMPARED: usize = 1_000;
/// The same by two names that are similar to two of hers, for each two.
const COMPARED_BY_TWO: usize = 200;
/// People that are proposed at most, the likeliest first.
const PROPOSED: usize = 20;

/// Somebody who is likely to be the same person.
#[derive(Debug, Clone)]
pub struct Likely {
    /// Who.
    pub person: PersonId,
    /// What staff call her.
    pub label: Label,
    /// How likely, and why.
    pub likeness: Likeness,
}

/// By what a person was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedOn {
    /// The tax code.
    TaxCode,
    /// All names, in whatever order, and the year of birth.
    NamesAndYear,
}

/// Somebody who may be the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Who.
    pub person: PersonId,
    /// By what.
    pub on: MatchedOn,
}

/// Who here is likely to be the person who is known so; the likeliest first. `of` is she herself, if she is here: nobody
/// is proposed of whom it was said that they are two.
pub(super) fn likely(conn: &mut Conn, vault: &Vault, known: &Known, of: Option<PersonId>) -> Result<Vec<Likely>> {
    let keys = known.keys(vault);
    let mut people: BTreeSet<PersonId> =
        index::candidates(conn, &[keys], None, Listing::All, COMPARED)?.into_iter().collect();
    for two in known.pairs(vault) {
        people.extend(index::candidates(conn, &two, None, Listing::All, COMPARED_BY_TWO)?);
    }
    let mut people: Vec<PersonId> = people.into_iter().collect();
    if let Some(of) = of {
        let apart = apart_from(conn, of)?;
        people.retain(|person| *person != of && !apart.contains(person));
    }
    leave_out_restricted(conn, &mut people)?;
    let entries = index::of(conn, vault, &people)?;
    let mut found: Vec<Likely> = by_person(&entries)
        .filter_map(|(person, entries)| {
            let best = entries.iter().map(|entry| alike::compare(known, &entry.known)).max_by_key(|it| it.points)?;
            let label = entries[0].known.label.clone();
            (i64::from(best.points) >= i64::from(alike::LEAST)).then_some(Likely { person, label, likeness: best })
        })
        .collect();
    found.sort_by_key(|likely| (std::cmp::Reverse(likely.likeness.points), likely.person));
    found.truncate(PROPOSED);
    Ok(found)
}

/// Who here may be the person of this tax code, or of these names and this year of birth. A proposal for somebody to
/// decide on: a tax code before a name, nobody twice. Names without a year of birth would find too many.
pub fn find_same(
    conn: &mut Conn,
    vault: &Vault,
    tax_code: Option<&TaxCode>,
    names: &[&str],
    birth: Option<&BirthDate>,
) -> Result<Vec<Match>> {
    let in_one = names::in_one(names.iter().copied());
    let birth = birth.filter(|_| !in_one.is_empty()).map(|birth| birth.value.year());
    let by_names = birth.map(|_| known::by_names(vault, &in_one));
    let keys: Vec<i32> = tax_code.map(|code| known::by_tax_code(vault, code)).into_iter().chain(by_names).collect();
    let code = tax_code.map(TaxCode::without_omocodia);
    let mut people = index::candidates(conn, &[keys], None, Listing::All, COMPARED)?;
    leave_out_restricted(conn, &mut people)?;
    let mut found: Vec<Match> = Vec::new();
    for (person, entries) in by_person(&index::of(conn, vault, &people)?) {
        let known = |is: &dyn Fn(&Known) -> bool| entries.iter().any(|entry| is(&entry.known));
        let same_code =
            |it: &Known| code.is_some() && it.identity.tax_code.as_ref().map(TaxCode::without_omocodia) == code;
        let same_name = |it: &Known| {
            birth.is_some() && it.identity.birth_date.map(|birth| birth.value.year()) == birth && it.in_one() == in_one
        };
        if known(&same_code) {
            found.push(Match { person, on: MatchedOn::TaxCode });
        } else if known(&same_name) {
            found.push(Match { person, on: MatchedOn::NamesAndYear });
        }
    }
    found.sort_by_key(|found| found.on != MatchedOn::TaxCode);
    Ok(found)
}

/// Whose data are only kept (GDPR 18) is compared with nobody. Who looks for her by name still finds her.
fn leave_out_restricted(conn: &mut Conn, people: &mut Vec<PersonId>) -> Result<()> {
    let kept = restriction::among(conn, &people.iter().map(|person| person.0).collect())?;
    people.retain(|person| !kept.contains(&person.0));
    Ok(())
}

fn pair(one: PersonId, other: PersonId) -> (Id, Id) {
    (Id(one.0.min(other.0)), Id(one.0.max(other.0)))
}

/// Of whom it was said that she is not this one.
pub(super) fn apart_from(conn: &mut Conn, person: PersonId) -> Result<Vec<PersonId>> {
    let pairs: Vec<(Id, Id)> = person_distinct::table
        .filter(person_distinct::one.eq(Id(person.0)).or(person_distinct::other.eq(Id(person.0))))
        .select((person_distinct::one, person_distinct::other))
        .load(conn)?;
    Ok(pairs.into_iter().map(|(one, other)| PersonId(if one.0 == person.0 { other.0 } else { one.0 })).collect())
}

/// Whether they were said to be two.
pub(super) fn are_apart(conn: &mut Conn, one: PersonId, other: PersonId) -> Result<bool> {
    let found = person_distinct::table.find(pair(one, other)).select(person_distinct::one).first::<Id>(conn);
    Ok(found.optional()?.is_some())
}

pub(super) fn set_apart(tx: &mut Tx<'_>, by: Option<uuid::Uuid>, one: PersonId, other: PersonId) -> Result<bool> {
    let (one, other) = pair(one, other);
    let row = (
        person_distinct::one.eq(one),
        person_distinct::other.eq(other),
        person_distinct::said_at.eq(At::from(tx.now())),
        person_distinct::said_by.eq(by.map(Id)),
    );
    let added = each_backend!(tx.conn(), conn => diesel::insert_into(person_distinct::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(added > 0)
}

pub(super) fn bring_together(tx: &mut Tx<'_>, one: PersonId, other: PersonId) -> Result<bool> {
    Ok(diesel::delete(person_distinct::table.find(pair(one, other))).execute(tx.conn())? > 0)
}

/// Who was said not to be `from` is not `into` either.
pub(super) fn hand_over(tx: &mut Tx<'_>, by: Option<uuid::Uuid>, from: PersonId, into: PersonId) -> Result<()> {
    for other in apart_from(tx.conn(), from)? {
        bring_together(tx, from, other)?;
        if other != into {
            set_apart(tx, by, into, other)?;
        }
    }
    Ok(())
}
