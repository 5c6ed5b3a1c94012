//! The desk's API for the purposes, as the one table has them, and for whom this node serves them.

use actix_web::web::Data;
use actix_web::{delete, get, put};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{At, Check, Day, List, Refusal, Text};
use staffetta_protocol::consent::{Group, Lasts, LegalBasis, OrganisationId, Purpose};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use utoipa::ToSchema;

use crate::access::Allowed;
use crate::access::acts::{ManageNotices, ReadNotices};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::grants::{self, Activity, ActsAs, Mandate};
use crate::journal::{self, Entry};
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::web::{self, Fields, IfMatch, Input, Json, NoContent, Page, PageParams, Path};

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_purposes).service(list_activities).service(read_activity);
    routes.service(set_activity).service(drop_activity);
}

/// A legal basis and where the regulation has it.
#[derive(Serialize, ToSchema)]
struct PurposeBasis {
    /// The basis.
    basis: LegalBasis,
    /// Its article.
    article: &'static str,
}

/// How long a consent lasts at most; nothing of it for what rests on no consent.
#[derive(Default, Serialize, ToSchema)]
struct PurposeDuration {
    /// Days from the yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    days: Option<u64>,
    /// Months from the yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    months: Option<u32>,
    /// Months from the end of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    months_from_exit: Option<u32>,
}

impl From<Lasts> for PurposeDuration {
    fn from(lasts: Lasts) -> Self {
        match lasts {
            Lasts::Days(days) => Self { days: Some(days), ..Self::default() },
            Lasts::Months(months) => Self { months: Some(months), ..Self::default() },
            Lasts::MonthsFromExit(months) => Self { months_from_exit: Some(months), ..Self::default() },
            Lasts::NoConsent => Self::default(),
        }
    }
}

/// A purpose as the table has it, and who decides about it here.
#[derive(Serialize, ToSchema)]
struct PurposeShown {
    /// The purpose.
    purpose: Purpose,
    /// Its code in one word.
    code: &'static str,
    /// What it is for, in Italian.
    title_it: &'static str,
    /// The same in English.
    title_en: &'static str,
    /// Whether it is asked of the person. What is not asked is explained in the notice.
    asked: bool,
    /// The legal bases that it may rest on.
    bases: Vec<PurposeBasis>,
    /// Groups of fields that may cross.
    groups: Vec<Group>,
    /// Groups that may cross once the recipient has accepted, beside those.
    groups_after_acceptance: Vec<Group>,
    /// How long a consent lasts at most.
    duration: PurposeDuration,
    /// Whether a consent is spent by one use.
    single_use: bool,
    /// After how many months, again and again, the person is reminded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reminder_months: Option<u32>,
    /// `controller`, `processor`, or `not_instructed`: then it is neither asked nor sent here.
    acts_as: &'static str,
    /// Who decides.
    controller: String,
}

/// The purposes, in the order of the table.
#[derive(Serialize, ToSchema)]
struct PurposeList {
    /// The purposes.
    #[schema(max_items = 12)]
    items: Vec<PurposeShown>,
}

fn shown(purpose: Purpose, activities: &[Activity], own: &str) -> PurposeShown {
    let rule = purpose.rule();
    let (acts_as, controller) = match grants::standing(activities, purpose) {
        Some(ActsAs::Controller) => ("controller", own.to_owned()),
        Some(ActsAs::Processor(mandate)) => ("processor", mandate.label.as_str().to_owned()),
        None => ("not_instructed", mandated(activities, purpose)),
    };
    PurposeShown {
        purpose,
        code: rule.name,
        title_it: rule.title_it,
        title_en: rule.title_en,
        asked: rule.asked,
        bases: purpose.legal_bases().map(|basis| PurposeBasis { basis, article: basis.article() }).collect(),
        groups: rule.groups.to_vec(),
        groups_after_acceptance: rule.groups_after_acceptance.to_vec(),
        duration: rule.lasts.into(),
        single_use: rule.single_use,
        reminder_months: rule.reminder_months,
        acts_as,
        controller,
    }
}

