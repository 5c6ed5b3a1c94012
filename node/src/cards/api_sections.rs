//! The desk's API for the sections of a card and their drafts.

use actix_web::web::Data;
use actix_web::{delete, get, put};
use serde::Deserialize;
use staffetta_protocol::card::Section;

use super::Cards;
use super::view::{CardDraft, CardDraftList, CardSection, CardSectionEdit, section};
use crate::access::acts::{ReadCards, WriteCards};
use crate::access::{Acting, Allowed};
use crate::error::Result;
use crate::peers::Peers;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{self, IfMatch, Input, Json, NoContent, Path};

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(read_card_section).service(save_card_section).service(discard_card_draft).service(list_card_drafts);
}

#[derive(Deserialize)]
struct Place {
    person: PersonId,
    section: String,
}

/// Shows a section of a person's card.
///
/// With its draft, if somebody wrote one, and where each field comes from. The sections are `A` to `M`, or by word:
/// `identity`, `contact`, `status`, `languages`, `education`, `work`, `skills`, `availability`, `mobility`, `needs`,
/// `restricted`, `documents`, `provenance`. `ETag` is the section's own.
#[utoipa::path(tag = "cards",
    params(("person" = Uuid, Path, description = "The person."),
           ("section" = String, Path, description = "Letter or word of the section.")),
    responses((status = 200, description = "The section.", body = CardSection),
              (status = 403, description = "Her functions in the case do not read it.")))]
#[get("/people/{person}/card/sections/{section}")]
async fn read_card_section(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(place): Path<Place>,
) -> Result<Json<CardSection>> {
    let (staff, which) = (staff.staff(), section(&place.section)?);
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, place.person)?;
        let part = super::look_at_section(tx, &vault, &sight, which)?;
        Ok((part.revision, CardSection::of(part, &sight)))
    };
    let (revision, shown) = store.write(act).await?;
    Ok(Json::ok(shown).etag(revision))
}

/// Saves a section of a person's card.
///
/// At once as a new version of the card, or with `draft` as a draft that is published later. `If-Match` names the
/// section as it was read, `"0"` where nothing was written in it yet; a change of another section is no conflict. A pile
/// of a skill is confirmed by job centres and certifying bodies only.
#[utoipa::path(tag = "cards",
    params(("person" = Uuid, Path, description = "The person."),
           ("section" = String, Path, description = "Letter or word of the section."), IfMatch),
    request_body = CardSectionEdit,
    responses((status = 200, description = "The section as it stands now.", body = CardSection),
              (status = 403, description = "Her functions in the case do not write it."),
              (status = 409, description = "Somebody else drafts it.")))]
#[put("/people/{person}/card/sections/{section}")]
async fn save_card_section(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    rooms: (Data<Vault>, Data<Cards>),
    peers: Data<Peers>,
    Path(place): Path<Place>,
    revision: IfMatch,
    Input(edit): Input<CardSectionEdit>,
) -> Result<Json<CardSection>> {
    let (staff, (vault, cards)) = (staff.staff(), rooms);
    let which = section(&place.section)?;
    let (revision, person) = (revision.row().unwrap_or(i32::MAX), place.person);
    let (keys, colleague) = (vault.clone(), staff.clone());
    let saved = store
        .write(move |tx| {
            let sight = staff.sight(tx, person)?;
            let ours = peers.own_roles_in(tx.conn())?;
            let edit = edit.of(which, sight.staff(), super::today(tx))?;
            let part = super::save_section(tx, &keys, &sight, &ours, (which, revision), edit)?;
            (cards.age_said)(tx, &keys, &sight)?;
            Ok((part.revision, CardSection::of(part, &sight)))
        })
        .await;
    let look = async || stands(&store, &vault, &colleague, (person, which)).await;
    let (revision, shown) = web::or_both_sides(saved, look).await?;
    Ok(Json::ok(shown).etag(revision))
}

/// Throws the draft of a section away.
///
/// One's own, or a colleague's who does not finish it. `If-Match` names the section as it was read; a conflict shows the
/// section as it stands.
#[utoipa::path(tag = "cards",
    params(("person" = Uuid, Path, description = "The person."),
           ("section" = String, Path, description = "Letter or word of the section."), IfMatch),
    responses((status = 204, description = "It is gone.")))]
#[delete("/people/{person}/card/sections/{section}/draft")]
async fn discard_card_draft(
    staff: Allowed<WriteCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(place): Path<Place>,
    revision: IfMatch,
) -> Result<NoContent> {
    let (staff, which) = (staff.staff(), section(&place.section)?);
    let (revision, person) = (revision.row().unwrap_or(i32::MAX), place.person);
    let colleague = staff.clone();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        super::discard_draft(tx, &sight, which, revision)
    };
    let discarded = store.write(act).await;
    web::or_both_sides(discarded, async || stands(&store, &vault, &colleague, (person, which)).await).await?;
    Ok(NoContent)
}

/// A section as it stands, for the other side of a conflict.
async fn stands(
    store: &Store,
    vault: &Data<Vault>,
    staff: &Acting,
    (person, which): (PersonId, Section),
) -> Result<(CardSection, i64)> {
    let (staff, vault) = (staff.clone(), vault.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        let part = super::look_at_section(tx, &vault, &sight, which)?;
        Ok((CardSection::of(part.clone(), &sight), part.revision.into()))
    };
    store.write(act).await
}

/// Lists the drafts of a person's card.
///
/// Who wrote which and when, with what they say; of the sections that one reads.
#[utoipa::path(tag = "cards", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "The drafts.", body = CardDraftList)))]
#[get("/people/{person}/card/drafts")]
async fn list_card_drafts(
    staff: Allowed<ReadCards>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
) -> Result<Json<CardDraftList>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::drafts(tx, &vault, &sight)
    };
    let items = store.write(act).await?.into_iter().map(CardDraft::from).collect();
    Ok(Json::ok(CardDraftList { items }))
}
