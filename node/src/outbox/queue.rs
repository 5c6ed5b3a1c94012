//! Queueing: from a permit and a body to frozen, sealed bytes.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::consent::Ground;
use staffetta_protocol::data::Body;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::message::{self, Actor, Claims, MAX_DAYS};
use uuid::Uuid;

use super::links;
use crate::config::{OwnBasisYears, RetentionConfig};
use crate::error::{Error, Result};
use crate::grants::{self, Permit, Thread};
use crate::keys::{Keys, Kind};
use crate::store::schema::outbox;
use crate::store::{At, Id, Tx};
use crate::vault::{Place, Subject, Vault};

/// What is needed to queue: the node's name, keys and vault.
#[derive(Debug, Clone)]
pub struct Outbox {
    entity_id: EntityId,
    keys: Keys,
    vault: Vault,
    own_basis: OwnBasisYears,
}

impl Outbox {
    /// A handle, with which things are kept for as long as they are by default.
    pub fn new(entity_id: EntityId, keys: Keys, vault: Vault) -> Self {
        Self { entity_id, keys, vault, own_basis: RetentionConfig::default().own_basis() }
    }

    /// The same, with which things are kept for as long as the settings say.
    pub fn keeping(self, set: &RetentionConfig) -> Self {
        Self { own_basis: set.own_basis(), ..self }
    }

    /// For how long this node keeps what is its own by law when it is taken back: said in the answer to a withdrawal.
    pub fn own_basis(&self) -> OwnBasisYears {
        self.own_basis
    }

    /// This node.
    pub fn entity_id(&self) -> &EntityId {
        &self.entity_id
    }

    /// The keys that sign.
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The vault, for rooms that seal what they keep beside the message.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }
}

/// A message to queue.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// The thread it belongs to; `None` in `consent.*`.
    pub thread: Option<&'a Thread>,
    /// Who acts.
    pub actor: Actor,
    /// The content.
    pub body: Body,
    /// Which version of the card it shows, if it shows one.
    pub card_version: Option<u32>,
    /// An earlier end than the longest life of a message, if there is one.
    pub not_after: Option<DateTime<Utc>>,
}

pub(super) const fn place(message: Uuid) -> Place {
    Place { table: "outbox", row: message, column: "sealed" }
}

/// Signs a personal message, freezes and seals its bytes, and queues it for the permit's recipient: all in the
/// transaction of the act. The groups in the body must be those of the permit.
pub fn enqueue_personal(tx: &mut Tx<'_>, handle: &Outbox, permit: &Permit, out: Outgoing<'_>) -> Result<MessageId> {
    enqueue(tx, handle, permit, out, None)
}

/// The same for a withdrawal, which says how many nodes it has come through.
pub fn enqueue_recall(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    permit: &Permit,
    out: Outgoing<'_>,
    depth: u32,
) -> Result<MessageId> {
    enqueue(tx, handle, permit, out, Some(depth))
}

