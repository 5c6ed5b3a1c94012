//! The desk's API for reports of what time ended.

use actix_web::get;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::retention::{self, Counted, Report, ReportKind};
use crate::access::Allowed;
use crate::access::acts::ReadRetention;
use crate::error::Result;
use crate::routes::Routes;
use crate::store::Store;
use crate::web::{Json, Query};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_retention_reports);
}

/// What one run of the retention rules did, or would have done.
#[derive(Serialize, ToSchema)]
struct RetentionReport {
    /// Its id.
    id: Uuid,
    /// Whether anything was ended.
    kind: ReportKind,
    /// When it began.
    begun_at: DateTime<Utc>,
    /// When it ended; absent for a run that is under way or was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_at: Option<DateTime<Utc>>,
    /// Rule by rule. No names.
    #[schema(max_items = 50)]
    counts: Vec<Counted>,
}

impl From<Report> for RetentionReport {
    fn from(report: Report) -> Self {
        let Report { id, kind, begun_at, ended_at, counts } = report;
        Self { id, kind, begun_at, ended_at, counts }
    }
}

/// Reports of the retention rules.
#[derive(Serialize, ToSchema)]
struct RetentionReportList {
    /// The newest first.
    items: Vec<RetentionReport>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which reports to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct RetentionReportQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false, max_length = 64)]
    cursor: Option<String>,
    /// Reports on a page; 50 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

fn cursor(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = text.split_once('.')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

/// Lists reports of the retention rules.
///
/// What was deleted because its time had come, counted by rule; and what was only counted.
#[utoipa::path(tag = "rights", params(RetentionReportQuery),
    responses((status = 200, description = "A page of reports.", body = RetentionReportList)))]
#[get("/retention-reports")]
async fn list_retention_reports(
    _staff: Allowed<ReadRetention>,
    store: Data<Store>,
    Query(query): Query<RetentionReportQuery>,
) -> Result<Json<RetentionReportList>> {
    let limit = query.limit.unwrap_or(50);
    let before = query.cursor.as_deref().map(cursor);
    let mut found = Vec::new();
    if !(1..=200).contains(&limit) {
        found.push(Refusal::OutOfRange.at("/limit"));
    }
    if before == Some(None) {
        found.push(Refusal::WrongShape.at("/cursor"));
    }
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let rows = i64::from(limit) + 1;
    let mut reports = store.read(move |conn| retention::page(conn, before.flatten(), rows)).await?;
    let more = reports.len() > limit as usize;
    reports.truncate(limit as usize);
    let next_cursor = reports
        .last()
        .filter(|_| more)
        .map(|last| format!("{}.{}", last.begun_at.timestamp_micros(), last.id.as_simple()));
    Ok(Json::ok(RetentionReportList { items: reports.into_iter().map(Into::into).collect(), next_cursor }))
}
