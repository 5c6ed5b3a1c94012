//! Records that ended after the copy was made that this node was restored from: they end once more.
//!
//! Whoever received something is told again, under a new message: whether the node had told everybody before it was lost
//! nobody knows, and a withdrawal that comes twice changes nothing the second time.

use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::message::{Actor, ActorRole};
use uuid::Uuid;

use super::ending::end;
use super::model::{Channel, Event, Withdrawal, WithdrawnBy};
use super::rows;
use super::tree::{self, Above};
use crate::access::Sight;
use crate::error::Result;
use crate::grants::{self, Tombstone};
use crate::outbox::{self, Outbox};
use crate::store::Tx;
use crate::tasks::{self, Task};

/// Ends what a tombstone of the keyring says has ended. Says which threads ended with it, by local id. Of a record of this
/// node's own that was given after the copy nothing is known but that it ended: all `partners` are told, and the data
/// protection officer.
///
/// # Errors
/// What the database refuses.
pub fn ended_before(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    grave: &Tombstone,
    partners: &[EntityId],
) -> Result<Vec<Uuid>> {
    if grave.issuer != *handle.entity_id() {
        return tree::take_again(tx, handle, above, (&grave.issuer, grave.record, grave.seq));
    }
    // Whatever else is known of the record: nothing leaves under it from here on.
    grants::tombstone(tx, &grave.issuer, grave.record, grave.seq)?;
    let consent = rows::locked(tx, handle.vault(), grave.record)?;
    if consent.is_none() {
        tree::tell_of_forgotten(tx, handle, partners, (grave.record, grave.seq))?;
        let task = Task::new(tasks::Kind::RecallUnanswered, grave.record);
        tasks::open(tx, task.code("given_after_the_copy"))?;
    }
    let ends = |it: &super::Consent| it.seq <= grave.seq && it.state.allowed().contains(&Event::Withdraw);
    let Some(consent) = consent.filter(ends) else {
        grants::close(tx, grave.record)?;
        outbox::strike(tx, grave.record)?;
        return Ok(Vec::new());
    };
    // Also where she was erased meanwhile: whether somebody who was off then has heard of it stands in no copy.
    let sight = Sight::of_the_node(consent.person.into());
    let system = |_: &EntityId| Actor { role: ActorRole::System, pseudonym: None };
    let how = Withdrawal { by: WithdrawnBy::Person, channel: Channel::InPerson };
    Ok(end(tx, handle, &sight, &system, consent, (Event::Withdraw, how), None)?.threads)
}

/// Says once more what waited to be said about people whose keys are gone, and can be read no more: that something is taken
/// back, and what was answered to that.
///
/// # Errors
/// What the database refuses.
pub fn said_anew(tx: &mut Tx<'_>, handle: &Outbox, lost: &[MessageId]) -> Result<()> {
    for message in lost {
        tree::tell_anew(tx, handle, *message)?;
        tree::answer_anew(tx, handle, *message)?;
    }
    Ok(())
}
