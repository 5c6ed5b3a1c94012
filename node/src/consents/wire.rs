//! `consent.withdrawn` as it comes: from the issuer of a record, and from a recipient where the person spoke.

use staffetta_protocol::data::ConsentWithdrawn;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::message::{Actor as MessageActor, ActorRole, Message};
use staffetta_protocol::problem::ItemCode;
use uuid::Uuid;

use super::ending::{hold, take_back};
use super::tree::{self, Above};
use super::{Channel, Consent, Withdrawal, WithdrawnBy, forgotten};
use crate::access::Sight;
use crate::error::Result;
use crate::grants;
use crate::inbox::Taken;
use crate::outbox::Outbox;
use crate::store::Tx;

/// What a withdrawal did here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// For the receipt.
    pub taken: Taken,
    /// Local ids of the threads that have ended: the rooms above mark what stood in them as withdrawn.
    pub threads: Vec<Uuid>,
}

impl Effect {
    fn none(taken: Taken) -> Self {
        Self { taken, threads: Vec::new() }
    }
}

/// A withdrawal from a peer. With a recall it comes from the issuer of the record; without one from a recipient of ours,
/// where the person spoke, and the recall is run from here. From anybody else it is refused, in one way, so that nobody
/// learns which records there are.
pub fn withdrawn(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    message: &Message,
    body: &ConsentWithdrawn,
) -> Result<Effect> {
    let ours = hold(tx, handle.vault(), body.record)?;
    match (ours, body.recall.zip(body.due)) {
        (None, Some(recall)) => {
            let threads = tree::take(tx, handle, above, message, body, recall)?;
            Ok(Effect { taken: Taken::Accepted, threads })
        }
        (Some(consent), None) if has_it(tx, handle, &message.from, &consent)? => {
            // A yes given after she spoke there is a new yes.
            if body.seq.get() < consent.seq && message.issued_at < consent.answered_at {
                return Ok(Effect::none(Taken::Superseded));
            }
            let sight = Sight::of_peer(message.from.clone(), consent.person.into());
            let how = Withdrawal { by: WithdrawnBy::Person, channel: Channel::Recipient };
            let system = |_: &EntityId| MessageActor { role: ActorRole::System, pseudonym: None };
            let done = take_back(tx, handle, &sight, &system, consent, (how, Some(message.issued_at)))?;
            Ok(Effect { taken: Taken::Accepted, threads: done.threads })
        }
        _ => Ok(Effect::none(Taken::Refused(ItemCode::NotEntitled))),
    }
}

/// Whether that node was given something under the record, or may have been, if this node has forgotten it.
fn has_it(tx: &mut Tx<'_>, handle: &Outbox, node: &EntityId, consent: &Consent) -> Result<bool> {
    Ok(grants::disclosed_to(tx.conn(), node, consent.record)?
        || forgotten::may_have_it(tx.conn(), handle.entity_id(), consent)?.contains(node))
}
