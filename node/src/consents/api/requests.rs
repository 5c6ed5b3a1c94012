//! The desk's API for what a person is asked now and answers later.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use staffetta_protocol::card::Text;
use staffetta_protocol::consent::{Group, OrganisationId, Purpose};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::RecordId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answers::{ConsentRecord, shown as answered};
use crate::access::Allowed;
use crate::access::acts::{ReadConsents, WriteConsents};
use crate::consents::{self, Deferral, Invalidation, LateAnswer, Questions, Request, State};
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::Store;
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{Fields, Input, Json, Page, PageParams, Path};

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_consent_requests).service(request_consent).service(answer_consent_request);
    routes.service(defer_consent_request).service(invalidate_consent_request);
}

/// A question that waits for its answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentRequest {
    /// The record that its answer will have.
    record: RecordId,
    /// For what.
    purpose: Purpose,
    /// Who would receive.
    recipient: OrganisationId,
    /// What the recipient is called, as she was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recipient_label: Option<Text<200>>,
    /// Which groups of fields.
    groups: BTreeSet<Group>,
    /// Digest of the notice that she was given.
    notice_hash: Digest,
    /// Where it stands.
    state: State,
    /// When it was put.
    asked_at: DateTime<Utc>,
    /// By whom of the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    asked_by: Option<Uuid>,
    /// When to ask again, where it was put off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ask_again_at: Option<DateTime<Utc>>,
}

impl From<Request> for ConsentRequest {
    fn from(request: Request) -> Self {
        Self {
            record: request.record,
            purpose: request.purpose,
            recipient: request.recipient,
            recipient_label: request.recipient_label,
            groups: request.groups,
            notice_hash: request.notice_hash,
            state: request.state,
            asked_at: request.asked_at,
            asked_by: request.asked_by,
            ask_again_at: request.ask_again_at,
        }
    }
}

/// Questions, oldest first.
#[derive(Serialize, ToSchema)]
struct ConsentRequestList {
    /// The questions.
    items: Vec<ConsentRequest>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists what a person was asked and has not answered.
///
/// Nothing leaves under any of them.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person."), PageParams, Fields<ConsentRequest>),
    responses((status = 200, description = "A page of the questions that wait.", body = ConsentRequestList)))]
#[get("/people/{person}/consent-requests")]
async fn list_consent_requests(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    page: Page<RecordId>,
    fields: Fields<ConsentRequest>,
) -> Result<Json<Value>> {
    let staff = staff.staff();
    let waiting = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            consents::requests(tx, &vault, &sight)
        })
        .await?;
    let (waiting, next_cursor) = page.of_all(waiting, |it| it.record)?;
    Ok(Json::ok(
        fields
            .of(ConsentRequestList { items: waiting.into_iter().map(ConsentRequest::from).collect(), next_cursor })?,
    ))
}

/// Asks a person, who answers later.
///
/// One recipient, one question or the two of a first interview. Each question gets the record that its answer will have.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person.")), request_body = Questions,
    responses((status = 201, description = "The questions.", body = ConsentRequestList),
              (status = 403, description = "This node is a processor without an instruction for the purpose."),
              (status = 409, description = "The same question waits already.")))]
#[post("/people/{person}/consent-requests")]
async fn request_consent(
    staff: Allowed<WriteConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(questions): Input<Questions>,
) -> Result<Json<ConsentRequestList>> {
    let staff = staff.staff();
    let asked = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            consents::ask(tx, &vault, &sight, &questions)
        })
        .await?;
    let items = asked.into_iter().map(ConsentRequest::from).collect();
    Ok(Json::created(ConsentRequestList { items, next_cursor: None }, format!("{DESK}/people/{id}/consent-requests")))
}

/// Records the answer to a question that was put earlier.
///
/// It becomes the first answer of the question's record.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    request_body = LateAnswer,
    responses((status = 201, description = "The record.", body = ConsentRecord),
              (status = 409, description = "It has its answer, or a live consent covers this already.")))]
#[post("/people/{person}/consent-requests/{record}/answers")]
async fn answer_consent_request(
    staff: Allowed<WriteConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, record)): Path<(PersonId, RecordId)>,
    Input(answer): Input<LateAnswer>,
) -> Result<Json<ConsentRecord>> {
    let staff = staff.staff();
    let saved = store
        .write(move |tx| {
            let now = tx.now();
            let sight = staff.sight(tx, id)?;
            Ok(answered(consents::answer_request(tx, &vault, &sight, record, &answer)?, now))
        })
        .await?;
    Ok(Json::created(saved, format!("{DESK}/people/{id}/consents/{record}")))
}

/// Records that a person puts a question off.
///
/// She wishes to think about it, or to ask somebody. It goes on waiting.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    request_body = Deferral,
    responses((status = 200, description = "It waits.", body = ConsentRequest),
              (status = 409, description = "It has its answer.")))]
#[post("/people/{person}/consent-requests/{record}/deferrals")]
async fn defer_consent_request(
    staff: Allowed<WriteConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, record)): Path<(PersonId, RecordId)>,
    Input(deferral): Input<Deferral>,
) -> Result<Json<ConsentRequest>> {
    let staff = staff.staff();
    let deferred = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            consents::defer(tx, &vault, &sight, record, deferral)
        })
        .await?;
    Ok(Json::ok(deferred.into()))
}

/// Declares that a question should not have been put.
///
/// It was meant for somebody else, say. It waits no more and has no answer.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    request_body = Invalidation,
    responses((status = 200, description = "It waits no more.", body = ConsentRequest),
              (status = 409, description = "It has its answer.")))]
#[post("/people/{person}/consent-requests/{record}/invalidations")]
async fn invalidate_consent_request(
    staff: Allowed<WriteConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, record)): Path<(PersonId, RecordId)>,
    Input(why): Input<Invalidation>,
) -> Result<Json<ConsentRequest>> {
    let staff = staff.staff();
    let gone = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            consents::invalidate_request(tx, &vault, &sight, record, why)
        })
        .await?;
    Ok(Json::ok(gone.into()))
}
