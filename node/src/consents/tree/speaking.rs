//! The person speaks where her data went: whoever gave them is told, and runs the recall.

use std::collections::BTreeSet;

use staffetta_protocol::card::Whole;
use staffetta_protocol::consent::Basis;
use staffetta_protocol::data::ConsentWithdrawn;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::taking::{journal_of, undo};
use super::{Above, rows};
use crate::access::Sight;
use crate::consents::{Towards, Withdrawal};
use crate::error::{Error, Result};
use crate::grants::{self, Recipient};
use crate::journal;
use crate::outbox::{self, Outbox, Outgoing};
use crate::peers;
use crate::store::Tx;

/// Takes back, where it was said, what another node was granted and passed on to this one: nothing is done with it any more
/// from this transaction on, what came is gone, and the node that asked her is told. It makes the recall. Gives the threads
/// that have ended.
///
/// # Errors
/// `not_found` where nothing of the thread rests on a consent, or it was taken back before.
pub fn speak(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    (sight, towards): (&Sight, Towards<'_>),
    thread: Uuid,
    how: Withdrawal,
) -> Result<Vec<Uuid>> {
    let thread = grants::by_id(tx.conn(), thread)?.ok_or(Code::NotFound)?;
    let issuer = thread.peer.must_be_node()?.clone();
    let mut ended = Vec::new();
    let mut spoken = 0;
    for (record, seq) in grants::records_behind(tx.conn(), thread.id)? {
        if grants::tombstoned(tx.conn(), &issuer, record, seq)? {
            continue;
        }
        grants::tombstone(tx, &issuer, record, seq)?;
        let organisation = peers::known_as(tx.conn(), &issuer)?.map(|it| it.organisation_name).unwrap_or_default();
        let peer = (&issuer).into();
        let permit = grants::permit_duty(
            thread.subject,
            thread.subject_ref,
            Recipient { peer: &peer, organisation: &organisation, ids: &[] },
            Basis::LegalDuty,
            record.0,
            BTreeSet::new(),
        )?;
        let seq_said = Whole::new(seq).map_err(|refusal| Error::internal(refusal.code()))?;
        let body = ConsentWithdrawn { record, seq: seq_said, recall: None, due: None };
        let out =
            Outgoing { thread: None, actor: towards(&issuer), body: body.into(), card_version: None, not_after: None };
        outbox::enqueue_personal(tx, handle, &permit, out)?;
        let (taken, threads) = undo(tx, handle, above, (&issuer, record, seq), Some(thread.subject_ref))?;
        rows::save_taken(tx, &taken)?;
        journal_of(tx, sight.entry("consent.withdrawn"), &taken)?;
        ended.extend(threads);
        spoken += 1;
    }
    if spoken == 0 {
        return Err(Code::NotFound.into());
    }
    let entry = sight.entry("consent.spoken-here").subject(thread.subject).object(thread.id).peer(&issuer);
    journal::record(tx, entry.code(format_args!("{} {}", how.by.code(), how.channel.code())))?;
    Ok(ended)
}
