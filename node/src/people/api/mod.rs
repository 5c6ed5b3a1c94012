//! The desk's API for people, over the verbs of this room.

mod duplicates;
mod guardians;
mod merges;
mod searches;

use actix_web::web::Data;
use actix_web::{get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::Check;
use utoipa::ToSchema;
use uuid::Uuid;

use self::duplicates::LikelyDuplicate;
use super::{Cursor, Identity, Label, Listed, Person, PersonId};
use crate::access::Allowed;
use crate::access::acts::{ReadPeople, WritePeople};
use crate::access::cases::Listing;
use crate::error::Result;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{self, Fields, IfMatch, Input, Json, PageParams, Path};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.configure(searches::api).configure(duplicates::api).configure(guardians::api).configure(merges::api);
    routes.service(list_people).service(add_person).service(read_person).service(relabel_person);
}

/// What is needed to take somebody up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    /// How staff call her in lists. Taken as it stands.
    label: Label,
    /// Who she is, to see whether she is here already. It is compared and not kept: that is what her card is for.
    #[serde(default)]
    #[schema(nullable = false)]
    identity: Option<Identity>,
}

impl Check for NewPerson {}

/// How staff call a person from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLabel {
    /// Taken as it stands.
    label: Label,
}

impl Check for NewLabel {}

/// A person who was just taken up.
#[derive(Serialize, ToSchema)]
struct AddedPerson {
    /// Her id at this node.
    id: PersonId,
    /// How staff call her.
    label: Label,
    /// When she was taken up.
    created_at: DateTime<Utc>,
    /// By whom of the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    created_by: Option<Uuid>,
    /// When her row last changed.
    updated_at: DateTime<Utc>,
    /// Who is likely to be the same person, the likeliest first. Nothing follows from it by itself.
    #[schema(max_items = 20)]
    likely_duplicates: Vec<LikelyDuplicate>,
}

/// A person as a list shows her.
#[derive(Serialize, ToSchema)]
struct PersonSummary {
    /// Her id at this node.
    id: PersonId,
    /// How staff call her.
    label: Label,
    /// When she was taken up.
    created_at: DateTime<Utc>,
    /// By whom of the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    created_by: Option<Uuid>,
    /// When her row last changed.
    updated_at: DateTime<Utc>,
    /// Her data are kept, and nothing else may be done with them (GDPR 18): only her rights are worked on.
    restricted: bool,
}

impl From<Listed> for PersonSummary {
    fn from(Listed { person, label, restricted }: Listed) -> Self {
        Self {
            id: person.id,
            label,
            created_at: person.created_at,
            created_by: person.created_by,
            updated_at: person.updated_at,
            restricted,
        }
    }
}

/// A page of people.
#[derive(Serialize, ToSchema)]
struct PersonList {
    /// Who is on it.
    items: Vec<PersonSummary>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists the people of this node.
///
/// In the order in which they were taken up. Each person on the page finds it in her journal.
#[utoipa::path(tag = "people", params(PageParams, Fields<PersonSummary>),
    responses((status = 200, description = "A page of people.", body = PersonList)))]
#[get("/people")]
async fn list_people(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    page: web::Page<Cursor>,
    fields: Fields<PersonSummary>,
) -> Result<Json<Value>> {
    let (actor, of) = (staff.actor(), Listing::of(staff.id, staff.role));
    let (after, limit) = (page.after, page.limit);
    let found = store.write(move |tx| super::list(tx, &vault, &actor, of, after, limit)).await?;
    let items = found.items.into_iter().map(PersonSummary::from).collect();
    let next_cursor = found.next.map(|last| page.next(&last)).transpose()?;
    Ok(Json::ok(fields.of(PersonList { items, next_cursor })?))
}

/// Takes up a person.
///
/// She gets an id of this node and a key of her own. Who she is goes into her card. The answer says who here is likely to
/// be the same person; to know it before, look it up at `/people/duplicates/lookups`.
#[utoipa::path(tag = "people", request_body = NewPerson,
    responses((status = 201, description = "The person.", body = AddedPerson)))]
#[post("/people")]
async fn add_person(
    staff: Allowed<WritePeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Input(new): Input<NewPerson>,
) -> Result<Json<AddedPerson>> {
    let staff = staff.staff();
    let added = store
        .write(move |tx| {
            let NewPerson { label, identity } = new;
            let person = super::create(tx, &vault, &staff.actor(), &label)?;
            let identity = identity.unwrap_or_default();
            let likely = super::look_up(tx, &vault, &staff.actor(), &label, identity, Some(person.id))?;
            let likely_duplicates = duplicates::shown(tx, &staff, likely)?;
            staff.shows(tx, person.id)?;
            let Person { id, created_at, created_by, updated_at, .. } = person;
            Ok(AddedPerson { id, label, created_at, created_by, updated_at, likely_duplicates })
        })
        .await?;
    let location = format!("{DESK}/people/{}", added.id);
    Ok(Json::created(added, location))
}

/// Shows a person.
///
/// Her row only; who she is stands in her card.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The person.", body = PersonSummary),
              (status = 404, description = "No such person; `merged` for a record that went into another.")))]
#[get("/people/{person}")]
async fn read_person(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonSummary>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::look(tx, &vault, &sight)
    };
    let listed = store.write(act).await?;
    let version = listed.person.version();
    Ok(Json::ok(PersonSummary::from(listed)).etag(version))
}

/// Changes how staff call a person.
///
/// The card is not touched.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The person."), IfMatch),
    request_body = NewLabel,
    responses((status = 200, description = "The person.", body = PersonSummary)))]
#[put("/people/{person}")]
async fn relabel_person(
    staff: Allowed<WritePeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    IfMatch(version): IfMatch,
    Input(new): Input<NewLabel>,
) -> Result<Json<PersonSummary>> {
    let (staff, keys) = (staff.staff(), vault.clone());
    let colleague = staff.clone();
    let changed = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            let person = super::relabel(tx, &keys, &sight, &new.label, version)?;
            Ok(Listed { person, label: new.label, restricted: false })
        })
        .await;
    let look = async || {
        let act = move |tx: &mut Tx<'_>| {
            let sight = colleague.sight(tx, id)?;
            super::look(tx, &vault, &sight)
        };
        let now = store.write(act).await?;
        let version = now.person.version();
        Ok((PersonSummary::from(now), version))
    };
    let listed = web::or_both_sides(changed, look).await?;
    let version = listed.person.version();
    Ok(Json::ok(PersonSummary::from(listed)).etag(version))
}
