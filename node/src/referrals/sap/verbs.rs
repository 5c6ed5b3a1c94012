//! Taking the sheet out, and writing back what the office did.

use staffetta_protocol::card::{CardGroups, Day, Refusal};
use staffetta_protocol::data::ReferralProgressed;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::fill::fill;
use super::office::{DidRecord, Office, PattoRecord, ProtocolRecord};
use super::policy::{self, PolicyEvent};
use super::rows;
use super::view::FilledSection;
use crate::access::Sight;
use crate::cards;
use crate::error::Result;
use crate::journal;
use crate::referrals::Referrals;
use crate::referrals::by::By;
use crate::referrals::case::{Case, illegal};
use crate::referrals::model::{Side, State};
use crate::store::{Conn, Tx};

/// Events of one referral at most.
const MOST_EVENTS: usize = 300;

/// Whether something was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is recorded now.
    Taken,
    /// It was there already; nothing was done, and nobody told again.
    Repeated,
}

/// What an office recorded: the three, and the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// The version of the three; an edit names it.
    pub version: i64,
    /// The three.
    pub office: Office,
    /// The events, in the order in which they were entered.
    pub events: Vec<PolicyEvent>,
}

/// The person was taken on here, and nobody has withdrawn.
fn taken_on(case: &Case, tx: &mut Tx<'_>, by: By) -> Result<()> {
    let on = matches!(case.state, Some(State::Accepted | State::InProgress | State::Closed));
    if case.side == Side::Taker && on {
        return Ok(());
    }
    let (facts, now) = (case.facts(tx, by)?, tx.now());
    Err(illegal(case.allowed(&facts, now)))
}

fn in_the_future(date: Day, today: Day) -> Result<()> {
    if date > today { Err(Problem::invalid(vec![Refusal::OutOfRange.at("/date")]).into()) } else { Ok(()) }
}

impl Referrals {
    /// The sheet of an accepted referral, for whoever may read the case; that it was taken out is recorded.
    ///
    /// # Errors
    /// `not_found`; `illegal_transition` before the person was taken on, or once it was withdrawn.
    pub fn sap(&self, tx: &mut Tx<'_>, by: By, sight: &Sight, id: Uuid) -> Result<Vec<FilledSection>> {
        let now = tx.now();
        let case = Case::read(tx.conn(), id, now)?;
        taken_on(&case, tx, by)?;
        let groups: CardGroups = cards::received(tx.conn(), self.outbox().vault(), case.thread.id)?.groups;
        let records = self.records_in(tx.conn(), &case)?;
        let entry = by.entry("referral.exported").subject(case.subject()).object(id);
        journal::record(tx, entry.peer(case.peer()).code("sap"))?;
        Ok(fill(&groups, &records.office, &records.events, |section| sight.reads(section)))
    }

    /// What the office recorded.
    ///
    /// # Errors
    /// As [`Self::sap`].
    pub fn office_records(&self, tx: &mut Tx<'_>, by: By, id: Uuid) -> Result<Records> {
        let now = tx.now();
        let case = Case::read(tx.conn(), id, now)?;
        taken_on(&case, tx, by)?;
        let entry = by.entry("referral.office-read").subject(case.subject()).object(id);
        journal::record(tx, entry)?;
        self.records_in(tx.conn(), &case)
    }

    fn records_in(&self, conn: &mut Conn, case: &Case) -> Result<Records> {
        let vault = self.outbox().vault();
        let (version, office) = rows::office(conn, vault, case.id())?;
        Ok(Records { version, office, events: rows::events(conn, vault, case.id())? })
    }

    /// Records the declaration of availability. That it was made is told to the sender while the referral is in charge:
    /// once, and again where its day changed.
    ///
    /// # Errors
    /// As [`Self::sap`]; `version_conflict`; `invalid_input` for a day to come.
    pub fn record_did(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        did: DidRecord,
        expected: Option<i64>,
    ) -> Result<Written> {
        in_the_future(did.date, cards::today(tx))?;
        let told = |before: &Office| before.did.filter(DidRecord::is_made).map(|did| did.date);
        let change = |office: &mut Office| office.did = Some(did);
        let (before, case) = match self.change(tx, by, id, expected, "referral.did-recorded", change)? {
            Some(changed) => changed,
            None => return Ok(Written::Repeated),
        };
        if did.is_made() && told(&before) != Some(did.date) && in_charge(&case) {
            self.progress(tx, by, id, ReferralProgressed::DidRecorded { on: did.date })?;
        }
        Ok(Written::Taken)
    }

