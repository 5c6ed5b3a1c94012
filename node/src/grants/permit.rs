//! The permit: proof, as a type, that something may leave.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use staffetta_protocol::card::Text;
use staffetta_protocol::consent::{Basis, Grant, Ground, Group, OrganisationId, Purpose};
use staffetta_protocol::id::{MessageId, RecordId, SubjectRef};
use staffetta_protocol::problem::{Code, Problem};

use super::activity::{self, Activity};
use super::{Destination, Thread, bearing, moved, renewed, rows, threads};
use crate::access::cases::restriction;
use crate::error::{Error, Result};
use crate::store::{Conn, Tx};
use crate::vault::Subject;

/// That these groups about this person may go to this recipient, and why. Only this room can make one.
#[derive(Debug, Clone)]
pub struct Permit {
    peer: Destination,
    organisation: String,
    subject: Subject,
    subject_ref: SubjectRef,
    purpose: Option<Purpose>,
    groups: BTreeSet<Group>,
    ground: Ground,
}

impl Permit {
    /// Where it may go.
    pub fn peer(&self) -> &Destination {
        &self.peer
    }

    /// The organisation that is there.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// Whom it is about.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// What stands for her there.
    pub fn subject_ref(&self) -> SubjectRef {
        self.subject_ref
    }

    /// The purpose, under a consent.
    pub fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    /// The groups that may go; nothing else may.
    pub fn groups(&self) -> &BTreeSet<Group> {
        &self.groups
    }

    /// The ground, as the message states it.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }
}

/// The recipient of a permit: where it is, and the organisations that it is.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// The node, or the office.
    pub peer: &'a Destination,
    /// Its organisation's name, for the log of disclosures.
    pub organisation: &'a str,
    /// The identifiers under which a consent may name it.
    pub ids: &'a [OrganisationId],
}

/// A permit that rests on a live consent of the person for exactly this organisation and purpose. Its groups are those
/// of the consent that were asked for.
///
/// # Errors
/// `holder_changed` where another node holds the record since; `purpose_not_instructed` where this node is a processor and
/// the controller did not say so; `consent_not_valid`; `section_not_covered`; `restricted`.
pub fn permit(
    tx: &mut Tx<'_>,
    subject: Subject,
    to: Recipient<'_>,
    purpose: Purpose,
    wanted: &BTreeSet<Group>,
) -> Result<Permit> {
    let now = tx.now();
    moved::must_hold(tx.conn(), subject)?;
    if restriction::is_about(tx.conn(), subject)? {
        return Err(Code::Restricted.into());
    }
    activity::acts_as(tx.conn(), purpose)?;
    let grants = rows::live_grants(tx.conn(), subject, purpose, now)?;
    let for_recipient: Vec<Grant> = grants
        .into_iter()
        .map(|open| open.grant)
        .filter(|grant| to.ids.iter().any(|id| grant.recipient.same_organisation(id)))
        .collect();
    if for_recipient.is_empty() {
        return Err(Problem::new(Code::ConsentNotValid).into());
    }
    let grant = for_recipient
        .into_iter()
        .find(|grant| wanted.is_subset(grant.groups.set()))
        .ok_or_else(|| Problem::new(Code::SectionNotCovered))?;
    Ok(Permit {
        peer: to.peer.clone(),
        organisation: to.organisation.to_owned(),
        subject,
        subject_ref: threads::subject_ref_for(tx, subject, to.peer)?,
        purpose: Some(purpose),
        groups: wanted.clone(),
        ground: Ground::Consent { grant },
    })
}

/// A permit to answer in an open thread, to its other side, with the closed fields of the answering type. It carries
/// no group.
pub fn permit_reply(thread: &Thread, organisation: &str) -> Result<Permit> {
    if !thread.open {
        return Err(Problem::new(Code::ConsentNotValid).detail("the thread has ended").into());
    }
    if thread.restricted {
        return Err(Code::Restricted.into());
    }
    Ok(Permit {
        peer: thread.peer.clone(),
        organisation: organisation.to_owned(),
        subject: thread.subject,
        subject_ref: thread.subject_ref,
        purpose: None,
        groups: BTreeSet::new(),
        ground: Ground::Reply {},
    })
}

/// A permit that rests on a duty: a withdrawal and its answer, the end of a thread, a rectification of `groups` that
/// the recipient holds. `reference` is the thread or the record.
pub fn permit_duty(
    subject: Subject,
    subject_ref: SubjectRef,
    to: Recipient<'_>,
    basis: Basis,
    reference: uuid::Uuid,
    groups: BTreeSet<Group>,
) -> Result<Permit> {
    let reference = Text::new(reference.to_string()).map_err(|refusal| Error::internal(refusal.code()))?;
    Ok(Permit {
        peer: to.peer.clone(),
        organisation: to.organisation.to_owned(),
        subject,
        subject_ref,
        purpose: None,
        groups,
        ground: Ground::Duty { basis, reference },
    })
}

/// What a queued message rests on, as the outbox remembers it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Resting {
    /// Under a consent of ours: record and version.
    pub record: Option<(RecordId, u32)>,
    /// Under a reply: the local thread.
    pub reply_in: Option<uuid::Uuid>,
    /// Under a duty: the message itself, which may put right what the recipient has.
    pub duty: Option<MessageId>,
}

/// The judge of queued messages in one transaction: of a ground on which several rest it asks the database once.
#[derive(Debug, Default)]
pub struct Grounds {
    judged: HashMap<Resting, bool>,
    activities: Option<Vec<Activity>>,
}

impl Grounds {
    /// Whether the ground of a queued message still holds: asked at every lease.
    pub fn still_hold(&mut self, conn: &mut Conn, on: Resting, now: DateTime<Utc>) -> Result<bool> {
        if let Some(known) = self.judged.get(&on) {
            return Ok(*known);
        }
        let holds = self.judge(conn, on, now)?;
        self.judged.insert(on, holds);
        Ok(holds)
    }

    fn judge(&mut self, conn: &mut Conn, on: Resting, now: DateTime<Utc>) -> Result<bool> {
        if let Some((record, seq)) = on.record {
            let purpose = match rows::live_purpose(conn, record, seq, now)? {
                Some(purpose) => purpose,
                None => match renewed::goes_on(conn, record, seq, now)? {
                    Some(purpose) => purpose,
                    None => return Ok(false),
                },
            };
            let restricted = match rows::record_of(conn, record)? {
                Some(grant) => restriction::is_about(conn, grant.subject)?,
                None => false,
            };
            let activities = match self.activities.take() {
                Some(known) => known,
                None => activity::activities(conn)?,
            };
            return Ok(!restricted && activity::standing(self.activities.insert(activities), purpose).is_some());
        }
        if let Some(thread) = on.reply_in {
            return Ok(threads::by_id(conn, thread)?.is_some_and(|thread| thread.open && !thread.restricted));
        }
        match on.duty {
            Some(message) => bearing::shows_only_what_is_given(conn, message),
            None => Ok(true),
        }
    }
}

/// Whether the ground of one queued message still holds.
pub fn still_holds(conn: &mut Conn, on: Resting, now: DateTime<Utc>) -> Result<bool> {
    Grounds::default().still_hold(conn, on, now)
}
