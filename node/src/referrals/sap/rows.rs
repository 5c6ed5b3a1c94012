//! Rows of what the office recorded, sealed with the key of whom it is about.

use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::office::Office;
use super::policy::PolicyEvent;
use crate::error::{Error, Result};
use crate::store::schema::{office_record, policy_event};
use crate::store::{At, Conn, Id, Tx, each_backend};
use crate::vault::{Place, Subject, Vault};

const fn record(referral: Uuid) -> Place {
    Place { table: "office_record", row: referral, column: "sealed" }
}

const fn event(id: Uuid) -> Place {
    Place { table: "policy_event", row: id, column: "sealed" }
}

fn plain(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Error::internal)
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|_| Error::internal("a stored record of the office does not parse"))
}

/// What is recorded, and its version; 0 and nothing where nothing is, or the person was erased.
pub(in crate::referrals) fn office(conn: &mut Conn, vault: &Vault, referral: Uuid) -> Result<(i64, Office)> {
    let row: Option<(i32, Vec<u8>)> = office_record::table
        .find(Id(referral))
        .select((office_record::version, office_record::sealed))
        .first(conn)
        .optional()?;
    let Some((version, sealed)) = row else { return Ok((0, Office::default())) };
    match vault.open(conn, record(referral), &sealed)? {
        Some(bytes) => Ok((version.into(), parsed(&bytes)?)),
        None => Ok((version.into(), Office::default())),
    }
}

/// Saves the version after `expected`, if that is still the newest.
pub(super) fn save_office(
    tx: &mut Tx<'_>,
    vault: &Vault,
    (referral, subject): (Uuid, Subject),
    by: Option<Uuid>,
    office: &Office,
    expected: i64,
) -> Result<()> {
    let expected = i32::try_from(expected).map_err(|_| Error::from(Code::VersionConflict))?;
    let sealed = vault.seal(tx.conn(), subject, record(referral), &plain(office)?)?;
    let now = At::from(tx.now());
    let changed = if expected == 0 {
        let row = (
            office_record::referral.eq(Id(referral)),
            office_record::subject.eq(Id(subject.0)),
            office_record::version.eq(1),
            office_record::sealed.eq(sealed),
            office_record::updated_by.eq(by.map(Id)),
            office_record::updated_at.eq(now),
        );
        each_backend!(tx.conn(), conn => diesel::insert_into(office_record::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(conn))?
    } else {
        diesel::update(office_record::table.find(Id(referral)).filter(office_record::version.eq(expected)))
            .set((
                office_record::version.eq(expected + 1),
                office_record::sealed.eq(sealed),
                office_record::updated_by.eq(by.map(Id)),
                office_record::updated_at.eq(now),
            ))
            .execute(tx.conn())?
    };
    if changed == 0 { Err(Code::VersionConflict.into()) } else { Ok(()) }
}

/// The events of a referral in the order in which they were entered; those of a person who was erased are gone.
pub(in crate::referrals) fn events(conn: &mut Conn, vault: &Vault, referral: Uuid) -> Result<Vec<PolicyEvent>> {
    let rows: Vec<(Id, Vec<u8>)> = policy_event::table
        .filter(policy_event::referral.eq(Id(referral)))
        .order(policy_event::ordinal)
        .select((policy_event::id, policy_event::sealed))
        .load(conn)?;
    let mut events = Vec::with_capacity(rows.len());
    for (id, sealed) in rows {
        if let Some(bytes) = vault.open(conn, event(id.0), &sealed)? {
            events.push(parsed(&bytes)?);
        }
    }
    Ok(events)
}

/// Adds an event behind the `count` that are there.
pub(super) fn add_event(
    tx: &mut Tx<'_>,
    vault: &Vault,
    (referral, subject): (Uuid, Subject),
    by: Option<Uuid>,
    added: &PolicyEvent,
    count: usize,
) -> Result<Uuid> {
    let id = Uuid::new_v4();
    let sealed = vault.seal(tx.conn(), subject, event(id), &plain(added)?)?;
    let now = At::from(tx.now());
    diesel::insert_into(policy_event::table)
        .values((
            policy_event::id.eq(Id(id)),
            policy_event::referral.eq(Id(referral)),
            policy_event::subject.eq(Id(subject.0)),
            policy_event::ordinal.eq(i32::try_from(count + 1).map_err(Error::internal)?),
            policy_event::sealed.eq(sealed),
            policy_event::noted_by.eq(by.map(Id)),
            policy_event::noted_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(id)
}
