//! Consents for which somebody should do something: remind, ask again, prepare for the day on which she is of age.

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::Serialize;
use staffetta_protocol::card::Text;
use staffetta_protocol::consent::{OrganisationId, Purpose};
use staffetta_protocol::id::RecordId;

use super::model::Consent;
use super::model::age::Age;
use super::of;
use super::rows::{self, Running, Which};
use crate::access::Sight;
use crate::access::cases::Listing;
use crate::cards;
use crate::error::Result;
use crate::grants;
use crate::journal::{self, Actor, Entry};
use crate::people::{self, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// How long before somebody is of age her operators should speak with her about what her guardian agreed to.
const BEFORE_OF_AGE: TimeDelta = TimeDelta::days(60);

/// How many entries a list of each kind has at most: those that come first.
pub(super) const MOST: u32 = 200;

/// What should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DueKind {
    /// She should be told that it is in force, and that she may take it back.
    Remind,
    /// It runs out: if it is still needed, she should be asked again.
    RunsOut,
    /// She is of age soon: what her guardian agreed to ends then, and she should be asked herself.
    ComingOfAge,
}

/// Something to be done about a consent.
#[derive(Debug, Clone)]
pub struct Due {
    /// What.
    pub kind: DueKind,
    /// Since when, or by when.
    pub at: DateTime<Utc>,
    /// Whose consent.
    pub person: PersonId,
    /// The record.
    pub record: RecordId,
    /// Which answer of it.
    pub seq: u32,
    /// For what.
    pub purpose: Purpose,
    /// To whom.
    pub recipient: OrganisationId,
    /// What the recipient was called.
    pub recipient_label: Option<Text<200>>,
}

/// What is to be done about the consents of the people whom `listing` covers, the most urgent first: reminders that are
/// due, what runs out within `within`, and who is of age within 60 days. Each person on the list gets her entry.
pub fn due(tx: &mut Tx<'_>, by: &Actor, listing: Listing, within: TimeDelta) -> Result<Vec<Due>> {
    let now = tx.now();
    let mut found = Vec::new();
    for purpose in Purpose::ALL {
        let Some(months) = purpose.rule().reminder_months.map(Months::new) else { continue };
        let before = now.checked_sub_months(months).unwrap_or(now);
        for it in rows::running(tx.conn(), listing, Which::LastTold(*purpose), now, before, MOST)? {
            let at = it.at.checked_add_months(months).unwrap_or(now);
            found.push((DueKind::Remind, at, it));
        }
    }
    for (kind, which, horizon) in
        [(DueKind::RunsOut, Which::Ends, within), (DueKind::ComingOfAge, Which::OfAge, BEFORE_OF_AGE)]
    {
        let all = rows::running(tx.conn(), listing, which, now, now + horizon, MOST)?;
        found.extend(all.into_iter().map(|it| (kind, it.at, it)));
    }
    found.sort_by_key(|(_, at, it)| (*at, it.record.0));
    let mut told = std::collections::BTreeSet::new();
    for (_, _, it) in &found {
        if told.insert(it.person.0) {
            journal::record(tx, Entry::new(by.clone(), "consent.listed").subject(it.subject).object(it.person))?;
        }
    }
    Ok(found.into_iter().map(|(kind, at, it)| shown(kind, at, it)).collect())
}

fn shown(kind: DueKind, at: DateTime<Utc>, it: Running) -> Due {
    let Running { record, seq, person, purpose, recipient, recipient_label, .. } = it;
    Due { kind, at, person, record, seq, purpose, recipient, recipient_label }
}

/// Notes that she was told now that this consent is in force.
///
/// # Errors
/// `not_found`; `illegal_transition` for one that is not in force.
pub fn remind(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, record: RecordId) -> Result<Consent> {
    let consent = of(tx.conn(), vault, people::of(sight), record)?;
    let state = consent.stands(tx.now());
    if !state.permits() {
        let allowed = state.allowed().iter().map(|event| event.code().to_owned()).collect();
        return Err(staffetta_protocol::problem::Problem::illegal(allowed).into());
    }
    rows::remind(tx, &consent)?;
    let entry = sight.entry("consent.reminded").subject(consent.subject).object(record);
    journal::record(tx, entry.code(format_args!("seq:{}", consent.seq)))?;
    Ok(consent)
}

/// The consents that a guardian gave whose end is no longer that of the card: a date of birth was put right, or an age
/// established. Read outside a write, since there are few and each opens a card.
pub fn moved_birthdays(conn: &mut Conn, vault: &Vault, now: DateTime<Utc>) -> Result<Vec<Consent>> {
    let mut moved = Vec::new();
    for record in rows::guarded(conn, now)? {
        let Some(consent) = rows::newest(conn, vault, record)? else { continue };
        let Some(card) = cards::current(conn, vault, consent.person)?.map(|held| held.card) else { continue };
        let end = match Age::of(card.is_minor, card.birth_date, now) {
            Age::Minor { of_age } => of_age,
            // She is of age, or nobody could agree for her: her guardian's word has ended, at the latest now.
            Age::Adult | Age::TooYoung => consent.ends_early.filter(|end| *end <= now).or(Some(now)),
        };
        // A guardian who speaks for an adult does so without her assent, and without this end.
        let of_a_minor = consent.expressed.assent.is_some();
        if of_a_minor && consent.state.permits() && consent.ends_early != end {
            moved.push(Consent { ends_early: end, ..consent });
        }
    }
    Ok(moved)
}

/// Moves one of them, unless something happened to it meanwhile.
pub fn put_birthday_right(tx: &mut Tx<'_>, vault: &Vault, moved: &Consent) -> Result<()> {
    let newest = rows::newest(tx.conn(), vault, moved.record)?;
    if newest.is_none_or(|newest| newest.seq != moved.seq || newest.state != moved.state) {
        return Ok(());
    }
    rows::move_early_end(tx, moved)?;
    grants::move_early_end(tx, moved.record, moved.seq, moved.ends_early)?;
    let sight = Sight::of_the_node(moved.person.into());
    let entry = sight.entry("consent.end-moved").subject(moved.subject).object(moved.record);
    journal::record(tx, entry.code(format_args!("seq:{}", moved.seq)))
}
