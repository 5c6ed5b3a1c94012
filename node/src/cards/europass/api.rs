//! The desk's API for CVs, over the verbs of this room.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Card, Refusal};
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::{Form, Report, Syntax};
use crate::access::Allowed;
use crate::access::acts::{ReadCards, WriteCards};
use crate::cards::model;
use crate::config::LimitsConfig;
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Accept, Attachment, Json, Path, Query, Raw, RawKind};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(import_card).service(export_card);
}

/// A CV as it is brought.
struct Cv;

impl RawKind for Cv {
    const MEDIA: &'static [&'static str] = &["application/xml", "application/json"];

    fn most(limits: &LimitsConfig) -> usize {
        limits.body_bytes
    }
}

/// A draft from a file. Nothing of it is saved.
#[derive(Serialize, ToSchema)]
struct ImportedCard {
    /// The form that the file had.
    form: &'static str,
    /// The version of the card that the draft builds on: what `If-Match` must name when it is saved; 0 where there is
    /// no card yet.
    version: u32,
    /// The draft: the card with what was taken from the file.
    card: Card,
    /// What became of each element of the file.
    report: Report,
}

/// In which form a CV is given.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CvForm {
    /// Which XML: `4` since 2020, which is usual, or `3` until then. JSON has one form.
    #[param(nullable = false, minimum = 3, maximum = 4)]
    version: Option<u8>,
    /// The copy that the person keeps for herself: also employers abroad, countries of schools, mother tongues, sex and
    /// citizenship.
    #[serde(default)]
    #[param(nullable = false)]
    for_herself: Option<bool>,
}

/// Makes a draft of a card from a Europass CV.
///
/// XML of version 3 or 4, or the JSON of version 3. Fields that the card has already keep their values. The report says
/// of each element what became of it; a missing statement on disability is unknown. Save the draft to keep it.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")),
    request_body(description = "The CV.", content((String = "application/xml"), (Object = "application/json"))),
    responses((status = 200, description = "The draft, and what became of each element.", body = ImportedCard)))]
#[post("/people/{person}/card/imports")]
async fn import_card(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    raw: Raw<Cv>,
) -> Result<Json<ImportedCard>> {
    let syntax = if raw.media == "application/json" { Syntax::Json } else { Syntax::Xml };
    let today = model::today(store.clock().now());
    let imported = super::read(&raw.bytes, syntax, today).map_err(Problem::from)?;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::draft(tx, &vault, &sight, imported)
    };
    let draft = store.write(act).await?;
    let super::Draft { form, version, card, report } = draft;
    Ok(Json::ok(ImportedCard { form: form.code(), version, card, report }))
}

/// Gives a person's card as a Europass CV.
///
/// XML, or JSON to whoever prefers it (`Accept`). What Europass has no element for is not in it; nor are parts of the
/// card that the caller may not read.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person."), CvForm),
    responses((status = 200, description = "The CV.",
               content((String = "application/xml"), (Object = "application/json")))))]
#[get("/people/{person}/card/europass")]
async fn export_card(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Query(wanted): Query<CvForm>,
    accept: Accept,
) -> Result<Attachment> {
    let media = accept.best(&["application/xml", "application/json"]);
    let form = match (media, wanted.version.unwrap_or(4)) {
        (_, other) if !(3..=4).contains(&other) => {
            return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/version")]).into());
        }
        ("application/json", _) => Form::PassportJson,
        (_, 3) => Form::PassportXml,
        _ => Form::Candidate,
    };
    let for_herself = wanted.for_herself.unwrap_or_default();
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::export(tx, &vault, &sight, form, for_herself)
    };
    let file = store.write(act).await?;
    let file_name = if form == Form::PassportJson { "europass.json" } else { "europass.xml" };
    Ok(Attachment { media: form.media_type(), file_name, bytes: file.into_bytes() })
}
