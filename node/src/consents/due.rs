//! Consents for which somebody should do something: remind, ask again, prepare for the day on which she is of age.

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Day, Text};
use staffetta_protocol::consent::{OrganisationId, Purpose};
use staffetta_protocol::id::RecordId;

use super::model::Consent;
use super::model::age::Age;
use super::of;
use super::rows::{self, Behind, Running, Which};
use crate::access::Sight;
use crate::access::cases::{Listing, restriction};
use crate::cards;
use crate::error::{Error, Result};
use crate::grants;
use crate::journal::{self, Actor, Entry};
use crate::people::guardians::{self, Age as Majority};
use crate::people::{self, PersonId};
use crate::rules::calendar::local_day;
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// How long before somebody is of age her operators should speak with her about what her guardian agreed to.
const BEFORE_OF_AGE: TimeDelta = TimeDelta::days(60);

/// A month on the average, a twelfth of 365.25 days. Months of the calendar do not keep the order of what they are added
/// to, and a page begins where the one before ended.
const MONTH: TimeDelta = TimeDelta::minutes(43_830);

/// What should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueKind {
    /// She should be told that it is in force, and that she may take it back.
    Remind,
    /// It runs out: if it is still needed, she should be asked again.
    RunsOut,
    /// She is of age soon: what her guardian agreed to ends then, and she should be asked herself.
    ComingOfAge,
}

/// A place in the list of what is to be done: time in microseconds, record, kind.
pub type DuePlace = (i64, RecordId, DueKind);

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
    /// Where it stands in the list.
    place: DuePlace,
}

impl Due {
    fn new(kind: DueKind, at: DateTime<Utc>, order: DateTime<Utc>, it: Running) -> Self {
        let Running { record, seq, person, purpose, recipient, .. } = it;
        let place = (order.timestamp_micros(), record, kind);
        Self { kind, at, person, record, seq, purpose, recipient, recipient_label: None, place }
    }
}

/// Where the list of one kind goes on behind `after`, its times being `earlier` than what the list is ordered by.
fn behind(after: Option<DuePlace>, kind: DueKind, earlier: TimeDelta) -> Option<Behind> {
    let (micros, record, last) = after?;
    let at = DateTime::from_timestamp_micros(micros)?.checked_sub_signed(earlier)?;
    Some(Behind { at, record, with_it: kind > last })
}

/// What is to be done about the consents of the people whom `listing` covers, the most urgent first: reminders that are
/// due, what runs out within `within`, and who is of age within 60 days. At most `limit`, behind `after`, and where the
/// next page begins if there is one. Each person on the page gets her entry.
pub fn due(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Actor,
    listing: Listing,
    within: TimeDelta,
    (after, limit): (Option<DuePlace>, u32),
) -> Result<(Vec<Due>, Option<DuePlace>)> {
    let (now, limit) = (tx.now(), limit as usize);
    let rows = i64::try_from(limit + 1).map_err(Error::internal)?;
    let mut found = Vec::new();
    for purpose in Purpose::ALL {
        let Some(number) = purpose.rule().reminder_months else { continue };
        let (months, shift) = (Months::new(number), MONTH * i32::try_from(number).map_err(Error::internal)?);
        let before = now.checked_sub_months(months).unwrap_or(now);
        let behind = behind(after, DueKind::Remind, shift);
        for which in [Which::Answered(*purpose), Which::Reminded(*purpose)] {
            for it in rows::running(tx.conn(), listing, which, now, before, behind, rows)? {
                let at = it.at.checked_add_months(months).unwrap_or(now);
                found.push((it.subject, Due::new(DueKind::Remind, at, it.at + shift, it)));
            }
        }
    }
    for (kind, which, horizon) in
        [(DueKind::RunsOut, Which::Ends, within), (DueKind::ComingOfAge, Which::OfAge, BEFORE_OF_AGE)]
    {
        let behind = behind(after, kind, TimeDelta::zero());
        let all = rows::running(tx.conn(), listing, which, now, now + horizon, behind, rows)?;
        found.extend(all.into_iter().map(|it| (it.subject, Due::new(kind, it.at, it.at, it))));
    }
    found.sort_by_key(|(_, due)| due.place);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(_, last)| last.place);
    // Nobody is reminded or asked again while her data are only kept. The page is shorter by her.
    let kept = restriction::among(tx.conn(), &found.iter().map(|(_, due)| due.person.0).collect())?;
    found.retain(|(_, due)| !kept.contains(&due.person.0));
    let mut told = std::collections::BTreeSet::new();
    for (subject, due) in &found {
        if told.insert(due.person.0) {
            journal::record(
                tx,
                Entry::new(by.clone(), "consent.listed").ground(listing.ground()).subject(*subject).object(due.person),
            )?;
        }
    }
    let mut found: Vec<Due> = found.into_iter().map(|(_, due)| due).collect();
    let answers: Vec<_> = found.iter().map(|due| (due.record, due.seq)).collect();
    let labels = rows::recipient_labels(tx.conn(), vault, &answers)?;
    for due in &mut found {
        due.recipient_label = labels.get(&(due.record, due.seq)).cloned();
    }
    Ok((found, next))
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
        let today = Day::new(local_day(now)).map_err(|refusal| Error::internal(refusal.code()))?;
        let majority = guardians::age_today(conn, vault, consent.person, today)?;
        let end = match Age::of(majority, card.birth_date, now) {
            _ if majority == Majority::Unknown => None,
            Age::Minor { of_age } => of_age,
            // She is of age, or nobody could agree for her: her guardian's word has ended, at the latest now.
            Age::Adult | Age::TooYoung => consent.ends_early.filter(|end| *end <= now).or(Some(now)),
        };
        if consent.state.permits() && consent.ends_early != end {
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
    move_end(tx, &Sight::of_the_node(moved.person.into()), moved)
}

/// Moves the end that it has for this node, of the record and of what may be used of it at once.
pub(super) fn move_end(tx: &mut Tx<'_>, sight: &Sight, moved: &Consent) -> Result<()> {
    rows::move_early_end(tx, moved)?;
    grants::move_early_end(tx, moved.record, moved.seq, moved.ends_early)?;
    let entry = sight.entry("consent.end-moved").subject(moved.subject).object(moved.record);
    journal::record(tx, entry.code(format_args!("seq:{}", moved.seq)))
}
