//! Sessions: on the server, behind a secret that only the browser has.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::problem::Code;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::session_rows::{self as rows, SessionRow};
use super::{Door, code, end_everything};
use crate::access::{By, Pass, Staff, Standing, staff_row};
use crate::clock;
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::{Conn, Tx};

/// For how long the steps before the last one may take.
const STEPS: TimeDelta = TimeDelta::minutes(15);
/// How fine the last request is kept: a write for each would cost more than it tells.
const SEEN_STEP: TimeDelta = TimeDelta::minutes(1);

/// What the cookie holds: 256 random bits in base64url. `Debug` does not show it.
#[derive(Clone)]
pub struct SessionSecret(Zeroizing<String>);

impl SessionSecret {
    fn random() -> Result<Self> {
        Ok(Self(code::secret("")?))
    }

    /// What somebody presents, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        is_one.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The value of the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What every unsafe request of the session repeats in `X-CSRF-Token`. It follows from the secret and does not lead
    /// back, so nothing is kept of it.
    pub fn csrf(&self) -> String {
        code::derived("csrf", &self.0, "")
    }

    fn hash(&self) -> [u8; 32] {
        code::hash(&self.0)
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}

/// A session that was just opened: the only moment at which its secret can be seen.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// What it is ended by.
    pub id: Uuid,
    /// For the cookie.
    pub secret: SessionSecret,
    /// How far it has come.
    pub standing: Standing,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}

impl Door {
    /// Opens a session.
    pub(super) fn open(&self, tx: &mut Tx<'_>, staff: Uuid, standing: Standing, method: &str) -> Result<NewSession> {
        let (now, secret) = (tx.now(), SessionSecret::random()?);
        let id = clock::id_at(now);
        let expires_at = now + if standing == Standing::Full { self.longest() } else { STEPS };
        let method = method.to_owned();
        let row = SessionRow { id, staff, standing, method, created_at: now, seen_at: now, expires_at, ended_at: None };
        rows::insert(tx, &row, &secret.hash())?;
        Ok(NewSession { id, secret, standing, expires_at })
    }

    /// Puts a new session in the place of `old`, further on. The old secret is worth nothing from here on: whoever knew
    /// it before the step does not come along.
    pub(super) fn step(&self, tx: &mut Tx<'_>, old: &SessionRow, standing: Standing) -> Result<NewSession> {
        if !rows::end(tx, old.id)? {
            return Err(Code::NotAuthenticated.into());
        }
        self.open(tx, old.staff, standing, &old.method)
    }

    /// Whose session that is, and how far it carries. Unknown, ended, idle and of a disabled account look the same.
    ///
    /// # Errors
    /// `not_authenticated`, and the store's.
    pub async fn verify_session(&self, secret: &SessionSecret) -> Result<(Staff, Pass)> {
        let (now, hash, idle) = (self.0.store.clock().now(), secret.hash(), self.idle());
        let found = self.0.store.read(move |conn| {
            let Some(row) = rows::by_hash(conn, &hash)? else { return Ok(None) };
            Ok(staff_row(conn, row.staff)?.map(|account| (row, account)))
        });
        let (row, account) = found.await?.ok_or(Code::NotAuthenticated)?;
        let is_over = row.ended_at.is_some() || row.expires_at <= now || row.seen_at + idle <= now;
        if is_over || account.disabled_at.is_some() {
            return Err(Code::NotAuthenticated.into());
        }
        if now - row.seen_at >= SEEN_STEP {
            self.0.store.write(move |tx| rows::seen(tx, row.id)).await?;
        }
        let pass = Pass { by: By::Session(row.id), standing: row.standing, scopes: None };
        Ok((Staff { id: account.id, role: account.role, label: account.label }, pass))
    }

    /// The session that somebody is in, once more inside a transaction that changes what it may do.
    pub(super) fn current(&self, tx: &mut Tx<'_>, pass: &Pass) -> Result<SessionRow> {
        let id = pass.session().ok_or(Code::NotEntitled)?;
        let row = rows::by_id(tx.conn(), id)?.ok_or(Code::NotAuthenticated)?;
        let is_over = row.ended_at.is_some() || row.expires_at <= tx.now();
        let has_left = staff_row(tx.conn(), row.staff)?.is_none_or(|account| account.disabled_at.is_some());
        if is_over || has_left { Err(Code::NotAuthenticated.into()) } else { Ok(row) }
    }

    /// The sessions of an account that are open, at most fifty: those that are wholly in first, the newest first.
    pub fn sessions(&self, conn: &mut Conn, staff: Uuid, now: DateTime<Utc>) -> Result<Vec<SessionRow>> {
        rows::open_of(conn, staff, now, now - self.idle())
    }
}

/// Ends a session of `staff`. A second time changes nothing.
///
/// # Errors
/// `not_found`, also when it is somebody else's.
pub fn end_session(tx: &mut Tx<'_>, staff: Uuid, session: Uuid) -> Result<()> {
    rows::by_id(tx.conn(), session)?.filter(|row| row.staff == staff).ok_or(Code::NotFound)?;
    if rows::end(tx, session)? {
        journal::record(tx, Entry::new(Actor::Staff(staff), "session.closed").object(session))?;
    }
    Ok(())
}

/// Signs an account out everywhere: sessions, tokens, access tokens.
pub fn sign_out_everywhere(tx: &mut Tx<'_>, actor: Actor, staff: Uuid) -> Result<()> {
    end_everything(tx, staff, None)?;
    journal::record(tx, Entry::new(actor, "session.closed_everywhere").object(staff))
}
