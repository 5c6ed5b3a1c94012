//! The desk's API for requests about rights.

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use staffetta_protocol::card::Check;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::Code;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::export::Recipient;
use super::model::{NoWait, Words};
use super::view::{RightsEvent, RightsRequest, RightsRequestInFull, RightsRequestList};
use super::{
    Keyring, Means, NewRightsRequest, Rights, RightsAnswer, RightsExtension, Wanted, api_export, api_register,
    api_retention, erasing,
};
use crate::access::Allowed;
use crate::access::acts::{AnswerRights, ReadRights, WriteRights};
use crate::access::cases::Listing;
use crate::config::Config;
use crate::error::Result;
use crate::links::Links;
use crate::outbox::Outbox;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{Embed, Fields, Html, IfMatch, Input, Json, Page, PageParams, Path, Query, Whose, WithPerson};

/// The routes of this room.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(request_right).service(list_rights_requests).service(show_rights_request);
    routes.service(extend_rights_request).service(answer_rights_request).service(withdraw_rights_request);
    routes.service(erase_at_once).service(print_rights_letter);
    routes.configure(api_export::api).configure(api_register::api).configure(api_retention::api);
}

/// Where a page of the list ends.
type Key = (DateTime<Utc>, Uuid);

/// Which requests to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RightsRequestQuery {
    /// Only those without an answer.
    #[serde(default)]
    open: bool,
    /// Only those whose answer is late.
    #[serde(default)]
    overdue: bool,
    /// Only those of this person.
    #[param(nullable = false)]
    person: Option<Uuid>,
}

/// Why nobody is waited for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ErasureAtOnce {
    /// The reason, for which the data protection officer answers.
    reason: NoWait,
}

impl Check for ErasureAtOnce {}

/// Takes down a request.
///
/// Access, rectification, erasure, restriction, portability or objection. Its month begins on the day on which it came.
#[utoipa::path(tag = "rights", params(("person" = Uuid, Path, description = "The person.")),
    request_body = NewRightsRequest,
    responses((status = 201, description = "It is taken down, with the day on which it is due.", body = RightsRequest)))]
#[post("/people/{person}/rights-requests")]
async fn request_right(
    staff: Allowed<WriteRights>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(person): Path<PersonId>,
    Input(new): Input<NewRightsRequest>,
) -> Result<Json<RightsRequest>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        let request = super::receive(tx, &vault, &sight, new)?;
        Ok(RightsRequest::of(&request, tx.now()))
    };
    let made = store.write(act).await?;
    let (at, version) = (format!("{DESK}/rights-requests/{}", made.id), made.version);
    Ok(Json::created(made, at).etag(version))
}

/// Lists requests.
///
/// Of the cases that the caller may see; not what was said in them. Each person on the page finds it in her journal.
#[utoipa::path(tag = "rights", params(RightsRequestQuery, PageParams, Fields<RightsRequest>, Embed<WithPerson>),
    responses((status = 200, description = "A page of requests.", body = RightsRequestList)))]
#[get("/rights-requests")]
async fn list_rights_requests(
    staff: Allowed<ReadRights>,
    store: Data<Store>,
    Query(query): Query<RightsRequestQuery>,
    page: Page<Key>,
    fields: Fields<RightsRequest>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let now = store.clock().now();
    let wanted = Wanted {
        of: Listing::of(staff.id, staff.role),
        person: query.person.map(PersonId),
        open: query.open,
        overdue: query.overdue,
        after: page.after,
        rows: page.rows(),
    };
    let (embed, limit) = (embed.by(&staff)?, page.limit as usize);
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let found = super::list(tx, &staff, wanted)?;
        let brought = embed.bring(tx, found.iter().take(limit).map(|it| Whose::of(it.person)))?;
        Ok((found, brought))
    };
    let (found, brought) = store.write(act).await?;
    let (items, next_cursor) = page.cut(found, |it| (it.due_at, it.id))?;
    let items = items.iter().map(|it| RightsRequest::of(it, now)).collect();
    Ok(Json::ok(brought.put(fields.of(RightsRequestList { items, next_cursor })?)?))
}

/// Shows a request.
///
/// With what was asked and answered, and everything that happened to it.
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = RightsRequestInFull)))]
#[get("/rights-requests/{request}")]
async fn show_rights_request(
    staff: Allowed<ReadRights>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<Uuid>,
) -> Result<Json<RightsRequestInFull>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let now = tx.now();
        let (request, events) = super::look(tx, &vault, &sight, id)?;
        let shown = RightsRequest::of(&request, now);
        let recipients = super::to_be_told(tx.conn(), &request)?.into_iter().map(Recipient::from).collect();
        let (details, guardian, extension_reason, answer) = match request.words {
            Some(Words { details, guardian, extension, answer }) => (Some(details), guardian, extension, answer),
            None => (None, None, None, None),
        };
        let events = events.into_iter().map(RightsEvent::from).collect();
        Ok(RightsRequestInFull { request: shown, details, guardian, extension_reason, answer, recipients, events })
    };
    let found = store.write(act).await?;
    let version = found.request.version;
    Ok(Json::ok(found).etag(version))
}