/// Who decides about a purpose without having given an instruction.
fn mandated(activities: &[Activity], purpose: Purpose) -> String {
    let mandate = activities.iter().filter(|it| it.purposes.contains(&purpose)).find_map(|it| match &it.acts_as {
        ActsAs::Processor(mandate) => Some(mandate.label.as_str().to_owned()),
        ActsAs::Controller => None,
    });
    mandate.unwrap_or_default()
}

/// Lists the purposes.
///
/// For what data of a person may be used: on which legal basis, which groups of fields, how long, whether it is asked or
/// explained, and who decides about it here.
#[utoipa::path(tag = "consents", responses((status = 200, description = "The purposes.", body = PurposeList)))]
#[get("/purposes")]
async fn list_purposes(_: Allowed<ReadNotices>, store: Data<Store>, config: Data<Config>) -> Result<Json<PurposeList>> {
    let activities = store.read(grants::activities).await?;
    let own = &config.node.organisation_name;
    Ok(Json::ok(PurposeList { items: Purpose::ALL.iter().map(|it| shown(*it, &activities, own)).collect() }))
}

/// Under which act the node works for somebody else.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProcessorMandate {
    /// The controller.
    of: OrganisationId,
    /// What it is called.
    label: Text<200>,
    /// The agreement or appointment.
    act: Text<200>,
    /// Of which day.
    date: Day,
    /// The purposes that its instructions have.
    #[schema(value_type = Vec<Purpose>, min_items = 0, max_items = 12)]
    instructed_purposes: List<Purpose, 0, 12>,
}

/// What an activity is for, and on whose decision.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActivityStanding {
    /// What it is for.
    #[schema(value_type = Vec<Purpose>, min_items = 1, max_items = 12)]
    purposes: List<Purpose, 1, 12>,
    /// Where this organisation is only the processor: for whom. If absent it is the controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    processor: Option<ProcessorMandate>,
}

impl Check for ActivityStanding {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let Some(mandate) = &self.processor else { return };
        let (processor, place) = (at.key("processor"), "instructed_purposes");
        let list = processor.key(place);
        for (index, purpose) in mandate.instructed_purposes.iter().enumerate() {
            if !self.purposes.contains(purpose) {
                found.push(list.index(index).refuse(Refusal::Inconsistent));
            }
        }
    }
}

/// An activity of this node.
#[derive(Serialize, ToSchema)]
struct ActivityShown {
    /// Its short name.
    activity: Text<64>,
    /// `controller` or `processor`.
    acts_as: &'static str,
    /// What it is for, and for whom.
    standing: ActivityStanding,
}

/// Activities, by name.
#[derive(Serialize, ToSchema)]
struct ActivityList {
    /// The activities.
    items: Vec<ActivityShown>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

fn activity_shown(it: Activity) -> Result<ActivityShown> {
    let damaged = |refusal: Refusal| Error::internal(refusal.code());
    let (acts_as, processor) = match it.acts_as {
        ActsAs::Controller => ("controller", None),
        ActsAs::Processor(Mandate { of, label, act, date, instructed }) => {
            let instructed_purposes = List::new(instructed.into_iter().collect()).map_err(damaged)?;
            ("processor", Some(ProcessorMandate { of, label, act, date, instructed_purposes }))
        }
    };
    let purposes = List::new(it.purposes.into_iter().collect()).map_err(damaged)?;
    Ok(ActivityShown { activity: it.code, acts_as, standing: ActivityStanding { purposes, processor } })
}

/// Lists for whom this node does what.
///
/// A purpose that no activity names is this organisation's own.
#[utoipa::path(tag = "consents", params(PageParams, Fields<ActivityShown>),
    responses((status = 200, description = "A page of the activities.", body = ActivityList)))]
#[get("/activities")]
async fn list_activities(
    _: Allowed<ReadNotices>,
    store: Data<Store>,
    page: Page<Text<64>>,
    fields: Fields<ActivityShown>,
) -> Result<Json<Value>> {
    let (all, next_cursor) = page.of_all(store.read(grants::activities).await?, |it| it.code.clone())?;
    let items = all.into_iter().map(activity_shown).collect::<Result<_>>()?;
    Ok(Json::ok(fields.of(ActivityList { items, next_cursor })?))
}

