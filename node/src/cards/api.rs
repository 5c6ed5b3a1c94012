//! The desk's API for cards, over the verbs of this room.

use actix_web::web::Data;
use actix_web::{get, post, put};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Card, QuickCard};
use utoipa::{IntoParams, ToSchema};

use super::view::HeldCard;
use super::{CardGaps, Cards, Version, Versions};
use crate::access::Allowed;
use crate::access::acts::{ReadCards, WriteCards};
use crate::config::Config;
use crate::error::Result;
use crate::peers::Peers;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{self, Fields, IfMatch, Input, Json, Path, Query};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(add_quick_card).service(read_card).service(save_card);
    routes.service(list_card_versions).service(read_card_gaps);
    super::api_sections::api(routes);
    super::api_versions::api(routes);
    super::counter::api(routes);
}

/// Versions of a card, newest first.
#[derive(Serialize, ToSchema)]
struct CardVersionList {
    /// The versions.
    items: Vec<Version>,
    /// What to ask with for older ones; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which page of the versions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CardVersionPage {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<u32>,
    /// Versions on a page; 50 if absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Begins a card with the quick card.
///
/// All that a preview needs, on one page. What was not asked gets its default; the province is the centre's unless said
/// otherwise. A person who has a card is refused: change the card instead.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")), request_body = QuickCard,
    responses((status = 201, description = "The card in its first version.", body = HeldCard),
              (status = 409, description = "She has a card already.")))]
#[post("/people/{person}/card")]
async fn add_quick_card(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    cards: Data<Cards>,
    config: Data<Config>,
    Path(id): Path<PersonId>,
    Input(quick): Input<QuickCard>,
) -> Result<Json<HeldCard>> {
    let (staff, province) = (staff.staff(), config.node.province.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        let held = super::put_quick(tx, &vault, &sight, quick, province.as_ref())?;
        (cards.age_said)(tx, &vault, &sight)?;
        HeldCard::of(&held, &sight)
    };
    let card = store.write(act).await?;
    let version = card.version();
    Ok(Json::created(card, format!("{DESK}/people/{id}/card")).etag(version))
}

/// Shows a person's card.
///
/// The newest version, in the sections that one reads. She finds it in her journal.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The card.", body = HeldCard)))]
#[get("/people/{person}/card")]
async fn read_card(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
) -> Result<Json<HeldCard>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        HeldCard::of(&super::look(tx, &vault, &sight)?, &sight)
    };
    let card = store.write(act).await?;
    let version = card.version();
    Ok(Json::ok(card).etag(version))
}

/// Saves a person's card as a new version.
///
/// The whole card: what is absent is gone, but for sections that one may not read, which stay. `If-Match` names the version that was read, `"0"` where there is none. A
/// changed field whose source the body does not say comes from the operator.
#[utoipa::path(tag = "cards",
    params(("person" = Uuid, Path, description = "The person."), IfMatch), request_body = Card,
    responses((status = 200, description = "The card in its new version.", body = HeldCard),
              (status = 403, description = "Her functions in the case do not write a section that differs.")))]
#[put("/people/{person}/card")]
async fn save_card(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    rooms: (Data<Vault>, Data<Cards>),
    peers: Data<Peers>,
    Path(id): Path<PersonId>,
    IfMatch(version): IfMatch,
    Input(card): Input<Card>,
) -> Result<Json<HeldCard>> {
    let expected = u32::try_from(version).unwrap_or(u32::MAX);
    let (staff, (vault, cards)) = (staff.staff(), rooms);
    let keys = vault.clone();
    let colleague = staff.clone();
    let saved = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            let ours = peers.own_roles_in(tx.conn())?;
            let held = super::put_as(tx, &keys, &sight, &ours, card, expected)?;
            (cards.age_said)(tx, &keys, &sight)?;
            HeldCard::of(&held, &sight)
        })
        .await;
    let look = async || {
        let act = move |tx: &mut Tx<'_>| {
            let sight = colleague.sight(tx, id)?;
            HeldCard::of(&super::look(tx, &vault, &sight)?, &sight)
        };
        let card = store.write(act).await?;
        let version = card.version();
        Ok((card, version.into()))
    };
    let card = web::or_both_sides(saved, look).await?;
    let version = card.version();
    Ok(Json::ok(card).etag(version))
}

/// Lists the versions of a person's card.
///
/// Who saved which when, newest first; not what they say.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person."), CardVersionPage,
           Fields<Version>),
    responses((status = 200, description = "A page of versions.", body = CardVersionList)))]
#[get("/people/{person}/card/versions")]
async fn list_card_versions(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    Path(id): Path<PersonId>,
    Query(page): Query<CardVersionPage>,
    fields: Fields<Version>,
) -> Result<Json<Value>> {
    let limit = page.limit.unwrap_or(Versions::USUAL);
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::versions(tx, &sight, page.cursor, limit)
    };
    let found = store.write(act).await?;
    let next_cursor = found.next_before.map(|version| version.to_string());
    Ok(Json::ok(fields.of(CardVersionList { items: found.items, next_cursor })?))
}

/// Tells what a card still needs.
///
/// For a preview and for a referral, field by field; nothing of what the card says.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "What is missing.", body = CardGaps)))]
#[get("/people/{person}/card/gaps")]
async fn read_card_gaps(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
) -> Result<Json<CardGaps>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::look_for_gaps(tx, &vault, &sight)
    };
    Ok(Json::ok(store.write(act).await?))
}
