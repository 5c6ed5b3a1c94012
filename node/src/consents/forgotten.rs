//! What this node has forgotten to have disclosed: it was put back to a copy, and what left afterwards stands in no row.
//!
//! A record names its recipient. Where the memory about the recipient's node is doubtful up to some moment
//! ([`outbox::doubtful_until`]) and the record was given before, the node may have been told under it: the withdrawal goes
//! there, too. Nobody else hears of it, and a node that was told nothing answers that it holds nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::{EntityId, RecordId};
use staffetta_protocol::message::{Actor as MessageActor, ActorRole, MAX_DAYS};
use uuid::Uuid;

use super::model::Consent;
use super::{RECALL_DUE, rows, tree};
use crate::error::{Error, Result};
use crate::journal::{self, Actor, Entry};
use crate::outbox::{self, Outbox};
use crate::store::{Conn, Tx};
use crate::tasks::{self, Task};
use crate::vault::{self, Subject};
use crate::{grants, peers};

/// How many renewals of a record may lie in what was forgotten, at most: its end covers them, so that nothing that was given
/// under one of them stays.
const RENEWALS: u32 = 100;
/// Records of one gap that are told in one transaction.
const AT_ONCE: i64 = 200;

/// The nodes of its recipient that may have been told something under a record without this node's remembering it.
pub(super) fn may_have_it(conn: &mut Conn, own: &EntityId, consent: &Consent) -> Result<Vec<EntityId>> {
    let given = rows::first_answered(conn, consent.record)?.unwrap_or(consent.answered_at);
    let mut found = Vec::new();
    for node in peers::nodes_of(conn, consent.recipient.organisation())? {
        if node != *own && outbox::doubtful_until(conn, own, &node)?.is_some_and(|until| given <= until) {
            found.push(node);
        }
    }
    Ok(found)
}

/// Up to which answer a record ends: further than this node knows, where a renewal may be forgotten.
pub(super) fn ends_with(consent: &Consent, doubtful: &[EntityId]) -> u32 {
    if doubtful.is_empty() { consent.seq } else { consent.seq.saturating_add(RENEWALS) }
}

/// Where the recipient is no node, it may have something on paper that no row tells of: the data protection officer asks.
pub(super) fn ask_for_paper(tx: &mut Tx<'_>, consent: &Consent) -> Result<()> {
    let given = rows::first_answered(tx.conn(), consent.record)?.unwrap_or(consent.answered_at);
    if outbox::forgot_until(tx.conn())?.is_none_or(|until| until < given)
        || !peers::nodes_of(tx.conn(), consent.recipient.organisation())?.is_empty()
    {
        return Ok(());
    }
    let task = Task::new(tasks::Kind::RecallUnanswered, consent.record).about(consent.subject);
    tasks::open(tx, task.code("forgotten_paper")).map(drop)
}

/// Records under which some of these groups, which had come before `since` about somebody, may have been passed on. What is
/// held since a moment after the gap may have come before: it was sent again, which goes on for as long as bytes are kept.
pub(super) fn may_rest_on(
    conn: &mut Conn,
    handle: &Outbox,
    subject: Subject,
    since: DateTime<Utc>,
    lost: &BTreeSet<Group>,
) -> Result<BTreeSet<RecordId>> {
    let mut found = BTreeSet::new();
    if outbox::forgot_until(conn)?.is_none_or(|until| until + TimeDelta::days(MAX_DAYS) < since) {
        return Ok(found);
    }
    let hers = vault::joined(conn, subject)?;
    for consent in rows::unended_of(conn, handle.vault(), &hers)? {
        if !consent.groups.is_disjoint(lost) && !may_have_it(conn, handle.entity_id(), &consent)?.is_empty() {
            found.insert(consent.record);
        }
    }
    Ok(found)
}

/// What was taken back after the copy and before somebody's numbers showed that it is one is told to that node now: nobody knew
/// then that it may have something, or has more than was called back. Who was told less then hears of a recall of its own: one
/// that it has acted on says nothing new to it. Says how many records.
///
/// # Errors
/// What the database refuses.
pub(super) fn follow(tx: &mut Tx<'_>, handle: &Outbox) -> Result<usize> {
    let system = |_: &EntityId| MessageActor { role: ActorRole::System, pseudonym: None };
    let mut told = 0;
    for gap in outbox::gaps_to_follow(tx.conn(), handle.entity_id())? {
        let Some(known) = peers::known_as(tx.conn(), &gap.peer)? else { continue };
        let mut left = AT_ONCE;
        for organisation in &known.organisation_ids {
            for mut consent in rows::ended_untold(tx.conn(), handle.vault(), organisation, &gap, (RENEWALS, left))? {
                left -= 1;
                let own = handle.entity_id();
                let covers = ends_with(&consent, std::slice::from_ref(&gap.peer));
                grants::tombstone(tx, own, consent.record, covers)?;
                let (recall, _) = consent.recall.ok_or_else(|| Error::internal("a withdrawal without its recall"))?;
                let told_before = tree::was_told(tx.conn(), recall, consent.record, &gap.peer)?;
                let recall = if told_before { Uuid::new_v4() } else { recall };
                consent.recall = Some((recall, tx.now() + RECALL_DUE));
                tree::tell(tx, handle, &system, &consent, &gap.peer, &[], None)?;
                let entry = Entry::new(Actor::System, "recall.told-after-gap").subject(consent.subject);
                journal::record(tx, entry.object(consent.record).peer(&gap.peer))?;
                told += 1;
            }
        }
        if left > 0 {
            outbox::gap_followed(tx, &gap)?;
        }
    }
    Ok(told)
}
