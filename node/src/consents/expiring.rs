//! Records that time ends: what shows a consent is kept for some years after it ended.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use staffetta_protocol::id::RecordId;
use uuid::Uuid;

use super::rows;
use crate::error::Result;
use crate::store::schema::{consent, consent_event, consent_receipt, consent_request, paper_recall};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Spent, spent};

/// Records of which every answer ended by `before`: taken back, run out, or a no. In the order of records. One whose letter
/// of recall has no answer is kept.
///
/// # Errors
/// What the database refuses.
pub fn ended_by(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Vec<Spent>> {
    let at = At::from(before);
    let others = diesel::alias!(consent as others);
    let lives = others
        .filter(others.field(consent::record).eq(consent::record))
        .filter(
            others
                .field(consent::withdrawn_at)
                .gt(at)
                .or(others.field(consent::withdrawn_at).is_null().and(others.field(consent::not_after).gt(at)))
                .or(others.field(consent::answered_at).gt(at)),
        )
        .select(others.field(consent::id));
    let asked = paper_recall::table
        .filter(paper_recall::record.eq(consent::record.nullable()))
        .filter(paper_recall::answered_at.is_null());
    let found: Vec<(Id, Id)> = consent::table
        .filter(consent::record.gt(Id(after.unwrap_or_default())))
        .filter(not(exists(lives)))
        .filter(not(exists(asked)))
        .filter(consent::seq.eq(1))
        .order(consent::record)
        .limit(limit)
        .select((consent::record, consent::subject))
        .load(conn)?;
    Ok(spent(found))
}

/// Deletes a record: its answers, events, receipts, the question, letters. That it ended stays, as a tombstone. One that she
/// has renewed meanwhile has not ended, and stays.
///
/// # Errors
/// What the database refuses.
pub fn delete_record(tx: &mut Tx<'_>, record: Uuid) -> Result<()> {
    rows::lock(tx, RecordId(record))?;
    let (record, now) = (Id(record), At::from(tx.now()));
    let lives = consent::table
        .filter(consent::record.eq(record))
        .filter(consent::withdrawn_at.is_null())
        .filter(consent::not_after.gt(now));
    if diesel::select(exists(lives)).get_result(tx.conn())? {
        return Ok(());
    }
    diesel::delete(consent_receipt::table.filter(consent_receipt::record.eq(record))).execute(tx.conn())?;
    diesel::delete(consent_event::table.filter(consent_event::record.eq(record))).execute(tx.conn())?;
    diesel::delete(consent_request::table.filter(consent_request::record.eq(record))).execute(tx.conn())?;
    diesel::delete(paper_recall::table.filter(paper_recall::record.eq(record))).execute(tx.conn())?;
    diesel::delete(consent::table.filter(consent::record.eq(record))).execute(tx.conn())?;
    Ok(())
}
