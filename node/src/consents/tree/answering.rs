//! What this node answers to whoever told it.

use std::collections::BTreeSet;

use staffetta_protocol::card::{List, Whole};
use staffetta_protocol::consent::Basis;
use staffetta_protocol::data::ConsentWithdrawalAnswered;
use staffetta_protocol::id::MessageId;
use staffetta_protocol::message::{Actor, ActorRole};
use uuid::Uuid;

use super::model::{Known, Says};
use super::rows::{self, Taken};
use crate::consents::recalls;
use crate::error::{Error, Result};
use crate::grants::{self, Recipient};
use crate::journal::{self, Entry};
use crate::outbox::{self, Outbox, Outgoing};
use crate::peers;
use crate::store::Tx;
use crate::vault::{Subject, Vault};

/// Answers under the next version, if there is something new to say: the first time there is. Of several who change what is
/// below at once, each waits for the one before, and the last one has counted all.
pub(super) fn update(tx: &mut Tx<'_>, handle: &Outbox, id: Uuid) -> Result<()> {
    answer(tx, handle, id, false)
}

/// The same where this node's own has changed, whatever those below say.
pub(super) fn anew(tx: &mut Tx<'_>, handle: &Outbox, id: Uuid) -> Result<()> {
    answer(tx, handle, id, true)
}

fn answer(tx: &mut Tx<'_>, handle: &Outbox, id: Uuid, anyway: bool) -> Result<()> {
    let Some(mut taken) = rows::locked(tx, id)? else { return Ok(()) };
    let mut recipients = Vec::new();
    for told in rows::told_below(tx.conn(), id)? {
        recipients.push((told.role, told.known.clone()));
    }
    if let Some(recall) = taken.recall {
        // A letter is answered by hand, if at all: whoever waits above cannot wait for it.
        for role in recalls::letters_below(tx.conn(), recall)? {
            recipients.push((role, Known { elsewhere: true, ..Known::default() }));
        }
    }
    let says = Says::of(&recipients);
    if !anyway && taken.version > 0 && (taken.complete, &taken.below) == (says.complete, &says.below) {
        return Ok(());
    }
    taken.complete = says.complete;
    taken.below = says.below;
    next(tx, handle, taken)
}

/// Answers under the next version: something of this node's own has changed. `taken` was read with its row locked.
pub(super) fn next(tx: &mut Tx<'_>, handle: &Outbox, mut taken: Taken) -> Result<()> {
    taken.version += 1;
    taken.answer = again(tx, handle, &taken)?;
    rows::save_taken(tx, &taken)
}

/// Says the last answer again, as it stands. Nothing where there is nobody to answer yet: she spoke here, and the issuer of
/// the record has not made a recall of it.
pub(super) fn again(tx: &mut Tx<'_>, handle: &Outbox, taken: &Taken) -> Result<Option<MessageId>> {
    let (Some(recall), Some(subject_ref)) = (taken.recall, taken.subject_ref) else { return Ok(None) };
    let damaged = |refusal: staffetta_protocol::card::Refusal| Error::internal(refusal.code());
    let body = ConsentWithdrawalAnswered {
        record: taken.record,
        seq: Whole::new(taken.seq).map_err(damaged)?,
        recall: Some(recall),
        version: Whole::new(taken.version.max(1)).map_err(damaged)?,
        complete: taken.complete,
        groups: List::new(taken.outcomes.clone()).map_err(damaged)?,
        below: List::new(taken.below.clone()).map_err(damaged)?,
    };
    let organisation = peers::known_as(tx.conn(), &taken.issuer)?.map(|it| it.organisation_name).unwrap_or_default();
    let peer = (&taken.issuer).into();
    let to = Recipient { peer: &peer, organisation: &organisation, ids: &[] };
    let subject = sealed_for(tx, handle.vault(), taken)?;
    let permit = grants::permit_duty(subject, subject_ref, to, Basis::LegalDuty, taken.record.0, BTreeSet::new())?;
    let actor = Actor { role: ActorRole::System, pseudonym: None };
    let out = Outgoing { thread: None, actor, body: body.into(), card_version: None, not_after: None };
    let message = outbox::enqueue_personal(tx, handle, &permit, out)?;
    let entry = Entry::new(journal::Actor::System, "recall.answer-queued").subject(subject).object(taken.record);
    journal::record(tx, entry.peer(&taken.issuer).code(format_args!("version:{}", taken.version.max(1))))?;
    Ok(Some(message))
}

/// Says once more what this message was to say, which can be read no more. Nothing where it was no last answer.
pub(in crate::consents) fn answer_anew(tx: &mut Tx<'_>, handle: &Outbox, lost: MessageId) -> Result<()> {
    let Some(mut taken) = rows::answered_by(tx, lost)? else { return Ok(()) };
    taken.answer = again(tx, handle, &taken)?;
    rows::save_taken(tx, &taken)
}

/// With whose key the answer waits: hers; where that is destroyed, one that is made for it and says nothing.
fn sealed_for(tx: &mut Tx<'_>, vault: &Vault, taken: &Taken) -> Result<Subject> {
    match taken.subject {
        Some(subject) if !Vault::is_shredded(tx.conn(), subject)? => Ok(subject),
        _ => vault.subject_for_person(tx),
    }
}
