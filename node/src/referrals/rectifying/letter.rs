//! The letter to an office without a node: printed, sent and answered by hand.

use askama::Template;
use staffetta_protocol::card::Section;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::{RectificationAnswer, RectificationSending, rows};
use crate::access::Sight;
use crate::cards::{self, PrintedGroup};
use crate::consents::recalls::when;
use crate::error::Result;
use crate::journal;
use crate::offices;
use crate::people::PersonId;
use crate::referrals::Referrals;
use crate::referrals::case::Case;
use crate::referrals::model::State;
use crate::referrals::paper;
use crate::rules::calendar::local_day;
use crate::store::{Conn, Tx};
use crate::tasks::{self, Kind};
use crate::vault::Subject;
use crate::web::Html;

#[derive(Template)]
#[template(path = "referrals/rectification.html")]
struct Page<'a> {
    sender: &'a str,
    addressee: &'a str,
    address: Option<&'a str>,
    pec: Option<&'a str>,
    made: String,
    reference: String,
    card_version: u32,
    groups: Vec<PrintedGroup>,
}

/// Whose letter that is: for whoever must show a part in her case first.
///
/// # Errors
/// `not_found`.
pub(super) fn person_of(conn: &mut Conn, id: Uuid) -> Result<PersonId> {
    rows::find(conn, id)?.map(|row| PersonId(row.person.0)).ok_or_else(|| Code::NotFound.into())
}

/// The letter, of the person whose case it is.
fn of(conn: &mut Conn, sight: &Sight, id: Uuid) -> Result<rows::Row> {
    let found = rows::find(conn, id)?.filter(|row| row.person.0 == sight.case() && row.sealed.is_some());
    found.ok_or_else(|| Code::NotFound.into())
}

impl Referrals {
    /// The letter, as it was made. Each time it is printed is written down. One that has not left is printed no more once
    /// the referral, or a consent for something that it says, was withdrawn: what the office has of that is asked back, and
    /// another letter says the rest.
    ///
    /// # Errors
    /// `not_found`, also once the person was erased; `conflict`; `function_not_entitled` for whoever does not read all that
    /// it says.
    pub fn rectification_letter(&self, tx: &mut Tx<'_>, sight: &Sight, sender: &str, id: Uuid) -> Result<Html> {
        let now = tx.now();
        let row = of(tx.conn(), sight, id)?;
        let case = Case::read(tx.conn(), row.referral.0, now)?;
        self.may_leave_still(tx, &case, &row)?;
        let content = row.content(tx.conn(), self.outbox().vault())?.ok_or(Code::NotFound)?;
        let groups = cards::printed(&content.groups)?;
        let mut fields = groups.iter().flat_map(|group| &group.fields);
        if fields.any(|field| Section::of(field.field).is_some_and(|section| !sight.reads(section))) {
            return Err(Code::FunctionNotEntitled.into());
        }
        let office = match row.destination()?.office() {
            Some(office) => offices::partner(tx.conn(), office)?,
            None => None,
        };
        let page = Html::sheet(&Page {
            sender,
            addressee: &row.organisation,
            address: office.as_ref().and_then(|it| it.address.as_ref()).map(|it| it.as_str()),
            pec: office.as_ref().and_then(|it| it.pec.as_ref()).map(|it| it.as_str()),
            made: local_day(row.at.0).format("%d/%m/%Y").to_string(),
            reference: case.thread.subject_ref.0.to_string(),
            card_version: content.card_version,
            groups,
        })?;
        let entry = sight.entry("rectification.letter-printed").subject(Subject(row.subject.0)).object(id);
        journal::record(tx, entry.peer(case.peer()))?;
        Ok(page)
    }

    /// Whether a letter says nothing that was taken back before it left.
    fn may_leave_still(&self, tx: &mut Tx<'_>, case: &Case, row: &rows::Row) -> Result<()> {
        let (says, has) = (row.groups()?, paper::on_sheets(tx.conn(), self.outbox().entity_id(), case.id())?);
        let stands = case.state != Some(State::Withdrawn) && !says.is_empty() && says.is_subset(&has);
        if row.sent_at.is_some() || stands {
            return Ok(());
        }
        let gone = Problem::new(Code::Conflict);
        let it = "I dati sono stati ritirati: si richiamano, non si rettificano.";
        Err(gone.says(it, "What was given was withdrawn: it is recalled, not put right.").into())
    }

    /// Notes that the letter went out, which is all that was to be done.
    ///
    /// # Errors
    /// `not_found`; `conflict` for one that went out before, or that says what was withdrawn before; `invalid_input` for an
    /// instant that cannot be.
    pub fn rectification_sent(
        &self,
        tx: &mut Tx<'_>,
        sight: &Sight,
        id: Uuid,
        how: RectificationSending,
    ) -> Result<()> {
        let (row, now) = (of(tx.conn(), sight, id)?, tx.now());
        let case = Case::read(tx.conn(), row.referral.0, now)?;
        self.may_leave_still(tx, &case, &row)?;
        let at = when(how.at, row.at.0, now)?;
        if !rows::mark_sent(tx, id, at, how.channel)? {
            return Err(Problem::new(Code::Conflict).detail("The letter went out before.").into());
        }
        tasks::close(tx, Kind::RectificationToBePassedOn, &id.to_string(), sight.actor())?;
        let entry = sight.entry("rectification.letter-sent").subject(Subject(row.subject.0)).object(id);
        journal::record(tx, entry.code(how.channel.code()))
    }

    /// Notes what the office answered.
    ///
    /// # Errors
    /// `not_found`; `conflict` where it answered before; `invalid_input` for an instant that cannot be.
    pub fn rectification_answered(
        &self,
        tx: &mut Tx<'_>,
        sight: &Sight,
        id: Uuid,
        said: &RectificationAnswer,
    ) -> Result<()> {
        let row = of(tx.conn(), sight, id)?;
        let at = when(said.at, row.at.0, tx.now())?;
        if !rows::mark_answered(tx, self.outbox().vault(), &row, at, said)? {
            return Err(Problem::new(Code::Conflict).detail("The office answered before.").into());
        }
        // Whoever answers has heard of it, whatever was noted of the letter.
        tasks::close(tx, Kind::RectificationToBePassedOn, &id.to_string(), sight.actor())?;
        let entry = sight.entry("rectification.letter-answered").subject(Subject(row.subject.0)).object(id);
        journal::record(tx, entry.code(said.outcome.code()))
    }
}
