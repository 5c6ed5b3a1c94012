//! Reports of what time ended.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::schema::retention_report;
use crate::store::{At, Conn, Doc, Id, Tx};

/// What a rule ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetentionCount)]
pub struct Counted {
    /// The rule, by its code in the register.
    #[schema(max_length = 40, example = "message_bytes")]
    pub rule: String,
    /// How much: cards, referrals, records, messages.
    pub ended: u64,
    /// How much would have been, but for a request of the person that is open.
    pub frozen: u64,
}

/// Whether anything was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RetentionReportKind)]
pub enum ReportKind {
    /// It was.
    Run,
    /// It was only counted.
    DryRun,
}

impl ReportKind {
    const fn code(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::DryRun => "dry_run",
        }
    }
}

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: Uuid,
    /// What it was.
    pub kind: ReportKind,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// When it ended; a run that was interrupted has no end, and the next one does the rest.
    pub ended_at: Option<DateTime<Utc>>,
    /// Rule by rule.
    pub counts: Vec<Counted>,
}

/// Begins a report. `None`: there is a run of that day already.
pub(super) fn begin(tx: &mut Tx<'_>, kind: ReportKind, day: &str) -> Result<Option<Uuid>> {
    let id = Uuid::new_v4();
    let (day, now) = (day.to_owned(), At::from(tx.now()));
    let inserted = tx.savepoint(|tx| {
        let row = (
            retention_report::id.eq(Id(id)),
            retention_report::kind.eq(kind.code()),
            retention_report::day.eq(day),
            retention_report::begun_at.eq(now),
            retention_report::counts.eq(Doc(serde_json::json!([]))),
        );
        Ok(diesel::insert_into(retention_report::table).values(row).execute(tx.conn())?)
    });
    match inserted {
        Ok(_) => Ok(Some(id)),
        Err(Error::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn end(tx: &mut Tx<'_>, id: Uuid, counts: &[Counted]) -> Result<()> {
    let now = At::from(tx.now());
    let counts = Doc(serde_json::to_value(counts).map_err(Error::internal)?);
    diesel::update(retention_report::table.find(Id(id)))
        .set((retention_report::ended_at.eq(now), retention_report::counts.eq(counts)))
        .execute(tx.conn())?;
    Ok(())
}

/// The newest day of which there is a run.
pub(super) fn newest_day(conn: &mut Conn) -> Result<Option<String>> {
    let runs = retention_report::table.filter(retention_report::kind.eq(ReportKind::Run.code()));
    Ok(runs.order(retention_report::day.desc()).select(retention_report::day).first(conn).optional()?)
}

/// Reports, the newest first: those before `before`, at most `limit`.
pub fn page(conn: &mut Conn, before: Option<(DateTime<Utc>, Uuid)>, limit: i64) -> Result<Vec<Report>> {
    let mut query = retention_report::table
        .order((retention_report::begun_at.desc(), retention_report::id.desc()))
        .limit(limit)
        .select((
            retention_report::id,
            retention_report::kind,
            retention_report::begun_at,
            retention_report::ended_at,
            retention_report::counts,
        ))
        .into_boxed();
    if let Some((at, id)) = before {
        let at = At::from(at);
        let earlier = retention_report::begun_at.lt(at);
        query = query.filter(earlier.or(retention_report::begun_at.eq(at).and(retention_report::id.lt(Id(id)))));
    }
    let rows: Vec<(Id, String, At, Option<At>, Doc)> = query.load(conn)?;
    let report = |(id, kind, begun_at, ended_at, counts): (Id, String, At, Option<At>, Doc)| {
        let kind = if kind == ReportKind::Run.code() { ReportKind::Run } else { ReportKind::DryRun };
        let counts = serde_json::from_value(counts.0).map_err(|_| Error::internal("a stored report does not parse"))?;
        Ok(Report { id: id.0, kind, begun_at: begun_at.0, ended_at: ended_at.map(|at| at.0), counts })
    };
    rows.into_iter().map(report).collect()
}

/// The newest report.
pub fn last(conn: &mut Conn) -> Result<Option<Report>> {
    Ok(page(conn, None, 1)?.pop())
}
