//! One transaction takes a batch and writes its receipt.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::id::{EntityId, MessageId, ReceiptId};
use staffetta_protocol::link::{BatchAnswer, ItemAnswer};
use staffetta_protocol::message::Message;
use staffetta_protocol::problem::{Code, ItemCode, Problem};
use staffetta_protocol::receipt::{Item, Link, Outcome, Receipt};
use staffetta_protocol::trust::{MemberState, Roles, may_receive, may_send};
use uuid::Uuid;

use super::open::{Content, Opened};
use super::rows::{self, Decided, Known, Remembered};
use crate::error::{Error, Result};
use crate::grants::{self, Admitted};
use crate::journal::{self, Actor, Entry};
use crate::keys::{Keys, Kind};
use crate::metrics::Refuser;
use crate::outbox::Outbox;
use crate::store::{Store, Tx};
use crate::vault::Place;

/// What a feature made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It took effect.
    Accepted,
    /// Stored, without effect: it crossed a message of this side.
    Superseded,
    /// Not taken; whatever the feature wrote is undone.
    Refused(ItemCode),
}

/// The room above that knows the features. `Err` is a failure of this node, never a refusal.
pub type Receive = fn(&mut Tx<'_>, &Outbox, &Admitted, &Message) -> Result<Taken>;

/// What is needed to accept: who this node is, its keys, and who knows the features.
#[derive(Clone)]
pub struct Inbox {
    /// The keys that sign receipts.
    pub keys: Keys,
    /// Vault and name of this node; features queue their answers through it.
    pub outbox: Outbox,
    /// The room above.
    pub receive: Receive,
    /// How many items the next batch may have.
    pub window: u32,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({})", self.outbox.entity_id())
    }
}

/// Who sends the batch, and who this node is to it.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The caller.
    pub peer: EntityId,
    /// How it stands in the network.
    pub state: MemberState,
    /// What it is in the network.
    pub roles: Roles,
    /// The organisations that this node is.
    pub own_ids: Vec<OrganisationId>,
    /// What this node is in the network.
    pub own_roles: Roles,
}

/// What lies between two items of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Items {
    /// Nothing: all are taken, or nothing of the batch happened. Nearly every batch is taken whole, and savepoints would
    /// cost SQLite a copy of every page that an item changes, and PostgreSQL two ways there and back.
    Together,
    /// A savepoint: what a refused item wrote is undone, and so is what failed inside, and the ones before it stand.
    OneByOne,
}

