//! Signing in with a password: the first step, and the code that may follow it.

use chrono::TimeDelta;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::account::{Factor, prove};
use super::attempts::{self, Charge, Source};
use super::login_rows::{self as rows, AccountKind};
use super::{Door, NewSession, Password, code};
use crate::access::{Pass, Staff, StaffRow, Standing, Username, find_staff, staff_row};
use crate::error::{Error, Result};
use crate::journal::{self, Actor, Entry};
use crate::store::Tx;

/// For how long a device that signed in counts as one of the account's own.
const DEVICE: TimeDelta = TimeDelta::days(365);

/// Somebody who wants in.
#[derive(Debug)]
pub struct Attempt {
    /// The account.
    pub username: Username,
    /// Its password.
    pub password: Password,
    /// The second factor, if it comes along.
    pub factor: Option<Factor>,
    /// The network address that it comes from, as text.
    pub address: String,
    /// The cookies of devices that the browser has, of whichever account.
    pub devices: Vec<String>,
}

/// Somebody who got in, or half in.
#[derive(Debug)]
pub struct Entered {
    /// Who.
    pub staff: Staff,
    /// Her session.
    pub session: NewSession,
    /// The device's cookie, once she is wholly in.
    pub device: Option<Device>,
}

/// A cookie that says that somebody signed in here before.
#[derive(Debug)]
pub struct Device {
    /// Which account's it is, for the cookie's name: nobody reads a username from it.
    pub mark: String,
    /// Its value.
    pub value: String,
    /// How long it counts.
    pub lives: TimeDelta,
}

impl Door {
    /// Judges a password, and the second factor if it came along.
    ///
    /// # Errors
    /// `not_authenticated`, whatever was wrong; `rate_limited` when it is not to be tried yet; `busy`.
    pub async fn sign_in(&self, attempt: Attempt) -> Result<Entered> {
        let Attempt { username, password, factor, address, devices } = attempt;
        let from = self.source(username.as_str(), &address, &devices);
        let locks = self.charge(from).await?;
        let name = username.as_str().to_owned();
        let known = self.0.store.read(move |conn| {
            let Some(account) = find_staff(conn, &name)? else { return Ok(None) };
            Ok(Some((rows::login(conn, account.id)?, account)))
        });
        let (stored, account) = match self.or_uncounted(from, known.await).await? {
            Some((login, account)) => (login.password, Some(account)),
            None => (None, None),
        };
        let compared = self.0.hasher.compare(stored.clone(), &password).await;
        let compared = self.or_uncounted(from, compared).await?;
        let door = self.clone();
        let (judged, compared_with) = (compared.is_right, stored.clone());
        let entered = self.0.store.write(move |tx| {
            let entered = match &account {
                Some(account) if judged => door.admit(tx, account, &compared_with, factor)?,
                _ => None,
            };
            match &entered {
                None => turned_away(tx, account.as_ref().map(|account| account.id), "credentials", locks)?,
                // The code is still to come, and its failures are counted at the same place.
                Some(entered) if entered.session.standing == Standing::SecondFactor => attempts::take_back(tx, &from)?,
                Some(_) => attempts::forgive(tx, &from)?,
            }
            Ok(entered)
        });
        let entered = self.or_uncounted(from, entered.await).await?.ok_or(Code::NotAuthenticated)?;
        if compared.is_outdated
            && let Some(old) = stored
        {
            let (staff, new) = (entered.staff.id, self.0.hasher.hash(&password).await?);
            self.0.store.write(move |tx| rows::rehash(tx, staff, &old, &new)).await?;
        }
        Ok(entered)
    }

    /// Judges the code of a session whose password was right.
    ///
    /// # Errors
    /// `not_authenticated` when it is wrong; `not_entitled` when no code is missing; `rate_limited`.
    pub async fn second_factor(
        &self,
        pass: &Pass,
        staff: &Staff,
        factor: Factor,
        address: &str,
        devices: &[String],
    ) -> Result<Entered> {
        if pass.standing != Standing::SecondFactor {
            return Err(Code::NotEntitled.into());
        }
        let id = staff.id;
        let account = self.0.store.read(move |conn| staff_row(conn, id)).await?.ok_or(Code::NotAuthenticated)?;
        let from = self.source(&account.username, address, devices);
        let locks = self.charge(from).await?;
        let (door, pass) = (self.clone(), pass.clone());
        let entered = self.0.store.write(move |tx| {
            let login = rows::lock(tx, account.id)?;
            let old = door.current(tx, &pass)?;
            if account.disabled_at.is_some() || !prove(&door.0.vault, tx, account.id, &login, &factor)? {
                turned_away(tx, Some(account.id), "second_factor", locks)?;
                return Ok(None);
            }
            let required = door.0.rules.totp_required;
            let standing = Standing::next(login.temporary_until.is_some(), true, true, required);
            let session = door.step(tx, &old, standing)?;
            attempts::forgive(tx, &from)?;
            opened(tx, account.id, &session, &old.method)?;
            door.entered(&account, session).map(Some)
        });
        self.or_uncounted(from, entered.await).await?.ok_or_else(|| Code::NotAuthenticated.into())
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        account: &StaffRow,
        compared_with: &Option<String>,
        factor: Option<Factor>,
    ) -> Result<Option<Entered>> {
        let now = tx.now();
        let login = rows::lock(tx, account.id)?;
        let account = staff_row(tx.conn(), account.id)?.ok_or(Code::NotAuthenticated)?;
        let has_changed = login.password != *compared_with || login.kind == AccountKind::Service;
        let is_over = account.disabled_at.is_some() || login.temporary_until.is_some_and(|until| until <= now);
        if has_changed || is_over {
            return Ok(None);
        }
        let is_proven = match (&login.totp, factor) {
            (Some(_), Some(factor)) if !prove(&self.0.vault, tx, account.id, &login, &factor)? => return Ok(None),
            (Some(_), factor) => factor.is_some(),
            (None, _) => false,
        };
        let (is_temporary, has_factor) = (login.temporary_until.is_some(), login.totp.is_some());
        let standing = Standing::next(is_temporary, has_factor, is_proven, self.0.rules.totp_required);
        let session = self.open(tx, account.id, standing, "password")?;
        if standing != Standing::SecondFactor {
            opened(tx, account.id, &session, "password")?;
        }
        self.entered(&account, session).map(Some)
    }

