//! From the rows to what the desk shows.

use chrono::{DateTime, Utc};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::model::{self, State};
use super::rows::{self, Wanted};
use super::view::{HolderLetter, RecordTransfer, RecordTransferAnswer, RecordTransferSummary, RecordTransfers};
use super::{Moving, Side};
use crate::access::cases;
use crate::cards;
use crate::error::{Error, Result};
use crate::journal;
use crate::referrals::Referrals;
use crate::referrals::by::By;
use crate::referrals::show::candidates;
use crate::referrals::view::{Known, ShownCard};
use crate::store::{Conn, Tx};
use crate::vault::{Subject, Vault};

/// As the desk calls the two sides of a transfer.
pub(super) const fn direction(side: Side) -> &'static str {
    match side {
        Side::Opener => "sent",
        Side::Taker => "received",
    }
}

impl Moving {
    fn summary(&self, now: DateTime<Utc>) -> Result<RecordTransferSummary> {
        let answer_due_at = model::due_at(self.state, self.row.due_on);
        Ok(RecordTransferSummary {
            id: self.id(),
            direction: direction(self.side),
            peer: self.node()?.clone(),
            organisation_name: self.row.organisation.clone(),
            person: self.row.person.map(|id| id.0),
            state: self.state.as_str(),
            code: self.row.code.clone(),
            answer_due_at,
            overdue: answer_due_at.is_some_and(|due| now >= due),
            created_at: self.row.created_at.0,
            updated_at: self.row.updated_at.0,
            version: self.row.version,
        })
    }

    fn answer_view(&self, conn: &mut Conn, vault: &Vault) -> Result<Option<RecordTransferAnswer>> {
        let Some(at) = self.row.answered_at else { return Ok(None) };
        let text = match &self.row.sealed {
            Some(sealed) => vault.open(conn, rows::place(self.id()), sealed)?,
            None => None,
        };
        let text = text.map(|plain| String::from_utf8(plain.to_vec()).map_err(Error::internal)).transpose()?;
        let (reason, transport) = (self.row.reason.clone(), self.row.answer_state.clone());
        Ok(Some(RecordTransferAnswer { reason, text, at: at.0, transport }))
    }
}

impl Referrals {
    /// The transfer, for somebody at the desk; that it was looked at is recorded.
    ///
    /// # Errors
    /// `not_found`.
    pub fn look_at_transfer(&self, tx: &mut Tx<'_>, by: By, id: Uuid) -> Result<RecordTransfer> {
        let (now, vault) = (tx.now(), self.outbox().vault());
        let row = rows::find(tx.conn(), id)?.ok_or(Code::NotFound)?;
        let mut moving = Moving::of_row(tx.conn(), row)?;
        self.named(tx.conn(), &mut moving)?;
        let taker = moving.side == Side::Taker;
        let held = if taker { Some(cards::received(tx.conn(), vault, moving.thread.id)?) } else { None };
        let known_person = match &held {
            Some(held) if moving.state == State::Received => {
                Some(Known { choice: None, candidates: candidates(tx.conn(), vault, &held.groups)? })
            }
            _ => None,
        };
        let letter = |letter: rows::Letter| HolderLetter {
            id: letter.id.0,
            referral: letter.referral.0,
            organisation_name: letter.organisation,
            opened_at: letter.opened_at.0,
            sent_at: letter.sent_at.map(|at| at.0),
            channel: letter.channel,
        };
        let entry = by.entry("transfer.read").subject(moving.subject()).object(id);
        journal::record(tx, entry.peer(&moving.thread.peer))?;
        Ok(RecordTransfer {
            summary: moving.summary(now)?,
            allowed: moving.allowed(),
            answer: moving.answer_view(tx.conn(), vault)?,
            letters: rows::letters(tx.conn(), id)?.into_iter().map(letter).collect(),
            known_person,
            card: held.filter(|held| held.card_version > 0).map(|held| ShownCard {
                card_version: held.card_version,
                received_at: held.received_at,
                groups: held.groups,
            }),
        })
    }

    /// Transfers, newest first. Nothing of what they carry.
    pub fn transfers(&self, conn: &mut Conn, wanted: &Wanted, now: DateTime<Utc>) -> Result<RecordTransfers> {
        let mut found = rows::list(conn, &Wanted { limit: wanted.limit + 1, ..wanted.clone() })?;
        let more = found.len() as i64 > wanted.limit;
        found.truncate(wanted.limit.max(0) as usize);
        let next = found.last().filter(|_| more).map(|row| (row.created_at.0, row.id.0));
        let mut items = Vec::with_capacity(found.len());
        let known: Vec<Uuid> = found.iter().filter_map(|row| row.person.map(|id| id.0)).collect();
        let mut whose: Vec<_> =
            found.iter().map(|row| (row.person.unwrap_or(row.id).0, Subject(row.subject.0))).collect();
        whose.extend(cases::subjects_among(conn, &known)?);
        for row in found {
            let mut moving = Moving::of_row(conn, row)?;
            self.named(conn, &mut moving)?;
            items.push(moving.summary(now)?);
        }
        Ok(RecordTransfers { items, next_cursor: None, next, whose })
    }

    /// What is known of the other node today.
    fn named(&self, conn: &mut Conn, moving: &mut Moving) -> Result<()> {
        if let Some(partner) = self.partner(conn, &moving.node()?.clone())? {
            moving.row.organisation = partner.organisation_name;
        }
        Ok(())
    }
}
