//! The desk's API for the address book: offices of partners, with a node or without.

use actix_web::web::Data;
use actix_web::{delete, get, post, put};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::api::OfficePage;
use super::{Held, PartnerOffice};
use crate::access::Allowed;
use crate::access::acts::{ReadOffices, WriteAddressBook};
use crate::error::Result;
use crate::routes::Routes;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{self, Fields, IfMatch, Input, Json, NoContent, Path, Query};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes
        .service(list_partner_offices)
        .service(add_partner_office)
        .service(read_partner_office)
        .service(change_partner_office)
        .service(remove_partner_office);
}

/// An office in the address book.
#[derive(Serialize, ToSchema)]
struct PartnerOfficeEntry {
    /// Its id at this node.
    id: Uuid,
    /// Grows with each change.
    version: i32,
    /// When it was entered.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// What is known of it.
    office: PartnerOffice,
}

impl From<Held<PartnerOffice>> for PartnerOfficeEntry {
    fn from(it: Held<PartnerOffice>) -> Self {
        let Held { id, version, created_at, updated_at, removed: _, entry } = it;
        Self { id, version, created_at, updated_at, office: entry }
    }
}

/// A page of offices.
#[derive(Serialize, ToSchema)]
struct PartnerOfficeList {
    /// The offices.
    items: Vec<PartnerOfficeEntry>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<Uuid>,
}

/// Lists the address book.
///
/// In the order in which they were entered.
#[utoipa::path(tag = "offices", params(OfficePage, Fields<PartnerOfficeEntry>),
    responses((status = 200, description = "A page of offices.", body = PartnerOfficeList)))]
#[get("/partner-offices")]
async fn list_partner_offices(
    _: Allowed<ReadOffices>,
    store: Data<Store>,
    Query(page): Query<OfficePage>,
    fields: Fields<PartnerOfficeEntry>,
) -> Result<Json<Value>> {
    let (cursor, limit) = page.read()?;
    let page = store.read(move |conn| super::list::<PartnerOffice>(conn, cursor, limit)).await?;
    Ok(Json::ok(
        fields.of(PartnerOfficeList {
            items: page.items.into_iter().map(Into::into).collect(),
            next_cursor: page.next,
        })?,
    ))
}

/// Enters an office of a partner.
///
/// Its organisation as a consent names it, how it is reached, and the municipalities that it is competent for; the member of
/// the network that runs it, if there is one. Contacts are those of the office, of nobody in person.
#[utoipa::path(tag = "offices", request_body = PartnerOffice,
    responses((status = 201, description = "The office.", body = PartnerOfficeEntry)))]
#[post("/partner-offices")]
async fn add_partner_office(
    staff: Allowed<WriteAddressBook>,
    store: Data<Store>,
    Input(office): Input<PartnerOffice>,
) -> Result<Json<PartnerOfficeEntry>> {
    let actor = staff.actor();
    let held = store.write(move |tx| super::add(tx, &actor, office)).await?;
    let (at, version) = (format!("{DESK}/partner-offices/{}", held.id), held.version);
    Ok(Json::created(held.into(), at).etag(version))
}

/// Shows an office of a partner.
///
/// As it stands, with the version that an edit must name.
#[utoipa::path(tag = "offices", params(("office" = Uuid, Path, description = "The office.")),
    responses((status = 200, description = "The office.", body = PartnerOfficeEntry)))]
#[get("/partner-offices/{office}")]
async fn read_partner_office(
    _: Allowed<ReadOffices>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
) -> Result<Json<PartnerOfficeEntry>> {
    let held = store.read(move |conn| super::listed::<PartnerOffice>(conn, id)).await?;
    let version = held.version;
    Ok(Json::ok(held.into()).etag(version))
}

/// An office as it stands, for the other side of a conflict.
async fn stands(store: &Store, id: Uuid) -> Result<(PartnerOfficeEntry, i64)> {
    let held = store.read(move |conn| super::listed::<PartnerOffice>(conn, id)).await?;
    let version = i64::from(held.version);
    Ok((held.into(), version))
}

/// Changes an office of a partner.
///
/// All of it: what is absent is gone. `If-Match` names the version that was read. When the office has joined the network, its
/// member is entered here; consents that name the organisation hold as before.
#[utoipa::path(tag = "offices",
    params(("office" = Uuid, Path, description = "The office."),
           IfMatch),
    request_body = PartnerOffice,
    responses((status = 200, description = "The office as it is now.", body = PartnerOfficeEntry)))]
#[put("/partner-offices/{office}")]
async fn change_partner_office(
    staff: Allowed<WriteAddressBook>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    version: IfMatch,
    Input(office): Input<PartnerOffice>,
) -> Result<Json<PartnerOfficeEntry>> {
    let version = version.row().unwrap_or(i32::MAX);
    let actor = staff.actor();
    let changed = store.write(move |tx| super::put(tx, &actor, id, office, version)).await;
    let held = web::or_both_sides(changed, async || stands(&store, id).await).await?;
    let version = held.version;
    Ok(Json::ok(held.into()).etag(version))
}

/// Takes an office of a partner out of the address book.
///
/// It is listed and proposed no more; what names it can still be read. `If-Match` names the version that was read.
#[utoipa::path(tag = "offices",
    params(("office" = Uuid, Path, description = "The office."),
           IfMatch),
    responses((status = 204, description = "It stands in the book no more.")))]
#[delete("/partner-offices/{office}")]
async fn remove_partner_office(
    staff: Allowed<WriteAddressBook>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    version: IfMatch,
) -> Result<NoContent> {
    let version = version.row().unwrap_or(i32::MAX);
    let actor = staff.actor();
    let removed = store.write(move |tx| super::remove::<PartnerOffice>(tx, &actor, id, version)).await;
    web::or_both_sides(removed, async || stands(&store, id).await).await?;
    Ok(NoContent)
}
