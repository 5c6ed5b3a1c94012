//! The desk's API for notices.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use staffetta_protocol::card::{LanguageCode, Prose, Text};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::digest::Digest;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Allowed;
use crate::access::acts::{ManageNotices, ReadNotices};
use crate::config::Config;
use crate::consents::notices::{self, Audio, NewNotice, NewWording, NoticeVersion, Verified, Wording};
use crate::error::Result;
use crate::routes::Routes;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{Fields, Input, Json, Page, PageParams, Path};

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_notices).service(add_notice).service(read_notice).service(retire_notice);
    routes.service(add_notice_text).service(verify_notice_text);
}

/// A text of a notice.
#[derive(Serialize, ToSchema)]
struct NoticeText {
    /// In which language, ISO 639-3.
    language: LanguageCode,
    /// Its digest: what an answer names.
    hash: Digest,
    /// `verified`, or `draft`: then a mediator must be there.
    status: &'static str,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    verified: Option<Verified>,
    /// Its heading.
    heading: Text<200>,
    /// What the person reads, or is read.
    body: Prose<8000>,
    /// A recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    audio: Option<Audio>,
    /// When it was added.
    added_at: DateTime<Utc>,
}

impl From<Wording> for NoticeText {
    fn from(text: Wording) -> Self {
        Self {
            language: text.language,
            hash: text.hash,
            status: if text.verified.is_some() { "verified" } else { "draft" },
            verified: text.verified,
            heading: text.heading,
            body: text.body,
            audio: text.audio,
            added_at: text.added_at,
        }
    }
}

/// A version of a notice with its texts.
#[derive(Serialize, ToSchema)]
struct NoticeShown {
    /// The version's id.
    id: Uuid,
    /// Which notice: its short name.
    notice_id: Text<64>,
    /// Which version.
    version: Text<32>,
    /// `live` or `retired`.
    status: &'static str,
    /// The purposes that it tells of.
    purposes: BTreeSet<Purpose>,
    /// Who decides, as it prints it.
    controller: String,
    /// Who works on the controller's instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    processor: Option<String>,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// When it was taken out of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retired_at: Option<DateTime<Utc>>,
    /// Its texts, by language.
    texts: Vec<NoticeText>,
}

impl From<NoticeVersion> for NoticeShown {
    fn from(notice: NoticeVersion) -> Self {
        Self {
            id: notice.id,
            notice_id: notice.code,
            version: notice.version,
            status: if notice.retired_at.is_some() { "retired" } else { "live" },
            purposes: notice.purposes,
            controller: notice.controller,
            processor: notice.processor,
            created_at: notice.created_at,
            retired_at: notice.retired_at,
            texts: notice.texts.into_iter().map(NoticeText::from).collect(),
        }
    }
}

/// Notices, by name, the newest version of each first.
#[derive(Serialize, ToSchema)]
struct NoticeList {
    /// The versions.
    items: Vec<NoticeShown>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists what people are told before they are asked.
///
/// Every notice in its versions, with its texts. The ones that come with the program are drafts until somebody of this
/// organisation answers for them.
#[utoipa::path(tag = "consents", params(PageParams, Fields<NoticeShown>),
    responses((status = 200, description = "A page of the notices.", body = NoticeList)))]
#[get("/notices")]
async fn list_notices(
    _: Allowed<ReadNotices>,
    store: Data<Store>,
    config: Data<Config>,
    page: Page<Uuid>,
    fields: Fields<NoticeShown>,
) -> Result<Json<Value>> {
    let own = config.node.organisation_name.clone();
    let all = store
        .write(move |tx| {
            notices::ship(tx, &own)?;
            notices::list(tx.conn())
        })
        .await?;
    let (all, next_cursor) = page.of_all(all, |it| it.id)?;
    Ok(Json::ok(fields.of(NoticeList { items: all.into_iter().map(NoticeShown::from).collect(), next_cursor })?))
}

