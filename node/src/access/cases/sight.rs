//! The proof that somebody may look at a case, and why.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use staffetta_protocol::card::Section;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::functions::{Function, Functions};
use super::merging;
use super::restriction;
use super::rows::{self, CaseFile, Kind};
use crate::access::{AccessRole, Staff};
use crate::error::Result;
use crate::journal::{Actor, Entry};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// Why somebody may look at a case: the ground of her entry in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// She works on it, in these functions.
    Team(Functions),
    /// It came in and nobody was put on it yet: the whole office sees it.
    Office,
    /// The data protection officer, for a person's rights.
    DataProtection,
    /// She broke the glass: the id of that act.
    BrokenGlass(Uuid),
    /// It is the person's own.
    Herself,
    /// The node, by itself: what follows from an act.
    Node,
}

impl Why {
    /// As it stands in the journal.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Team(_) => "case_team",
            Self::Office => "office",
            Self::DataProtection => "data_protection",
            Self::BrokenGlass(_) => "broken_glass",
            Self::Herself => "herself",
            Self::Node => "node",
        }
    }
}

/// Somebody may look at this case. The only maker is the look-up in the tables of the teams; verbs about a person take
/// it, so that a forgotten look-up does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    actor: Actor,
    case: Uuid,
    why: Why,
}

impl Sight {
    /// The person looks at her own.
    pub const fn of_herself(person: Uuid) -> Self {
        Self { actor: Actor::Person(person), case: person, why: Why::Herself }
    }

    /// Another node passes on what the person said there.
    pub const fn of_peer(peer: EntityId, case: Uuid) -> Self {
        Self { actor: Actor::Peer(peer), case, why: Why::Herself }
    }

    /// The node does what follows from an act. Never for what somebody at the desk asked for.
    pub const fn of_the_node(case: Uuid) -> Self {
        Self { actor: Actor::System, case, why: Why::Node }
    }

    /// Whoever just took this person up: she leads the case that is being opened.
    pub(crate) fn of_taking_up(actor: Actor, case: Uuid) -> Self {
        Self { actor, case, why: Why::Team(Function::CaseOperator.into()) }
    }

    /// As the journal names who looks.
    pub fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// The member of the staff, if it is one.
    pub const fn staff(&self) -> Option<Uuid> {
        self.actor.staff()
    }

    /// The case.
    pub const fn case(&self) -> Uuid {
        self.case
    }

    /// Why.
    pub const fn why(&self) -> &Why {
        &self.why
    }

    /// Her functions in the team; none for who is not in it.
    pub const fn functions(&self) -> Option<&Functions> {
        match &self.why {
            Why::Team(functions) => Some(functions),
            _ => None,
        }
    }

    /// Whether she may read this section of the card.
    pub fn reads(&self, section: Section) -> bool {
        match &self.why {
            Why::Team(functions) => functions.any(|tells| tells.reads.contains(&section)),
            Why::Office | Why::DataProtection | Why::BrokenGlass(_) | Why::Herself | Why::Node => true,
        }
    }

    /// Whether she may change this section of the card.
    pub fn writes(&self, section: Section) -> bool {
        match &self.why {
            Why::Team(functions) => functions.any(|tells| tells.writes.contains(&section)),
            Why::Office | Why::Node => true,
            Why::DataProtection | Why::BrokenGlass(_) | Why::Herself => false,
        }
    }

    /// The sections that she may not read.
    pub fn withheld(&self) -> BTreeSet<Section> {
        Section::ALL.iter().copied().filter(|section| !self.reads(*section)).collect()
    }

    /// Whether she may read and write counselling notes. Breaking the glass does not reach them.
    pub fn counsels(&self) -> bool {
        self.functions().is_some_and(|functions| functions.any(|tells| tells.counselling_notes))
    }

    /// Whether she sees at least as far as somebody with these functions in the team.
    pub(in crate::access) fn reaches(&self, functions: &Functions) -> bool {
        let reads = |section: &Section| functions.any(|tells| tells.reads.contains(section));
        let counsels = functions.any(|tells| tells.counselling_notes);
        !self.withheld().iter().any(reads) && (self.counsels() || !counsels)
    }

    /// Whether she has one of these functions in the team.
    pub fn is_one_of(&self, wanted: &[Function]) -> bool {
        self.functions().is_some_and(|functions| wanted.iter().any(|function| functions.has(*function)))
    }

    /// The journal entry of an act of hers on this case, with its ground.
    pub fn entry(&self, act: &'static str) -> Entry {
        Entry::new(self.actor(), act).ground(self.why.as_str())
    }
}

pub(in crate::access) fn of_person(tx: &mut Tx<'_>, staff: &Staff, case: Uuid) -> Result<Sight> {
    let Some(file) = rows::case_file(tx.conn(), case)?.filter(|file| file.kind == Kind::Person) else {
        let moved = merging::moved_into(tx.conn(), case)?;
        return Err(moved.map_or_else(|| Code::NotFound.into(), Problem::merged).into());
    };
    let now = tx.now();
    match part(tx.conn(), staff, file.id, now)? {
        Some(why) => Ok(seen(staff, case, why)),
        None => Err(Code::OutsideCase.into()),
    }
}

pub(in crate::access) fn of_received(tx: &mut Tx<'_>, staff: &Staff, referral: Uuid) -> Result<Sight> {
    if rows::members(tx.conn(), referral)?.is_empty() {
        let why = if staff.role == AccessRole::Dpo { Why::DataProtection } else { Why::Office };
        return Ok(seen(staff, referral, why));
    }
    let now = tx.now();
    let why = part(tx.conn(), staff, referral, now)?.ok_or(Code::OutsideCase)?;
    Ok(seen(staff, referral, why))
}

/// Whether she would be shown a case now, whatever she does. What is no case is not judged here.
pub fn still_sees(conn: &mut Conn, staff: &Staff, case: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let Some(file) = rows::case_file(conn, case)? else { return Ok(true) };
    Ok(sight_now(conn, staff, &file, now)?.is_some())
}

/// What she would be shown of a case now, whatever she does.
pub(in crate::access) fn sight_now(
    conn: &mut Conn,
    staff: &Staff,
    file: &CaseFile,
    now: DateTime<Utc>,
) -> Result<Option<Sight>> {
    if staff.role != AccessRole::Dpo && restriction::holds(conn, file.id)? {
        return Ok(None);
    }
    let is_the_offices = file.kind == Kind::Referral && rows::members(conn, file.id)?.is_empty();
    let why = if is_the_offices { Some(Why::Office) } else { part(conn, staff, file.id, now)? };
    Ok(why.map(|why| seen(staff, file.id, why)))
}

/// Whether the person whose case it is was erased.
pub(in crate::access) fn is_erased(conn: &mut Conn, case: Uuid) -> Result<bool> {
    let file = rows::case_file(conn, case)?.ok_or(Code::NotFound)?;
    Vault::is_shredded(conn, file.subject)
}

fn part(conn: &mut Conn, staff: &Staff, case: Uuid, now: DateTime<Utc>) -> Result<Option<Why>> {
    if let Some(functions) = rows::functions(conn, case, staff.id)? {
        return Ok(Some(Why::Team(functions)));
    }
    if staff.role == AccessRole::Dpo {
        return Ok(Some(Why::DataProtection));
    }
    Ok(rows::glass::open_for(conn, case, staff.id, now)?.map(Why::BrokenGlass))
}

fn seen(staff: &Staff, case: Uuid, why: Why) -> Sight {
    Sight { actor: staff.actor(), case, why }
}
