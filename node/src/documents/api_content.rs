//! The desk's API for the files of documents.

use actix_web::web::Data;
use actix_web::{get, put};
use staffetta_protocol::problem::Code;

use super::api::{DocumentRecord, shown, stands};
use super::{DocumentId, Media};
use crate::access::Allowed;
use crate::access::acts::{ReadDocuments, WriteDocuments};
use crate::config::{Config, LimitsConfig};
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{self, Attachment, IfMatch, Json, Path, Raw, RawKind};

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(file_document).service(download_document);
}

/// The files that a record takes.
#[derive(Debug)]
struct Paper;

impl RawKind for Paper {
    const MEDIA: &'static [&'static str] = Media::TYPES;

    fn most(limits: &LimitsConfig) -> usize {
        limits.document_bytes
    }
}

/// Puts the file of a document.
///
/// PDF, JPEG, PNG, or a Europass document in XML or JSON; its bytes must be what the content type says and nothing else
/// besides. A document takes one file: the same again changes nothing, another is refused.
#[utoipa::path(tag = "documents",
    params(("person" = Uuid, Path, description = "The person."),
           ("document" = Uuid, Path, description = "The document."),
           IfMatch),
    request_body(description = "The file.", content(
        (String = "application/pdf"), (String = "image/jpeg"), (String = "image/png"),
        (String = "application/xml"), (serde_json::Value = "application/json"))),
    responses((status = 200, description = "The document with its file.", body = DocumentRecord),
              (status = 409, description = "It has another file already: enter another document.")))]
#[put("/people/{person}/documents/{document}/content")]
async fn file_document(
    staff: Allowed<WriteDocuments>,
    handles: (Data<Store>, Data<Vault>, Data<Config>),
    Path((id, document)): Path<(PersonId, DocumentId)>,
    expected: IfMatch,
    raw: Raw<Paper>,
) -> Result<Json<DocumentRecord>> {
    let expected = expected.row().unwrap_or(i32::MAX);
    let (store, vault, config) = handles;
    let (staff, room) = (staff.staff(), config.limits.person_documents_bytes);
    let media = Media::named(raw.media).ok_or(Code::UnsupportedMediaType)?;
    let (who, opener, sealer) = (staff.clone(), vault.clone(), vault.clone());
    let (keys, colleague) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = who.sight(tx, id)?;
        super::may_file(tx, &opener, &sight, document)
    };
    let asked = store.write(act).await?;
    let sealed = store.read(move |conn| super::seal(conn, &sealer, &asked, media, &raw.bytes)).await?;
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::file(tx, &vault, &sight, &sealed, expected, room)
    };
    let look = async || stands(&store, &keys, &colleague, (id, document)).await;
    let (document, version) = shown(web::or_both_sides(store.write(act).await, look).await?);
    Ok(Json::ok(document).etag(version))
}

/// Downloads the file of a document.
///
/// Always as a file to be kept, under a name of this node's own. The person finds it in her journal.
#[utoipa::path(tag = "documents",
    params(("person" = Uuid, Path, description = "The person."),
           ("document" = Uuid, Path, description = "The document.")),
    responses((status = 200, description = "The file.", content(
        (String = "application/pdf"), (String = "image/jpeg"), (String = "image/png"),
        (String = "application/xml"), (serde_json::Value = "application/json")))))]
#[get("/people/{person}/documents/{document}/content")]
async fn download_document(
    staff: Allowed<ReadDocuments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, document)): Path<(PersonId, DocumentId)>,
) -> Result<Attachment> {
    let staff = staff.staff();
    let opener = vault.clone();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::take_copy(tx, &vault, &sight, document)
    };
    let document = store.write(act).await?;
    let media = document.file.ok_or(Code::NotFound)?.media;
    let bytes = store.read(move |conn| super::content(conn, &opener, &document)).await?;
    Ok(Attachment { media: media.as_str(), file_name: media.file_name(), bytes })
}
