//! The desk's API for files that people bring, over the verbs of this room.

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{At, Card, Check, Portability, Refusal};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Brought, ImportYes, Kind, Origin};
use super::rows::Import;
use super::{Laid, carried, digest_of};
use crate::access::Allowed;
use crate::access::acts::{ReadCards, WriteCards};
use crate::cards::europass::{self, Report, Syntax};
use crate::cards::model;
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Fields, Input, Json, Path};

/// Below this every path stands.
const BASE: &str = "/rest/staffetta/v1/desk/people";
/// The most letters that a CV in a request may have.
const CV_MAX: usize = 500_000;

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(preview_import).service(import_file).service(list_imports);
}

/// In which syntax a CV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CvSyntax {
    /// XML of version 3 or 4.
    Xml,
    /// JSON of version 3.
    Json,
}

/// A Europass CV, as text.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CvText {
    /// In which syntax.
    syntax: CvSyntax,
    /// The CV.
    #[schema(max_length = 500_000)]
    text: String,
}

/// The file: one of the two.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BroughtFile {
    /// The file that she took along from another centre.
    #[serde(default)]
    #[schema(nullable = false)]
    portability: Option<Portability>,
    /// A Europass CV.
    #[serde(default)]
    #[schema(nullable = false)]
    europass: Option<CvText>,
}

impl Check for BroughtFile {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        match (&self.portability, &self.europass) {
            (Some(file), None) => file.check(&at.key("portability"), found),
            (None, Some(cv)) if cv.text.chars().count() > CV_MAX => {
                found.push(at.key("europass").key("text").refuse(Refusal::TooLong));
            }
            (None, Some(_)) => {}
            (None, None) => found.push(at.key("portability").refuse(Refusal::Required)),
            (Some(_), Some(_)) => found.push(at.key("europass").refuse(Refusal::Inconsistent)),
        }
    }
}

impl BroughtFile {
    /// Reads the file.
    ///
    /// # Errors
    /// `malformed_request` for a CV that cannot be read.
    fn read(self, store: &Store) -> Result<Brought> {
        if let Some(file) = self.portability {
            return carried::read(file);
        }
        let cv = self.europass.ok_or_else(|| Problem::invalid(vec![Refusal::Required.at("/file/portability")]))?;
        let syntax = if cv.syntax == CvSyntax::Json { Syntax::Json } else { Syntax::Xml };
        let today = model::today(store.clock().now());
        let imported = europass::read(cv.text.as_bytes(), syntax, today).map_err(Problem::from)?;
        let (kind, digest) = (Kind::Europass(imported.form), digest_of(cv.text.as_bytes()));
        Ok(Brought { kind, origin: None, digest, given: imported.given() })
    }
}

/// A file to look at.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportPreview {
    /// The file.
    file: BroughtFile,
}

impl Check for ImportPreview {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.file.check(&at.key("file"), found);
    }
}

/// A file to be laid onto her card, with her yes.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewImport {
    /// The file.
    file: BroughtFile,
    /// Her yes, and what shows it.
    indication: ImportYes,
}

impl Check for NewImport {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.file.check(&at.key("file"), found);
        self.indication.check(&at.key("indication"), found);
    }
}

/// What a file makes of a card.
#[derive(Serialize, ToSchema)]
struct LaidImport {
    /// The import; absent while it is only looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<Uuid>,
    /// The version of the card that it builds on; 0 where there is no card yet.
    version: u32,
    /// Letters of the sections that it changes, now drafts if it was saved.
    #[schema(max_items = 13)]
    sections: Vec<&'static str>,
    /// The card with what was brought, as far as the caller may read it.
    card: Card,
    /// What became of each element of the file.
    report: Report,
}

impl LaidImport {
    fn of(id: Option<Uuid>, laid: Laid) -> Self {
        let sections = laid.sections.iter().map(|section| section.letter()).collect();
        Self { id, version: laid.version, sections, card: laid.card, report: laid.report }
    }
}

/// What was laid onto a card from one file.
#[derive(Serialize, ToSchema)]
struct CardImport {
    /// The import.
    id: Uuid,
    /// `portability`, `europass_v4_xml`, `europass_v3_xml` or `europass_v3_json`.
    #[schema(max_length = 30)]
    kind: &'static str,
    /// Letters of the sections that were drafted.
    #[schema(max_items = 13)]
    sections: Vec<&'static str>,
    /// Digest of the file.
    digest: Digest,
    /// From where the file says that it comes; a CV does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    origin: Option<Origin>,
    /// Her yes.
    indication: ImportYes,
    /// When.
    imported_at: DateTime<Utc>,
    /// By whom of the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    imported_by: Option<Uuid>,
}

impl From<Import> for CardImport {
    fn from(it: Import) -> Self {
        Self {
            id: it.id,
            kind: it.kind.code(),
            sections: it.sections.iter().map(|section| section.letter()).collect(),
            digest: it.digest,
            origin: it.origin,
            indication: it.yes,
            imported_at: it.at,
            imported_by: it.by,
        }
    }
}

/// Imports, newest first.
#[derive(Serialize, ToSchema)]
struct CardImportList {
    /// The imports: at most 50.
    #[schema(max_items = 50)]
    items: Vec<CardImport>,
}

/// Looks at what a file would make of a card.
///
/// The file that the person took along from another centre, or a Europass CV. Nothing is saved. Fields that the card has
/// keep their values; what others confirmed of her skills is left out.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")), request_body = ImportPreview,
    responses((status = 200, description = "What it would make.", body = LaidImport)))]
#[post("/people/{person}/import-previews")]
async fn preview_import(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(new): Input<ImportPreview>,
) -> Result<Json<LaidImport>> {
    let (staff, brought) = (staff.staff(), new.file.read(&store)?);
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::look(tx, &vault, &sight, brought)
    };
    Ok(Json::ok(LaidImport::of(None, store.write(act).await?)))
}

/// Imports a file into a card, as drafts.
///
/// On the person's yes, with what shows it: for a minor, also one that the file shows to be a minor, her guardian says it.
/// Each section that the file changes becomes a draft, to be looked through and
/// published; where the file came from, and when, is kept.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")), request_body = NewImport,
    responses((status = 201, description = "Drafted.", body = LaidImport),
              (status = 409, description = "`conflict`: a section is being drafted, or the file adds nothing; `holder_changed`.")))]
#[post("/people/{person}/imports")]
async fn import_file(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(new): Input<NewImport>,
) -> Result<Json<LaidImport>> {
    let (staff, brought, yes) = (staff.staff(), new.file.read(&store)?, new.indication);
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::save(tx, &vault, &sight, brought, yes)
    };
    let (import, laid) = store.write(act).await?;
    Ok(Json::created(LaidImport::of(Some(import), laid), format!("{BASE}/{id}/imports")))
}

/// Lists what was imported into a card.
///
/// Newest first: from where, when, on which indication, and which sections were drafted.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person."), Fields<CardImport>),
    responses((status = 200, description = "The imports.", body = CardImportList)))]
#[get("/people/{person}/imports")]
async fn list_imports(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    fields: Fields<CardImport>,
) -> Result<Json<Value>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::list(tx, &vault, &sight)
    };
    let items = store.write(act).await?.into_iter().map(CardImport::from).collect();
    Ok(Json::ok(fields.of(CardImportList { items })?))
}
