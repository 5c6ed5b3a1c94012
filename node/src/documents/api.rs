//! The desk's API for documents, over the verbs of this room.

use actix_web::web::Data;
use actix_web::{delete, get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Day, Refusal};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::PAGE;
use super::{Cursor, Description, Document, DocumentId, DocumentKind, Ending, Media, api_content};
use crate::access::acts::{ReadDocuments, WriteDocuments};
use crate::access::{Acting, Allowed};
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{self, Embed, Fields, IfMatch, Input, Json, NoContent, Path, Query, Whose, WithPerson};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_expiring_documents);
    routes.service(list_documents).service(enter_document).service(read_document).service(describe_document);
    routes.service(remove_document).configure(api_content::api);
}

/// A document as it is held.
#[derive(Serialize, ToSchema)]
pub(super) struct DocumentRecord {
    /// Its id.
    id: DocumentId,
    /// What is said of it.
    description: Description,
    /// Its file, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    file: Option<DocumentFile>,
    /// When it was entered.
    created_at: DateTime<Utc>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    created_by: Option<Uuid>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// The file of a document, without its bytes.
#[derive(Serialize, ToSchema)]
struct DocumentFile {
    /// What it is, by its own bytes.
    media_type: Media,
    /// Bytes.
    size: u32,
    /// Of the bytes as they were sent.
    sha256: Digest,
}

pub(super) fn shown(document: Document) -> (DocumentRecord, i32) {
    let file = document.file.map(|it| DocumentFile { media_type: it.media, size: it.size, sha256: it.sha256 });
    let Document { id, description, version, created_at, created_by, updated_at, .. } = document;
    (DocumentRecord { id, description, file, created_at, created_by, updated_at }, version)
}

/// Documents, newest first.
#[derive(Serialize, ToSchema)]
struct DocumentList {
    /// The documents.
    items: Vec<DocumentRecord>,
    /// What to ask with for older ones; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A document that ends.
#[derive(Serialize, ToSchema)]
struct ExpiringDocument {
    /// The document.
    id: DocumentId,
    /// Whose it is.
    person: PersonId,
    /// What it is.
    #[serde(rename = "type")]
    kind: DocumentKind,
    /// The last day on which it holds.
    expires: Day,
}

impl From<Ending> for ExpiringDocument {
    fn from(Ending { id, person, kind, expires }: Ending) -> Self {
        Self { id, person, kind, expires }
    }
}

/// Documents that end, the first to end first.
#[derive(Serialize, ToSchema)]
struct ExpiringDocuments {
    /// The documents.
    items: Vec<ExpiringDocument>,
    /// What to ask with for those that end later; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which page of a person's documents.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DocumentPage {
    /// `next_cursor` of the page before.
    #[param(nullable = false, max_length = 64)]
    cursor: Option<String>,
    /// Documents on a page; 50 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Which documents that end.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExpiringPage {
    /// The last day to look at; 60 days from today if absent.
    #[param(nullable = false)]
    before: Option<Day>,
    /// `next_cursor` of the page before.
    #[param(nullable = false, max_length = 64)]
    cursor: Option<String>,
    /// Documents on a page; 50 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

fn bounded(limit: Option<u32>) -> Result<u32> {
    let (most, usual) = PAGE;
    let limit = limit.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid(vec![Refusal::OutOfRange.at("/limit")]).into())
    }
}

fn no_cursor() -> Problem {
    Problem::invalid(vec![Refusal::WrongShape.at("/cursor")])
}

/// Lists documents that are about to end.
///
/// Of the people in whose team the caller is, and whose documents she sees; the first to end first, those that have
/// ended before them. Each person finds it in her journal.
#[utoipa::path(tag = "documents", params(ExpiringPage, Fields<ExpiringDocument>, Embed<WithPerson>),
    responses((status = 200, description = "A page of documents.", body = ExpiringDocuments)))]
#[get("/documents/expiring")]
async fn list_expiring_documents(
    staff: Allowed<ReadDocuments>,
    store: Data<Store>,
    Query(page): Query<ExpiringPage>,
    fields: Fields<ExpiringDocument>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let limit = bounded(page.limit)?;
    let after = page.cursor.map(|text| Cursor::<Day>::parse(&text).ok_or_else(no_cursor)).transpose()?;
    let embed = embed.by(&staff)?;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let (found, next) = super::ending(tx, &staff, page.before, after, limit)?;
        let brought = embed.bring(tx, found.iter().map(|it| Whose::of(it.person)))?;
        Ok((found, next, brought))
    };
    let (found, next, brought) = store.write(act).await?;
    let items = found.into_iter().map(ExpiringDocument::from).collect();
    let next_cursor = next.map(|cursor| cursor.to_string());
    Ok(Json::ok(brought.put(fields.of(ExpiringDocuments { items, next_cursor })?)?))
}

