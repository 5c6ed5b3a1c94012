//! Signing in by an OpenID provider: what this node keeps of it. The calls to the provider are `web`'s.
//!
//! A log-in is bound to the browser that began it: the nonce and the PKCE verifier follow from the state and from a
//! secret in that browser's cookie, so the database has only two digests, and a code that was stolen on its way is worth
//! nothing without the cookie.

use std::fmt;

use chrono::TimeDelta;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::identity_rows as rows;
use super::login_rows::{self, AccountKind};
use super::{Door, Entered, code, sign_in};
use crate::access::{AccessRole, Standing, find_staff, staff_row};
use crate::clock;
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::Tx;

/// For how long a log-in at the provider may take.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// A log-in at a provider that was begun.
pub struct OidcRequest {
    /// `state` of the request.
    pub state: String,
    /// `nonce`, which the ID token must repeat.
    pub nonce: String,
    /// The PKCE verifier (RFC 7636), for the token endpoint.
    pub verifier: Zeroizing<String>,
    /// For the cookie of the browser.
    pub browser: Zeroizing<String>,
}

impl fmt::Debug for OidcRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OidcRequest")
    }
}

impl OidcRequest {
    fn of(state: String, browser: Zeroizing<String>) -> Self {
        let nonce = code::derived("oidc nonce", &browser, &state);
        let verifier = Zeroizing::new(code::derived("oidc verifier", &browser, &state));
        Self { state, nonce, verifier, browser }
    }

    /// The PKCE challenge, S256.
    pub fn challenge(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(code::hash(&self.verifier))
    }
}

/// What a provider vouched for, in a token that was verified.
#[derive(Debug)]
pub struct Vouched {
    /// The provider.
    pub issuer: String,
    /// Its name for the person.
    pub sub: String,
    /// What the configured claim says, if one is configured.
    pub username: Option<String>,
    /// Whether the level of assurance means two factors.
    pub is_two_factor: bool,
}

impl Door {
    /// Begins a log-in at the provider.
    pub async fn begin_oidc(&self) -> Result<OidcRequest> {
        let (state, browser) = (code::secret("")?.to_string(), code::secret("")?);
        let (kept, from) = (code::hash(&state), code::hash(&browser));
        let until = self.0.store.clock().now() + PATIENCE;
        self.0.store.write(move |tx| rows::begin(tx, &kept, &from, until)).await?;
        Ok(OidcRequest::of(state, browser))
    }

    /// The log-in of that state, once, in the browser that began it.
    ///
    /// # Errors
    /// `not_authenticated` when it is unknown, used, too old or another browser's.
    pub async fn take_oidc(&self, state: &str, browser: &str) -> Result<OidcRequest> {
        let (kept, from) = (code::hash(state), code::hash(browser));
        if !self.0.store.write(move |tx| rows::take(tx, &kept, &from)).await? {
            return Err(Code::NotAuthenticated.into());
        }
        Ok(OidcRequest::of(state.to_owned(), Zeroizing::new(browser.to_owned())))
    }

    /// Lets in whom a provider vouched for. An account is found by what was linked; else, where a claim names accounts, by
    /// that claim, and is linked from then on: another subject of the same provider does not take it over. The claim links
    /// once: what an administrator undid stays undone until she links it anew. It never links an administrator or a data
    /// protection officer.
    ///
    /// # Errors
    /// `not_authenticated` when no account is meant, or one that is disabled or a program's.
    pub async fn vouched(&self, vouched: Vouched) -> Result<Entered> {
        let door = self.clone();
        let entered = self.0.store.write(move |tx| {
            let found = door.known(tx, &vouched)?;
            let Some(id) = found else {
                sign_in::refused(tx, None, "provider")?;
                return Ok(None);
            };
            let login = login_rows::lock(tx, id)?;
            let account = staff_row(tx.conn(), id)?.ok_or(Code::NotAuthenticated)?;
            if account.disabled_at.is_some() || login.kind == AccountKind::Service {
                sign_in::refused(tx, Some(id), "provider")?;
                return Ok(None);
            }
            let standing = match vouched.is_two_factor {
                true => Standing::Full,
                false => Standing::next(false, login.totp.is_some(), false, door.0.rules.totp_required),
            };
            let session = door.open(tx, id, standing, "oidc")?;
            if standing != Standing::SecondFactor {
                sign_in::opened(tx, id, &session, "oidc")?;
            }
            door.entered(&account, session).map(Some)
        });
        entered.await?.ok_or_else(|| Code::NotAuthenticated.into())
    }

    fn known(&self, tx: &mut Tx<'_>, vouched: &Vouched) -> Result<Option<Uuid>> {
        if let Some(id) = rows::find(tx.conn(), &vouched.issuer, &vouched.sub)? {
            return Ok(Some(id));
        }
        let Some(name) = &vouched.username else { return Ok(None) };
        let Some(account) = find_staff(tx.conn(), name)? else { return Ok(None) };
        // Who makes accounts, and who watches over the others, is linked by somebody and not by a name.
        let is_too_much = matches!(account.role, AccessRole::Admin | AccessRole::Dpo);
        let was_linked = rows::was_linked(tx.conn(), account.id, &vouched.issuer)?;
        if was_linked || is_too_much || account.disabled_at.is_some() {
            return Ok(None);
        }
        link(tx, Actor::System, account.id, &vouched.issuer, &vouched.sub)?;
        Ok(Some(account.id))
    }
}

/// Links an account to a provider's name for its owner.
///
/// # Errors
/// `not_found`; `already_exists` when that name is linked; `conflict` when the account is a program's.
pub fn link(tx: &mut Tx<'_>, actor: Actor, staff: Uuid, issuer: &str, sub: &str) -> Result<Uuid> {
    staff_row(tx.conn(), staff)?.ok_or(Code::NotFound)?;
    if login_rows::lock(tx, staff)?.kind == AccountKind::Service {
        return Err(Problem::new(Code::Conflict).detail("A program does not sign in at a provider.").into());
    }
    if rows::find(tx.conn(), issuer, sub)?.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    let id = clock::id_at(tx.now());
    rows::insert(tx, id, staff, issuer, sub)?;
    rows::remember(tx, staff, issuer)?;
    journal::record(tx, Entry::new(actor, "staff.identity_linked").object(id))?;
    Ok(id)
}

/// Undoes a link. What is open under the account stays; sign it out to end that too. No claim makes a link with that
/// provider again.
///
/// # Errors
/// `not_found`, also when it is another account's.
pub fn unlink(tx: &mut Tx<'_>, actor: Actor, staff: Uuid, identity: Uuid) -> Result<()> {
    if !rows::delete(tx, staff, identity)? {
        return Err(Code::NotFound.into());
    }
    journal::record(tx, Entry::new(actor, "staff.identity_unlinked").object(identity))
}
