//! How complete and how fresh a card is, and that somebody confirmed it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::card::{Card, Section};
use staffetta_protocol::problem::Code;

use super::model::completeness::{self, Looked, Progress, SectionProgress};
use super::section_rows::{self, Confirmed};
use super::{current, rows};
use crate::access::Sight;
use crate::error::Result;
use crate::journal;
use crate::people;
use crate::store::Tx;
use crate::vault::Vault;

/// How far a card is, and how fresh.
#[derive(Debug, Clone)]
pub struct Completeness {
    /// The newest version; 0 where there is none.
    pub version: u32,
    /// What a preview needs.
    pub quick: Progress,
    /// What a referral needs.
    pub referral: Progress,
    /// Every section that she reads.
    pub sections: Vec<SectionProgress>,
    /// Nobody else's card here shows the same province, occupations and languages together: a preview of it could be
    /// traced back to her.
    pub stands_out: bool,
    /// Who confirmed what, newest first.
    pub confirmations: Vec<Confirmed>,
}

/// How far her card is, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn look_at_completeness(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Completeness> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let entry = sight.entry("card.completeness-read").subject(person.subject).object(person.id);
    journal::record(tx, entry)?;
    let now = tx.now();
    let held = current(tx.conn(), vault, person.id)?;
    let (version, saved_at) = held.as_ref().map_or((0, now), |held| (held.version, held.saved_at));
    let card = held.map_or_else(Card::default, |held| held.card);
    let confirmations = section_rows::confirmations(tx.conn(), person.id)?;
    let rows = section_rows::of_person(tx.conn(), person.id)?;
    let written = rows.iter().filter(|row| row.version > 0);
    let mut looked: Vec<Looked> = written.map(|row| Looked { section: row.section, at: row.changed_at }).collect();
    for one in &confirmations {
        // What was confirmed before a section changed is not what it says now; after a merge it may be another card's.
        let now = |section: &&Section| {
            let row = rows.iter().find(|row| row.section == **section);
            row.is_none_or(|row| i64::from(row.version) <= i64::from(one.version))
        };
        let sections = one.sections.iter().filter(now);
        looked.extend(sections.map(|section| Looked { section: *section, at: one.confirmed_at }));
    }
    Ok(Completeness {
        version,
        quick: completeness::quick(&card),
        referral: completeness::referral(&card),
        sections: completeness::sections(&card, |section| sight.reads(section), &looked, saved_at, now)?,
        stands_out: section_rows::stands_out(tx.conn(), person.id)?,
        confirmations,
    })
}

/// On whose word a card is confirmed.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// From whom.
    pub source: SourceKind,
    /// By what means.
    pub means: SourceMeans,
}

/// Notes that these sections of her newest version, which is `expected`, are still right; without a choice, all that she
/// writes. It is a note and no version: nothing changed, and a recipient is not told of a change that there was not.
///
/// # Errors
/// `not_found`; `version_conflict` where the card has changed since it was read; `function_not_entitled`.
pub fn confirm(
    tx: &mut Tx<'_>,
    sight: &Sight,
    expected: u32,
    word: Word,
    chosen: Option<&BTreeSet<Section>>,
) -> Result<DateTime<Utc>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    rows::lock(tx, person.id)?;
    let version = rows::newest_number(tx.conn(), person.id)?.ok_or(Code::NotFound)?;
    if version != expected {
        return Err(Code::VersionConflict.into());
    }
    let writes = |section: &Section| sight.writes(*section);
    let sections: Vec<Section> = match chosen {
        Some(chosen) if !chosen.iter().all(writes) => return Err(Code::FunctionNotEntitled.into()),
        Some(chosen) => chosen.iter().copied().collect(),
        None => Section::ALL.iter().copied().filter(writes).collect(),
    };
    if sections.is_empty() {
        return Err(Code::FunctionNotEntitled.into());
    }
    let letters: String = sections.iter().map(|section| section.letter()).collect();
    let confirmed = Confirmed {
        version,
        sections,
        said_by: word.source.code().to_owned(),
        means: word.means.code().to_owned(),
        confirmed_by: sight.staff(),
        confirmed_at: tx.now(),
    };
    section_rows::confirm(tx, person.id, &confirmed)?;
    let entry = sight.entry("card.confirmed").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("version:{version} sections:{letters}")))?;
    Ok(tx.now())
}
