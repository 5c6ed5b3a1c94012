//! Who of the staff is at the desk, and what she may do there.
//!
//! What must hold:
//! - A handler of the desk takes [`Allowed`] with the act that it does: the argument's type is the proof. What each
//!   role may do is one table, [`acts`].
//! - The desk's scope is wrapped in [`gate`]: without a session or a valid token nothing behind it is reached, and no body
//!   is read. How somebody gets one is [`door`]'s. A handler that answered without asking for an [`Allowed`] is turned into a 500.
//! - Who is calling is asked before the body and again when it is there: a body that is held back keeps no pass alive.
//! - What is asked of [`Allowed`] is role **and** scope **and** standing: a token that was narrowed does only what it names,
//!   and a session that is not wholly in does only the next step of the door.
//! - A person's token is made by herself; an administrator makes those of programs. The command line makes a person's
//!   only on a node in development.
//! - Of a token only the SHA-256 digest is kept. It is shown once, when it is issued.
//! - A staff member's label is personal data of hers: shown at the desk, in no log and in no journal entry.

mod acting;
pub mod acts;
mod allowed;
pub mod cases;
pub mod door;
mod gate;
mod judged;
mod pass;
mod permission;
mod role;
mod rows;
mod scopes;
mod shown;
mod token;
mod trainees;

#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::card::Text;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::message;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::clock;
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::Tx;
use crate::vault::Vault;

pub use acting::Acting;
pub use acts::Act;
pub use allowed::Allowed;
pub(crate) use allowed::asked_before;
pub use cases::{Function, Sight, Why};
pub(crate) use gate::{bearer, cookie, devices, is_own_origin};
pub use gate::{gate, verify, verify_token};
pub(crate) use judged::{Judgement, judged, stands_again};
pub use pass::{By, Pass, Standing};
pub use permission::Permission;
pub use role::{AccessRole, Username};
pub use rows::{StaffRow, TokenRow, find_staff, labels_of, list, staff_row, tokens_of};
pub use scopes::Scopes;
pub use token::Token;
pub use trainees::{add_trainee, learns};

/// How a member of staff or a token is called at the desk.
pub type Label = Text<120>;

/// For how long a token is valid where nobody says how long.
const TOKEN_LIFE: TimeDelta = TimeDelta::days(90);
/// For how long a token may be valid.
const TOKEN_LIFE_MAX: TimeDelta = TimeDelta::days(366);
/// Tokens of one account that let in at a time: as many as somebody can still look through.
const LIVE_TOKENS: i64 = 50;

/// A member of staff whose token was just verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Staff {
    /// Hers for ever.
    pub id: Uuid,
    /// What she may do follows from it.
    pub role: AccessRole,
    /// As colleagues know her. Never to a log.
    pub label: String,
}

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staff").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

impl Staff {
    /// As the journal names her.
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.id)
    }

    /// As a message to `towards` names her: by role, and by a pseudonym that no other node sees.
    pub fn message_actor(&self, vault: &Vault, towards: &EntityId) -> message::Actor {
        message::Actor { role: self.role.into(), pseudonym: Some(vault.pseudonym(self.id, towards)) }
    }
}

/// A token that was just issued: the only moment at which it can be seen.
#[derive(Debug)]
pub struct NewToken {
    /// What it is revoked by.
    pub id: Uuid,
    /// The secret itself.
    pub token: Token,
    /// Until when it is valid.
    pub expires_at: DateTime<Utc>,
}

/// Takes somebody on.
///
/// # Errors
/// `already_exists` when the username is taken, also by somebody who has left: it is never given twice.
pub fn add_staff(tx: &mut Tx<'_>, actor: Actor, username: &Username, label: &Label, role: AccessRole) -> Result<Uuid> {
    if rows::find_staff(tx.conn(), username.as_str())?.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    let id = clock::id_at(tx.now());
    rows::insert_staff(tx, id, username.as_str(), label.as_str(), role)?;
    journal::record(tx, Entry::new(actor, "staff.added").object(id).code(role))?;
    Ok(id)
}

