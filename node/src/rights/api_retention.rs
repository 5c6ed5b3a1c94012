//! The desk's API for reports of what time ended.

use actix_web::get;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::retention::{self, Counted, Report, ReportKind};
use crate::access::Allowed;
use crate::access::acts::ReadRetention;
use crate::error::Result;
use crate::routes::Routes;
use crate::store::Store;
use crate::web::{Fields, Json, Page, PageParams};

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

/// Lists reports of the retention rules.
///
/// What was deleted because its time had come, counted by rule; and what was only counted.
#[utoipa::path(tag = "rights", params(PageParams, Fields<RetentionReport>),
    responses((status = 200, description = "A page of reports.", body = RetentionReportList)))]
#[get("/retention-reports")]
async fn list_retention_reports(
    _staff: Allowed<ReadRetention>,
    store: Data<Store>,
    page: Page<(DateTime<Utc>, Uuid)>,
    fields: Fields<RetentionReport>,
) -> Result<Json<Value>> {
    let (before, rows) = (page.after, page.rows());
    let found = store.read(move |conn| retention::page(conn, before, rows)).await?;
    let (reports, next_cursor) = page.cut(found, |last| (last.begun_at, last.id))?;
    Ok(Json::ok(fields.of(RetentionReportList { items: reports.into_iter().map(Into::into).collect(), next_cursor })?))
}
