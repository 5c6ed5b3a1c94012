//! What a peer says about the checkpoints that are kept of it: judged alike, whether it was asked or spoke by itself.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{self, KeySet};
use staffetta_protocol::log::{Checkpoint, Consistency};

use super::{Heard, Trouble, alarms, hear, raise};
use crate::error::{Error, Result};
use crate::store::schema::neighbour_checkpoint as heard;
use crate::store::{At, Id, Tx};

/// What came out about one checkpoint.
#[derive(Debug, Clone)]
pub struct Judged {
    kept: Heard,
    /// The checkpoint that the peer put against it, if it did.
    answer: Option<String>,
    verdict: std::result::Result<(), Trouble>,
}

/// Judges what a peer says about a checkpoint that is kept. `said` is None where it says, under its signature, that it has
/// no such log or none that long. None when what it says proves nothing either way, since it is not under its signature.
pub fn judge(
    kept: Heard,
    said: Option<&Consistency>,
    keys: &KeySet,
    peer: &EntityId,
    now: DateTime<Utc>,
) -> Option<Judged> {
    let verdict = match said {
        Some(said) => verdict(&kept, said, keys, peer, now)?.map(|_| ()),
        None => Err(Trouble::Truncated),
    };
    Some(Judged { kept, answer: said.map(|said| said.checkpoint.clone()), verdict })
}

/// The peer's log of today, or what is wrong with it.
pub(in crate::journal) fn verdict(
    kept: &Heard,
    said: &Consistency,
    keys: &KeySet,
    peer: &EntityId,
    now: DateTime<Utc>,
) -> Option<std::result::Result<Checkpoint, Trouble>> {
    let today = Checkpoint::open(&said.checkpoint, keys, peer, now).ok()?;
    let then: Checkpoint = jose::peek(&kept.jws).ok()?;
    if today.log != then.log {
        return Some(Err(Trouble::Replaced));
    }
    if today.size < then.size {
        return Some(Err(Trouble::Truncated));
    }
    Some(then.is_continued_by(&today, &said.proof).map(|()| today).map_err(|_| Trouble::Rewritten))
}

/// Keeps what was judged. The alarms that are new: somebody is to be told of each.
pub fn settle(tx: &mut Tx<'_>, peer: &EntityId, judged: &[Judged]) -> Result<Vec<Trouble>> {
    let mut new = Vec::new();
    for one in judged {
        match (one.verdict, &one.answer) {
            (Ok(()), Some(today)) => new.extend(proven(tx, peer, &one.kept, today)?),
            (Ok(()), None) => return Err(Error::internal("a checkpoint is proven by nothing")),
            (Err(trouble), answer) => {
                if raise(tx, peer, trouble, &one.kept, answer.as_deref())? {
                    new.push(trouble);
                }
                diesel::update(heard::table.find((peer.as_str(), one.kept.log, one.kept.size)))
                    .set(heard::refuted_at.eq(At::from(tx.now())))
                    .execute(tx.conn())?;
            }
        }
        alarms::end_withheld(tx, peer, one.kept.log())?;
    }
    Ok(new)
}

/// A checkpoint is the beginning of `today`, which takes its place. Only that one: what else was shown today may have been
/// shown of another tree, and each is asked about on its own.
fn proven(tx: &mut Tx<'_>, peer: &EntityId, kept: &Heard, today: &str) -> Result<Option<Trouble>> {
    let trouble = hear(tx, peer, today)?;
    let claims: Checkpoint = jose::peek(today).map_err(Error::internal)?;
    let size = claims.size as i64;
    // Under that size another root may be kept, which is an alarm: then the older one stays, too.
    let in_its_place =
        heard::table.find((peer.as_str(), Id(claims.log.0), size)).filter(heard::root.eq(claims.root.to_string()));
    let now = At::from(tx.now());
    if diesel::update(in_its_place).set(heard::proven_at.eq(now)).execute(tx.conn())? == 1 && kept.size < size {
        diesel::delete(heard::table.find((peer.as_str(), kept.log, kept.size))).execute(tx.conn())?;
    }
    Ok(trouble)
}
