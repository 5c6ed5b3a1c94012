//! What the node does that a record was offered to: take it over, or not.

use staffetta_protocol::card::Prose;
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::data::{Body, CardTransferAnswered, TransferAnswer, TransferDeclineReason};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::model::Event;
use super::{Moving, Side, rows};
use crate::access::Sight;
use crate::assessments;
use crate::cards::{self, Said};
use crate::consents;
use crate::error::Result;
use crate::grants;
use crate::journal;
use crate::outbox::{Outgoing, enqueue_personal};
use crate::people::{self, Label, PersonId};
use crate::referrals::Referrals;
use crate::referrals::by::By;
use crate::referrals::known;
use crate::referrals::opener::checked;
use crate::store::{At, Id, Tx};
use crate::vault;

/// How a record is taken over.
#[derive(Debug)]
pub struct Taking {
    /// What staff will call her; her name, if nothing is said.
    pub label: Option<Label>,
    /// The record that this node has of her already, and that whoever takes it over works on it.
    pub known: Option<Sight>,
}

impl Referrals {
    /// Takes the record over: a new person with what came as the first version of her card, or the next version of a card
    /// that is here. This node is the holder from now on. Where an earlier *taken* did not arrive, it is only said again.
    ///
    /// # Errors
    /// `illegal_transition`; `consent_not_valid` where the thread has ended; `conflict` for a record of somebody else.
    pub fn take_over(&self, tx: &mut Tx<'_>, by: By, id: Uuid, taking: Taking) -> Result<PersonId> {
        let mut moving = self.lock_moving(tx, id)?;
        let known = moving.row.person.filter(|_| moving.answer_is_lost()).map(|id| PersonId(id.0));
        let person = match known {
            Some(person) => person,
            None => {
                moving.step(Event::Take)?;
                self.settle_in(tx, by, &moving, taking)?
            }
        };
        moving.row.person = Some(Id(person.0));
        self.answer(tx, by, &mut moving, TransferAnswer::Taken {})?;
        moving.save(tx)?;
        Ok(person)
    }

    /// Does not take it over, and says why.
    ///
    /// # Errors
    /// As [`Self::take_over`].
    pub fn decline_transfer(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        reason: TransferDeclineReason,
        text: Option<Prose<1000>>,
    ) -> Result<()> {
        let mut moving = self.lock_moving(tx, id)?;
        if moving.state != super::State::Declined || !moving.answer_is_lost() {
            moving.step(Event::Decline)?;
        }
        moving.row.reason = Some(reason.code().to_owned());
        moving.row.sealed = match &text {
            Some(text) => {
                let (vault, subject) = (self.outbox().vault(), moving.subject());
                Some(vault.seal(tx.conn(), subject, rows::place(id), text.as_str().as_bytes())?)
            }
            None => None,
        };
        self.answer(tx, by, &mut moving, TransferAnswer::Declined { reason, text })?;
        moving.save(tx)
    }

    fn lock_moving(&self, tx: &mut Tx<'_>, id: Uuid) -> Result<Moving> {
        let mut moving = Moving::lock(tx, id)?;
        if let Some(partner) = self.partner(tx.conn(), &moving.node()?.clone())? {
            moving.row.organisation = partner.organisation_name;
        }
        Ok(moving)
    }

    /// She is one of ours: her record, her card, and what had come of it under its own key.
    fn settle_in(&self, tx: &mut Tx<'_>, by: By, moving: &Moving, taking: Taking) -> Result<PersonId> {
        let vault = self.outbox().vault();
        let held = cards::received(tx.conn(), vault, moving.thread.id)?;
        let identity = held.groups.identity.as_ref().ok_or(Code::NotFound)?;
        let (person, sight) = match taking.known {
            Some(sight) => (people::get(tx.conn(), people::of(&sight))?, sight),
            None => {
                let label = match taking.label {
                    Some(label) => label,
                    None => known::named(identity)?,
                };
                let person = people::create(tx, vault, &by.journal(), &label)?;
                let sight = Sight::of_taking_up(by.journal(), person.id.into());
                (person, sight)
            }
        };
        for subject in people::subjects(tx.conn(), &person)? {
            grants::come_back(tx, subject)?;
        }
        assessments::case_reopened(tx, person.id)?;
        vault::adopt(tx, moving.subject(), person.subject)?;
        let said =
            Said { source: SourceKind::Third, means: SourceMeans::Import, on: cards::today(tx), operator: by.staff() };
        cards::take_over(tx, vault, &sight, &held.groups, said)?;
        consents::heed_age(tx, vault, &sight)?;
        let entry = sight.entry("person.taken-over").subject(person.subject).object(person.id);
        journal::record(tx, entry.peer(&moving.thread.peer))?;
        Ok(person.id)
    }

    fn answer(&self, tx: &mut Tx<'_>, by: By, moving: &mut Moving, answer: TransferAnswer) -> Result<()> {
        if moving.side != Side::Taker {
            return Err(Code::NotEntitled.into());
        }
        let kind = answer.kind();
        let body: Body = checked(CardTransferAnswered { answer })?.into();
        let node = moving.node()?.clone();
        let partner = self.partner(tx.conn(), &node)?.ok_or_else(super::unknown_member)?;
        partner.must_take(body.type_name(), &self.partners.ours(tx.conn())?)?;
        let permit = grants::permit_reply(&moving.thread, &moving.row.organisation)?;
        let actor = by.actor(self.outbox().vault(), &node);
        let out = Outgoing { thread: Some(&moving.thread), actor, body, card_version: None, not_after: None };
        let message = enqueue_personal(tx, self.outbox(), &permit, out)?;
        moving.row.answer = Some(Id(message.0));
        moving.row.answer_state = Some("queued".to_owned());
        moving.row.answered_at = Some(At::from(tx.now()));
        moving.row.answered_by = by.staff().map(Id);
        let entry = by.entry("card.transfer-answered").subject(moving.subject()).object(moving.id());
        journal::record(tx, entry.peer(&node).code(kind))
    }
}
