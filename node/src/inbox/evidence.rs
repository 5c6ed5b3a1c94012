//! What was said in one conversation, both ways, as it was signed, and the receipts that speak of it: for evidence.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::schema::{inbox_item, known_message, outbox, receipt};
use crate::store::{At, Conn, Id};
use crate::vault::{Place, Vault};

/// A message as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Whether this node said it.
    pub own: bool,
    /// Its id.
    pub id: MessageId,
    /// Its type.
    pub kind: String,
    /// Digest of its compact form.
    pub digest: Digest,
    /// Its compact form; none when it was erased, or the key of its subject was destroyed.
    pub jws: Option<String>,
    /// When it was queued or received.
    pub at: DateTime<Utc>,
    /// The receipts that say what became of it: the first by which it was accepted, and the last.
    pub receipts: Vec<String>,
}

/// Every message of a thread that was numbered, accepted or taken, the oldest first.
pub fn conversation(conn: &mut Conn, vault: &Vault, peer: &EntityId, thread: Uuid) -> Result<Vec<Kept>> {
    let mut all = sent(conn, vault, thread)?;
    all.extend(received(conn, vault, peer, thread)?);
    all.sort_by_key(|kept| kept.at);
    Ok(all)
}

/// Id, type, digest, bytes, the first receipt by which it was accepted, the last receipt, when it was queued.
type Sent = (Id, String, String, Option<Vec<u8>>, Option<Id>, Option<Id>, At);

fn sent(conn: &mut Conn, vault: &Vault, thread: Uuid) -> Result<Vec<Kept>> {
    let rows: Vec<Sent> = outbox::table
        .filter(outbox::thread.eq(Id(thread)))
        .filter(outbox::seq.is_not_null().or(outbox::accepted.is_not_null()))
        .select((
            outbox::message,
            outbox::kind,
            outbox::digest,
            outbox::sealed,
            outbox::accepted,
            outbox::receipt,
            outbox::queued_at,
        ))
        .load(conn)?;
    let mut found = Vec::new();
    for (message, kind, digest, sealed, accepted, last, at) in rows {
        let place = Place { table: "outbox", row: message.0, column: "sealed" };
        let by = accepted.into_iter().chain(last.filter(|last| accepted != Some(*last)));
        found.push(Kept {
            own: true,
            id: MessageId(message.0),
            kind,
            digest: digest.parse().map_err(Error::internal)?,
            jws: opened(conn, vault, place, sealed)?,
            at: at.0,
            receipts: by
                .filter_map(|id| receipt::table.find(id).select(receipt::jws).first(conn).optional().transpose())
                .collect::<std::result::Result<_, _>>()?,
        });
    }
    Ok(found)
}

type Received = (Id, Option<String>, String, Option<Vec<u8>>, At);

fn received(conn: &mut Conn, vault: &Vault, peer: &EntityId, thread: Uuid) -> Result<Vec<Kept>> {
    let rows: Vec<Received> = known_message::table
        .filter(known_message::peer.eq(peer.as_str()))
        .filter(known_message::thread.eq(Id(thread)))
        .select((
            known_message::message,
            known_message::kind,
            known_message::digest,
            known_message::sealed,
            known_message::received_at,
        ))
        .load(conn)?;
    let mut found = Vec::new();
    for (message, kind, digest, sealed, at) in rows {
        let place = Place { table: "known_message", row: message.0, column: "sealed" };
        found.push(Kept {
            own: false,
            id: MessageId(message.0),
            kind: kind.unwrap_or_default(),
            digest: digest.parse().map_err(Error::internal)?,
            jws: opened(conn, vault, place, sealed)?,
            at: at.0,
            receipts: given(conn, peer, message)?.into_iter().collect(),
        });
    }
    Ok(found)
}

fn opened(conn: &mut Conn, vault: &Vault, place: Place, sealed: Option<Vec<u8>>) -> Result<Option<String>> {
    let Some(sealed) = sealed else { return Ok(None) };
    let Some(plain) = vault.open(conn, place, &sealed)? else { return Ok(None) };
    Ok(Some(String::from_utf8(plain.to_vec()).map_err(Error::internal)?))
}

/// The first receipt that this node gave for a message.
fn given(conn: &mut Conn, peer: &EntityId, message: Id) -> Result<Option<String>> {
    let number: Option<(i32, i64)> = inbox_item::table
        .filter(inbox_item::peer.eq(peer.as_str()))
        .filter(inbox_item::message.eq(message))
        .order((inbox_item::epoch, inbox_item::seq))
        .select((inbox_item::epoch, inbox_item::seq))
        .first(conn)
        .optional()?;
    let Some((epoch, seq)) = number else { return Ok(None) };
    Ok(receipt::table
        .filter(receipt::peer.eq(peer.as_str()))
        .filter(receipt::direction.eq("out"))
        .filter(receipt::epoch.eq(epoch))
        .filter(receipt::through_seq.ge(seq))
        .order((receipt::through_seq, receipt::at))
        .select(receipt::jws)
        .first(conn)
        .optional()?)
}