/// Shows for whom an activity is done.
///
/// 404 where nothing was said of it: then its purposes are this organisation's own, and `If-Match: "0"` says something
/// for the first time.
#[utoipa::path(tag = "consents",
    params(("activity" = String, Path, description = "Its short name.", max_length = 64)),
    responses((status = 200, description = "The activity.", body = ActivityShown)))]
#[get("/activities/{activity}")]
async fn read_activity(
    _: Allowed<ReadNotices>,
    store: Data<Store>,
    Path(activity): Path<String>,
) -> Result<Json<ActivityShown>> {
    let (shown, version) = stands(&store, activity).await?;
    Ok(Json::ok(shown).etag(version))
}

async fn stands(store: &Store, activity: String) -> Result<(ActivityShown, i64)> {
    let found = store.read(move |conn| grants::activity(conn, &activity)).await?;
    let (found, version) = found.ok_or(Code::NotFound)?;
    Ok((activity_shown(found)?, version.into()))
}

/// Says for whom an activity is done.
///
/// As processor only the purposes of the instructions are asked and sent; notices that print another controller cannot be
/// used any more. Of an activity of which nothing was said yet the version is 0.
#[utoipa::path(tag = "consents",
    params(("activity" = String, Path, description = "Its short name: small letters, digits, hyphens.", pattern = "^[a-z0-9-]{1,64}$", max_length = 64),
           IfMatch),
    request_body = ActivityStanding,
    responses((status = 200, description = "The activity.", body = ActivityShown)))]
#[put("/activities/{activity}")]
async fn set_activity(
    staff: Allowed<ManageNotices>,
    store: Data<Store>,
    Path(activity): Path<String>,
    version: IfMatch,
    Input(standing): Input<ActivityStanding>,
) -> Result<Json<ActivityShown>> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let wrong = || Problem::invalid(vec![Refusal::WrongShape.at("/activity")]);
    let code = Text::new(activity.clone());
    let code = code.ok().filter(|text: &Text<64>| text.as_str().bytes().all(plain)).ok_or_else(wrong)?;
    let acts_as = standing.processor.map_or(ActsAs::Controller, |it| {
        let instructed = it.instructed_purposes.into_vec().into_iter().collect();
        ActsAs::Processor(Mandate { of: it.of, label: it.label, act: it.act, date: it.date, instructed })
    });
    let said = Activity { code, purposes: standing.purposes.into_vec().into_iter().collect(), acts_as };
    let (actor, expected) = (staff.actor(), version.row()?);
    let act = move |tx: &mut Tx<'_>| {
        let version = grants::replace_activity(tx, &said, actor.staff(), expected)?;
        journal::record(tx, Entry::new(actor, "activity.set").object(said.code.as_str()))?;
        Ok((said, version))
    };
    let (said, version) = web::or_both_sides(store.write(act).await, async || stands(&store, activity).await).await?;
    Ok(Json::ok(activity_shown(said)?).etag(version))
}

/// Forgets what was said of an activity.
///
/// Its purposes are this organisation's own again, unless another activity names them.
#[utoipa::path(tag = "consents",
    params(("activity" = String, Path, description = "Its short name.", max_length = 64), IfMatch),
    responses((status = 204, description = "It is forgotten.")))]
#[delete("/activities/{activity}")]
async fn drop_activity(
    staff: Allowed<ManageNotices>,
    store: Data<Store>,
    Path(activity): Path<String>,
    version: IfMatch,
) -> Result<NoContent> {
    let (actor, expected, code) = (staff.actor(), version.row()?, activity.clone());
    let act = move |tx: &mut Tx<'_>| {
        grants::drop_activity(tx, &code, expected)?;
        journal::record(tx, Entry::new(actor, "activity.dropped").object(code))
    };
    web::or_both_sides(store.write(act).await, async || stands(&store, activity).await).await?;
    Ok(NoContent)
}
