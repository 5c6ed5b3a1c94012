//! Before the transaction: read and verify every item of a batch. Pure.

use std::thread;

use chrono::{DateTime, Utc};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::link::{Batch, Item, MAX_MESSAGE_BYTES};
use staffetta_protocol::message::{self, Message, Misaddressed, OpenError};
use staffetta_protocol::problem::{Code, ItemCode, Problem};

use crate::error::{Error, Result};

/// One item, as far as it could be read without a database.
#[derive(Debug)]
pub struct Opened {
    /// Its number.
    pub seq: u64,
    /// The digest that the receipt names.
    pub digest: Digest,
    /// Its message id, where that can be read.
    pub id: Option<MessageId>,
    /// What it is.
    pub content: Content,
}

/// What an item turned out to be.
#[derive(Debug)]
pub enum Content {
    /// A message that verified, with its frozen bytes.
    Message(Box<Message>, String),
    /// To be refused with this code.
    Refused(ItemCode),
    /// From the future by this node's clock: not to be decided yet.
    NotYet,
    /// Signed with a key that the last known configuration of the peer does not have.
    UnknownKey,
    /// The word that the message of this id and digest will not come.
    Void,
}

/// Opens a batch. Whether it is of the caller and for this node is a matter of the whole request.
pub fn open(batch: Batch, keys: &KeySet, from: &EntityId, me: &EntityId, now: DateTime<Utc>) -> Result<Vec<Opened>> {
    if batch.items.is_empty() || batch.epoch == 0 {
        return Err(Problem::new(Code::MalformedRequest).detail("a batch has at least one item, and an epoch").into());
    }
    let ordered = batch.items.windows(2).all(|pair| pair[0].seq.checked_add(1) == Some(pair[1].seq));
    if !ordered || batch.items.first().is_some_and(|first| first.seq == 0) {
        return Err(Problem::new(Code::OutOfSequence).detail("the items do not follow one another").into());
    }
    let open_one = |item| open_item(item, keys, from, me, now);
    let (mut items, cores) = (batch.items, thread::available_parallelism().map_or(1, usize::from));
    if items.len() < WORTH_SHARING || cores == 1 {
        return items.into_iter().map(open_one).collect();
    }
    // The signatures are most of what a batch costs before its transaction, and none depends on another.
    let share = items.len().div_ceil(cores);
    thread::scope(|scope| {
        let mut parts = Vec::with_capacity(cores);
        while items.len() > share {
            let part = items.split_off(items.len() - share);
            parts.push(scope.spawn(move || part.into_iter().map(open_one).collect::<Result<Vec<_>>>()));
        }
        let mut opened = items.into_iter().map(open_one).collect::<Result<Vec<_>>>()?;
        for part in parts.into_iter().rev() {
            opened.extend(part.join().map_err(|_| Error::internal("a batch was not opened"))??);
        }
        Ok(opened)
    })
}

/// Fewer items than these are opened sooner than a thread is started.
const WORTH_SHARING: usize = 16;

fn open_item(item: Item, keys: &KeySet, from: &EntityId, me: &EntityId, now: DateTime<Utc>) -> Result<Opened> {
    match (item.message, item.void) {
        (Some(jws), None) => {
            if jws.len() > MAX_MESSAGE_BYTES {
                return Err(Problem::new(Code::TooLarge).detail("a message is larger than 256 KiB").into());
            }
            let (id, content) = match message::open(&jws, keys, from, me, now) {
                Ok(message) => {
                    let (digest, id) = (message.digest, Some(message.id));
                    return Ok(Opened { seq: item.seq, digest, id, content: Content::Message(Box::new(message), jws) });
                }
                Err(OpenError::Refused { code, id, why }) => {
                    tracing::warn!(peer = %from, seq = item.seq, %code, %why, "a message does not open");
                    (id, Content::Refused(code))
                }
                Err(OpenError::NotYet { id }) => (id, Content::NotYet),
                Err(OpenError::UnknownKey) => (None, Content::UnknownKey),
                Err(OpenError::Misaddressed(Misaddressed::Issuer)) => return Err(Code::IssuerNotCaller.into()),
                Err(OpenError::Misaddressed(Misaddressed::Audience)) => {
                    return Err(Code::AudienceNotThisNode.into());
                }
            };
            Ok(Opened { seq: item.seq, digest: Digest::of(&jws), id, content })
        }
        (None, Some(void)) => {
            Ok(Opened { seq: item.seq, digest: void.digest, id: Some(void.id), content: Content::Void })
        }
        _ => Err(Problem::new(Code::MalformedRequest).detail("an item is either a message or a void").into()),
    }
}

/// After the sender's configuration was fetched anew: a key that is still unknown vouches for nothing.
pub fn refuse_unknown_keys(items: &mut [Opened]) {
    for item in items {
        if matches!(item.content, Content::UnknownKey) {
            item.content = Content::Refused(ItemCode::MessageInvalid);
        }
    }
}
