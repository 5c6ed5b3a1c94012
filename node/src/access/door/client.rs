//! Programs of the organisation: a long-lived client secret, exchanged for tokens that live for minutes.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::jose::{self, KeySet, Typ};
use staffetta_protocol::problem::Code;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::client_rows::{self as rows, SecretRow};
use super::login_rows::{self, AccountKind};
use super::{Door, code, sign_in};
use crate::access::{
    AccessRole, By, Label, Pass, Scopes, Staff, StaffRow, Standing, Username, add_staff, find_staff, staff_row,
};
use crate::clock;
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::keys::Kind;
use crate::store::Tx;

/// How long an access token lives.
const LIFE: TimeDelta = TimeDelta::minutes(15);
/// How long a client secret lives.
const SECRET_LIFE: TimeDelta = TimeDelta::days(366);
/// Secrets of one account that may be live: the present one, and the next while it is being brought out.
const LIVE: i64 = 2;
/// What every client secret begins with, so that one that was published by mistake is found.
const PREFIX: &str = "sfc_";
/// How fine the last use of a secret is kept.
const USE_STEP: TimeDelta = TimeDelta::hours(1);

/// A client secret that was just made: the only moment at which it can be seen.
pub struct NewSecret {
    /// What it is revoked by.
    pub id: Uuid,
    /// The secret.
    pub secret: Zeroizing<String>,
    /// Until when it counts.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A token that was just issued.
pub struct AccessToken {
    /// The JWT.
    pub token: String,
    /// Seconds for which it counts.
    pub expires_in: i64,
    /// What it is narrowed to.
    pub scopes: Scopes,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// The claims of an access token (RFC 9068).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    sub: Uuid,
    client_id: Uuid,
    aud: String,
    iat: i64,
    exp: i64,
    jti: Uuid,
    scope: String,
}

/// Takes a program on. It has no secret yet.
///
/// # Errors
/// `already_exists`.
pub fn add_service(tx: &mut Tx<'_>, actor: Actor, name: &Username, label: &Label, role: AccessRole) -> Result<Uuid> {
    let id = add_staff(tx, actor, name, label, role)?;
    login_rows::lock(tx, id)?;
    login_rows::set_kind(tx, id, AccountKind::Service)?;
    Ok(id)
}

/// Makes a client secret with what its tokens may do at most. Two may be live at a time, so that a program can change
/// over without a break.
///
/// # Errors
/// `not_found`; `conflict` when the account is a person's or disabled, or two secrets are live; `invalid_input`.
pub fn add_secret(tx: &mut Tx<'_>, actor: Actor, staff: Uuid, label: &Label, scopes: &[String]) -> Result<NewSecret> {
    let now = tx.now();
    let account = staff_row(tx.conn(), staff)?.ok_or(Code::NotFound)?;
    // The lock keeps a second one from being made at the same moment.
    let login = login_rows::lock(tx, staff)?;
    let live = rows::live_secrets(tx.conn(), staff, now)?;
    if account.disabled_at.is_some() || login.kind != AccountKind::Service || live >= LIVE {
        return Err(Code::Conflict.into());
    }
    let scopes = Scopes::asked(scopes, account.role, None)?;
    let (id, secret, expires_at) = (clock::id_at(now), code::secret(PREFIX)?, now + SECRET_LIFE);
    rows::insert_secret(tx, id, staff, &code::hash(&secret), (label.as_str(), &scopes.text()), expires_at)?;
    journal::record(tx, Entry::new(actor, "staff.secret_added").object(id))?;
    Ok(NewSecret { id, secret, expires_at })
}

/// Ends a client secret, and every token that was issued for it, at once. A second time changes nothing.
///
/// # Errors
/// `not_found`, also when it is another account's.
pub fn revoke_secret(tx: &mut Tx<'_>, actor: Actor, staff: Uuid, secret: Uuid) -> Result<()> {
    rows::secret(tx.conn(), secret)?.filter(|known| known.staff == staff).ok_or(Code::NotFound)?;
    if rows::revoke_secret(tx, secret)? {
        journal::record(tx, Entry::new(actor, "staff.secret_revoked").object(secret))?;
    }
    Ok(())
}

impl Door {
    /// Exchanges a client secret for an access token (RFC 6749 §4.4).
    ///
    /// # Errors
    /// `not_authenticated`, whatever was wrong with name and secret; `invalid_input` for scopes that the secret does not
    /// have.
    pub async fn exchange(
        &self,
        client: Username,
        secret: Zeroizing<String>,
        asked: Vec<String>,
    ) -> Result<AccessToken> {
        let door = self.clone();
        let issued = self.0.store.write(move |tx| {
            let now = tx.now();
            let found = rows::by_hash(tx.conn(), &code::hash(&secret))?;
            let account = find_staff(tx.conn(), client.as_str())?;
            let known = found.zip(account).filter(|(secret, account)| {
                secret.staff == account.id && secret.is_live(now) && account.disabled_at.is_none()
            });
            let Some((secret, account)) = known else {
                sign_in::refused(tx, None, "client_secret")?;
                return Ok(None);
            };
            let own = Scopes::read(&secret.scopes);
            let scopes = if asked.is_empty() { own } else { Scopes::asked(&asked, account.role, Some(&own))? };
            if secret.last_used_at.is_none_or(|last| now - last >= USE_STEP) {
                rows::used(tx, secret.id)?;
            }
            door.issue(tx, &account, &secret, scopes).map(Some)
        });
        issued.await?.ok_or_else(|| Code::NotAuthenticated.into())
    }

