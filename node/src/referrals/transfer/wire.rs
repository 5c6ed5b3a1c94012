//! What arrives about records on their way, one function for each type, named by the wiring.

use staffetta_protocol::card::CardGroups;
use staffetta_protocol::data::{CardTransferAnswered, CardTransferred, TransferAnswer};
use staffetta_protocol::message::Message;
use staffetta_protocol::problem::ItemCode;
use uuid::Uuid;

use super::model::{self, Event, State, Verdict};
use super::{Moving, Side, holder, new_row, rows};
use crate::cards::{self, Received};
use crate::error::Result;
use crate::grants::{self, Admitted};
use crate::inbox::Taken;
use crate::journal::{self, Actor, Entry};
use crate::outbox::Outbox;
use crate::referrals::case::{DEADLINES, LOCAL};
use crate::store::{At, Id, Tx};

/// `card.transferred`: it waits for somebody to decide.
pub fn transferred(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &CardTransferred,
) -> Result<Taken> {
    let Some(thread) = &admitted.thread else { return Ok(Taken::Refused(ItemCode::ThreadUnknown)) };
    if !admitted.opened {
        // A thread offers one record once; one of another matter is none of this one.
        let ours = rows::of_thread(tx.conn(), thread.id)?.is_some();
        return Ok(Taken::Refused(if ours { ItemCode::IllegalTransition } else { ItemCode::ThreadUnknown }));
    }
    let card = data.card.clone();
    let groups = CardGroups {
        preview: Some(card.preview),
        identity: Some(card.identity),
        status: card.status,
        skills_full: card.skills_full,
        needs: card.needs,
        contact: card.contact,
        ..CardGroups::default()
    };
    let thread_seq = m.place.map_or(0, |place| place.seq);
    let brought = Received { message: m.id, thread_seq, card_version: data.card_version.get(), groups };
    cards::store_received(tx, outbox.vault(), thread, &brought)?;
    let id = Uuid::new_v4();
    let mut row = new_row(tx, id, Side::Taker, thread, State::Received);
    row.message = Id(m.id.0);
    row.due_on = Some(model::due_on(tx.now(), &DEADLINES, LOCAL));
    rows::insert(tx, &row)?;
    note(tx, m, &thread.subject, id, "card.transferred", None)?;
    Ok(Taken::Accepted)
}

/// `card.transfer-answered`: once it says *taken*, this node is the holder no more.
pub fn answered(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &CardTransferAnswered,
) -> Result<Taken> {
    let Some(thread) = &admitted.thread else { return Ok(Taken::Refused(ItemCode::ThreadUnknown)) };
    let Some(id) = rows::of_thread(tx.conn(), thread.id)? else {
        return Ok(Taken::Refused(ItemCode::ThreadUnknown));
    };
    let mut moving = Moving::lock(tx, id)?;
    let event = match data.answer {
        TransferAnswer::Taken {} => Event::Take,
        TransferAnswer::Declined { .. } => Event::Decline,
    };
    let subject = moving.subject();
    let state = match model::judge(moving.state, event) {
        Verdict::Illegal => return Ok(Taken::Refused(ItemCode::IllegalTransition)),
        Verdict::Superseded => {
            note(tx, m, &subject, id, "card.transfer-answered", Some("superseded"))?;
            return Ok(Taken::Superseded);
        }
        Verdict::Legal(state) => state,
    };
    moving.state = state;
    moving.row.answer = Some(Id(m.id.0));
    moving.row.answered_at = Some(At::from(m.issued_at));
    if let TransferAnswer::Declined { reason, text } = &data.answer {
        moving.row.reason = Some(reason.code().to_owned());
        if let Some(text) = text {
            let plain = text.as_str().as_bytes();
            moving.row.sealed = Some(outbox.vault().seal(tx.conn(), subject, rows::place(id), plain)?);
        }
    }
    moving.save(tx)?;
    note(tx, m, &subject, id, "card.transfer-answered", Some(data.answer.kind()))?;
    grants::end(tx, thread.id)?;
    if state == State::Taken {
        holder::hand_over(tx, outbox, &moving)?;
    }
    Ok(Taken::Accepted)
}

/// The yes on which these threads rested was taken back, at either node.
pub(in crate::referrals) fn withdrawn_by_consent(tx: &mut Tx<'_>, thread: Uuid) -> Result<()> {
    let Some(id) = rows::of_thread(tx.conn(), thread)? else { return Ok(()) };
    let mut moving = Moving::lock(tx, id)?;
    if let Some(state) = model::step(moving.side, moving.state, Event::ConsentWithdrawn) {
        moving.state = state;
        let entry = Entry::new(Actor::System, "transfer.consent-withdrawn").subject(moving.subject()).object(id);
        journal::record(tx, entry.peer(&moving.thread.peer))?;
    }
    moving.save(tx)
}

fn note(
    tx: &mut Tx<'_>,
    m: &Message,
    subject: &crate::vault::Subject,
    id: Uuid,
    act: &'static str,
    code: Option<&'static str>,
) -> Result<()> {
    let entry = Entry::new(Actor::Peer(m.from.clone()), act).subject(*subject).object(id).peer(&m.from);
    journal::record(
        tx,
        match code {
            Some(code) => entry.code(code),
            None => entry,
        },
    )
}