/// Lists the documents of a person.
///
/// Newest first, without their files. She finds it in her journal.
#[utoipa::path(tag = "documents", params(("person" = Uuid, Path, description = "The person."), DocumentPage, Fields<DocumentRecord>),
    responses((status = 200, description = "A page of documents.", body = DocumentList)))]
#[get("/people/{person}/documents")]
async fn list_documents(
    staff: Allowed<ReadDocuments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Query(page): Query<DocumentPage>,
    fields: Fields<DocumentRecord>,
) -> Result<Json<Value>> {
    let limit = bounded(page.limit)?;
    let after = page.cursor.map(|text| Cursor::<DateTime<Utc>>::parse(&text).ok_or_else(no_cursor)).transpose()?;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::list(tx, &vault, &sight, after, limit)
    };
    let page = store.write(act).await?;
    let items = page.items.into_iter().map(|document| shown(document).0).collect();
    Ok(Json::ok(fields.of(DocumentList { items, next_cursor: page.next.map(|cursor| cursor.to_string()) })?))
}

/// Enters a document of a person.
///
/// What it is and until when it holds; its file, if there is one, is put to `content` afterwards.
#[utoipa::path(tag = "documents", params(("person" = Uuid, Path, description = "The person.")),
    request_body = Description,
    responses((status = 201, description = "The document.", body = DocumentRecord)))]
#[post("/people/{person}/documents")]
async fn enter_document(
    staff: Allowed<WriteDocuments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(description): Input<Description>,
) -> Result<Json<DocumentRecord>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::enter(tx, &vault, &sight, &description)
    };
    let (document, version) = shown(store.write(act).await?);
    let location = format!("{DESK}/people/{id}/documents/{}", document.id);
    Ok(Json::created(document, location).etag(version))
}

/// Shows a document of a person.
///
/// What is said of it; its file is at `content`.
#[utoipa::path(tag = "documents",
    params(("person" = Uuid, Path, description = "The person."),
           ("document" = Uuid, Path, description = "The document.")),
    responses((status = 200, description = "The document.", body = DocumentRecord)))]
#[get("/people/{person}/documents/{document}")]
async fn read_document(
    staff: Allowed<ReadDocuments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, document)): Path<(PersonId, DocumentId)>,
) -> Result<Json<DocumentRecord>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::look(tx, &vault, &sight, document)
    };
    let (document, version) = shown(store.write(act).await?);
    Ok(Json::ok(document).etag(version))
}

/// A document as it stands, for the other side of a conflict.
pub(super) async fn stands(
    store: &Store,
    vault: &Data<Vault>,
    staff: &Acting,
    (person, document): (PersonId, DocumentId),
) -> Result<(DocumentRecord, i64)> {
    let (staff, vault) = (staff.clone(), vault.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        super::look(tx, &vault, &sight, document)
    };
    let (seen, version) = shown(store.write(act).await?);
    Ok((seen, version.into()))
}

/// Changes what is said of a document.
///
/// The whole description: what is absent is gone. The file stays as it is.
#[utoipa::path(tag = "documents",
    params(("person" = Uuid, Path, description = "The person."),
           ("document" = Uuid, Path, description = "The document."),
           IfMatch),
    request_body = Description,
    responses((status = 200, description = "The document.", body = DocumentRecord)))]
#[put("/people/{person}/documents/{document}")]
async fn describe_document(
    staff: Allowed<WriteDocuments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, document)): Path<(PersonId, DocumentId)>,
    expected: IfMatch,
    Input(description): Input<Description>,
) -> Result<Json<DocumentRecord>> {
    let expected = expected.row().unwrap_or(i32::MAX);
    let staff = staff.staff();
    let (keys, colleague) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::describe(tx, &keys, &sight, document, &description, expected)
    };
    let look = async || stands(&store, &vault, &colleague, (id, document)).await;
    let (document, version) = shown(web::or_both_sides(store.write(act).await, look).await?);
    Ok(Json::ok(document).etag(version))
}

/// Deletes a document of a person.
///
/// With its file, for good. That it was there stays in her journal. `If-Match` names the version that was read.
#[utoipa::path(tag = "documents",
    params(("person" = Uuid, Path, description = "The person."),
           ("document" = Uuid, Path, description = "The document."),
           IfMatch),
    responses((status = 204, description = "It is gone.")))]
#[delete("/people/{person}/documents/{document}")]
async fn remove_document(
    staff: Allowed<WriteDocuments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, document)): Path<(PersonId, DocumentId)>,
    expected: IfMatch,
) -> Result<NoContent> {
    let expected = expected.row().unwrap_or(i32::MAX);
    let staff = staff.staff();
    let (keys, colleague) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::delete(tx, &keys, &sight, document, expected)
    };
    let look = async || stands(&store, &vault, &colleague, (id, document)).await;
    web::or_both_sides(store.write(act).await, look).await?;
    Ok(NoContent)
}
