//! The door: how somebody of the staff, or a program of the organisation, gets in.
//!
//! What must hold:
//! - An unknown account, a disabled one and a wrong password cost one hash each and get the same answer. Hashing runs
//!   aside, bounded in number and memory ([`Hasher`]).
//! - An attempt is counted before it is judged, and rows count for all processes. Strangers cannot lock anybody out of a
//!   device that she had signed in at ([`lockout`]).
//! - A session's id is 256 random bits, kept as a digest. It is new at each log-in and at each step of standing; before
//!   the last step nothing but the next one can be done. Sessions end when idle, when old, at sign-out, with the account.
//! - A code counts once: a step of the second factor is used up, a recovery code is struck.
//! - A new password or a sign-out everywhere ends whatever was obtained before: sessions, tokens, access tokens.
//! - A cookie alone changes nothing: an unsafe request needs the session's CSRF token and comes from our own origin.
//! - An access token lives for minutes, and its row, its secret and its account are asked at every call.
//! - The journal names accounts by id. No username, address, password or code is in it, in a log or in an error.

mod account;
mod attempts;
mod client;
mod client_rows;
mod code;
mod cookie;
mod hasher;
mod identity;
mod identity_rows;
mod lockout;
mod login_rows;
mod password;
mod restored;
mod session;
mod session_rows;
mod sign_in;
mod totp;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;
use staffetta_protocol::id::EntityId;
use uuid::Uuid;

use crate::config::{Config, DoorConfig};
use crate::error::Result;
use crate::keys::Keys;
use crate::store::{Conn, Store, Tx};
use crate::vault::Vault;

pub use account::{EnrolmentOffer, Factor, RecoveryCodes, Temporary};
pub use client::{AccessToken, NewSecret, add_secret, add_service, leave, revoke_secret};
pub use client_rows::{SecretRow, secrets_of};
pub use cookie::Cookies;
pub use hasher::{Cost, Hasher};
pub use identity::{OidcRequest, Vouched, link, unlink};
pub use identity_rows::{IdentityRow, of as identities_of};
pub use login_rows::AccountKind;
pub use password::Password;
pub use restored::forget_everybody;
pub use session::{NewSession, SessionSecret, end_session, sign_out_everywhere};
pub use session_rows::SessionRow;
pub use sign_in::{Attempt, Device, Entered};

/// Handle on the door. Clones are the same door.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    keys: Keys,
    hasher: Hasher,
    rules: DoorConfig,
    entity_id: EntityId,
    organisation: String,
    /// For whom access tokens are: the desk's API.
    resource: String,
    cookies: Cookies,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Door({})", self.0.entity_id)
    }
}

impl Door {
    /// The door of the node that `config` describes; `desk` is the path of the desk's API.
    pub fn new(store: Store, vault: Vault, keys: Keys, config: &Config, desk: &str) -> Result<Self> {
        Self::with_cost(store, vault, keys, config, desk, Cost::OWASP)
    }

    /// The same with hashes of another cost.
    pub(crate) fn with_cost(
        store: Store,
        vault: Vault,
        keys: Keys,
        config: &Config,
        desk: &str,
        cost: Cost,
    ) -> Result<Self> {
        let entity_id = config.node.entity_id.clone();
        Ok(Self(Arc::new(Inner {
            store,
            vault,
            keys,
            hasher: Hasher::new(cost, config.door.hashes_at_once)?,
            rules: config.door.clone(),
            organisation: config.node.organisation_name.clone(),
            resource: format!("{entity_id}{desk}"),
            cookies: Cookies::of(&entity_id),
            entity_id,
        })))
    }

    /// What hashes passwords.
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// The names of this node's cookies, and how they are written.
    pub fn cookies(&self) -> &Cookies {
        &self.0.cookies
    }

    /// This node's name.
    pub fn entity_id(&self) -> &EntityId {
        &self.0.entity_id
    }

    fn idle(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.0.rules.session_idle_minutes))
    }

    fn longest(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.0.rules.session_hours))
    }
}

/// Whose account it is: a person's, unless it was made for a program.
pub fn kind_of(conn: &mut Conn, staff: Uuid) -> Result<AccountKind> {
    Ok(login_rows::login(conn, staff)?.kind)
}

/// Which of these accounts are programs'.
pub fn services_among(conn: &mut Conn, staff: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    login_rows::services_among(conn, staff)
}

/// Ends every token, access token and session of an account; `but` one session, where somebody goes on in it.
fn end_everything(tx: &mut Tx<'_>, staff: Uuid, but: Option<Uuid>) -> Result<()> {
    session_rows::end_of_but(tx, staff, but)?;
    client_rows::revoke_access_of(tx, staff)?;
    super::rows::revoke_of(tx, staff)
}

/// The same of an account that nobody gets in under any more, with its client secrets.
pub(super) fn end_for_good(tx: &mut Tx<'_>, staff: Uuid) -> Result<()> {
    client_rows::revoke_secrets_of(tx, staff)?;
    end_everything(tx, staff, None)
}

/// Removes what has ended long enough ago to mean nothing: sessions and tokens a day after their end, counts, log-ins at
/// a provider that were never finished.
pub fn purge(tx: &mut Tx<'_>) -> Result<()> {
    let before = tx.now() - TimeDelta::days(1);
    session_rows::purge(tx, before)?;
    client_rows::purge(tx, before)?;
    identity_rows::purge(tx)?;
    attempts::purge(tx)
}
