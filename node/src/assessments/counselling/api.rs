//! The desk's API for counselling notes: one note at a time, for whoever may read it.

use actix_web::web::Data;
use actix_web::{get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Check, Prose};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{NoteId, NoteInfo, NoteText};
use crate::access::Allowed;
use crate::access::acts::{ReadCounselling, WriteCounselling};
use crate::assessments::api::bounded;
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{self, Fields, IfMatch, Input, Json, Path, Query};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_counselling_notes).service(write_counselling_note);
    routes.service(read_counselling_note).service(rewrite_counselling_note);
}

/// What is to be remembered of a talk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CounsellingText {
    /// The words.
    #[schema(value_type = Prose<8000>)]
    text: NoteText,
}

impl Check for CounsellingText {}

/// That there is a counselling note.
#[derive(Serialize, ToSchema)]
struct CounsellingEntry {
    /// Its id.
    id: NoteId,
    /// Who wrote it.
    author: Uuid,
    /// When.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When it goes, once the case has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    delete_after: Option<DateTime<Utc>>,
}

impl From<NoteInfo> for CounsellingEntry {
    fn from(NoteInfo { id, author, created_at, updated_at, delete_after, .. }: NoteInfo) -> Self {
        Self { id, author, created_at, updated_at, delete_after }
    }
}

/// A counselling note, for whoever may read it.
#[derive(Serialize, ToSchema)]
struct CounsellingNote {
    /// Which.
    entry: CounsellingEntry,
    /// The words.
    text: String,
}

/// Counselling notes without their words, newest first.
#[derive(Serialize, ToSchema)]
struct CounsellingList {
    /// The notes.
    items: Vec<CounsellingEntry>,
    /// What to ask with for older ones; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<NoteId>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CounsellingPage {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<NoteId>,
    /// Notes on a page; 50 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists the counselling notes of a person.
///
/// Without their words, newest first: all of them for whoever counsels in the case, else the caller's own.
#[utoipa::path(tag = "assessments", params(("person" = Uuid, Path, description = "The person."), CounsellingPage, Fields<CounsellingEntry>),
    responses((status = 200, description = "A page of notes.", body = CounsellingList)))]
#[get("/people/{person}/counselling-notes")]
async fn list_counselling_notes(
    staff: Allowed<ReadCounselling>,
    store: Data<Store>,
    Path(id): Path<PersonId>,
    Query(page): Query<CounsellingPage>,
    fields: Fields<CounsellingEntry>,
) -> Result<Json<Value>> {
    let limit = bounded(page.limit, 50, 200)?;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::list(tx, &sight, page.cursor, limit)
    };
    let (items, more) = store.write(act).await?;
    let next_cursor = items.last().filter(|_| more).map(|last| last.id);
    Ok(Json::ok(
        fields.of(CounsellingList { items: items.into_iter().map(CounsellingEntry::from).collect(), next_cursor })?,
    ))
}

/// Writes a counselling note.
///
/// For whoever counsels in the case. It is read by them and by its author, and leaves this node for nobody but the
/// person herself.
#[utoipa::path(tag = "assessments", params(("person" = Uuid, Path, description = "The person.")),
    request_body = CounsellingText,
    responses((status = 201, description = "The note, without its words.", body = CounsellingEntry)))]
#[post("/people/{person}/counselling-notes")]
async fn write_counselling_note(
    staff: Allowed<WriteCounselling>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(note): Input<CounsellingText>,
) -> Result<Json<CounsellingEntry>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::write(tx, &vault, &sight, &note.text)
    };
    let info = store.write(act).await?;
    let location = format!("{DESK}/people/{id}/counselling-notes/{}", info.id);
    Ok(Json::created(info.into(), location).etag(info.version))
}

/// Shows a counselling note.
///
/// For whoever counsels in the case, and for its author. The person finds it in her journal.
#[utoipa::path(tag = "assessments",
    params(("person" = Uuid, Path, description = "The person."), ("note" = Uuid, Path, description = "The note.")),
    responses((status = 200, description = "The note.", body = CounsellingNote)))]
#[get("/people/{person}/counselling-notes/{note}")]
async fn read_counselling_note(
    staff: Allowed<ReadCounselling>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, note)): Path<(PersonId, NoteId)>,
) -> Result<Json<CounsellingNote>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::read(tx, &vault, &sight, note)
    };
    let (info, text) = store.write(act).await?;
    Ok(Json::ok(CounsellingNote { entry: info.into(), text: text.expose().to_owned() }).etag(info.version))
}

/// Writes a counselling note anew.
///
/// For its author only. A conflict shows the note as it stands, which is recorded as every reading of it.
#[utoipa::path(tag = "assessments",
    params(("person" = Uuid, Path, description = "The person."), ("note" = Uuid, Path, description = "The note."),
           IfMatch),
    request_body = CounsellingText,
    responses((status = 200, description = "The note, without its words.", body = CounsellingEntry)))]
#[put("/people/{person}/counselling-notes/{note}")]
async fn rewrite_counselling_note(
    staff: Allowed<WriteCounselling>,
    handles: (Data<Store>, Data<Vault>),
    Path((id, note)): Path<(PersonId, NoteId)>,
    expected: IfMatch,
    Input(text): Input<CounsellingText>,
) -> Result<Json<CounsellingEntry>> {
    let (store, vault) = handles;
    let (staff, expected) = (staff.staff(), expected.row().unwrap_or(i32::MAX));
    let (keys, author) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::rewrite(tx, &keys, &sight, note, &text.text, expected)
    };
    let look = async || {
        let act = move |tx: &mut Tx<'_>| {
            let sight = author.sight(tx, id)?;
            super::read(tx, &vault, &sight, note)
        };
        let (info, text) = store.write(act).await?;
        let version = i64::from(info.version);
        Ok((CounsellingNote { entry: info.into(), text: text.expose().to_owned() }, version))
    };
    let info = web::or_both_sides(store.write(act).await, look).await?;
    Ok(Json::ok(CounsellingEntry::from(info)).etag(info.version))
}
