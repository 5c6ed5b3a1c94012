//! The desk's API for offices: this node's own; the address book stands beside it.

use actix_web::web::Data;
use actix_web::{delete, get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Held, OwnOffice, api_partners};
use crate::access::Allowed;
use crate::access::acts::{ReadOffices, WriteOffices};
use crate::error::Result;
use crate::routes::Routes;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{self, Fields, IfMatch, Input, Json, NoContent, Path, Query};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_offices).service(add_office).service(read_office).service(change_office).service(remove_office);
    api_partners::api(routes);
}

/// An office of this node.
#[derive(Serialize, ToSchema)]
struct OwnOfficeEntry {
    /// Its id at this node.
    id: Uuid,
    /// Grows with each change.
    version: i32,
    /// When it was entered.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// What is known of it.
    office: OwnOffice,
}

impl From<Held<OwnOffice>> for OwnOfficeEntry {
    fn from(it: Held<OwnOffice>) -> Self {
        let Held { id, version, created_at, updated_at, removed: _, entry } = it;
        Self { id, version, created_at, updated_at, office: entry }
    }
}

/// A page of offices.
#[derive(Serialize, ToSchema)]
struct OwnOfficeList {
    /// The offices.
    items: Vec<OwnOfficeEntry>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<Uuid>,
}

/// Which page of a book.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfficePage {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<Uuid>,
    /// Offices on a page; 50 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

impl OfficePage {
    /// # Errors
    /// `invalid_input` for a page of none or of too many.
    pub(super) fn read(self) -> Result<(Option<Uuid>, u32)> {
        let limit = self.limit.unwrap_or(50);
        if !(1..=200).contains(&limit) {
            return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/limit")]).into());
        }
        Ok((self.cursor, limit))
    }
}

/// Lists the offices of this node.
///
/// In the order in which they were entered.
#[utoipa::path(tag = "offices", params(OfficePage, Fields<OwnOfficeEntry>),
    responses((status = 200, description = "A page of offices.", body = OwnOfficeList)))]
#[get("/offices")]
async fn list_offices(
    _: Allowed<ReadOffices>,
    store: Data<Store>,
    Query(page): Query<OfficePage>,
    fields: Fields<OwnOfficeEntry>,
) -> Result<Json<Value>> {
    let (cursor, limit) = page.read()?;
    let page = store.read(move |conn| super::list::<OwnOffice>(conn, cursor, limit)).await?;
    Ok(Json::ok(
        fields.of(OwnOfficeList { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next })?,
    ))
}

/// Enters an office of this node.
///
/// Its place, its hours, the languages that are spoken there, and the municipalities that it is competent for. Contacts are
/// those of the office, of nobody in person.
#[utoipa::path(tag = "offices", request_body = OwnOffice,
    responses((status = 201, description = "The office.", body = OwnOfficeEntry)))]
#[post("/offices")]
async fn add_office(
    staff: Allowed<WriteOffices>,
    store: Data<Store>,
    Input(office): Input<OwnOffice>,
) -> Result<Json<OwnOfficeEntry>> {
    let actor = staff.actor();
    let held = store.write(move |tx| super::add(tx, &actor, office)).await?;
    let (at, version) = (format!("{DESK}/offices/{}", held.id), held.version);
    Ok(Json::created(held.into(), at).etag(version))
}

/// Shows an office of this node.
///
/// As it stands, with the version that an edit must name.
#[utoipa::path(tag = "offices", params(("office" = Uuid, Path, description = "The office.")),
    responses((status = 200, description = "The office.", body = OwnOfficeEntry)))]
#[get("/offices/{office}")]
async fn read_office(
    _: Allowed<ReadOffices>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
) -> Result<Json<OwnOfficeEntry>> {
    let held = store.read(move |conn| super::listed::<OwnOffice>(conn, id)).await?;
    let version = held.version;
    Ok(Json::ok(held.into()).etag(version))
}

/// An office as it stands, for the other side of a conflict.
async fn stands(store: &Store, id: Uuid) -> Result<(OwnOfficeEntry, i64)> {
    let held = store.read(move |conn| super::listed::<OwnOffice>(conn, id)).await?;
    let version = i64::from(held.version);
    Ok((held.into(), version))
}

/// Changes an office of this node.
///
/// All of it: what is absent is gone. `If-Match` names the version that was read.
#[utoipa::path(tag = "offices",
    params(("office" = Uuid, Path, description = "The office."),
           IfMatch),
    request_body = OwnOffice,
    responses((status = 200, description = "The office as it is now.", body = OwnOfficeEntry)))]
#[put("/offices/{office}")]
async fn change_office(
    staff: Allowed<WriteOffices>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    version: IfMatch,
    Input(office): Input<OwnOffice>,
) -> Result<Json<OwnOfficeEntry>> {
    let version = version.row().unwrap_or(i32::MAX);
    let actor = staff.actor();
    let changed = store.write(move |tx| super::put(tx, &actor, id, office, version)).await;
    let held = web::or_both_sides(changed, async || stands(&store, id).await).await?;
    let version = held.version;
    Ok(Json::ok(held.into()).etag(version))
}

/// Takes away an office of this node.
///
/// It is listed and proposed no more. `If-Match` names the version that was read.
#[utoipa::path(tag = "offices",
    params(("office" = Uuid, Path, description = "The office."),
           IfMatch),
    responses((status = 204, description = "It stands in the book no more.")))]
#[delete("/offices/{office}")]
async fn remove_office(
    staff: Allowed<WriteOffices>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    version: IfMatch,
) -> Result<NoContent> {
    let version = version.row().unwrap_or(i32::MAX);
    let actor = staff.actor();
    let removed = store.write(move |tx| super::remove::<OwnOffice>(tx, &actor, id, version)).await;
    web::or_both_sides(removed, async || stands(&store, id).await).await?;
    Ok(NoContent)
}
