//! The counts behind the lock-out, in rows, so that several processes count as one.
//!
//! An attempt is counted **before** its password is looked at, and the count is taken back when it was right: whoever
//! sends a hundred guesses at once has them counted one after the other. Account and source are keyed digests: the table
//! tells neither a name nor an address, and an account that does not exist is counted like any other.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::lockout::{MEMORY, Tally};
use crate::error::Result;
use crate::store::schema::staff_attempt;
use crate::store::{At, Tx, each_backend};
use crate::vault::Vault;

/// The source that stands for all strangers together.
const STRANGERS: &str = "strangers";

/// Where an attempt comes from, as far as the account is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    account: [u8; 32],
    source: [u8; 32],
    /// All strangers together; absent for a device that signed in before.
    strangers: Option<[u8; 32]>,
}

impl Source {
    /// A device that signed in to the account before, by the random part of its cookie.
    pub(super) fn device(vault: &Vault, username: &str, nonce: &str) -> Self {
        let source = vault.digest("attempt", format!("device|{nonce}").as_bytes());
        Self { account: account(vault, username), source, strangers: None }
    }

    /// Anybody else, by network address.
    pub(super) fn stranger(vault: &Vault, username: &str, address: &str) -> Self {
        let source = vault.digest("attempt", format!("address|{address}").as_bytes());
        let strangers = Some(vault.digest("attempt", STRANGERS.as_bytes()));
        Self { account: account(vault, username), source, strangers }
    }
}

fn account(vault: &Vault, username: &str) -> [u8; 32] {
    vault.digest("attempt", format!("account|{username}").as_bytes())
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    /// It is counted as a failure until it is taken back. `locks` when the next one from there will have to wait.
    Counted { locks: bool },
    /// Not before so many seconds.
    Wait { seconds: u32 },
}

/// Counts an attempt as failed, unless it has to wait.
pub(super) fn charge(tx: &mut Tx<'_>, from: &Source, budget: u32) -> Result<Charge> {
    let now = tx.now();
    // Always in this order, so that two attempts cannot wait for one another.
    let all = match from.strangers {
        Some(strangers) => Some((strangers, locked(tx, from.account, strangers)?)),
        None => None,
    };
    let own = locked(tx, from.account, from.source)?;
    let waits = [Some(own), all.map(|(_, tally)| tally)].into_iter().flatten().filter_map(|tally| tally.wait(now));
    if let Some(wait) = waits.max() {
        return Ok(Charge::Wait { seconds: u32::try_from(wait.num_seconds() + 1).unwrap_or(u32::MAX) });
    }
    let own = own.failed(now);
    write(tx, from.account, from.source, own)?;
    let mut locks = own.blocked_until.is_some();
    if let Some((strangers, tally)) = all {
        let tally = tally.stranger_failed(now, budget);
        locks |= tally.blocked_until.is_some();
        write(tx, from.account, strangers, tally)?;
    }
    Ok(Charge::Counted { locks })
}

/// The attempt was right, but not all of it has been shown yet: only its own count is undone.
pub(super) fn take_back(tx: &mut Tx<'_>, from: &Source) -> Result<()> {
    if let Some(strangers) = from.strangers {
        let tally = locked(tx, from.account, strangers)?;
        write(tx, from.account, strangers, tally.taken_back())?;
    }
    let own = locked(tx, from.account, from.source)?;
    write(tx, from.account, from.source, own.taken_back())
}

/// She is in: what was counted at her own source is forgotten. What strangers did stays.
pub(super) fn forgive(tx: &mut Tx<'_>, from: &Source) -> Result<()> {
    take_back(tx, from)?;
    diesel::delete(staff_attempt::table.find((from.account.as_slice(), from.source.as_slice()))).execute(tx.conn())?;
    Ok(())
}

/// Forgets everything that was counted for an account, whoever it was: its password is another one now.
pub(super) fn forget(tx: &mut Tx<'_>, vault: &Vault, username: &str) -> Result<()> {
    let account = account(vault, username);
    diesel::delete(staff_attempt::table.filter(staff_attempt::account.eq(account.as_slice()))).execute(tx.conn())?;
    Ok(())
}

/// Forgets what no longer counts.
pub(super) fn purge(tx: &mut Tx<'_>) -> Result<()> {
    let old = At::from(tx.now() - MEMORY);
    diesel::delete(staff_attempt::table.filter(staff_attempt::last_at.lt(old))).execute(tx.conn())?;
    Ok(())
}

/// The count, its row locked until the transaction ends.
fn locked(tx: &mut Tx<'_>, account: [u8; 32], source: [u8; 32]) -> Result<Tally> {
    let now = At::from(tx.now());
    each_backend!(tx.conn(), conn => diesel::insert_into(staff_attempt::table)
        .values((
            staff_attempt::account.eq(account.as_slice()),
            staff_attempt::source.eq(source.as_slice()),
            staff_attempt::failures.eq(0),
            staff_attempt::since.eq(now),
            staff_attempt::last_at.eq(now),
        ))
        .on_conflict((staff_attempt::account, staff_attempt::source))
        .do_update()
        .set(staff_attempt::failures.eq(staff_attempt::failures))
        .execute(conn))?;
    let (failures, since, last_at, blocked_until): (i32, At, At, Option<At>) = staff_attempt::table
        .find((account.as_slice(), source.as_slice()))
        .select((staff_attempt::failures, staff_attempt::since, staff_attempt::last_at, staff_attempt::blocked_until))
        .first(tx.conn())?;
    Ok(Tally { failures, since: since.0, last_at: last_at.0, blocked_until: blocked_until.map(|at| at.0) })
}

fn write(tx: &mut Tx<'_>, account: [u8; 32], source: [u8; 32], tally: Tally) -> Result<()> {
    let at = |instant: DateTime<Utc>| At::from(instant);
    diesel::update(staff_attempt::table.find((account.as_slice(), source.as_slice())))
        .set((
            staff_attempt::failures.eq(tally.failures),
            staff_attempt::since.eq(at(tally.since)),
            staff_attempt::last_at.eq(at(tally.last_at)),
            staff_attempt::blocked_until.eq(tally.blocked_until.map(at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}