/// Takes a batch of opened items in order, in one transaction that begins with `first`, and answers with one signed
/// receipt.
///
/// # Errors
/// A problem for the caller, or a failure of this node.
pub async fn take(
    store: &Store,
    inbox: &Inbox,
    from: Accepted,
    (epoch, items): (u32, Vec<Opened>),
    first: impl Fn(&mut Tx<'_>) -> Result<()> + Send + Sync + 'static,
) -> Result<BatchAnswer> {
    let sent = Arc::new((from, items, first));
    let attempt = |how| {
        let (inbox, sent) = (inbox.clone(), sent.clone());
        store.write(move |tx| {
            let (from, items, first) = &*sent;
            first(tx)?;
            accept(tx, &inbox, from, (epoch, items), how)
        })
    };
    let (answer, refused) = match attempt(Items::Together).await {
        Err(Error::Database(diesel::result::Error::RollbackTransaction)) => attempt(Items::OneByOne).await,
        taken => taken,
    }?;
    refused.iter().for_each(|code| store.metrics().refused_item(Refuser::Us, code));
    Ok(answer)
}

/// Also says what was refused that had not been decided before.
fn accept(
    tx: &mut Tx<'_>,
    inbox: &Inbox,
    from: &Accepted,
    (epoch, items): (u32, &[Opened]),
    how: Items,
) -> Result<(BatchAnswer, Vec<ItemCode>)> {
    let link = rows::lock(tx, &from.peer)?;
    let first = items.first().map_or(0, |item| item.seq);
    let (epoch, mut through) = enter(tx, from, link, epoch, first)?;
    let mut known = rows::known_among(tx.conn(), &from.peer, items.iter().filter_map(|item| item.id))?;
    let (mut decided, mut noted) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    let mut unopened = 0;
    for item in items {
        let outcome = if item.seq <= through {
            known_number(tx, from, epoch, through, item)?
        } else {
            match take_item(tx, inbox, from, &known, item, how) {
                Ok((outcome, bytes)) => {
                    unopened += bytes;
                    outcome
                }
                // The transaction may be gone with it: nothing more is written, and the batch comes again.
                Err(error) if error.is_storage_full() || tx.is_lost() => return Err(error),
                Err(_) if how == Items::Together => return Err(undo()),
                Err(error) if error.code() == Code::ClocksDiffer => {
                    tracing::warn!(peer = %from.peer, seq = item.seq, "a message is from the future: the clocks differ");
                    if decided.is_empty() {
                        return Err(clocks_differ(epoch, item.seq));
                    }
                    break;
                }
                Err(error) if decided.is_empty() => {
                    tracing::error!(peer = %from.peer, seq = item.seq, cause = %error, "the first item failed inside");
                    return Err(Problem { retry_after: Some(5), ..Problem::new(Code::Busy) }.into());
                }
                Err(error) => {
                    tracing::error!(peer = %from.peer, seq = item.seq, cause = %error, "an item failed inside");
                    break;
                }
            }
        };
        if item.seq > through {
            through = item.seq;
            if let Some(id) = item.id.filter(|_| outcome.is_remembered()) {
                known.entry(id).or_insert_with(|| Remembered { digest: item.digest, decided: outcome.clone() });
            }
            noted.push((item, outcome.clone()));
        }
        decided.push(Item {
            seq: item.seq,
            id: item.id,
            digest: item.digest,
            outcome: outcome.outcome,
            code: outcome.code,
        });
    }
    rows::note_items(tx, &from.peer, epoch, &noted)?;
    rows::advance(tx, &from.peer, through, unopened)?;
    let refused = noted.into_iter().filter(|(_, outcome)| outcome.outcome == Outcome::Refused);
    let refused = refused.map(|(_, outcome)| outcome.code.unwrap_or(ItemCode::MessageInvalid)).collect();
    Ok((answer(tx, inbox, from, epoch, through, decided)?, refused))
}

/// Checks that a batch continues the stream: a repeat, the next number, or the first of the next epoch.
fn enter(tx: &mut Tx<'_>, from: &Accepted, link: rows::LinkRow, epoch: u32, first: u64) -> Result<(u32, u64)> {
    let through = link.through_seq as u64;
    let current = link.epoch as u32;
    if epoch == current && first <= through + 1 {
        return Ok((current, through));
    }
    if epoch == current + 1 && first == 1 {
        rows::next_epoch(tx, &from.peer, epoch)?;
        return Ok((epoch, 0));
    }
    Err(out_of_sequence(current, through))
}

fn out_of_sequence(epoch: u32, through: u64) -> Error {
    Problem { expected: Some((epoch, through + 1)), ..Problem::new(Code::OutOfSequence) }.into()
}

/// How long a partner may take to mend a clock before it asks again.
const CLOCK_RETRY_SECONDS: u32 = 60;

/// Nothing from this number on was decided: whoever sent it may sign it anew.
fn clocks_differ(epoch: u32, seq: u64) -> Error {
    let problem = Problem::new(Code::ClocksDiffer);
    Problem { expected: Some((epoch, seq)), retry_after: Some(CLOCK_RETRY_SECONDS), ..problem }.into()
}

/// A number that was decided before: the original outcome, if the digest is the same.
fn known_number(tx: &mut Tx<'_>, from: &Accepted, epoch: u32, through: u64, item: &Opened) -> Result<Decided> {
    match rows::decided(tx.conn(), &from.peer, epoch, item.seq)? {
        Some((digest, outcome)) if digest == item.digest => Ok(outcome),
        _ => Err(out_of_sequence(epoch, through)),
    }
}

/// Decides about one item, and says how many bytes came of it that nobody has looked at. What a feature wrote before it
/// refused, or before this node failed, is undone.
fn take_item(
    tx: &mut Tx<'_>,
    inbox: &Inbox,
    from: &Accepted,
    known: &HashMap<MessageId, Remembered>,
    item: &Opened,
    how: Items,
) -> Result<(Decided, usize)> {
    match item.id.and_then(|id| known.get(&id)) {
        Some(known) if known.digest == item.digest => return Ok((known.decided.clone(), 0)),
        Some(_) => return note_refusal(tx, from, item, Decided::refused(ItemCode::MessageConflict)),
        None => {}
    }
    if how == Items::Together {
        return match decide(tx, inbox, from, item)? {
            Verdict::Decided(decided, unopened) => Ok((decided, unopened)),
            Verdict::Refused(_) => Err(undo()),
        };
    }
    let mut refused = None;
    let taken = tx.savepoint(|tx| match decide(tx, inbox, from, item)? {
        Verdict::Decided(decided, unopened) => Ok((decided, unopened)),
        Verdict::Refused(code) => {
            refused = Some(code);
            Err(undo())
        }
    });
    match refused {
        Some(code) => {
            let decided = refuse(tx, from, item, code)?;
            note_refusal(tx, from, item, decided)
        }
        None => taken,
    }
}

fn note_refusal(tx: &mut Tx<'_>, from: &Accepted, item: &Opened, decided: Decided) -> Result<(Decided, usize)> {
    let code = decided.code.clone().unwrap_or(ItemCode::MessageInvalid);
    let entry = Entry::new(Actor::Peer(from.peer.clone()), "exchange.item-refused").peer(&from.peer).code(code);
    journal::record(tx, item.id.map_or(entry.clone(), |id| entry.object(id)))?;
    Ok((decided, 0))
}

/// Undoes a savepoint, or a batch, without being a failure.
fn undo() -> Error {
    Error::Database(diesel::result::Error::RollbackTransaction)
}

/// What becomes of an item.
enum Verdict {
    /// This, and so many bytes of it wait for somebody to look.
    Decided(Decided, usize),
    /// Refused: what was written meanwhile is to be undone.
    Refused(ItemCode),
}

fn decide(tx: &mut Tx<'_>, inbox: &Inbox, from: &Accepted, item: &Opened) -> Result<Verdict> {
    match &item.content {
        Content::Void => {
            let decided = Decided { outcome: Outcome::Voided, code: Some(ItemCode::Voided) };
            if let Some(id) = item.id {
                rows::remember(tx, &from.peer, id, item.digest, &decided, Known::nothing())?;
            }
            Ok(Verdict::Decided(decided, 0))
        }
        Content::NotYet => Err(Code::ClocksDiffer.into()),
        Content::UnknownKey => Err(Error::internal("the sender's key is not known yet")),
        Content::Refused(code) => Ok(Verdict::Refused(code.clone())),
        Content::Message(message, jws) => take_message(tx, inbox, from, message, jws),
    }
}

fn refuse(tx: &mut Tx<'_>, from: &Accepted, item: &Opened, code: ItemCode) -> Result<Decided> {
    let decided = Decided::refused(code);
    if let Some(id) = item.id.filter(|_| decided.is_remembered()) {
        rows::remember(tx, &from.peer, id, item.digest, &decided, Known::nothing())?;
    }
    Ok(decided)
}

fn take_message(tx: &mut Tx<'_>, inbox: &Inbox, from: &Accepted, message: &Message, jws: &str) -> Result<Verdict> {
    if let Some(code) = not_entitled(from, message) {
        return Ok(Verdict::Refused(code));
    }
    let admitted = match grants::admit(tx, inbox.outbox.vault(), &from.own_ids, message)? {
        Ok(admitted) => admitted,
        Err(code) => return Ok(Verdict::Refused(code)),
    };
    match (inbox.receive)(tx, &inbox.outbox, &admitted, message)? {
        Taken::Refused(code) => Ok(Verdict::Refused(code)),
        taken => keep(tx, inbox, from, message, jws, &admitted, taken),
    }
}

fn not_entitled(from: &Accepted, message: &Message) -> Option<ItemCode> {
    let recall = message.body.is_recall();
    if from.state != MemberState::Active && !recall {
        return Some(ItemCode::MemberLimited);
    }
    let allowed = may_send(message.body.type_name(), &from.roles, &from.own_roles)
        && message.body.groups().into_iter().all(|group| may_receive(group.code(), &from.own_roles));
    (!allowed && !recall).then_some(ItemCode::RoleNotEntitled)
}

fn keep(
    tx: &mut Tx<'_>,
    inbox: &Inbox,
    from: &Accepted,
    message: &Message,
    jws: &str,
    admitted: &Admitted,
    taken: Taken,
) -> Result<Verdict> {
    let code = (taken == Taken::Superseded).then_some(ItemCode::Superseded);
    let decided = Decided { outcome: Outcome::Accepted, code };
    let sealed = match admitted.subject {
        Some(subject) => Some(inbox.outbox.vault().seal(tx.conn(), subject, kept_at(message.id.0), jws.as_bytes())?),
        None => None,
    };
    // Of what comes in words alone, too: it goes with the record.
    if let (Some(subject), Some(grant)) = (admitted.subject, message.ground.as_ref().and_then(|g| g.grant())) {
        let groups = message.body.groups();
        let thread = admitted.thread.as_ref().map(|thread| thread.id);
        let held = grants::Holding { message: message.id, subject, thread, groups, at: tx.now(), gone: false };
        grants::note_holding(tx, &from.peer, &held, grant)?;
    }
    if let (Some(thread), Some(place)) = (&admitted.thread, message.place) {
        grants::thread_received(tx, thread.id, place.seq)?;
    }
    let known = Known {
        kind: Some(message.body.type_name()),
        thread: admitted.thread.as_ref().map(|thread| thread.id),
        thread_seq: message.place.map(|place| place.seq),
        subject: admitted.subject,
        // Only what came in a thread is looked at by anybody.
        unopened: if sealed.is_some() && admitted.thread.is_some() { jws.len() } else { 0 },
        sealed,
        expires_at: message.expires_at,
        for_ever: message.expires_at.is_none(),
    };
    let unopened = known.unopened;
    rows::remember(tx, &from.peer, message.id, message.digest, &decided, known)?;
    Ok(Verdict::Decided(decided, unopened))
}

const fn kept_at(message: Uuid) -> Place {
    Place { table: "known_message", row: message, column: "sealed" }
}

fn answer(
    tx: &mut Tx<'_>,
    inbox: &Inbox,
    from: &Accepted,
    epoch: u32,
    through: u64,
    items: Vec<Item>,
) -> Result<BatchAnswer> {
    let now = tx.now();
    let me = inbox.outbox.entity_id().clone();
    let receipt = Receipt {
        iss: me.clone(),
        aud: from.peer.clone(),
        iat: now.timestamp(),
        jti: ReceiptId(crate::clock::id_at(now)),
        link: Link { from: from.peer.clone(), to: me, epoch, through_seq: through },
        items,
        checkpoint: journal::newest_checkpoint(tx.conn())?,
    };
    let key = inbox.keys.signing(tx.conn(), Kind::Protocol, now)?;
    let jws = receipt.sign(&key).map_err(Error::internal)?;
    rows::note_receipt(tx, &from.peer, &receipt, &jws)?;
    let plain =
        receipt.items.iter().map(|i| ItemAnswer { seq: i.seq, outcome: i.outcome, code: i.code.clone() }).collect();
    Ok(BatchAnswer { receipt: jws, items: plain, epoch, next_seq: through + 1, window: inbox.window })
}