fn enqueue(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    permit: &Permit,
    out: Outgoing<'_>,
    depth: Option<u32>,
) -> Result<MessageId> {
    let carried = out.body.groups();
    if let Some(uncovered) = carried.iter().find(|group| !permit.groups().contains(group)) {
        return Err(Error::internal(format!("{} is not covered by the permit", uncovered.code())));
    }
    let peer = permit.peer().must_be_node()?;
    let now = tx.now();
    let id = MessageId(Uuid::new_v4());
    let recall = out.body.is_recall();
    let expires_at = (!recall).then(|| {
        let longest = now + TimeDelta::days(MAX_DAYS);
        out.not_after.map_or(longest, |end| end.min(longest))
    });
    if let Some(grant) = permit.ground().grant().filter(|grant| grant.single_use) {
        grants::hold(tx, grant.record, grant.seq.get(), id)?;
    }
    let place_in_thread = out.thread.map(|thread| grants::sent(tx, thread.id)).transpose()?;
    let claims = Claims {
        iss: handle.entity_id.clone(),
        aud: peer.clone(),
        jti: id,
        iat: now.timestamp(),
        exp: expires_at.map(|at| at.timestamp()),
        kind: out.body.type_name().to_owned(),
        thread: out.thread.map(|thread| thread.wire),
        thread_seq: place_in_thread.map(|(seq, _)| seq),
        seen: place_in_thread.map(|(_, seen)| seen),
        subject_ref: Some(permit.subject_ref()),
        ground: Some(permit.ground().clone()),
        depth,
        actor: out.actor,
        data: message::data_of(&out.body).map_err(Error::internal)?,
    };
    let key = handle.keys.signing(tx.conn(), Kind::Protocol, now)?;
    let jws = message::seal(&claims, &key).map_err(Error::internal)?;
    let digest = Digest::of(&jws);
    let sealed = handle.vault.seal(tx.conn(), permit.subject(), place(id.0), jws.as_bytes())?;
    let queue_no = links::next_queue_number(tx, peer)?;
    let (ground, record) = remembered(permit.ground());
    diesel::insert_into(outbox::table)
        .values((
            outbox::message.eq(Id(id.0)),
            outbox::peer.eq(peer.as_str()),
            outbox::kind.eq(&claims.kind),
            outbox::thread.eq(out.thread.map(|thread| Id(thread.id))),
            outbox::thread_seq.eq(place_in_thread.map(|(seq, _)| seq as i64)),
            outbox::subject.eq(Id(permit.subject().0)),
            outbox::purpose.eq(permit.purpose().map(|p| p.code())),
            outbox::ground.eq(&ground),
            outbox::record.eq(record.map(|(record, _)| Id(record.0))),
            outbox::record_seq.eq(record.map(|(_, seq)| seq as i32)),
            outbox::priority.eq(if matches!(out.body, Body::ConsentWithdrawn(_)) { 0 } else { 1 }),
            outbox::queue_no.eq(queue_no),
            outbox::digest.eq(digest.to_string()),
            outbox::sealed.eq(sealed),
            outbox::size.eq(jws.len() as i32),
            outbox::state.eq("queued"),
            outbox::queued_at.eq(At::from(now)),
            outbox::expires_at.eq(expires_at.map(At::from)),
        ))
        .execute(tx.conn())?;
    if recall {
        // It passes where nothing else does, so it does not wait for a link that was put off.
        links::wake(tx, peer)?;
    }
    grants::note_disclosure(
        tx,
        &grants::Disclosure {
            message: id,
            subject: permit.subject(),
            peer: peer.into(),
            organisation: permit.organisation().to_owned(),
            kind: claims.kind,
            purpose: permit.purpose(),
            groups: carried.into_iter().collect(),
            ground,
            record,
            card_version: out.card_version,
            at: now,
        },
    )?;
    Ok(id)
}

fn remembered(ground: &Ground) -> (String, Option<(staffetta_protocol::id::RecordId, u32)>) {
    match ground {
        Ground::Consent { grant } => ("consent".into(), Some((grant.record, grant.seq.get()))),
        Ground::Reply {} => ("reply".into(), None),
        Ground::Duty { basis, .. } => (format!("duty:{}", basis.code()), None),
    }
}

/// Withdrawals and answers to them that wait to leave stay readable when the keys of these people go: they say numbers, and
/// whoever holds something must hear that it is taken back. Called before the keys are destroyed.
///
/// # Errors
/// What the database refuses.
pub fn outlive(tx: &mut Tx<'_>, vault: &Vault, subjects: &[Subject]) -> Result<()> {
    let hers: Vec<Id> = subjects.iter().map(|subject| Id(subject.0)).collect();
    let waiting: Vec<(Id, Option<Vec<u8>>)> = outbox::table
        .filter(outbox::subject.eq_any(hers))
        .filter(outbox::state.eq("queued"))
        .filter(outbox::kind.like("consent.%"))
        .select((outbox::message, outbox::sealed))
        .load(tx.conn())?;
    let mut nobody = None;
    for (message, sealed) in waiting {
        let Some(sealed) = sealed else { continue };
        let Some(bytes) = vault.open(tx.conn(), place(message.0), &sealed)? else { continue };
        let nobody = match nobody {
            Some(nobody) => nobody,
            None => *nobody.insert(vault.subject_for_person(tx)?),
        };
        let sealed = vault.seal(tx.conn(), nobody, place(message.0), &bytes)?;
        diesel::update(outbox::table.find(message)).set(outbox::sealed.eq(sealed)).execute(tx.conn())?;
    }
    Ok(())
}