    fn issue(&self, tx: &mut Tx<'_>, account: &StaffRow, secret: &SecretRow, scopes: Scopes) -> Result<AccessToken> {
        let (now, jti) = (tx.now(), clock::id_at(tx.now()));
        let expires_at = (now + LIFE).min(secret.expires_at);
        let claims = Claims {
            iss: self.0.entity_id.as_str().to_owned(),
            sub: account.id,
            client_id: account.id,
            aud: self.0.resource.clone(),
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
            jti,
            scope: scopes.text(),
        };
        let key = self.0.keys.signing_access(tx)?;
        let token = jose::sign(Typ::AccessToken, &key, &claims).map_err(crate::error::Error::internal)?;
        rows::insert_access(tx, jti, account.id, secret.id, expires_at)?;
        journal::record(tx, Entry::new(Actor::Staff(account.id), "session.opened").object(jti).code("token"))?;
        Ok(AccessToken { token, expires_in: (expires_at - now).num_seconds(), scopes })
    }

    /// Whose access token that is. The signature says that we issued it; the rows say whether it still counts.
    ///
    /// # Errors
    /// `not_authenticated`, and the store's.
    pub async fn verify_access_token(&self, token: &str) -> Result<(Staff, Pass)> {
        let (now, keys) = (self.0.store.clock().now(), self.0.keys.clone());
        let published = self.0.store.read(move |conn| keys.jwks(conn, Kind::Access, now)).await?;
        let verified = jose::verify(token, Typ::AccessToken, &KeySet::new(&published), now);
        let claims: Claims = verified.and_then(|verified| verified.claims()).map_err(|_| Code::NotAuthenticated)?;
        let is_ours = claims.iss == self.0.entity_id.as_str() && claims.aud == self.0.resource;
        if !is_ours || claims.exp <= now.timestamp() {
            return Err(Code::NotAuthenticated.into());
        }
        let found = self.0.store.read(move |conn| {
            let Some(access) = rows::access(conn, claims.jti)? else { return Ok(None) };
            let Some(secret) = rows::secret(conn, access.secret)? else { return Ok(None) };
            Ok(staff_row(conn, access.staff)?.map(|account| (access, secret, account)))
        });
        let (access, secret, account) = found.await?.ok_or(Code::NotAuthenticated)?;
        let counts =
            !access.is_revoked && access.expires_at > now && secret.is_live(now) && account.disabled_at.is_none();
        if !counts || account.id != claims.sub {
            return Err(Code::NotAuthenticated.into());
        }
        let scopes = Some(Scopes::read(&claims.scope));
        let pass = Pass { by: By::AccessToken(claims.jti), standing: Standing::Full, scopes };
        Ok((Staff { id: account.id, role: account.role, label: account.label }, pass))
    }
}

/// Ends what somebody came with: a session, a token, an access token.
pub fn leave(tx: &mut Tx<'_>, staff: &Staff, pass: &Pass) -> Result<()> {
    match pass.by {
        By::Session(id) => super::session::end_session(tx, staff.id, id),
        By::Token(id) => crate::access::revoke_token(tx, staff.actor(), staff.id, id),
        By::AccessToken(id) => {
            rows::revoke_access(tx, id)?;
            journal::record(tx, Entry::new(staff.actor(), "session.closed").object(id))
        }
    }
}
