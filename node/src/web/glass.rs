//! The desk's API for broken glass and for countersignatures, over the verbs of `access::cases`.

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{At, Check, Refusal, Whole};
use staffetta_protocol::problem::{Code, FieldError};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::document::DESK;
use super::{Embed, Fields, Input, Json, NoContent, Page, PageParams, Path, Query, Whose, WithPerson};
use crate::access::Allowed;
use crate::access::acts::{BreakGlass, Countersign, ReviewGlass};
use crate::access::cases;
use crate::access::cases::countersignature::{self, Outcome, Pending};
use crate::access::cases::glass::{self, Broken, Glass, REASON_LEAST, Reason};
use crate::error::Result;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::tasks::{self, Kind, Task};
use crate::vault::Vault;

type Key = (DateTime<Utc>, Uuid);

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(break_glass).service(list_broken_glass).service(review_broken_glass);
    routes.service(list_countersignatures).service(countersign);
}

/// Why somebody has to look at a case of others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBrokenGlass {
    /// The reason, for the person and the data protection officer to read: at least twelve letters.
    reason: Reason,
    /// For how many minutes; 60 if absent.
    #[serde(default)]
    #[schema(nullable = false, value_type = Option<u32>, minimum = 1, maximum = 480)]
    minutes: Option<Whole<1, 480>>,
}

impl Check for NewBrokenGlass {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.reason.as_str().chars().filter(|letter| letter.is_alphabetic()).count() < REASON_LEAST {
            found.push(at.key("reason").refuse(Refusal::TooShort));
        }
    }
}

/// The glass of a case, broken for a time.
#[derive(Serialize, ToSchema)]
struct BrokenGlass {
    /// Its id.
    id: Uuid,
    /// The case.
    case: Uuid,
    /// Who looks.
    staff: Uuid,
    /// From when.
    at: DateTime<Utc>,
    /// Until when.
    until: DateTime<Utc>,
    /// Why; absent where the person was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<Reason>,
    /// When the person was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    person_told_at: Option<DateTime<Utc>>,
    /// When it was reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reviewed_at: Option<DateTime<Utc>>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reviewed_by: Option<Uuid>,
}

impl From<Broken> for BrokenGlass {
    fn from(it: Broken) -> Self {
        let Glass { id, case, staff, at, until } = it.glass;
        let Broken { reason, person_told_at, reviewed_at, reviewed_by, .. } = it;
        Self { id, case, staff, at, until, reason, person_told_at, reviewed_at, reviewed_by }
    }
}

/// Who looked at cases of others, newest first.
#[derive(Serialize, ToSchema)]
struct BrokenGlassList {
    items: Vec<BrokenGlass>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BrokenGlassQuery {
    /// Only what was not reviewed yet; all if absent.
    #[param(nullable = false)]
    unreviewed: Option<bool>,
}

/// What the data protection officer found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GlassReview {
    /// Whether the person was told.
    person_told: bool,
}

impl Check for GlassReview {}

/// An act of a trainee that waits for its countersignature.
#[derive(Serialize, ToSchema)]
struct WaitingCountersignature {
    /// What it is countersigned by.
    id: Uuid,
    /// The case.
    case: Uuid,
    /// Who did it.
    trainee: Uuid,
    /// What: the dotted name of the act.
    act: String,
    /// When.
    at: DateTime<Utc>,
}

impl From<Pending> for WaitingCountersignature {
    fn from(Pending { id, case, trainee, act, at }: Pending) -> Self {
        Self { id, case, trainee, act, at }
    }
}

/// What waits for the caller's countersignature, the oldest first.
#[derive(Serialize, ToSchema)]
struct CountersignatureList {
    items: Vec<WaitingCountersignature>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// What the supervisor says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCountersignature {
    /// Of the act.
    outcome: Outcome,
}

impl Check for NewCountersignature {}

/// Looks at a case of others.
///
/// *Break the glass*: for a reason and a time, reading only, never the counselling notes. The person finds it among who
/// looked at her data, and the data protection officer on the list that is reviewed. It opens two tasks: the review for
/// the officer, and for whoever leads the case to tell the person.
#[utoipa::path(tag = "cases", params(("case" = Uuid, Path, description = "The person's id, or the referral's.")),
    request_body = NewBrokenGlass,
    responses((status = 201, description = "The case can be read until then.", body = BrokenGlass),
              (status = 409, description = "The caller works on the case anyway.")))]
#[post("/cases/{case}/broken-glass")]
async fn break_glass(
    staff: Allowed<BreakGlass>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(case): Path<Uuid>,
    Input(new): Input<NewBrokenGlass>,
) -> Result<Json<BrokenGlass>> {
    let staff = staff.staff();
    let lasts = new.minutes.map_or(glass::USUAL, |minutes| TimeDelta::minutes(i64::from(minutes.get())));
    let reason = new.reason.clone();
    let act = move |tx: &mut Tx<'_>| {
        let glass = glass::break_glass(tx, &vault, &staff, case, &reason, lasts)?;
        let subject = cases::case_file(tx.conn(), case)?.ok_or(Code::NotFound)?.subject;
        for kind in [Kind::GlassBroken, Kind::GlassToBeTold] {
            tasks::open(tx, Task::new(kind, glass.id).about(subject))?;
        }
        Ok(glass)
    };
    let glass = store.write(act).await?;
    let broken = Broken { glass, reason: Some(new.reason), person_told_at: None, reviewed_at: None, reviewed_by: None };
    Ok(Json::created(broken.into(), format!("{DESK}/broken-glass")))
}