    /// Somebody who is in, with a cookie for her device if she is wholly in.
    pub(super) fn entered(&self, account: &StaffRow, session: NewSession) -> Result<Entered> {
        let device = match session.standing {
            Standing::Full => Some(self.device(&account.username)?),
            _ => None,
        };
        let staff = Staff { id: account.id, role: account.role, label: account.label.clone() };
        Ok(Entered { staff, session, device })
    }

    /// Counts an attempt as failed until it turns out to be right; whether the next one from there has to wait if not.
    pub(super) async fn charge(&self, from: Source) -> Result<bool> {
        let budget = self.0.rules.strangers_per_hour;
        match self.0.store.write(move |tx| attempts::charge(tx, &from, budget)).await? {
            Charge::Counted { locks } => Ok(locks),
            Charge::Wait { seconds } => {
                Err(Error::Problem(Problem { retry_after: Some(seconds), ..Problem::new(Code::RateLimited) }))
            }
        }
    }

    /// Takes the count back where the attempt was not judged at all: a node that is busy, or broken, locks nobody out.
    pub(super) async fn or_uncounted<T>(&self, from: Source, outcome: Result<T>) -> Result<T> {
        if outcome.as_ref().err().is_some_and(|error| error.is_fault() || error.code() == Code::Busy)
            && let Err(error) = self.0.store.write(move |tx| attempts::take_back(tx, &from)).await
        {
            tracing::warn!(cause = %error, "an attempt that was not judged stays counted");
        }
        outcome
    }

    /// Where an attempt comes from, for an account.
    pub(super) fn source(&self, username: &str, address: &str, devices: &[String]) -> Source {
        match devices.iter().find_map(|cookie| self.device_nonce(username, cookie)) {
            Some(nonce) => Source::device(&self.0.vault, username, nonce),
            None => Source::stranger(&self.0.vault, username, address),
        }
    }

    /// `<seconds>.<random>.<tag>`: that a device signed in to an account, vouched for by this node.
    fn device(&self, username: &str) -> Result<Device> {
        let since = self.0.store.clock().now().timestamp();
        let nonce = code::secret("")?;
        let value = format!("{since}.{}.{}", nonce.as_str(), self.device_tag(username, &since.to_string(), &nonce));
        let mark = self.0.vault.digest("device of", username.as_bytes());
        let mark = mark[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Device { mark, value, lives: DEVICE })
    }

    fn device_nonce<'a>(&self, username: &str, cookie: &'a str) -> Option<&'a str> {
        let mut parts = cookie.split('.');
        let (Some(since), Some(nonce), Some(tag), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let made = since.parse().ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))?;
        let is_ours =
            code::derived("compare", tag, "") == code::derived("compare", &self.device_tag(username, since, nonce), "");
        (is_ours && self.0.store.clock().now() - made < DEVICE).then_some(nonce)
    }

    fn device_tag(&self, username: &str, since: &str, nonce: &str) -> String {
        use base64::Engine as _;
        let tag = self.0.vault.digest("device", format!("{username}|{since}|{nonce}").as_bytes());
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(tag)
    }
}

/// The entry of somebody who was turned away. Nobody's name is in it.
pub(super) fn refused(tx: &mut Tx<'_>, staff: Option<Uuid>, why: &str) -> Result<()> {
    let entry = Entry::new(Actor::System, "session.refused").code(why);
    journal::record(
        tx,
        match staff {
            Some(id) => entry.object(id),
            None => entry,
        },
    )
}

/// The same of an attempt that was counted, with the entry of an account at which the next one has to wait.
fn turned_away(tx: &mut Tx<'_>, staff: Option<Uuid>, why: &str, locks: bool) -> Result<()> {
    refused(tx, staff, why)?;
    match staff {
        Some(id) if locks => journal::record(tx, Entry::new(Actor::System, "staff.locked").object(id)),
        _ => Ok(()),
    }
}

/// The entry of somebody who got in.
pub(super) fn opened(tx: &mut Tx<'_>, staff: Uuid, session: &NewSession, method: &str) -> Result<()> {
    journal::record(tx, Entry::new(Actor::Staff(staff), "session.opened").object(session.id).code(method))
}
