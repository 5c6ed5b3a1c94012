//! This node's own keys: federation and protocol keys, their rotation and their history.
//!
//! What must hold:
//! - Private halves lie in the database, wrapped by the master key; a retired key's private half is destroyed.
//! - Rotation is rows with due times, so any process advances it and none has to be running at a given moment:
//!   published at once, signing from `sign_from`, retired at `retire_at`. Which key signs is a question to the rows
//!   and to `now`.
//! - A retired key stays published with `exp`, a revoked one with `revoked`: what was issued before stays verifiable.
//! - `keys` never calls the journal: the verb that rotates records it.

mod certificate;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::{EntityId, Kid};
use staffetta_protocol::jose::{Jwk, Jwks, Revoked, SigningKey};

use crate::error::{Error, Result};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// The longest that a partner may go on believing an entity configuration: its lifetime of 24 h.
pub const CONFIGURATION_CACHE: TimeDelta = TimeDelta::hours(24);
/// The longest that a partner may go on believing a subordinate statement: its lifetime of 72 h.
pub const STATEMENT_CACHE: TimeDelta = TimeDelta::hours(72);
/// For how long one key signs access tokens.
const ACCESS_KEY_LIFE: TimeDelta = TimeDelta::days(90);

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Signs entity configurations; vouched for by the authority.
    Federation,
    /// Signs calls, messages, receipts and entries; published in the entity configuration.
    Protocol,
    /// Signs the short-lived access tokens that this node's own desk issues and takes. Nobody else believes it.
    Access,
}

impl Kind {
    /// As it stands in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Federation => "federation",
            Self::Protocol => "protocol",
            Self::Access => "access",
        }
    }

    /// How long a new key is published before it signs.
    pub const fn overlap(self) -> TimeDelta {
        match self {
            Self::Federation => STATEMENT_CACHE,
            Self::Protocol => CONFIGURATION_CACHE,
            // Who verifies reads the same rows.
            Self::Access => TimeDelta::zero(),
        }
    }
}

/// One key with its due times, as stored.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// Its name.
    pub kid: Kid,
    /// What it is for.
    pub kind: Kind,
    /// The public half with its certificate; without times.
    pub public: Jwk,
    /// When it was made and published.
    pub created_at: DateTime<Utc>,
    /// From when it signs.
    pub sign_from: DateTime<Utc>,
    /// When it stops signing, if that is known.
    pub retire_at: Option<DateTime<Utc>>,
    /// When and why it was revoked.
    pub revoked: Option<(DateTime<Utc>, String)>,
    sealed: Option<Vec<u8>>,
}

impl KeyRow {
    fn signs_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked.is_none()
            && self.sealed.is_some()
            && self.sign_from <= now
            && self.retire_at.is_none_or(|retire| now < retire)
    }

    /// The key as published at `now`.
    pub fn published(&self, now: DateTime<Utc>) -> Jwk {
        Jwk {
            iat: Some(self.created_at.timestamp()),
            exp: self.retire_at.filter(|retire| *retire <= now).map(stopped),
            revoked: self
                .revoked
                .as_ref()
                .map(|(at, reason)| Revoked { revoked_at: at.timestamp(), reason: Some(reason.clone()) }),
            ..self.public.clone()
        }
    }
}

/// When a key stopped signing, in whole seconds: the one in which it signed for the last time lies before it.
fn stopped(retire: DateTime<Utc>) -> i64 {
    retire.timestamp() + i64::from(retire.timestamp_subsec_nanos() > 0)
}

/// Handle on the node's keys. Keeps opened private keys by name: a key never changes, it only stops being used.
#[derive(Clone)]
pub struct Keys {
    vault: Vault,
    entity_id: EntityId,
    opened: Arc<Mutex<HashMap<Kid, SigningKey>>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.entity_id)
    }
}

impl Keys {
    /// A handle; makes no key.
    pub fn new(vault: Vault, entity_id: EntityId) -> Self {
        Self { vault, entity_id, opened: Arc::default() }
    }

    /// Makes the first keys of a new node: one of each kind, signing at once.
    pub fn create(&self, tx: &mut Tx<'_>) -> Result<()> {
        for kind in [Kind::Federation, Kind::Protocol] {
            let now = tx.now();
            self.make(tx, kind, now)?;
        }
        Ok(())
    }

    /// The key that signs now.
    pub fn signing(&self, conn: &mut Conn, kind: Kind, now: DateTime<Utc>) -> Result<SigningKey> {
        let row = rows::of_kind(conn, kind)?
            .into_iter()
            .filter(|row| row.signs_at(now))
            .max_by_key(|row| row.sign_from)
            .ok_or_else(|| Error::internal(format!("no {} key may sign now", kind.as_str())))?;
        self.opened_key(&row)
    }

