//! Rows of consents as somebody asks who has forgotten what left under them.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use staffetta_protocol::id::RecordId;

use super::Row;
use crate::consents::model::{Consent, State};
use crate::error::Result;
use crate::outbox::Gap;
use crate::store::schema::{consent, recall_told};
use crate::store::{At, Conn, Id};
use crate::vault::{Subject, Vault};

/// When the first answer of a record was given.
pub(in crate::consents) fn first_answered(conn: &mut Conn, record: RecordId) -> Result<Option<DateTime<Utc>>> {
    let of_record = consent::table.filter(consent::record.eq(Id(record.0)));
    let first: Option<At> =
        of_record.order(consent::answered_at).select(consent::answered_at).first(conn).optional()?;
    Ok(first.map(|at| at.0))
}

/// Every yes of these subjects that nobody has taken back, whether or not its time has run out.
pub(in crate::consents) fn unended_of(conn: &mut Conn, vault: &Vault, of: &[Subject]) -> Result<Vec<Consent>> {
    let hers: Vec<Id> = of.iter().map(|subject| Id(subject.0)).collect();
    let rows: Vec<Row> = consent::table
        .filter(consent::subject.eq_any(hers))
        .filter(consent::withdrawn_at.is_null())
        .filter(consent::state.ne(State::Refused.code()))
        .order((consent::record, consent::seq))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(|row| row.read(conn, vault)).collect()
}

/// What had been answered before a gap about a peer was found, was taken back since it began, names this organisation, and was
/// never told to that peer so far as to cover `renewals` that may be forgotten: at most `limit`.
pub(in crate::consents) fn ended_untold(
    conn: &mut Conn,
    vault: &Vault,
    organisation: &str,
    gap: &Gap,
    (renewals, limit): (u32, i64),
) -> Result<Vec<Consent>> {
    let told = recall_told::table
        .filter(recall_told::record.eq(consent::record))
        .filter(recall_told::peer.eq(gap.peer.as_str()))
        .filter(recall_told::seq.ge(consent::seq + renewals.cast_signed()));
    let since = gap.since.unwrap_or(DateTime::UNIX_EPOCH);
    let rows: Vec<Row> = consent::table
        .filter(consent::recipient.eq(organisation).or(consent::recipient.like(format!("{organisation}#%"))))
        .filter(consent::withdrawn_at.ge(At::from(since)))
        .filter(consent::answered_at.le(At::from(gap.found_at)))
        .filter(not(exists(told)))
        .order(consent::id)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    let all = rows.into_iter().map(|row| row.read(conn, vault)).collect::<Result<Vec<_>>>()?;
    // `_` stands for any letter in the pattern.
    Ok(all.into_iter().filter(|it| it.recipient.organisation() == organisation).collect())
}
