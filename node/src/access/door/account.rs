//! What somebody does at the door with her own account, and what an administrator does for her: passwords, the second
//! factor, recovery codes.

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::login_rows::{self as rows, AccountKind, Login};
use super::{Door, Entered, Password, attempts, code, end_everything, totp};
use crate::access::{Pass, Staff, Standing, staff_row};
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// Recovery codes that are made at a time.
const CODES: usize = 10;

/// The second factor as somebody shows it.
#[derive(Debug, Clone)]
pub enum Factor {
    /// The six digits of the moment.
    Totp(String),
    /// One of the codes that were written down.
    Recovery(String),
}

/// A temporary password: shown once, to whoever made it, to be told to its owner.
#[derive(Debug)]
pub struct Temporary {
    /// The password.
    pub password: Password,
    /// Until when it can be used.
    pub until: DateTime<Utc>,
    phc: String,
}

/// A second factor to be put into a telephone.
#[derive(Debug)]
pub struct EnrolmentOffer {
    /// As it is typed, base 32.
    pub secret: Zeroizing<String>,
    /// As it is scanned, `otpauth://`.
    pub uri: Zeroizing<String>,
}

/// Codes that let in without the telephone, once each: shown once.
pub type RecoveryCodes = Vec<Zeroizing<String>>;

impl Door {
    /// A new temporary password, not set for anybody yet.
    pub async fn temporary(&self) -> Result<Temporary> {
        let password = Password::random()?;
        let phc = self.0.hasher.hash(&password).await?;
        let days = i64::from(self.0.rules.temporary_password_days);
        Ok(Temporary { password, until: self.0.store.clock().now() + TimeDelta::days(days), phc })
    }

    /// Gives an account a temporary password. Its second factor and recovery codes are gone, and whatever was open under
    /// it ends: whoever signs in with the temporary password sets both anew before anything else. What strangers had guessed
    /// counts no more, so that whom they kept out gets in.
    ///
    /// # Errors
    /// `not_found`; `conflict` when the account is disabled or a program's.
    pub fn reset(&self, tx: &mut Tx<'_>, actor: Actor, staff: Uuid, temporary: &Temporary) -> Result<()> {
        let account = staff_row(tx.conn(), staff)?.ok_or(Code::NotFound)?;
        let login = rows::lock(tx, staff)?;
        if account.disabled_at.is_some() || login.kind == AccountKind::Service {
            return Err(Code::Conflict.into());
        }
        rows::set_password(tx, staff, &temporary.phc, Some(temporary.until))?;
        rows::set_totp(tx, staff, None, login.totp_step)?;
        rows::drop_recovery(tx, staff)?;
        end_everything(tx, staff, None)?;
        attempts::forget(tx, &self.0.vault, &account.username)?;
        journal::record(tx, Entry::new(actor, "staff.password_reset").object(staff))
    }

    /// Sets a new password. Whatever was open under the old one ends, and the caller goes on in a new session.
    ///
    /// # Errors
    /// `not_entitled` before it is the turn of it, and without a session; `not_authenticated` when `current` is wrong (it
    /// is needed once somebody is wholly in); `invalid_input` when the new one is not good enough.
    pub async fn change_password(
        &self,
        pass: &Pass,
        staff: &Staff,
        current: Option<Password>,
        new: Password,
    ) -> Result<Entered> {
        let (id, by) = (staff.id, pass.clone());
        let known = self
            .0
            .store
            .read(move |conn| Ok((rows::login(conn, id)?, staff_row(conn, id)?.ok_or(Code::NotAuthenticated)?)));
        let (login, account) = known.await?;
        match (pass.session(), pass.standing) {
            (Some(_), Standing::NewPassword) => {}
            (Some(_), Standing::Full) => self.prove_password(&account.username, &login, current).await?,
            _ => return Err(Code::NotEntitled.into()),
        }
        new.check_new(&account.username, "/new_password")?;
        if self.0.hasher.compare(login.password.clone(), &new).await?.is_right {
            return Err(Problem::invalid(vec![Refusal::Repeated.at("/new_password")]).into());
        }
        let (door, phc) = (self.clone(), self.0.hasher.hash(&new).await?);
        let entered = self.0.store.write(move |tx| {
            let now = rows::lock(tx, id)?;
            if now.password != login.password {
                return Err(Code::Conflict.into());
            }
            let old = door.current(tx, &by)?;
            rows::set_password(tx, id, &phc, None)?;
            let standing = Standing::next(false, now.totp.is_some(), true, door.0.rules.totp_required);
            let session = door.step(tx, &old, standing)?;
            end_everything(tx, id, Some(session.id))?;
            journal::record(tx, Entry::new(Actor::Staff(id), "staff.password_set").object(id))?;
            door.entered(&account, session)
        });
        entered.await
    }

