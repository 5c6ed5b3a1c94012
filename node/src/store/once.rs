//! What was asked for under a key happens once, however often it is asked for.
//!
//! What must hold:
//! - The row of the claim is inserted by the transaction of the act itself: [`claiming`] runs a future, and the first
//!   [`write`](super::Store::write) inside it that commits carries the claim. A crash leaves both or neither, and of two
//!   processes the unique key lets one through.
//! - An act that fails takes its claim back with it, so the key is free again. What takes several acts is claimed by the
//!   last of them, and the others run [`aside`]: broken off between two, it is asked for again under the same key.
//! - Key and content are digests; what they were made of is whoever calls this.
//! - Answers are opaque and sealed by the caller. None outlives [`LIFE`], and [`forget_answers`] takes all of them.
//! - A clock that is wrong for a moment frees no key: that an act was done is known until [`forget_keys`], which waits for a
//!   clock that somebody has confirmed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use staffetta_protocol::problem::Code;

use super::schema::done_once;
use super::{At, Conn, Tx};
use crate::error::Result;

/// For how long a key is remembered at least, and an answer at most.
pub const LIFE: TimeDelta = TimeDelta::hours(24);

/// A digest under a key of the node, of 32 bytes.
pub type Digest = [u8; 32];

tokio::task_local! {
    /// What the task at hand claims; of one task, so nodes in one process share nothing.
    static UNDER: Option<Claim>;
}

const FREE: u8 = 0;
const UNDER_WAY: u8 = 1;
const COMMITTED: u8 = 2;

/// A key that an act is to be done under. Clones are the same claim.
#[derive(Clone)]
pub struct Claim {
    key: Digest,
    content: Digest,
    state: Arc<AtomicU8>,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim")
    }
}

impl Claim {
    /// A claim of `key` for an act with that content.
    pub fn new(key: Digest, content: Digest) -> Self {
        Self { key, content, state: Arc::new(AtomicU8::new(FREE)) }
    }

    /// Whether an act has committed under it.
    pub fn is_committed(&self) -> bool {
        self.state.load(Ordering::Acquire) == COMMITTED
    }

    /// Inserts the row in the transaction of the act.
    ///
    /// # Errors
    /// `request_under_way` when another act holds the key: it has committed a moment ago, or is about to.
    pub(super) fn take(&self, tx: &mut Tx<'_>) -> Result<()> {
        let now = tx.now();
        let inserted = diesel::insert_into(done_once::table)
            .values((
                done_once::key.eq(self.key.to_vec()),
                done_once::content.eq(self.content.to_vec()),
                done_once::at.eq(At::from(now)),
                done_once::withheld.eq(false),
            ))
            .execute(tx.conn());
        match inserted {
            Ok(_) => Ok(()),
            Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Err(Code::RequestUnderWay.into()),
            Err(cause) => Err(cause.into()),
        }
    }
}

/// The right of one act to carry the claim; given back unless the act has committed.
pub(super) struct First(Claim);

impl First {
    pub(super) fn claim(&self) -> Claim {
        self.0.clone()
    }

    pub(super) fn committed(self) {
        self.0.state.store(COMMITTED, Ordering::Release);
    }
}

impl Drop for First {
    fn drop(&mut self) {
        // Whoever has committed has left this state already.
        let _ = self.0.state.compare_exchange(UNDER_WAY, FREE, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// The claim of the task at hand, if no act carries it yet.
pub(super) fn first() -> Option<First> {
    let claim = UNDER.try_with(Option::clone).ok().flatten()?;
    let free = claim.state.compare_exchange(FREE, UNDER_WAY, Ordering::AcqRel, Ordering::Acquire).is_ok();
    free.then(|| First(claim))
}

/// Runs `future`; the first act in it that commits carries `claim`.
pub async fn claiming<F: Future>(claim: Claim, future: F) -> F::Output {
    UNDER.scope(Some(claim), future).await
}

/// Runs a part of such a future whose acts may be written twice and leave the key free: notes on other nodes, say, which are
/// no part of what was asked for; or all but the last of several acts, each of which changes nothing when it is repeated.
pub async fn aside<F: Future>(future: F) -> F::Output {
    UNDER.scope(None, future).await
}

/// What was done under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Digest of what was asked for.
    pub content: Digest,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// The answer, sealed by whoever kept it.
    pub sealed: Option<Vec<u8>>,
    /// Whether no answer will come any more.
    pub withheld: bool,
}

/// What was done under `key`. An answer older than [`LIFE`] is not told any more.
pub fn find(conn: &mut Conn, key: &Digest, now: DateTime<Utc>) -> Result<Option<Done>> {
    let found = done_once::table
        .find(key.to_vec())
        .select((done_once::content, done_once::at, done_once::sealed, done_once::withheld))
        .first::<(Vec<u8>, At, Option<Vec<u8>>, bool)>(conn)
        .optional()?;
    let Some((content, at, sealed, withheld)) = found else { return Ok(None) };
    let old = at.0 <= now - LIFE;
    let (sealed, withheld) = if old { (None, true) } else { (sealed, withheld) };
    let content = content.try_into().map_err(|_| crate::error::Error::internal("a stored digest has no 32 bytes"))?;
    Ok(Some(Done { content, at: at.0, sealed, withheld }))
}

/// Keeps the answer of what was done under `key`; `None` for one that must not be kept. One that was to be forgotten
/// meanwhile stays so.
pub fn keep(tx: &mut Tx<'_>, key: &Digest, sealed: Option<Vec<u8>>) -> Result<()> {
    let withheld = sealed.is_none();
    diesel::update(done_once::table.find(key.to_vec()).filter(done_once::withheld.eq(false)))
        .set((done_once::sealed.eq(sealed), done_once::withheld.eq(withheld)))
        .execute(tx.conn())?;
    Ok(())
}

/// Forgets every answer, also those that are still to come. That the acts were done stays known.
pub fn forget_answers(tx: &mut Tx<'_>) -> Result<()> {
    diesel::update(done_once::table.filter(done_once::withheld.eq(false)))
        .set((done_once::sealed.eq(None::<Vec<u8>>), done_once::withheld.eq(true)))
        .execute(tx.conn())?;
    Ok(())
}

/// Forgets answers older than [`LIFE`]. By any clock, confirmed or not: what is lost is a convenience, and what would stay
/// may be somebody's data.
pub fn purge(tx: &mut Tx<'_>) -> Result<()> {
    let end = At::from(tx.now() - LIFE);
    let old = done_once::table.filter(done_once::at.le(end)).filter(done_once::withheld.eq(false));
    diesel::update(old)
        .set((done_once::sealed.eq(None::<Vec<u8>>), done_once::withheld.eq(true)))
        .execute(tx.conn())?;
    Ok(())
}

/// Forgets keys older than [`LIFE`]: they may be used for something else. Only by a clock that is confirmed, since what was
/// done under a forgotten key is done again when it is asked for again.
pub fn forget_keys(tx: &mut Tx<'_>) -> Result<()> {
    let end = At::from(tx.now() - LIFE);
    diesel::delete(done_once::table.filter(done_once::at.le(end))).execute(tx.conn())?;
    Ok(())
}

/// Forgets every key and answer: for a node that was restored, which answers nothing from before.
pub fn forget_all(tx: &mut Tx<'_>) -> Result<()> {
    diesel::delete(done_once::table).execute(tx.conn())?;
    Ok(())
}
