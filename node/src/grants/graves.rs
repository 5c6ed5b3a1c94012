//! Tombstones as they leave for the keyring and come back.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, sum};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::id::{EntityId, RecordId};

use crate::error::{Error, Result};
use crate::store::schema::tombstone;
use crate::store::{At, Conn};

/// That a record ended for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Whose record.
    pub issuer: EntityId,
    /// Which.
    pub record: RecordId,
    /// Up to which answer.
    pub seq: u32,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// Every tombstone, in the order of their records.
pub fn tombstones(conn: &mut Conn) -> Result<Vec<Tombstone>> {
    let rows: Vec<(String, crate::store::Id, i32, At)> =
        tombstone::table.order((tombstone::issuer, tombstone::record)).load(conn)?;
    let grave = |(issuer, record, seq, at): (String, crate::store::Id, i32, At)| {
        let issuer = issuer.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?;
        Ok(Tombstone { issuer, record: RecordId(record.0), seq: seq.cast_unsigned(), at: at.0 })
    };
    rows.into_iter().map(grave).collect()
}

/// Up to which answer a record has ended, if it has.
pub fn ended_up_to(conn: &mut Conn, issuer: &EntityId, record: RecordId) -> Result<Option<u32>> {
    let key = (issuer.as_str(), crate::store::Id(record.0));
    let seq: Option<i32> = tombstone::table.find(key).select(tombstone::seq).first(conn).optional()?;
    Ok(seq.map(i32::cast_unsigned))
}

/// How many there are and up to which answers, added up: grows with each that is new or raised, and never shrinks.
pub fn tombstone_count(conn: &mut Conn) -> Result<(i64, i64)> {
    let (count, answers): (i64, Option<i64>) =
        tombstone::table.select((count_star(), sum(tombstone::seq))).first(conn)?;
    Ok((count, answers.unwrap_or(0)))
}