    /// Offers a second factor. It counts once a code of it was shown.
    ///
    /// # Errors
    /// As [`Self::change_password`]; `current` is needed once somebody is wholly in and has a password.
    pub async fn offer_factor(&self, pass: &Pass, staff: &Staff, current: Option<Password>) -> Result<EnrolmentOffer> {
        let (id, by) = (staff.id, pass.clone());
        let known = self
            .0
            .store
            .read(move |conn| Ok((rows::login(conn, id)?, staff_row(conn, id)?.ok_or(Code::NotAuthenticated)?)));
        let (login, account) = known.await?;
        match (pass.session(), pass.standing) {
            (Some(_), Standing::Enrolment) => {}
            (Some(_), Standing::Full) if login.password.is_none() => {}
            (Some(_), Standing::Full) => self.prove_password(&account.username, &login, current).await?,
            _ => return Err(Code::NotEntitled.into()),
        }
        let secret = totp::secret()?;
        let (typed, uri) = totp::shown(&secret, &self.0.organisation, &account.username)?;
        let wrapped = self.0.vault.wrap(&label(id), &secret)?;
        let door = self.clone();
        self.0
            .store
            .write(move |tx| {
                rows::lock(tx, id)?;
                door.current(tx, &by)?;
                rows::offer_totp(tx, id, &wrapped)
            })
            .await?;
        Ok(EnrolmentOffer { secret: Zeroizing::new(typed), uri: Zeroizing::new(uri) })
    }

    /// Takes the second factor that was offered, now that a code of it was shown. Old recovery codes end, ten new ones
    /// are made, other sessions end, and the caller goes on in a new one.
    ///
    /// # Errors
    /// `invalid_input` when the code is wrong; `conflict` when nothing was offered.
    pub async fn confirm_factor(&self, pass: &Pass, staff: &Staff, typed: String) -> Result<(Entered, RecoveryCodes)> {
        if !matches!(pass.standing, Standing::Enrolment | Standing::Full) || pass.session().is_none() {
            return Err(Code::NotEntitled.into());
        }
        let (door, id, pass) = (self.clone(), staff.id, pass.clone());
        let confirmed = self.0.store.write(move |tx| {
            let login = rows::lock(tx, id)?;
            let old = door.current(tx, &pass)?;
            let account = staff_row(tx.conn(), id)?.ok_or(Code::NotAuthenticated)?;
            let wrapped = login.totp_offered.ok_or(Code::Conflict)?;
            let secret = door.0.vault.unwrap_secret(&label(id), &wrapped)?;
            let Some(step) = totp::step(&secret, &typed, tx.now(), 0)? else {
                return Err(Problem::invalid(vec![Refusal::CheckCharacter.at("/totp")]).into());
            };
            rows::set_totp(tx, id, Some(&wrapped), step)?;
            let codes = door.new_codes(tx, id)?;
            let session = door.step(tx, &old, Standing::Full)?;
            end_everything(tx, id, Some(session.id))?;
            journal::record(tx, Entry::new(Actor::Staff(id), "staff.factor_set").object(id))?;
            Ok((door.entered(&account, session)?, codes))
        });
        confirmed.await
    }

    /// How many recovery codes are left.
    pub fn codes_left(&self, conn: &mut Conn, staff: Uuid) -> Result<i64> {
        rows::recovery_left(conn, staff)
    }

    /// The current password, shown once more before something that must not be done by whoever finds the screen open.
    /// Wrong ones are counted as at the door.
    async fn prove_password(&self, username: &str, login: &Login, current: Option<Password>) -> Result<()> {
        let Some(current) = current else {
            return Err(Problem::invalid(vec![Refusal::Required.at("/current_password")]).into());
        };
        let from = super::attempts::Source::device(&self.0.vault, username, "at the desk");
        self.charge(from).await?;
        let compared = self.0.hasher.compare(login.password.clone(), &current).await;
        if !self.or_uncounted(from, compared).await?.is_right {
            return Err(Code::NotAuthenticated.into());
        }
        self.0.store.write(move |tx| super::attempts::forgive(tx, &from)).await
    }

    fn new_codes(&self, tx: &mut Tx<'_>, staff: Uuid) -> Result<RecoveryCodes> {
        rows::drop_recovery(tx, staff)?;
        let mut codes = Vec::with_capacity(CODES);
        for _ in 0..CODES {
            let code = code::random(2)?;
            rows::add_recovery(tx, staff, &recovery(&self.0.vault, staff, &code))?;
            codes.push(code);
        }
        Ok(codes)
    }
}

/// Whether the second factor is right; a right one is used up by it.
pub(super) fn prove(vault: &Vault, tx: &mut Tx<'_>, staff: Uuid, login: &Login, factor: &Factor) -> Result<bool> {
    match (factor, &login.totp) {
        (Factor::Totp(typed), Some(wrapped)) => {
            let secret = vault.unwrap_secret(&label(staff), wrapped)?;
            match totp::step(&secret, typed, tx.now(), login.totp_step)? {
                Some(step) => rows::use_step(tx, staff, step),
                None => Ok(false),
            }
        }
        (Factor::Recovery(typed), Some(_)) => {
            let was_hers = rows::use_recovery(tx, staff, &recovery(vault, staff, typed))?;
            if was_hers {
                journal::record(tx, Entry::new(Actor::Staff(staff), "staff.recovery_used").object(staff))?;
            }
            Ok(was_hers)
        }
        (_, None) => Ok(false),
    }
}

/// What is kept of a recovery code. Fifty bits are too few for a plain hash, so it takes the node's key to try them.
fn recovery(vault: &Vault, staff: Uuid, typed: &str) -> [u8; 32] {
    vault.digest("recovery", format!("{staff}|{}", code::folded(typed).as_str()).as_bytes())
}

/// Bound into the seal of a second factor's secret.
fn label(staff: Uuid) -> String {
    format!("staff_login|{staff}|totp")
}