    /// Records the signed agreement, and tells the sender.
    ///
    /// # Errors
    /// As [`Self::record_did`].
    pub fn record_patto(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        patto: PattoRecord,
        expected: Option<i64>,
    ) -> Result<Written> {
        in_the_future(patto.date, cards::today(tx))?;
        let change = |office: &mut Office| office.patto = Some(patto);
        let Some((_, case)) = self.change(tx, by, id, expected, "referral.patto-recorded", change)? else {
            return Ok(Written::Repeated);
        };
        if in_charge(&case) {
            let PattoRecord { date, gol_path } = patto;
            self.progress(tx, by, id, ReferralProgressed::PattoSigned { on: date, gol_path })?;
        }
        Ok(Written::Taken)
    }

    /// Records number and day of the office's protocol. It stays here.
    ///
    /// # Errors
    /// As [`Self::record_did`].
    pub fn record_protocol(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        protocol: ProtocolRecord,
        expected: Option<i64>,
    ) -> Result<Written> {
        in_the_future(protocol.date, cards::today(tx))?;
        let change = |office: &mut Office| office.protocol = Some(protocol);
        let changed = self.change(tx, by, id, expected, "referral.protocol-recorded", change)?;
        Ok(changed.map_or(Written::Repeated, |_| Written::Taken))
    }

    /// Locks, changes and saves; nothing where it is as it was. Says what was there before.
    fn change(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        expected: Option<i64>,
        act: &'static str,
        change: impl FnOnce(&mut Office),
    ) -> Result<Option<(Office, Case)>> {
        let case = self.lock(tx, id)?;
        taken_on(&case, tx, by)?;
        let vault = self.outbox().vault();
        let (version, before) = rows::office(tx.conn(), vault, id)?;
        if expected.is_some_and(|expected| expected != version) {
            return Err(Code::VersionConflict.into());
        }
        let mut office = before.clone();
        change(&mut office);
        if office == before {
            return Ok(None);
        }
        rows::save_office(tx, vault, (id, case.subject()), by.staff(), &office, version)?;
        journal::record(tx, by.entry(act).subject(case.subject()).object(id))?;
        Ok(Some((before, case)))
    }

    /// Adds an event of a policy. The same again is no second one. A pathway that begins is told to the sender while the
    /// work on the referral goes on.
    ///
    /// # Errors
    /// As [`Self::sap`]; `invalid_input` for an event that may not follow, or a day that does not fit.
    pub fn add_policy_event(&self, tx: &mut Tx<'_>, by: By, id: Uuid, event: &PolicyEvent) -> Result<Written> {
        let case = self.lock(tx, id)?;
        taken_on(&case, tx, by)?;
        let events = rows::events(tx.conn(), self.outbox().vault(), id)?;
        let same =
            |known: &&PolicyEvent| (&known.policy, known.event, known.on) == (&event.policy, event.event, event.on);
        if events.iter().any(|known| same(&known)) {
            return Ok(Written::Repeated);
        }
        if events.len() >= MOST_EVENTS {
            return Err(Problem::invalid(vec![Refusal::TooLong.at("/event")]).into());
        }
        policy::may_follow(&events, event, cards::today(tx))
            .map_err(|(place, refusal)| Problem::invalid(vec![refusal.at(place)]))?;
        let of = (id, case.subject());
        rows::add_event(tx, self.outbox().vault(), of, by.staff(), event, events.len())?;
        let entry = by.entry("referral.policy-event").subject(case.subject()).object(id);
        journal::record(tx, entry.code(event.event.code()))?;
        if let Some(pathway) = event.pathway.filter(|_| case.state == Some(State::InProgress) && case.thread.open) {
            self.progress(tx, by, id, ReferralProgressed::PathwayOpened { pathway, on: event.on })?;
        }
        Ok(Written::Taken)
    }
}

/// The two offices still talk about it.
fn in_charge(case: &Case) -> bool {
    matches!(case.state, Some(State::Accepted | State::InProgress)) && case.thread.open
}
