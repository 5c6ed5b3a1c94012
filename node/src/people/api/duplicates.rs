//! Who may be the same person, at the desk.

use actix_web::web::Data;
use actix_web::{delete, get, post, put};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Check;
use staffetta_protocol::problem::Code;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::acts::{ReadPeople, WritePeople};
use crate::access::cases::{Listing, case_file, cases_among};
use crate::access::{self, Acting, Allowed};
use crate::error::Result;
use crate::people::{self, Identity, Label, Likely, PersonId, Reason};
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Input, Json, NoContent, Path};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(look_up_duplicates).service(list_likely_duplicates);
    routes.service(tell_people_apart).service(tell_people_apart_no_more);
}

/// Somebody about to be taken up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DuplicateLookup {
    /// How staff would call her in lists.
    label: Label,
    /// Who she is, as far as it is known.
    #[serde(default)]
    #[schema(nullable = false)]
    identity: Option<Identity>,
}

impl Check for DuplicateLookup {}

/// Somebody who is likely to be the same person.
#[derive(Serialize, ToSchema)]
pub(super) struct LikelyDuplicate {
    /// Her id at this node.
    person: PersonId,
    /// How staff call her; absent where the case is not one of the searcher's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    label: Option<Label>,
    /// Where the case is not one of the searcher's: the colleague who leads it, to be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lead: Option<String>,
    /// From 0 to 100: what the reasons add up to. Absent where the case is not one of the searcher's: who looks up one date
    /// after the other would learn hers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 100)]
    points: Option<u32>,
    /// Why, each with its points; none where the case is not one of the searcher's.
    #[schema(max_items = 6)]
    reasons: Vec<Reason>,
}

/// Who is likely to be the same person.
#[derive(Serialize, ToSchema)]
struct LikelyDuplicates {
    /// The likeliest first.
    #[schema(max_items = 20)]
    items: Vec<LikelyDuplicate>,
}

/// As `staff` may see them. Whom she sees she must be shown again before an answer with them is given again.
pub(super) fn shown(tx: &mut Tx<'_>, staff: &Acting, likely: Vec<Likely>) -> Result<Vec<LikelyDuplicate>> {
    let ids: Vec<Uuid> = likely.iter().map(|it| it.person.into()).collect();
    let seen = match Listing::of(staff.id, staff.role) {
        Listing::All => ids,
        Listing::Of(staff) => cases_among(tx.conn(), staff, &ids)?,
    };
    let mut shown = Vec::with_capacity(likely.len());
    for Likely { person, label, likeness } in likely {
        let entry = if seen.contains(&person.0) {
            staff.shows(tx, person)?;
            let (points, reasons) = (Some(likeness.points), likeness.reasons);
            LikelyDuplicate { person, label: Some(label), lead: None, points, reasons }
        } else {
            let lead = case_file(tx.conn(), person.0)?.and_then(|file| file.lead);
            let lead = lead.map(|lead| access::staff_row(tx.conn(), lead)).transpose()?.flatten();
            let lead = lead.map(|lead| lead.label);
            LikelyDuplicate { person, label: None, lead, points: None, reasons: Vec::new() }
        };
        shown.push(entry);
    }
    Ok(shown)
}

/// Looks up whether somebody is here already.
///
/// Compared are the tax code in any of its spellings, names in whatever order, script and transliteration, and the date
/// of birth, with a margin for estimates. Nothing of what is sent is kept.
#[utoipa::path(tag = "people", request_body = DuplicateLookup,
    responses((status = 200, description = "Who she may be.", body = LikelyDuplicates)))]
#[post("/people/duplicates/lookups")]
async fn look_up_duplicates(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Input(wanted): Input<DuplicateLookup>,
) -> Result<Json<LikelyDuplicates>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let identity = wanted.identity.unwrap_or_default();
        let likely = people::look_up(tx, &vault, &staff.actor(), &wanted.label, identity, None)?;
        shown(tx, &staff, likely)
    };
    Ok(Json::ok(LikelyDuplicates { items: store.write(act).await? }))
}

/// Lists who is likely to be the same person.
///
/// By what her card says of who she is, or, without a card, by how staff call her.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "Who she may be.", body = LikelyDuplicates)))]
#[get("/people/{person}/likely-duplicates")]
async fn list_likely_duplicates(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
) -> Result<Json<LikelyDuplicates>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        let likely = people::likely_duplicates(tx, &vault, &sight)?;
        shown(tx, &staff, likely)
    };
    Ok(Json::ok(LikelyDuplicates { items: store.write(act).await? }))
}

/// Records that two people are two.
///
/// They are proposed for each other no more, and cannot be merged until this is taken back.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The person."),
    ("other" = Uuid, Path, description = "The person who she is not.")),
    responses((status = 204, description = "They are two.")))]
#[put("/people/{person}/distinctions/{other}")]
async fn tell_people_apart(
    staff: Allowed<WritePeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, other)): Path<(PersonId, PersonId)>,
) -> Result<NoContent> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        // Of somebody in a case of others one says so only where the node itself proposed her.
        if id != other && staff.sight(tx, other).is_err() {
            let proposed = people::likely_duplicates(tx, &vault, &sight)?;
            if !proposed.iter().any(|it| it.person == other) {
                return Err(Code::NotFound.into());
            }
        }
        people::tell_apart(tx, &sight, other)
    };
    store.write(act).await?;
    Ok(NoContent)
}

/// Takes back that two people are two.
///
/// Where nobody had recorded it nothing changes.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The person."),
    ("other" = Uuid, Path, description = "The person who she may be after all.")),
    responses((status = 204, description = "It is open again.")))]
#[delete("/people/{person}/distinctions/{other}")]
async fn tell_people_apart_no_more(
    staff: Allowed<WritePeople>,
    store: Data<Store>,
    Path((id, other)): Path<(PersonId, PersonId)>,
) -> Result<NoContent> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        people::tell_apart_no_more(tx, &sight, other)
    };
    store.write(act).await?;
    Ok(NoContent)
}
