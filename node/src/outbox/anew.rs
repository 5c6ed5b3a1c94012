//! What this node signed while its clock was ahead.
//!
//! Signed bytes are frozen; this is the one exception, and it is made only of bytes that nobody has decided on. A message
//! from the future is refused by nobody and taken by nobody, so it would wait until its time comes, for a year perhaps.
//! Once the clock is confirmed it is signed anew with the time that it is: same id, same place in its thread and its
//! queue, same content; it ends when it would have ended, and never later than a message may.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::jose;
use staffetta_protocol::message::{self, Claims, MAX_DAYS};

use super::queue::{Outbox, place};
use crate::error::{Error, Result};
use crate::grants;
use crate::journal::{self, Actor, Entry};
use crate::keys::Kind;
use crate::store::schema::outbox;
use crate::store::{At, Id, Tx};

/// What honest clocks may differ by: a receiver takes what is from the future by no more.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// Messages that are signed anew in one transaction, at most.
const AT_ONCE: i64 = 200;

/// Whether a message of this instant is from the future.
pub(super) fn is_ahead(queued_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    queued_at > now + LEEWAY
}

/// Whether this frozen message is from the future, as far as can be read.
pub fn is_from_the_future(jws: &str, now: DateTime<Utc>) -> bool {
    #[derive(serde::Deserialize)]
    struct Issued {
        iat: i64,
    }
    jose::peek::<Issued>(jws).is_ok_and(|it| it.iat > (now + LEEWAY).timestamp())
}

type Ahead = (Id, String, Option<Vec<u8>>, Option<At>);

/// Signs anew what waits for a peer and is from the future, at most a batch at once, and says how much that was: what
/// never left, and of what may have left the numbers that the peer says, under its signature, not to have decided. Only
/// by a clock that is confirmed.
///
/// # Errors
/// What the database or the keys refuse.
pub fn sign_anew(tx: &mut Tx<'_>, handle: &Outbox, peer: &EntityId, undecided: Option<(u32, u64)>) -> Result<usize> {
    let now = tx.now();
    let waiting = |limit| {
        outbox::table
            .filter(outbox::peer.eq(peer.as_str()))
            .filter(outbox::state.eq("queued"))
            .filter(outbox::queued_at.gt(At::from(now + LEEWAY)))
            .order((outbox::priority, outbox::queue_no))
            .limit(limit)
            .select((outbox::message, outbox::digest, outbox::sealed, outbox::expires_at))
    };
    let mut ahead: Vec<Ahead> = waiting(AT_ONCE).filter(outbox::may_have_left.eq(false)).load(tx.conn())?;
    if let Some((epoch, from)) = undecided {
        let given = waiting(AT_ONCE).filter(outbox::epoch.eq(epoch as i32)).filter(outbox::seq.ge(from as i64));
        ahead.extend(given.load::<Ahead>(tx.conn())?);
    }
    let mut signed = 0;
    for row in ahead {
        signed += usize::from(sign(tx, handle, row, now)?);
    }
    if signed > 0 {
        tracing::warn!(%peer, signed, "messages that were signed by a clock that was ahead are signed anew");
        let entry = Entry::new(Actor::System, "exchange.signed-anew").peer(peer).code("clock_was_ahead");
        journal::record(tx, entry)?;
    }
    Ok(signed)
}

fn sign(tx: &mut Tx<'_>, handle: &Outbox, (id, digest, sealed, ends): Ahead, now: DateTime<Utc>) -> Result<bool> {
    let Some(sealed) = sealed else { return Ok(false) };
    let vault = handle.vault();
    let same = outbox::table.find(id).filter(outbox::state.eq("queued")).filter(outbox::digest.eq(digest));
    let Some(bytes) = vault.open(tx.conn(), place(id.0), &sealed)? else {
        // Bytes that cannot be opened go as what is not held, when their turn comes: which is now.
        return Ok(diesel::update(same).set(outbox::queued_at.eq(At::from(now))).execute(tx.conn())? == 1);
    };
    let frozen = std::str::from_utf8(&bytes).map_err(Error::internal)?;
    let claims: Claims = jose::peek(frozen).map_err(Error::internal)?;
    let longest = now + TimeDelta::days(MAX_DAYS);
    let ends = ends.map(|end| end.0.min(longest));
    if ends.is_some_and(|end| end <= now) {
        return Ok(false);
    }
    let claims = Claims { iat: now.timestamp(), exp: ends.map(|end| end.timestamp()), ..claims };
    let key = handle.keys().signing(tx.conn(), Kind::Protocol, now)?;
    let jws = message::seal(&claims, &key).map_err(Error::internal)?;
    let subject: Option<Id> = outbox::table.find(id).select(outbox::subject).first(tx.conn())?;
    let subject = subject.ok_or_else(|| Error::internal("a personal message without a subject"))?;
    let sealed = vault.seal(tx.conn(), crate::vault::Subject(subject.0), place(id.0), jws.as_bytes())?;
    let changed = diesel::update(same)
        .set((
            outbox::digest.eq(Digest::of(&jws).to_string()),
            outbox::sealed.eq(sealed),
            outbox::size.eq(jws.len() as i32),
            outbox::queued_at.eq(At::from(now)),
            outbox::expires_at.eq(ends.map(At::from)),
        ))
        .execute(tx.conn())?;
    if changed == 1 {
        grants::disclosed_anew(tx, MessageId(id.0))?;
    }
    Ok(changed == 1)
}