/// Adds a version of a notice.
///
/// It prints who decides about its purposes now: this organisation, or the one on whose instructions it works. Versions
/// and texts are never changed afterwards.
#[utoipa::path(tag = "consents", request_body = NewNotice,
    responses((status = 201, description = "The version.", body = NoticeShown),
              (status = 403, description = "This node is a processor without an instruction for a purpose."),
              (status = 409, description = "The notice has this version.")))]
#[post("/notices")]
async fn add_notice(
    staff: Allowed<ManageNotices>,
    store: Data<Store>,
    config: Data<Config>,
    Input(new): Input<NewNotice>,
) -> Result<Json<NoticeShown>> {
    let (actor, own) = (staff.actor(), config.node.organisation_name.clone());
    let added = store.write(move |tx| notices::add(tx, &actor, &own, &new)).await?;
    let location = format!("{DESK}/notices/{}", added.id);
    Ok(Json::created(added.into(), location))
}

/// Shows a version of a notice.
///
/// With all its texts.
#[utoipa::path(tag = "consents", params(("notice" = Uuid, Path, description = "The version's id.")),
    responses((status = 200, description = "The version.", body = NoticeShown)))]
#[get("/notices/{notice}")]
async fn read_notice(
    _: Allowed<ReadNotices>,
    store: Data<Store>,
    Path(notice): Path<Uuid>,
) -> Result<Json<NoticeShown>> {
    let found = store.read(move |conn| notices::of(conn, notice)).await?;
    Ok(Json::ok(found.into()))
}

/// Takes a version of a notice out of use.
///
/// No new answer may name it; those that do keep it. A second time changes nothing.
#[utoipa::path(tag = "consents", params(("notice" = Uuid, Path, description = "The version's id.")),
    responses((status = 200, description = "It is out of use.", body = NoticeShown)))]
#[post("/notices/{notice}/retirements")]
async fn retire_notice(
    staff: Allowed<ManageNotices>,
    store: Data<Store>,
    Path(notice): Path<Uuid>,
) -> Result<Json<NoticeShown>> {
    let actor = staff.actor();
    let retired = store.write(move |tx| notices::retire(tx, &actor, notice)).await?;
    Ok(Json::ok(retired.into()))
}

/// Adds a language to a version of a notice.
///
/// A draft, unless it says who answers for it. The recording is a file that the administrator puts into the folder
/// `notices` of the data folder; here stand its name and its digest.
#[utoipa::path(tag = "consents", params(("notice" = Uuid, Path, description = "The version's id.")),
    request_body = NewWording,
    responses((status = 201, description = "The version.", body = NoticeShown),
              (status = 409, description = "It has that language, or is out of use.")))]
#[post("/notices/{notice}/texts")]
async fn add_notice_text(
    staff: Allowed<ManageNotices>,
    store: Data<Store>,
    Path(notice): Path<Uuid>,
    Input(text): Input<NewWording>,
) -> Result<Json<NoticeShown>> {
    let actor = staff.actor();
    let added = store.write(move |tx| notices::add_text(tx, &actor, notice, &text)).await?;
    Ok(Json::created(added.into(), format!("{DESK}/notices/{notice}")))
}

/// Notes who answers for a text.
///
/// From then on it is no draft. Answers that were given after the draft go on saying so.
#[utoipa::path(tag = "consents",
    params(("notice" = Uuid, Path, description = "The version's id."),
           ("language" = LanguageCode, Path, description = "The language, ISO 639-3.")),
    request_body = Verified,
    responses((status = 200, description = "It is verified.", body = NoticeShown),
              (status = 409, description = "It was verified before.")))]
#[post("/notices/{notice}/texts/{language}/verifications")]
async fn verify_notice_text(
    staff: Allowed<ManageNotices>,
    store: Data<Store>,
    Path((notice, language)): Path<(Uuid, LanguageCode)>,
    Input(verified): Input<Verified>,
) -> Result<Json<NoticeShown>> {
    let actor = staff.actor();
    let done = store.write(move |tx| notices::verify(tx, &actor, notice, &language, &verified)).await?;
    Ok(Json::ok(done.into()))
}
