//! What is done to the queue of a node that was restored from a copy.
//!
//! Its partners remember more than it does. Every link begins a new epoch, under which what is unsettled is numbered anew
//! with the same ids and bytes: a partner that has it gives the outcome that it gave before.

use std::collections::BTreeMap;

use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, MessageId};

use super::gaps::note_gap;
use super::queue::place;
use super::resync::renumber;
use super::rows::strike_these;
use crate::error::{Error, Result};
use crate::store::schema::{link_out, outbox};
use crate::store::{At, Conn, Id, Tx};
use crate::tasks::{self, Task};
use crate::vault::{Subject, Vault};

/// The epoch of every link that anything was ever queued for, by the name of the peer.
pub fn epochs(conn: &mut Conn) -> Result<BTreeMap<String, i32>> {
    let rows: Vec<(String, i32)> = link_out::table.select((link_out::peer, link_out::epoch)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Begins a new epoch on every link of this node, `own`, beyond those that are `known` to have been used since the copy. No lease
/// of before holds, and every link may be tried at once. What left between the copy and now stands in no log from here on.
///
/// # Errors
/// What the database refuses.
pub fn begin_new_epochs(tx: &mut Tx<'_>, own: &EntityId, known: &BTreeMap<String, i32>) -> Result<()> {
    let now = At::from(tx.now());
    note_gap(tx, own)?;
    for (peer, epoch) in epochs(tx.conn())? {
        let last = known.get(&peer).copied().unwrap_or(0).max(epoch);
        let parsed: EntityId = peer.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?;
        renumber(tx, &parsed, last.saturating_add(1).cast_unsigned())?;
        // What was said between the copy and now this node has forgotten, and no comparison of numbers shows it any more.
        tasks::open(tx, Task::new(tasks::Kind::LinkRestored, &parsed).with(&parsed).code("restored_here"))?;
        diesel::update(link_out::table.find(&peer))
            .set((
                link_out::lease_token.eq(None::<Id>),
                link_out::lease_until.eq(None::<At>),
                link_out::next_attempt_at.eq(now),
                link_out::failures.eq(0),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Strikes everything unsettled about these subjects: their keys are gone, and with them what the messages say. Withdrawals and
/// answers to them that outlived the keys ([`super::outlive`]) stay and leave as what they are. Gives those that did not: whoever
/// was to hear them is told anew.
///
/// # Errors
/// What the database refuses.
pub fn strike_about(tx: &mut Tx<'_>, vault: &Vault, subjects: &[Subject]) -> Result<Vec<MessageId>> {
    let mut lost = Vec::new();
    for some in subjects.chunks(200) {
        let theirs: Vec<Id> = some.iter().map(|subject| Id(subject.0)).collect();
        let waiting: Vec<(Id, String)> = outbox::table
            .filter(outbox::subject.eq_any(theirs))
            .filter(outbox::state.eq("queued"))
            .select((outbox::message, outbox::kind))
            .load(tx.conn())?;
        let mut over = Vec::with_capacity(waiting.len());
        for (message, kind) in waiting {
            if kind.starts_with("consent.") {
                if opens(tx, vault, message)? {
                    continue;
                }
                lost.push(MessageId(message.0));
            }
            over.push(message);
        }
        strike_these(tx, &over)?;
    }
    Ok(lost)
}

fn opens(tx: &mut Tx<'_>, vault: &Vault, message: Id) -> Result<bool> {
    let sealed: Option<Vec<u8>> = outbox::table.find(message).select(outbox::sealed).first(tx.conn())?;
    let Some(sealed) = sealed else { return Ok(false) };
    Ok(vault.open(tx.conn(), place(message.0), &sealed)?.is_some())
}