    /// The key that signs access tokens now; made when there is none, and rotated when it has signed for 90 days.
    pub fn signing_access(&self, tx: &mut Tx<'_>) -> Result<SigningKey> {
        let now = tx.now();
        let newest = rows::of_kind(tx.conn(), Kind::Access)?.into_iter().rfind(|row| row.signs_at(now));
        match newest {
            Some(row) if now - row.sign_from < ACCESS_KEY_LIFE => self.opened_key(&row),
            Some(_) => {
                self.rotate(tx, Kind::Access)?;
                self.signing(tx.conn(), Kind::Access, now)
            }
            None => {
                self.make(tx, Kind::Access, now)?;
                self.signing(tx.conn(), Kind::Access, now)
            }
        }
    }

    /// The key of that name, if its private half is still here.
    pub fn named(&self, conn: &mut Conn, kid: &Kid) -> Result<Option<SigningKey>> {
        rows::find(conn, kid)?.filter(|row| row.sealed.is_some()).map(|row| self.opened_key(&row)).transpose()
    }

    /// Every key of a kind as published at `now`: those that sign, that will sign, and that signed.
    pub fn jwks(&self, conn: &mut Conn, kind: Kind, now: DateTime<Utc>) -> Result<Jwks> {
        Ok(Jwks { keys: rows::of_kind(conn, kind)?.iter().map(|row| row.published(now)).collect() })
    }

    /// Every key of a kind, oldest first.
    pub fn list(&self, conn: &mut Conn, kind: Kind) -> Result<Vec<KeyRow>> {
        rows::of_kind(conn, kind)
    }

    /// Makes the next key of a kind and gives the present one its end: the new one is published now and signs after
    /// the overlap, when every partner has had time to learn it; the old one signs until then.
    pub fn rotate(&self, tx: &mut Tx<'_>, kind: Kind) -> Result<KeyRow> {
        let now = tx.now();
        let takes_over = now + kind.overlap();
        if rows::of_kind(tx.conn(), kind)?.iter().any(|row| row.sign_from > now && row.revoked.is_none()) {
            return Err(staffetta_protocol::problem::Problem::new(staffetta_protocol::problem::Code::Conflict)
                .detail("a rotation of this kind is under way")
                .into());
        }
        let kid = self.make(tx, kind, takes_over)?;
        rows::retire_others(tx, kind, &kid, takes_over)?;
        rows::find(tx.conn(), &kid)?.ok_or_else(|| Error::internal("the key just made is not there"))
    }

    /// Revokes every key of a kind that signs or will sign, and makes one that signs at once.
    pub fn replace_compromised(&self, tx: &mut Tx<'_>, kind: Kind) -> Result<KeyRow> {
        rows::revoke_all(tx, kind, "compromised")?;
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let now = tx.now();
        let kid = self.make(tx, kind, now)?;
        rows::find(tx.conn(), &kid)?.ok_or_else(|| Error::internal("the key just made is not there"))
    }

    /// Destroys the private halves of keys that stopped signing. Says how many.
    pub fn destroy_retired(&self, tx: &mut Tx<'_>) -> Result<usize> {
        let gone = rows::destroy_retired(tx)?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        for kid in &gone {
            opened.remove(kid);
        }
        Ok(gone.len())
    }

    fn make(&self, tx: &mut Tx<'_>, kind: Kind, sign_from: DateTime<Utc>) -> Result<Kid> {
        let (key, der) = SigningKey::generate().map_err(Error::internal)?;
        let mut public = key.jwk().clone();
        if kind == Kind::Protocol {
            certificate::attach(&mut public, &der, &self.entity_id, tx.now())?;
        }
        let sealed = self.vault.wrap(&label(key.kid()), &der)?;
        rows::insert(tx, kind, &public, sealed, sign_from)?;
        Ok(key.kid().clone())
    }

    fn opened_key(&self, row: &KeyRow) -> Result<SigningKey> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get(&row.kid) {
            return Ok(key.clone());
        }
        let sealed = row.sealed.as_ref().ok_or_else(|| Error::internal("the key's private half was destroyed"))?;
        let der = self.vault.unwrap_secret(&label(&row.kid), sealed)?;
        let key = SigningKey::from_pkcs8(&der).map_err(Error::internal)?.with_jwk(row.public.clone());
        opened.insert(row.kid.clone(), key.clone());
        Ok(key)
    }
}

fn label(kid: &Kid) -> String {
    format!("node_key|{kid}")
}
