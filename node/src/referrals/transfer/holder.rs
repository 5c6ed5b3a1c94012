//! What follows at the node that was the holder, in the transaction in which *taken* arrives.

use std::collections::BTreeSet;

use serde_json::json;
use staffetta_protocol::card::Text;
use staffetta_protocol::consent::Basis;
use staffetta_protocol::data::{NewHolder, ReferralHolderChanged, ReferralWithdrawn, WithdrawnBy};
use staffetta_protocol::id::MessageId;
use staffetta_protocol::receipt::Outcome;
use uuid::Uuid;

use super::model::{self, Event as Offer, State as Stands};
use super::{Moving, damaged, letters, rows};
use crate::access::Sight;
use crate::assessments;
use crate::consents;
use crate::error::{Error, Result};
use crate::grants;
use crate::journal;
use crate::outbox::{self, Outbox, Settlement};
use crate::people::{self, Person, PersonId};
use crate::referrals::by::By;
use crate::referrals::case::{Case, Speech};
use crate::referrals::events::Said;
use crate::referrals::model::{DueClock, Event, State};
use crate::referrals::rows as referral_rows;
use crate::store::Tx;

/// This node holds her record no more.
pub(super) fn hand_over(tx: &mut Tx<'_>, outbox: &Outbox, moving: &Moving) -> Result<()> {
    let person = moving.row.person.ok_or_else(damaged)?;
    let person = people::get(tx.conn(), PersonId(person.0))?;
    let holder = NewHolder {
        entity_id: moving.node()?.clone(),
        organisation_name: Text::new(moving.row.organisation.clone())
            .map_err(|refusal| Error::internal(refusal.code()))?,
    };
    let subjects = people::subjects(tx.conn(), &person)?;
    for (id, ..) in referral_rows::of_person(tx.conn(), person.id.0)? {
        end(tx, outbox, moving, &person, id, &holder)?;
    }
    others_end(tx, moving, &person)?;
    let (now, sight) = (tx.now(), Sight::of_the_node(person.id.into()));
    consents::terminate_all(tx, outbox.vault(), &sight)?;
    for subject in subjects {
        grants::move_holder(tx, subject, &holder.entity_id, holder.organisation_name.as_str())?;
    }
    // Here her case has ended.
    assessments::case_ended(tx, person.id, now)?;
    let entry = sight.entry("person.handed-over").subject(person.subject).object(person.id);
    journal::record(tx, entry.peer(&holder.entity_id))
}

/// An offer that had run out may have been taken; whatever else was offered meanwhile is offered no more.
fn others_end(tx: &mut Tx<'_>, moving: &Moving, person: &Person) -> Result<()> {
    for (id, state) in rows::offered(tx.conn(), person.id.0)? {
        if id == moving.id() || !Stands::parse(&state).is_some_and(Stands::is_open) {
            continue;
        }
        let mut other = Moving::lock(tx, id)?;
        other.state = model::step(other.side, other.state, Offer::ConsentWithdrawn).unwrap_or(other.state);
        outbox::strike_thread(tx, other.thread.id)?;
        grants::end(tx, other.thread.id)?;
        other.save(tx)?;
    }
    Ok(())
}

/// Ends one referral of hers, if it has not ended: the taker is told who holds the card, by message or by letter.
fn end(tx: &mut Tx<'_>, outbox: &Outbox, moving: &Moving, person: &Person, id: Uuid, holder: &NewHolder) -> Result<()> {
    let mut case = Case::lock(tx, id)?;
    case.refresh(tx)?;
    if case.may(tx, By::System, Event::HolderChanged).is_err() {
        return case.save(tx);
    }
    let may_know = case.history().peer_may_know();
    case.step(tx, By::System, Event::HolderChanged)?;
    outbox::strike_thread(tx, case.thread.id)?;
    case.refresh(tx)?;
    let detail = json!({"holder": holder});
    if case.peer().node().is_some() && may_know {
        let permit = duty(&case)?;
        let speech = Speech {
            said: Said::Event(Event::HolderChanged),
            body: ReferralHolderChanged { holder: holder.clone() }.into(),
            card_version: None,
            detail: Some(detail),
        };
        case.say(tx, outbox, By::System, &permit, speech)?;
    } else {
        if may_know {
            letters::open(tx, moving, &case)?;
        }
        case.note_here(tx, outbox.vault(), Event::HolderChanged, &detail)?;
        let entry = journal::Entry::new(journal::Actor::System, "referral.holder-changed").subject(person.subject);
        journal::record(tx, entry.object(id).peer(case.peer()).code("not_sent"))?;
    }
    // What was struck may have been played again: nothing is owed any more, whatever it had said.
    case.state = Some(State::Closed);
    case.clock = DueClock::Stopped;
    grants::end(tx, case.thread.id)?;
    case.save(tx)
}

fn duty(case: &Case) -> Result<grants::Permit> {
    let ids = case.recipient_ids()?;
    let thread = &case.thread;
    let to = case.recipient(&ids);
    grants::permit_duty(case.subject(), thread.subject_ref, to, Basis::LegalDuty, thread.wire.0, BTreeSet::new())
}

/// To a node that does not know that word, the thread ends with the one that it knows.
pub(super) fn told(tx: &mut Tx<'_>, outbox: &Outbox, settlement: &Settlement) -> Result<()> {
    let unknown = settlement.outcome == Outcome::Refused && settlement.code.as_deref() == Some("type_not_supported");
    if !unknown || settlement.kind != "referral.holder-changed.v1" {
        return Ok(());
    }
    let Some(id) = referral_of(tx, settlement.message)? else { return Ok(()) };
    let mut case = Case::lock(tx, id)?;
    let permit = duty(&case)?;
    let by = WithdrawnBy::Sender;
    let speech = Speech {
        said: Said::Event(Event::Withdraw),
        body: ReferralWithdrawn { by }.into(),
        card_version: None,
        detail: Some(json!({"by": by})),
    };
    case.say(tx, outbox, By::System, &permit, speech)?;
    case.state = Some(State::Withdrawn);
    case.save(tx)
}

fn referral_of(tx: &mut Tx<'_>, message: MessageId) -> Result<Option<Uuid>> {
    crate::referrals::events::referral_of(tx.conn(), message)
}