/// Notes that two more months are needed.
///
/// Within the first month, with the reason as she was told it (art. 12(3)).
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request."), IfMatch),
    request_body = RightsExtension,
    responses((status = 200, description = "It is extended.", body = RightsRequest),
              (status = 409, description = "The first month has passed, or it was answered.")))]
#[post("/rights-requests/{request}/extension")]
async fn extend_rights_request(
    staff: Allowed<AnswerRights>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<Uuid>,
    version: IfMatch,
    Input(why): Input<RightsExtension>,
) -> Result<Json<RightsRequest>> {
    let (staff, expected) = (staff.staff(), version.row()?);
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let request = super::extend(tx, &vault, &sight, (id, expected), why)?;
        Ok(RightsRequest::of(&request, tx.now()))
    };
    let changed = store.write(act).await?;
    let version = changed.version;
    Ok(Json::ok(changed).etag(version))
}

/// Answers a request.
///
/// Once, and what follows from it happens with it: a restriction begins; for an erasure consents are taken back, recalls
/// go out, and the keys are destroyed when those were answered.
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request."), IfMatch),
    request_body = RightsAnswer,
    responses((status = 200, description = "It is answered.", body = RightsRequest),
              (status = 409, description = "It was answered or taken back already.")))]
#[post("/rights-requests/{request}/answer")]
async fn answer_rights_request(
    staff: Allowed<AnswerRights>,
    store: Data<Store>,
    handles: (Data<Outbox>, Data<Rights>, Data<Links>),
    Path(id): Path<Uuid>,
    version: IfMatch,
    Input(said): Input<RightsAnswer>,
) -> Result<Json<RightsRequest>> {
    let (outbox, rights, links) = handles;
    let (staff, expected) = (staff.staff(), version.row()?);
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let towards = |peer: &EntityId| staff.message_actor(outbox.vault(), peer);
        let means = Means { rights: **rights, outbox: &outbox, towards: &towards };
        let request = super::answer(tx, &means, &sight, (id, expected), said)?;
        Ok(RightsRequest::of(&request, tx.now()))
    };
    let answered = store.write(act).await?;
    links.wake();
    let version = answered.version;
    Ok(Json::ok(answered).etag(version))
}

/// Notes that she took a request back.
///
/// Nothing follows from it any more.
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request."), IfMatch),
    responses((status = 200, description = "It is taken back.", body = RightsRequest),
              (status = 409, description = "It was answered already.")))]
#[post("/rights-requests/{request}/withdrawal")]
async fn withdraw_rights_request(
    staff: Allowed<WriteRights>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<Uuid>,
    version: IfMatch,
) -> Result<Json<RightsRequest>> {
    let (staff, expected) = (staff.staff(), version.row()?);
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let request = super::withdraw(tx, &vault, &sight, (id, expected))?;
        Ok(RightsRequest::of(&request, tx.now()))
    };
    let changed = store.write(act).await?;
    let version = changed.version;
    Ok(Json::ok(changed).etag(version))
}

/// Erases without waiting.
///
/// For an erasure that was granted: the keys are destroyed at once, although somebody was not told or has not answered. The
/// data protection officer says why, and answers for it. While the keyring that the settings name cannot be written, nobody
/// is erased: a copy of the data would bring her back.
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request.")),
    request_body = ErasureAtOnce,
    responses((status = 200, description = "She is erased.", body = RightsRequest),
              (status = 409, description = "It is no erasure under way, a part is kept by law, or another request of hers waits for its answer.")))]
#[post("/rights-requests/{request}/erasure")]
async fn erase_at_once(
    staff: Allowed<AnswerRights>,
    store: Data<Store>,
    (vault, keyring): (Data<Vault>, Data<Keyring>),
    Path(id): Path<Uuid>,
    Input(why): Input<ErasureAtOnce>,
) -> Result<Json<RightsRequest>> {
    let staff = staff.staff();
    if !(keyring.takes_more)().await {
        return Err(Code::KeyringBehind.into());
    }
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        let request = erasing::at_once(tx, &vault, &sight, id, why.reason)?;
        Ok(RightsRequest::of(&request, tx.now()))
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Prints the answer to a request.
///
/// A letter to the person: what was decided and why, what is kept, and to whom she may complain.
#[utoipa::path(tag = "rights", params(("request" = Uuid, Path, description = "The request.")),
    responses((status = 200, description = "The letter.", body = String, content_type = "text/html"),
              (status = 409, description = "It has no answer yet.")))]
#[get("/rights-requests/{request}/letter")]
async fn print_rights_letter(
    staff: Allowed<AnswerRights>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Config>),
    Path(id): Path<Uuid>,
) -> Result<Html> {
    let (vault, config) = handles;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let person = super::person_of(tx.conn(), id)?;
        let sight = staff.sight(tx, person)?;
        super::letter(tx, &vault, &config.node, &sight, id)
    };
    store.write(act).await
}
