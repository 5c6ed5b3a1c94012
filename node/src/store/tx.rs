//! The transaction that one act runs in.

use chrono::{DateTime, Utc};

use super::Conn;
use super::conn::Part;
use crate::error::Result;

/// An open write transaction. What must commit together takes `&mut Tx`, so the compiler holds the rule.
///
/// Only [`Store::write`](super::Store::write) makes one; it commits when the act returns `Ok`.
#[derive(Debug)]
pub struct Tx<'c> {
    conn: &'c mut Conn,
    now: DateTime<Utc>,
    forgot: Forgot,
    lost: bool,
}

/// What an act ended for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Forgot {
    Nothing,
    /// A record: no copy of the data may bring it back.
    Record,
    /// A key, too: nothing may be left of it on the disk.
    Key,
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c mut Conn, now: DateTime<Utc>) -> Self {
        Self { conn, now, forgot: Forgot::Nothing, lost: false }
    }

    /// The connection, for queries. Not for `BEGIN`, `COMMIT` or `ROLLBACK`.
    pub fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    /// The instant of this act: one for all that it does.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// A part that may fail alone: on `Err` only what `part` did is undone, and the transaction goes on.
    ///
    /// Whoever means to go on after a failed statement, say a broken unique key, runs it in here: without a savepoint
    /// PostgreSQL refuses every later statement of the transaction.
    ///
    /// # Errors
    /// What `part` returned, or the database's own when the savepoint cannot be set or released.
    pub fn savepoint<T>(&mut self, part: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.conn.begin_part(Part::OfAct)?;
        let mut inner = Tx::new(self.conn, self.now);
        let (done, forgot, lost) = (part(&mut inner), inner.forgot, inner.lost);
        self.lost |= lost;
        match done {
            Ok(value) => {
                self.conn.keep_part(Part::OfAct)?;
                self.forgot = self.forgot.max(forgot);
                Ok(value)
            }
            Err(error) => match self.conn.undo_part(Part::OfAct) {
                // Whoever goes on after this error must not: the whole transaction may be gone.
                Err(undone) => {
                    self.lost = true;
                    Err(if error.is_storage_full() { error } else { undone })
                }
                Ok(()) => Err(error),
            },
        }
    }

    /// Whether a part could not be undone: then the database has given up the whole transaction, and whatever is still written
    /// would stand alone.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Says that this act ended a record for good: what no copy of the data may bring back. When it is committed, and before
    /// it is reported done, the store tells whoever keeps that outside the database
    /// ([`Store::after_forgetting`](super::Store::after_forgetting)).
    pub fn forgot_record(&mut self) {
        self.forgot = self.forgot.max(Forgot::Record);
    }

    /// Says that this act destroyed a key. The same, and the key is removed from what SQLite wrote ahead
    /// ([`Store::scrub`](super::Store::scrub)).
    pub fn forgot_key(&mut self) {
        self.forgot = Forgot::Key;
    }

    pub(super) fn has_forgotten(&self) -> Forgot {
        self.forgot
    }
}
