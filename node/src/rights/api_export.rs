//! The desk's API for what is held about a person, for herself; and for restrictions.

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Check, Portability};
use utoipa::ToSchema;
use uuid::Uuid;

use super::export::Exported;
use super::{Rights, portability, print};
use crate::access::Allowed;
use crate::access::acts::{AnswerRights, ExportPerson, ReadRights};
use crate::access::cases::restriction::{self, Restriction, Telling};
use crate::config::Config;
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Fields, Html, Input, Json, Page, PageParams, Path};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(export_person).service(print_person_export).service(export_portability);
    routes.service(list_restrictions).service(tell_of_lifting).service(lift_restriction);
}

/// Gives everything that is held about a person.
///
/// For herself (art. 15): every row that names her, with what is sealed opened; who received something, what it is used for,
/// how long it is kept, and her rights. Names of colleagues are left out; their roles stand for them. What was said in
/// counselling is in it only while a request of hers for access is open, or until the day on which its answer was due.
#[utoipa::path(tag = "rights", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "Everything.", body = Exported)))]
#[get("/people/{person}/export")]
async fn export_person(
    staff: Allowed<ExportPerson>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Config>, Data<Rights>),
    Path(person): Path<PersonId>,
) -> Result<Json<Exported>> {
    let (vault, config, rights) = handles;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        super::export(tx, &vault, **rights, &config, &sight)
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Prints everything that is held about a person.
///
/// The same for paper, in Italian.
#[utoipa::path(tag = "rights", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The pages.", body = String, content_type = "text/html")))]
#[get("/people/{person}/export/sheet")]
async fn print_person_export(
    staff: Allowed<ExportPerson>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Config>, Data<Rights>),
    Path(person): Path<PersonId>,
) -> Result<Html> {
    let (vault, config, rights) = handles;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        super::export(tx, &vault, **rights, &config, &sight)
    };
    print::page(&store.write(act).await?)
}

/// Gives the file that a person takes along.
///
/// Her card and the same as a Europass CV (art. 20), as another centre reads it in. What stays at this node is not in it.
#[utoipa::path(tag = "rights", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The file.", body = Portability)))]
#[get("/people/{person}/portability")]
async fn export_portability(
    staff: Allowed<ExportPerson>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Config>),
    Path(person): Path<PersonId>,
) -> Result<Json<Portability>> {
    let (vault, config) = handles;
    let staff = staff.staff();
    let from = portability::origin(&config.node.entity_id, &config.node.organisation_name)?;
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        super::carry(tx, &vault, &sight, from)
    };
    Ok(Json::ok(store.write(act).await?))
}

/// A restriction of what may be done with somebody's data.
#[derive(Serialize, ToSchema)]
struct CaseRestriction {
    /// Its id.
    id: Uuid,
    /// `restriction`, `objection` or `erasure`.
    why: &'static str,
    /// The request that it follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request: Option<Uuid>,
    /// Since when.
    set_at: DateTime<Utc>,
    /// When she was told that it will be lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    told_at: Option<DateTime<Utc>>,
    /// How.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    told_how: Option<String>,
    /// When it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lifted_at: Option<DateTime<Utc>>,
}

impl From<Restriction> for CaseRestriction {
    fn from(it: Restriction) -> Self {
        let (told_at, told_how) = it.told.unzip();
        let (id, request, set_at, lifted_at) = (it.id, it.request, it.set_at, it.lifted_at);
        Self { id, why: it.why.code(), request, set_at, told_at, told_how, lifted_at }
    }
}

/// The restrictions of a case.
#[derive(Serialize, ToSchema)]
struct CaseRestrictionList {
    /// Every one that there was, the newest first.
    items: Vec<CaseRestriction>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// How she was told that a restriction will be lifted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RestrictionTelling {
    /// How.
    how: Telling,
}

impl Check for RestrictionTelling {}

/// Lists the restrictions of a person's data.
///
/// Those that are on and those that were lifted.
#[utoipa::path(tag = "rights", params(("person" = Uuid, Path, description = "The person."), PageParams,
           Fields<CaseRestriction>),
    responses((status = 200, description = "A page of the restrictions.", body = CaseRestrictionList)))]
#[get("/people/{person}/restrictions")]
async fn list_restrictions(
    staff: Allowed<ReadRights>,
    store: Data<Store>,
    Path(person): Path<PersonId>,
    page: Page<Uuid>,
    fields: Fields<CaseRestriction>,
) -> Result<Json<Value>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        restriction::look(tx, &sight)
    };
    let (found, next_cursor) = page.of_all(store.write(act).await?, |it| it.id)?;
    Ok(Json::ok(
        fields
            .of(CaseRestrictionList { items: found.into_iter().map(CaseRestriction::from).collect(), next_cursor })?,
    ))
}

/// Notes that she was told of the end of a restriction.
///
/// Before it is lifted (art. 18(3)).
#[utoipa::path(tag = "rights",
    params(("person" = Uuid, Path, description = "The person."),
           ("restriction" = Uuid, Path, description = "The restriction.")),
    request_body = RestrictionTelling,
    responses((status = 200, description = "Noted.", body = CaseRestriction),
              (status = 409, description = "It was lifted, or ends with an erasure.")))]
#[post("/people/{person}/restrictions/{restriction}/notice")]
async fn tell_of_lifting(
    staff: Allowed<AnswerRights>,
    store: Data<Store>,
    Path((person, id)): Path<(PersonId, Uuid)>,
    Input(said): Input<RestrictionTelling>,
) -> Result<Json<CaseRestriction>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        restriction::tell(tx, &sight, id, said.how)
    };
    Ok(Json::ok(store.write(act).await?.into()))
}

/// Lifts a restriction.
///
/// Only once she was told.
#[utoipa::path(tag = "rights",
    params(("person" = Uuid, Path, description = "The person."),
           ("restriction" = Uuid, Path, description = "The restriction.")),
    responses((status = 200, description = "It is lifted.", body = CaseRestriction),
              (status = 409, description = "She was not told, it was lifted, or it ends with an erasure.")))]
#[post("/people/{person}/restrictions/{restriction}/lifting")]
async fn lift_restriction(
    staff: Allowed<AnswerRights>,
    store: Data<Store>,
    Path((person, id)): Path<(PersonId, Uuid)>,
) -> Result<Json<CaseRestriction>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        restriction::lift(tx, &sight, id)
    };
    Ok(Json::ok(store.write(act).await?.into()))
}