/// Lists who looked at cases of others.
///
/// Newest first, with the reasons, for the data protection officer.
#[utoipa::path(tag = "cases", params(BrokenGlassQuery, PageParams, Fields<BrokenGlass>, Embed<WithPerson>),
    responses((status = 200, description = "A page of them.", body = BrokenGlassList)))]
#[get("/broken-glass")]
async fn list_broken_glass(
    staff: Allowed<ReviewGlass>,
    store: Data<Store>,
    vault: Data<Vault>,
    Query(query): Query<BrokenGlassQuery>,
    page: Page<Key>,
    fields: Fields<BrokenGlass>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let (embed, limit) = (embed.by(&staff)?, page.limit as usize);
    let (staff, after, rows) = (staff.staff(), page.after, page.rows());
    let unreviewed = query.unreviewed.unwrap_or(false);
    let act = move |tx: &mut Tx<'_>| {
        let found = glass::broken(tx, &vault, &staff, unreviewed, after, rows)?;
        let brought = embed.bring(tx, found.iter().take(limit).map(|it| Whose::of(it.glass.case)))?;
        Ok((found, brought))
    };
    let (found, brought) = store.write(act).await?;
    let (items, next_cursor) = page.cut(found, |it| (it.glass.at, it.glass.id))?;
    let items = items.into_iter().map(BrokenGlass::from).collect();
    Ok(Json::ok(brought.put(fields.of(BrokenGlassList { items, next_cursor })?)?))
}

/// Reviews that somebody looked at a case of others.
///
/// Once: the data protection officer has seen the reason, and says whether the person was told. Where she was not, the
/// task of telling her stays with whoever leads the case.
#[utoipa::path(tag = "cases", params(("glass" = Uuid, Path, description = "The act of breaking.")),
    request_body = GlassReview,
    responses((status = 204, description = "It is reviewed."),
              (status = 409, description = "It was reviewed already.")))]
#[post("/broken-glass/{glass}/review")]
async fn review_broken_glass(
    staff: Allowed<ReviewGlass>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    Input(found): Input<GlassReview>,
) -> Result<NoContent> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        glass::review(tx, &staff, id, found.person_told)?;
        tasks::close(tx, Kind::GlassBroken, &id.to_string(), staff.actor())?;
        if found.person_told {
            tasks::close(tx, Kind::GlassToBeTold, &id.to_string(), staff.actor())?;
        }
        Ok(())
    };
    store.write(act).await?;
    Ok(NoContent)
}

/// Lists what waits for the caller's countersignature.
///
/// What trainees did under her, the oldest first. Each person whose case it was finds it in her journal.
#[utoipa::path(tag = "cases", params(PageParams, Fields<WaitingCountersignature>, Embed<WithPerson>),
    responses((status = 200, description = "A page of acts.", body = CountersignatureList)))]
#[get("/countersignatures")]
async fn list_countersignatures(
    staff: Allowed<Countersign>,
    store: Data<Store>,
    page: Page<Key>,
    fields: Fields<WaitingCountersignature>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let (embed, limit) = (embed.by(&staff)?, page.limit as usize);
    let (supervisor, after, rows) = (staff.staff(), page.after, page.rows());
    let act = move |tx: &mut Tx<'_>| {
        let found = countersignature::waiting(tx, &supervisor, after, rows)?;
        let brought = embed.bring(tx, found.iter().take(limit).map(|it| Whose::of(it.case)))?;
        Ok((found, brought))
    };
    let (found, brought) = store.write(act).await?;
    let (items, next_cursor) = page.cut(found, |it| (it.at, it.id))?;
    let items = items.into_iter().map(WaitingCountersignature::from).collect();
    Ok(Json::ok(brought.put(fields.of(CountersignatureList { items, next_cursor })?)?))
}

/// Countersigns what a trainee did.
///
/// Both names are in the journal from then on.
#[utoipa::path(tag = "cases", params(("countersignature" = Uuid, Path, description = "What waits.")),
    request_body = NewCountersignature,
    responses((status = 204, description = "It is countersigned.")))]
#[post("/countersignatures/{countersignature}/signature")]
async fn countersign(
    staff: Allowed<Countersign>,
    store: Data<Store>,
    Path(id): Path<Uuid>,
    Input(new): Input<NewCountersignature>,
) -> Result<NoContent> {
    let staff = staff.staff();
    store.write(move |tx| countersignature::countersign(tx, &staff, id, new.outcome)).await?;
    Ok(NoContent)
}