/// Lets nobody in under this account any more: its sessions, tokens and client secrets end. A second time changes
/// nothing. A case that it leads waits for a handover, among those without a lead: that is never a reason to let
/// somebody in who must not. Whoever learns under it goes on learning: the marks that have nobody behind them any more are
/// returned, for an administrator to see to ([`tasks::let_go`](crate::tasks::let_go)).
///
/// # Errors
/// `not_found`.
pub fn disable(tx: &mut Tx<'_>, actor: Actor, staff: Uuid) -> Result<Vec<Uuid>> {
    rows::staff_row(tx.conn(), staff)?.ok_or(Code::NotFound)?;
    let is_new = rows::disable(tx, staff)?;
    door::end_for_good(tx, staff)?;
    cases::team::leave(tx, staff)?;
    if is_new {
        journal::record(tx, Entry::new(actor, "staff.disabled").object(staff))?;
    }
    rows::learning_under(tx.conn(), staff)
}

/// Makes a token for `staff`, valid until `expires_at`, else for 90 days. It may do all that the role may.
///
/// # Errors
/// `not_found`; `not_entitled` when another member of the staff would act under her name; `conflict` when the account is
/// disabled or a program's, or fifty tokens of it are live; `invalid_input` when `expires_at` has passed or lies more than a year ahead.
pub fn issue_token(
    tx: &mut Tx<'_>,
    actor: Actor,
    staff: Uuid,
    label: &Label,
    expires_at: Option<DateTime<Utc>>,
) -> Result<NewToken> {
    issue_narrow_token(tx, actor, staff, label, expires_at, None)
}

/// The same, narrowed to some acts of the role.
///
/// # Errors
/// As [`issue_token`].
pub fn issue_narrow_token(
    tx: &mut Tx<'_>,
    actor: Actor,
    staff: Uuid,
    label: &Label,
    expires_at: Option<DateTime<Utc>>,
    scopes: Option<&Scopes>,
) -> Result<NewToken> {
    let account = rows::staff_row(tx.conn(), staff)?.ok_or(Code::NotFound)?;
    if account.disabled_at.is_some() || door::kind_of(tx.conn(), staff)? == door::AccountKind::Service {
        return Err(Code::Conflict.into());
    }
    if actor.staff().is_some_and(|by| by != staff) {
        return Err(Problem::new(Code::NotEntitled).detail("Somebody's token is made by herself.").into());
    }
    insert_token(tx, actor, staff, label, expires_at, scopes)
}

/// Makes a token for a program, which does what it names and nothing else.
///
/// # Errors
/// `not_found`; `conflict` when the account is disabled or a person's, or as for, like `invalid_input`, [`issue_token`].
pub fn issue_program_token(
    tx: &mut Tx<'_>,
    actor: Actor,
    program: Uuid,
    label: &Label,
    expires_at: Option<DateTime<Utc>>,
    scopes: &Scopes,
) -> Result<NewToken> {
    let account = rows::staff_row(tx.conn(), program)?.ok_or(Code::NotFound)?;
    if account.disabled_at.is_some() || door::kind_of(tx.conn(), program)? != door::AccountKind::Service {
        return Err(Code::Conflict.into());
    }
    insert_token(tx, actor, program, label, expires_at, Some(scopes))
}

fn insert_token(
    tx: &mut Tx<'_>,
    actor: Actor,
    staff: Uuid,
    label: &Label,
    expires_at: Option<DateTime<Utc>>,
    scopes: Option<&Scopes>,
) -> Result<NewToken> {
    use staffetta_protocol::card::Refusal;
    let now = tx.now();
    let expires_at = expires_at.unwrap_or(now + TOKEN_LIFE);
    if expires_at <= now || expires_at > now + TOKEN_LIFE_MAX {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/expires_at")]).into());
    }
    if rows::live_tokens(tx.conn(), staff, now)? >= LIVE_TOKENS {
        let detail = format!("{LIVE_TOKENS} tokens of the account are live: revoke one first.");
        return Err(Problem::new(Code::Conflict).detail(detail).into());
    }
    let (id, token) = (clock::id_at(now), Token::random()?);
    let narrowed = scopes.map(Scopes::text);
    rows::insert_token(tx, id, staff, &token.hash(), (label.as_str(), narrowed.as_deref()), expires_at)?;
    journal::record(tx, Entry::new(actor, "staff.token_issued").object(id))?;
    Ok(NewToken { id, token, expires_at })
}

/// Ends a token of `staff` at once. A second time changes nothing.
///
/// # Errors
/// `not_found`, also when the token is somebody else's.
pub fn revoke_token(tx: &mut Tx<'_>, actor: Actor, staff: Uuid, token: Uuid) -> Result<()> {
    if !rows::is_token_of(tx.conn(), token, staff)? {
        return Err(Code::NotFound.into());
    }
    if rows::revoke(tx, token)? {
        journal::record(tx, Entry::new(actor, "staff.token_revoked").object(token))?;
    }
    Ok(())
}
