//! Who answers for a minor, at the desk.

use actix_web::web::Data;
use actix_web::{get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Check, Day, Refusal};
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::Allowed;
use crate::access::acts::{ReadPeople, WritePeople};
use crate::access::cases::Listing;
use crate::error::Result;
use crate::people::PersonId;
use crate::people::guardians::{self, Guardian, GuardianDetails, GuardianEnd, GuardianKind, TOLD_DAYS_BEFORE};
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{self, Embed, Fields, IfMatch, Input, Json, Page, PageParams, Path, Query, Whose, WithPerson};

/// Days ahead that may be asked for.
const FARTHEST: u32 = 366;

pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_guardians).service(add_guardian).service(change_guardian).service(end_guardian);
    routes.service(list_coming_of_age);
}

/// Somebody who answers for a minor from some day on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGuardian {
    /// In which capacity.
    kind: GuardianKind,
    /// From which day.
    since: Day,
    /// Who it is, and how to reach them.
    details: GuardianDetails,
}

impl Check for NewGuardian {}

/// That somebody answers for a minor no longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GuardianEnding {
    /// From which day.
    on: Day,
    /// Why.
    why: GuardianEnd,
}

impl Check for GuardianEnding {}

/// Somebody who answers, or answered, for a minor.
#[derive(Serialize, ToSchema)]
struct PersonGuardian {
    /// Its id.
    id: Uuid,
    /// The minor.
    person: PersonId,
    /// In which capacity.
    kind: GuardianKind,
    /// Who it is, and how to reach them.
    details: GuardianDetails,
    /// From which day.
    since: Day,
    /// From which day no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_on: Option<Day>,
    /// Why no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_why: Option<GuardianEnd>,
    /// When it was entered.
    entered_at: DateTime<Utc>,
    /// Its version, for `If-Match`.
    version: u32,
}

impl From<Guardian> for PersonGuardian {
    fn from(guardian: Guardian) -> Self {
        let Guardian { id, person, kind, details, since, ended, entered_at, version } = guardian;
        let (ended_on, ended_why) = ended.unzip();
        Self { id, person, kind, details, since, ended_on, ended_why, entered_at, version }
    }
}

/// Everybody who answers or answered for a minor.
#[derive(Serialize, ToSchema)]
struct PersonGuardians {
    /// In the order of time.
    items: Vec<PersonGuardian>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists who answers for a minor.
///
/// And who answered for her. At eighteen nobody does any more, whether somebody ended it or not.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The minor."), PageParams, Fields<PersonGuardian>),
    responses((status = 200, description = "A page of the guardians.", body = PersonGuardians)))]
#[get("/people/{person}/guardians")]
async fn list_guardians(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    page: Page<Uuid>,
    fields: Fields<PersonGuardian>,
) -> Result<Json<Value>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        guardians::list(tx, &vault, &sight)
    };
    let (found, next_cursor) = page.of_all(store.write(act).await?, |it| it.id)?;
    Ok(Json::ok(
        fields.of(PersonGuardians { items: found.into_iter().map(PersonGuardian::from).collect(), next_cursor })?,
    ))
}

/// Enters who answers for a minor.
///
/// Refused for somebody who is of age. While her age is being established she is treated as a minor.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The minor.")), request_body = NewGuardian,
    responses((status = 201, description = "The guardian.", body = PersonGuardian),
              (status = 409, description = "She is of age.")))]
#[post("/people/{person}/guardians")]
async fn add_guardian(
    staff: Allowed<WritePeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(new): Input<NewGuardian>,
) -> Result<Json<PersonGuardian>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        guardians::add(tx, &vault, &sight, new.kind, new.since, new.details)
    };
    let added = store.write(act).await?;
    Ok(Json::created(added.into(), format!("{DESK}/people/{id}/guardians")).etag(1))
}

/// Corrects who a guardian is.
///
/// And how to reach them. Another guardian is entered as such.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The minor."),
    ("guardian" = Uuid, Path, description = "The guardian."),
    IfMatch),
    request_body = GuardianDetails,
    responses((status = 200, description = "The guardian.", body = PersonGuardian)))]
