//! Letters to offices without a node: another body holds the card of somebody whom they know by a reference.

use askama::Template;
use staffetta_protocol::consent::Basis;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::rows::{self, Letter};
use super::{Moving, damaged};
use crate::consents::recalls::{RecallSending, when};
use crate::error::Result;
use crate::grants;
use crate::journal;
use crate::offices;
use crate::referrals::Referrals;
use crate::referrals::by::By;
use crate::referrals::case::Case;
use crate::rules::calendar::local_day;
use crate::store::{At, Id, Tx};
use crate::web::Html;

/// Opens a letter for a referral on paper that ends with the transfer. It stands in the log of disclosures, under the
/// duty to tell.
pub(super) fn open(tx: &mut Tx<'_>, moving: &Moving, case: &Case) -> Result<()> {
    let (ids, thread) = (case.recipient_ids()?, &case.thread);
    let none = std::collections::BTreeSet::new();
    let to = case.recipient(&ids);
    let permit =
        grants::permit_duty(case.subject(), thread.subject_ref, to, Basis::LegalDuty, thread.wire.0, none.clone())?;
    let id = grants::on_paper(tx, &permit, thread, "paper.holder-changed", &none, None)?;
    let letter = Letter {
        id: Id(id.0),
        transfer: Id(moving.id()),
        referral: Id(case.id()),
        subject: Id(case.subject().0),
        organisation: case.row.organisation.clone(),
        opened_at: At::from(tx.now()),
        sent_at: None,
        channel: None,
        sent_by: None,
    };
    rows::add_letter(tx, &letter)
}

#[derive(Template)]
#[template(path = "referrals/holder_letter.html")]
struct Page<'a> {
    sender: &'a str,
    addressee: &'a str,
    address: Option<&'a str>,
    pec: Option<&'a str>,
    made: String,
    reference: String,
    holder: &'a str,
}

impl Referrals {
    /// The letter as it is printed today.
    ///
    /// # Errors
    /// `not_found`.
    pub fn print_holder_letter(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        transfer: Uuid,
        letter: Uuid,
        sender: &str,
    ) -> Result<Html> {
        let (row, letter) = of(tx, transfer, letter)?;
        let now = tx.now();
        let case = Case::read(tx.conn(), letter.referral.0, now)?;
        let office = match case.peer().office() {
            Some(office) => offices::partner(tx.conn(), office)?,
            None => None,
        };
        let page = Html::sheet(&Page {
            sender,
            addressee: &letter.organisation,
            address: office.as_ref().and_then(|it| it.address.as_ref()).map(|it| it.as_str()),
            pec: office.as_ref().and_then(|it| it.pec.as_ref()).map(|it| it.as_str()),
            made: local_day(letter.opened_at.0).format("%d/%m/%Y").to_string(),
            reference: case.thread.subject_ref.0.to_string(),
            holder: &row.row.organisation,
        })?;
        let entry = by.entry("transfer.letter-printed").subject(row.subject()).object(letter.id.0);
        journal::record(tx, entry.peer(case.peer()))?;
        Ok(page)
    }

    /// Notes that the letter went out.
    ///
    /// # Errors
    /// `not_found`; `conflict` for one that went out before; `invalid_input` for an instant that cannot be.
    pub fn holder_letter_sent(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        transfer: Uuid,
        letter: Uuid,
        how: RecallSending,
    ) -> Result<()> {
        let (row, letter) = of(tx, transfer, letter)?;
        let at = when(how.at, letter.opened_at.0, tx.now())?;
        if !rows::mark_sent(tx, letter.id.0, at, how.channel.code(), by.staff())? {
            return Err(Problem::new(Code::Conflict).detail("The letter went out before.").into());
        }
        let entry = by.entry("transfer.letter-sent").subject(row.subject()).object(letter.id.0);
        journal::record(tx, entry.code(how.channel.code()))
    }
}

fn of(tx: &mut Tx<'_>, transfer: Uuid, letter: Uuid) -> Result<(Moving, Letter)> {
    let row = rows::find(tx.conn(), transfer)?.ok_or(Code::NotFound)?;
    let found = rows::letters(tx.conn(), transfer)?.into_iter().find(|one| one.id.0 == letter);
    let moving = Moving::of_row(tx.conn(), row).map_err(|_| damaged())?;
    Ok((moving, found.ok_or(Code::NotFound)?))
}
