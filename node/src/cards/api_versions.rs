//! The desk's API for the versions of a card: publishing drafts, looking back, comparing, confirming.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{
    CardCompleteness, CardConfirming, CardDifferenceList, CardPublication, HeldCard, sections, withheld,
};
use super::{Cards, Word, look_at_completeness};
use crate::access::Allowed;
use crate::access::acts::{ReadCards, WriteCards};
use crate::error::Result;
use crate::peers::Peers;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{self, IfMatch, Input, Json, Path, Query};

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(publish_card_drafts).service(read_card_version).service(compare_card_versions);
    routes.service(read_card_completeness).service(confirm_card);
}

/// Publishes drafts as one new version of a person's card.
///
/// All drafts that one wrote oneself, or those of the sections named. A version never changes afterwards.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")),
    request_body = CardPublication,
    responses((status = 201, description = "The card in its new version.", body = HeldCard),
              (status = 409, description = "There is no such draft, or its section has changed under it.")))]
#[post("/people/{person}/card/versions")]
async fn publish_card_drafts(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    cards: Data<Cards>,
    peers: Data<Peers>,
    Path(id): Path<PersonId>,
    Input(wanted): Input<CardPublication>,
) -> Result<Json<HeldCard>> {
    let (staff, chosen) = (staff.staff(), sections(wanted.sections)?);
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        let ours = peers.own_roles_in(tx.conn())?;
        let held = super::publish(tx, &vault, &sight, &ours, chosen.as_ref())?;
        (cards.age_said)(tx, &vault, &sight)?;
        HeldCard::of(&held, &sight)
    };
    let card = store.write(act).await?;
    let version = card.version();
    Ok(Json::created(card, format!("{DESK}/people/{id}/card/versions/{version}")).etag(version))
}

#[derive(Deserialize)]
struct OfVersion {
    person: PersonId,
    version: u32,
}

/// Shows a version of a person's card.
///
/// As it was saved, in the sections that one reads.
#[utoipa::path(tag = "cards",
    params(("person" = Uuid, Path, description = "The person."),
           ("version" = u32, Path, description = "Its number.", minimum = 1, maximum = 2_147_483_647)),
    responses((status = 200, description = "The version.", body = HeldCard)))]
#[get("/people/{person}/card/versions/{version}")]
async fn read_card_version(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(of): Path<OfVersion>,
) -> Result<Json<HeldCard>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, of.person)?;
        HeldCard::of(&super::look_at_version(tx, &vault, &sight, of.version)?, &sight)
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Which versions are compared.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Compared {
    /// The earlier one.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    from: u32,
    /// The later one.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    to: u32,
}

/// Compares two versions of a person's card.
///
/// What was added, removed and changed, by field and in lists by entry, with who said so, when and by what means.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person."), Compared),
    responses((status = 200, description = "The differences.", body = CardDifferenceList)))]
#[get("/people/{person}/card/differences")]
async fn compare_card_versions(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Query(compared): Query<Compared>,
) -> Result<Json<CardDifferenceList>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        let items = super::look_at_differences(tx, &vault, &sight, (compared.from, compared.to))?;
        Ok(CardDifferenceList { items, withheld: withheld(&sight) })
    };
    Ok(Json::ok(store.write(act).await?))
}

/// Tells how complete and how fresh a person's card is.
///
/// The quick card first, then what a referral adds, then each section; what has said the same for over 180 days and
/// nobody has confirmed; and whether a preview could be traced back to her. `ETag` is the card's.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "How far it is.", body = CardCompleteness)))]
#[get("/people/{person}/card/completeness")]
async fn read_card_completeness(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
) -> Result<Json<CardCompleteness>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        Ok(CardCompleteness::of(look_at_completeness(tx, &vault, &sight)?, &sight))
    };
    let shown = store.write(act).await?;
    let version = shown.version();
    Ok(Json::ok(shown).etag(version))
}

/// Notes that a person's card is still right.
///
/// Gone through with her, or with whoever knows: the sections named, or all that one writes. It makes no version, since
/// nothing changed. `If-Match` names the version of the card that was gone through.
#[utoipa::path(tag = "cards",
    params(("person" = Uuid, Path, description = "The person."), IfMatch),
    request_body = CardConfirming,
    responses((status = 201, description = "Noted.", body = CardCompleteness)))]
#[post("/people/{person}/card/confirmations")]
async fn confirm_card(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    IfMatch(read): IfMatch,
    Input(confirming): Input<CardConfirming>,
) -> Result<Json<CardCompleteness>> {
    let expected = u32::try_from(read).unwrap_or(u32::MAX);
    let (staff, chosen) = (staff.staff(), sections(confirming.sections)?);
    let word = Word { source: confirming.said_by, means: confirming.means };
    let (keys, colleague) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::confirm(tx, &sight, expected, word, chosen.as_ref())?;
        Ok(CardCompleteness::of(look_at_completeness(tx, &keys, &sight)?, &sight))
    };
    // What was gone through is the card, so a conflict shows the card.
    let look = async || {
        let act = move |tx: &mut Tx<'_>| {
            let sight = colleague.sight(tx, id)?;
            let card = HeldCard::of(&super::look(tx, &vault, &sight)?, &sight)?;
            let version = card.version();
            Ok((card, version.into()))
        };
        store.write(act).await
    };
    let shown = web::or_both_sides(store.write(act).await, look).await?;
    let version = shown.version();
    Ok(Json::created(shown, format!("{DESK}/people/{id}/card/completeness")).etag(version))
}