#[put("/people/{person}/guardians/{guardian}")]
async fn change_guardian(
    staff: Allowed<WritePeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, guardian)): Path<(PersonId, Uuid)>,
    IfMatch(version): IfMatch,
    Input(details): Input<GuardianDetails>,
) -> Result<Json<PersonGuardian>> {
    let (staff, keys) = (staff.staff(), vault.clone());
    let colleague = staff.clone();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        guardians::change(tx, &keys, &sight, guardian, &details, version)
    };
    let changed = store.write(act).await;
    let look = async || {
        let act = move |tx: &mut Tx<'_>| {
            let sight = colleague.sight(tx, id)?;
            guardians::look(tx, &vault, &sight, guardian)
        };
        let now = PersonGuardian::from(store.write(act).await?);
        let version = now.version.into();
        Ok((now, version))
    };
    let changed = PersonGuardian::from(web::or_both_sides(changed, look).await?);
    let version: i64 = changed.version.into();
    Ok(Json::ok(changed).etag(version))
}

/// Ends that somebody answers for a minor.
///
/// What was entered stays, with the day and the reason of its end.
#[utoipa::path(tag = "people", params(("person" = Uuid, Path, description = "The minor."),
    ("guardian" = Uuid, Path, description = "The guardian.")),
    request_body = GuardianEnding,
    responses((status = 200, description = "The guardian.", body = PersonGuardian),
              (status = 409, description = "It has ended.")))]
#[post("/people/{person}/guardians/{guardian}/endings")]
async fn end_guardian(
    staff: Allowed<WritePeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, guardian)): Path<(PersonId, Uuid)>,
    Input(ending): Input<GuardianEnding>,
) -> Result<Json<PersonGuardian>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        guardians::end(tx, &vault, &sight, guardian, ending.on, ending.why)
    };
    Ok(Json::ok(store.write(act).await?.into()))
}

/// Which minors.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ComingOfAgePage {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<Uuid>,
    /// Days ahead; 60 if absent.
    #[param(nullable = false, maximum = 366)]
    within_days: Option<u32>,
    /// Minors on a page; 50 if absent. A page may have fewer, also none, and yet another behind it.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A minor who may soon be of age.
#[derive(Serialize, ToSchema)]
struct ComingOfAgeEntry {
    /// Who answers for her.
    guardian: PersonGuardian,
    /// The first day on which she may be of age.
    of_age_from: Day,
    /// The last one; the same where her whole date of birth is known.
    of_age_by: Day,
}

/// A page of minors who may soon be of age.
#[derive(Serialize, ToSchema)]
struct ComingOfAgeList {
    /// One for each guardian. A page may be empty and still have a next one.
    items: Vec<ComingOfAgeEntry>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<Uuid>,
}

/// Lists minors who may soon be of age.
///
/// With whoever answers for them, also those who are and whose guardian nobody ended. What the guardian consented to is
/// asked of her anew.
#[utoipa::path(tag = "people", params(ComingOfAgePage, Fields<ComingOfAgeEntry>, Embed<WithPerson>),
    responses((status = 200, description = "A page of minors.", body = ComingOfAgeList)))]
#[get("/coming-of-age")]
async fn list_coming_of_age(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Query(page): Query<ComingOfAgePage>,
    fields: Fields<ComingOfAgeEntry>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let days = page.within_days.unwrap_or(TOLD_DAYS_BEFORE);
    if days > FARTHEST {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/within_days")]).into());
    }
    let limit = page.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/limit")]).into());
    }
    let (actor, of) = (staff.actor(), Listing::of(staff.id, staff.role));
    let embed = embed.by(&staff)?;
    let act = move |tx: &mut Tx<'_>| {
        let (found, next) = guardians::coming_of_age(tx, &vault, &actor, of, days, (page.cursor, limit))?;
        let brought = embed.bring(tx, found.iter().map(|it| Whose::of(it.guardian.person)))?;
        Ok((found, next, brought))
    };
    let (found, next_cursor, brought) = store.write(act).await?;
    let items = found.into_iter().map(|it| ComingOfAgeEntry {
        guardian: it.guardian.into(),
        of_age_from: it.first,
        of_age_by: it.last,
    });
    let items = items.collect();
    Ok(Json::ok(brought.put(fields.of(ComingOfAgeList { items, next_cursor })?)?))
}
