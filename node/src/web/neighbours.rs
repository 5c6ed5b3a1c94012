//! What partners signed about their journals, and whether it still fits, for whoever watches over the node.

use actix_web::get;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::LogId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Fields, Json, Page, PageParams};
use crate::access::Allowed;
use crate::access::acts::ReadJournal;
use crate::error::Result;
use crate::journal;
use crate::routes::Routes;
use crate::store::Store;

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_neighbour_checkpoints);
}

/// One log of a partner, as far as this node was told of it.
#[derive(Serialize, ToSchema)]
struct NeighbourLog {
    /// Whose log.
    entity_id: String,
    /// Which of its logs.
    #[schema(value_type = String, format = "uuid")]
    log: LogId,
    /// How many entries it said it had, at last.
    size: u64,
    /// When it said so.
    heard_at: DateTime<Utc>,
    /// When the log was last shown to have only grown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proven_at: Option<DateTime<Utc>>,
    /// The checkpoint, a compact JWS.
    #[schema(max_length = 4096)]
    checkpoint: String,
    /// What does not fit, the last seen first.
    #[schema(max_items = 5)]
    alarms: Vec<HistoryAlarm>,
}

/// What does not fit.
#[derive(Serialize, ToSchema)]
struct HistoryAlarm {
    /// Its id.
    id: Uuid,
    /// `forked` (two roots under one size), `rewritten` (the log of today does not begin with that of then), `truncated`
    /// (shorter than it was), `replaced` (another log than before, as after a restore) or `withheld` (it answers otherwise,
    /// and has shown nothing about its journal for a week: goes once it does).
    kind: String,
    /// When it was seen first.
    since: DateTime<Utc>,
    /// When it was seen last.
    last_at: DateTime<Utc>,
    /// What the partner once signed, a compact JWS.
    #[schema(max_length = 4096)]
    kept: String,
    /// What it said then, if it said anything: a compact JWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4096)]
    answer: Option<String>,
}

/// Partners' logs, by partner.
#[derive(Serialize, ToSchema)]
struct NeighbourLogs {
    items: Vec<NeighbourLog>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists what partners signed about their journals.
///
/// The newest checkpoint of each log that this node was told of, and where a partner's journal is not what it once
/// signed. What this means and what to do is in the manual; the two documents prove it to anybody.
#[utoipa::path(tag = "members", params(PageParams, Fields<NeighbourLog>),
    responses((status = 200, description = "A page of logs.", body = NeighbourLogs)))]
#[get("/neighbours/checkpoints")]
async fn list_neighbour_checkpoints(
    _: Allowed<ReadJournal>,
    store: Data<Store>,
    page: Page<Digest>,
    fields: Fields<NeighbourLog>,
) -> Result<Json<Value>> {
    let (heard, alarms) = store.read(journal::neighbours).await?;
    let (heard, next_cursor) = page.of_all(heard, |it| Digest::of(format!("{} {}", it.peer, it.log())))?;
    let items = heard.into_iter().map(|it| {
        let of_log = alarms.iter().filter(|alarm| alarm.peer == it.peer && alarm.log() == it.log());
        NeighbourLog {
            log: it.log(),
            size: it.size(),
            heard_at: it.heard_at(),
            proven_at: it.proven_at(),
            alarms: of_log.map(HistoryAlarm::from).collect(),
            entity_id: it.peer,
            checkpoint: it.jws,
        }
    });
    Ok(Json::ok(fields.of(NeighbourLogs { items: items.collect(), next_cursor })?))
}

impl From<&journal::Alarm> for HistoryAlarm {
    fn from(alarm: &journal::Alarm) -> Self {
        let (since, last_at) = alarm.times();
        let (kind, kept, answer) = (alarm.kind.clone(), alarm.kept.clone(), alarm.answer.clone());
        Self { id: alarm.id(), kind, since, last_at, kept, answer }
    }
}
