//! The receiver's judgement: may this message of a peer be taken?

use std::collections::BTreeSet;

use chrono::TimeDelta;
use staffetta_protocol::consent::{Grant, Ground, Group, OrganisationId};
use staffetta_protocol::jose::LEEWAY;
use staffetta_protocol::message::rules::{Rule, Side, rule};
use staffetta_protocol::message::{InThread, Message};
use staffetta_protocol::problem::ItemCode;

use super::{Thread, resting, rows, threads};
use crate::error::Result;
use crate::store::Tx;
use crate::vault::{Subject, Vault};

/// A message that may be taken, and where it belongs.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its thread; absent in `consent.*`.
    pub thread: Option<Thread>,
    /// Whether the message made the thread.
    pub opened: bool,
    /// Whom it is about, where that is known here.
    pub subject: Option<Subject>,
}

/// Judges ground, thread and sides of a message from `m.from`. The inner error is the refusal for the receipt; the
/// outer one is a failure of this node and never a refusal.
pub fn admit(
    tx: &mut Tx<'_>,
    vault: &Vault,
    own: &[OrganisationId],
    m: &Message,
) -> Result<std::result::Result<Admitted, ItemCode>> {
    let Some(rule) = rule(m.body.type_name()) else { return Ok(Err(ItemCode::TypeNotSupported)) };
    if let Err(code) = judge_ground(tx, own, rule, m)? {
        return Ok(Err(code));
    }
    let Some(place) = m.place else {
        let mut subject = match m.subject_ref {
            Some(subject_ref) => Vault::find_ref(tx.conn(), &m.from, subject_ref)?,
            None => None,
        };
        // Of somebody who was erased a withdrawal is still taken; there is no key to keep its bytes under.
        if let Some(known) = subject
            && Vault::is_shredded(tx.conn(), known)?
        {
            subject = None;
        }
        return Ok(Ok(Admitted { thread: None, opened: false, subject }));
    };
    let Some(subject_ref) = m.subject_ref else { return Ok(Err(ItemCode::ThreadUnknown)) };
    if let Some(thread) = threads::by_wire(tx.conn(), &m.from, place.thread)? {
        let sender = thread.side.other();
        if thread.subject_ref != subject_ref || rule.sender.is_some_and(|side| side != sender) {
            return Ok(Err(ItemCode::ThreadUnknown));
        }
        // Whoever was erased here is unknown here, like what never was.
        if !thread.open && Vault::is_shredded(tx.conn(), thread.subject)? {
            return Ok(Err(ItemCode::ThreadUnknown));
        }
        if let Err(code) = judge_rectification(tx, &thread, m)? {
            return Ok(Err(code));
        }
        return Ok(Ok(Admitted { subject: Some(thread.subject), thread: Some(thread), opened: false }));
    }
    if !rule.opens || rule.sender != Some(Side::Opener) {
        return Ok(Err(ItemCode::ThreadUnknown));
    }
    take_up(tx, vault, m, place, rule).map(Ok)
}

fn take_up(tx: &mut Tx<'_>, vault: &Vault, m: &Message, place: InThread, rule: &Rule) -> Result<Admitted> {
    let subject_ref = m.subject_ref.ok_or_else(|| crate::error::Error::internal("a personal message has a subject"))?;
    let subject = vault.subject_for_ref(tx, &m.from, subject_ref)?;
    let thread = threads::take_up(tx, &m.from, place.thread, rule.kind, subject, subject_ref)?;
    Ok(Admitted { thread: Some(thread), opened: true, subject: Some(subject) })
}

fn judge_ground(
    tx: &mut Tx<'_>,
    own: &[OrganisationId],
    rule: &Rule,
    m: &Message,
) -> Result<std::result::Result<(), ItemCode>> {
    let Some(ground) = &m.ground else { return Ok(Err(ItemCode::ConsentNotValid)) };
    if !rule.grounds.contains(&ground.ground_kind()) {
        return Ok(Err(ItemCode::ConsentNotValid));
    }
    match ground {
        Ground::Consent { grant } => judge_consent(tx, own, rule, grant, m),
        Ground::Reply {} | Ground::Duty { .. } => Ok(Ok(())),
    }
}

fn judge_consent(
    tx: &mut Tx<'_>,
    own: &[OrganisationId],
    rule: &Rule,
    grant: &Grant,
    m: &Message,
) -> Result<std::result::Result<(), ItemCode>> {
    let run_out = tx.now() - TimeDelta::seconds(LEEWAY) >= grant.not_after;
    let ours = own.iter().any(|id| grant.recipient.same_organisation(id));
    if !ours || !rule.purposes.contains(&grant.purpose) || (run_out && !rule.ends) {
        return Ok(Err(ItemCode::ConsentNotValid));
    }
    if rows::tombstoned(tx.conn(), &m.from, grant.record, grant.seq.get())? {
        return Ok(Err(ItemCode::ConsentNotValid));
    }
    let carried: BTreeSet<Group> = m.body.groups();
    if !carried.is_subset(grant.groups.set()) {
        return Ok(Err(ItemCode::SectionNotCovered));
    }
    Ok(Ok(()))
}

/// Under a duty data may be put right, never added: only groups that the thread has already brought.
fn judge_rectification(tx: &mut Tx<'_>, thread: &Thread, m: &Message) -> Result<std::result::Result<(), ItemCode>> {
    if !matches!(m.ground, Some(Ground::Duty { .. })) {
        return Ok(Ok(()));
    }
    let carried: BTreeSet<Group> = m.body.groups();
    let held = resting::groups_in_thread(tx.conn(), thread.id)?;
    Ok(if carried.is_subset(&held) { Ok(()) } else { Err(ItemCode::SectionNotCovered) })
}
