//! Merging two records of one person, at the desk.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::Check;
use utoipa::ToSchema;

use super::PersonSummary;
use crate::access::acts::{MergePeople, ReadPeople};
use crate::access::{Allowed, Sight};
use crate::error::Result;
use crate::people::{self, Kept, MergeReason, People, PersonId};
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Fields, Input, Json, Page, PageParams, Path};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(merge_people).service(list_person_merges);
}

/// Which record goes into this one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMerge {
    /// The record that goes.
    other: PersonId,
    /// Whose card counts from now on.
    current_card: Kept,
    /// Why it is sure that they are one person.
    reason: MergeReason,
}

impl Check for NewMerge {}

/// A record that went into this one.
#[derive(Serialize, ToSchema)]
struct PersonMerge {
    /// The id under which it was; it leads here.
    merged: PersonId,
    /// Why.
    reason: MergeReason,
}

/// The records that went into this one.
#[derive(Serialize, ToSchema)]
struct PersonMerges {
    /// The oldest first.
    items: Vec<PersonMerge>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Merges two records of one person.
///
/// Everything that is kept under the other record is under this one from then on: consents, referrals, what left and
/// what is in the journal, both teams, and both histories of the card, hers first. Nothing is lost and nothing sealed
/// anew. The other id leads here: whoever asks for it gets 404 `merged` with this one. A merge is not undone; whoever was
/// joined in error is taken up anew.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The record that stays.")),
    request_body = NewMerge,
    responses((status = 200, description = "The record that stays.", body = PersonSummary),
              (status = 409, description = "It was recorded that they are two people.")))]
#[post("/people/{person}/merges")]
async fn merge_people(
    staff: Allowed<MergePeople>,
    store: Data<Store>,
    rooms: (Data<Vault>, Data<People>),
    Path(id): Path<PersonId>,
    Input(wanted): Input<NewMerge>,
) -> Result<Json<PersonSummary>> {
    let (actor, (vault, room)) = (staff.actor(), rooms);
    let act = move |tx: &mut Tx<'_>| {
        let NewMerge { other, current_card, reason } = wanted;
        let one = people::merge(tx, &vault, &actor, room.holdings, (id, other), current_card, &reason)?;
        (room.age_said)(tx, &vault, &Sight::of_the_node(id.into()))?;
        Ok(one)
    };
    Ok(Json::ok(store.write(act).await?.into()))
}

/// Lists the records that went into a person's.
///
/// With the reason that was given for each.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The person."), PageParams,
           Fields<PersonMerge>),
    responses((status = 200, description = "A page of the records.", body = PersonMerges)))]
#[get("/people/{person}/merges")]
async fn list_person_merges(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    page: Page<PersonId>,
    fields: Fields<PersonMerge>,
) -> Result<Json<Value>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        people::merges(tx, &vault, &sight)
    };
    let (merged, next_cursor) = page.of_all(store.write(act).await?, |(merged, _)| *merged)?;
    let items = merged.into_iter().map(|(merged, reason)| PersonMerge { merged, reason }).collect();
    Ok(Json::ok(fields.of(PersonMerges { items, next_cursor })?))
}
