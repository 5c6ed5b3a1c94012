//! The desk's API for case teams, over the verbs of `access::cases`.

use actix_web::web::Data;
use actix_web::{get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{At, Check, List};
use staffetta_protocol::problem::{Code, FieldError};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::document::DESK;
use super::{Embed, Fields, IfMatch, Input, Json, Page, PageParams, Path, Query, Whose, WithPersonAndLead};
use crate::access::acts::{ManageCases, ReadCases, ReadPeople};
use crate::access::cases::handover::{self, Note};
use crate::access::cases::team::{self, Place, Team};
use crate::access::cases::{self, CaseFile, Functions, Kind, Member, Wanted};
use crate::access::{AccessRole, Acting, Allowed, Function};
use crate::error::Result;
use crate::routes::Routes;
use crate::store::{Conn, Store, Tx};
use crate::vault::Vault;

/// By which a list of cases, and one of handovers, is ordered.
type Key = (DateTime<Utc>, Uuid);

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_cases).service(read_team).service(set_team);
    routes.service(list_handovers).service(hand_over_case);
}

/// What a case is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CaseKind {
    /// The record of a person whom this node accompanies.
    Person,
    /// A preview or referral that came in.
    Referral,
}

/// A case: who answers for it. Nothing about the person.
#[derive(Serialize, ToSchema)]
struct CaseSummary {
    /// The person's id at this node, or the referral's.
    id: Uuid,
    /// Which of the two.
    kind: CaseKind,
    /// The account that leads; absent where the case waits for a lead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lead: Option<Uuid>,
    /// The account that stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    deputy: Option<Uuid>,
    /// Since when there is a case.
    opened_at: DateTime<Utc>,
    /// For `If-Match`.
    version: i32,
}

impl From<&CaseFile> for CaseSummary {
    fn from(file: &CaseFile) -> Self {
        let kind = match file.kind {
            Kind::Person => CaseKind::Person,
            Kind::Referral => CaseKind::Referral,
        };
        let CaseFile { id, lead, deputy, opened_at, version, .. } = *file;
        Self { id, kind, lead, deputy, opened_at, version }
    }
}

/// Cases, the oldest first.
#[derive(Serialize, ToSchema)]
struct CaseList {
    items: Vec<CaseSummary>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Which cases.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CaseScope {
    /// In whose team the caller is.
    Mine,
    /// That wait for a lead (*Senza referente*): for whoever answers for the operators.
    WithoutLead,
    /// Every one: for whoever answers for the operators, or for the data.
    All,
}

/// Which cases a list shows.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CaseQuery {
    /// The caller's own if absent.
    #[param(nullable = false, inline)]
    scope: Option<CaseScope>,
}

/// Somebody in the team of a case.
#[derive(Serialize, ToSchema)]
struct TeamMember {
    /// The account.
    staff: Uuid,
    /// As colleagues know her.
    label: String,
    /// What she does there.
    functions: Vec<Function>,
    /// Who countersigns for her, if she is learning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    supervisor: Option<Uuid>,
    /// Since when.
    since: DateTime<Utc>,
}

/// A case with its team.
#[derive(Serialize, ToSchema)]
struct CaseTeam {
    /// The case.
    case: CaseSummary,
    /// Who works on it.
    members: Vec<TeamMember>,
}

/// Somebody to be on a case.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTeamMember {
    /// The account.
    staff: Uuid,
    /// What she does there.
    #[schema(value_type = Vec<Function>, min_items = 1, max_items = 9)]
    functions: List<Function, 1, 9>,
    /// Who countersigns for her: for a trainee, somebody of the team.
    #[serde(default)]
    #[schema(nullable = false)]
    supervisor: Option<Uuid>,
}

impl Check for NewTeamMember {}

/// The whole team, as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCaseTeam {
    /// Who leads, where nobody does yet. A lead changes hands by a handover.
    #[serde(default)]
    #[schema(nullable = false)]
    lead: Option<Uuid>,
    /// Who stands in.
    #[serde(default)]
    #[schema(nullable = false)]
    deputy: Option<Uuid>,
    /// Everybody: who is absent leaves, and sees the case no more.
    #[schema(value_type = Vec<NewTeamMember>, min_items = 1, max_items = 30)]
    members: List<NewTeamMember, 1, 30>,
}

impl Check for NewCaseTeam {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.members.check(&at.key("members"), found);
    }
}

impl From<NewCaseTeam> for Team {
    fn from(new: NewCaseTeam) -> Self {
        let place = |member: NewTeamMember| {
            let functions = Functions::new(member.functions.into_vec())?;
            Some(Place { staff: member.staff, functions, supervisor: member.supervisor })
        };
        let members = new.members.into_vec().into_iter().filter_map(place).collect();
        Self { lead: new.lead, deputy: new.deputy, members }
    }
}

/// *Passaggio di consegne*.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHandover {
    /// Who leads from now on.
    to: Uuid,
    /// What she must know.
    note: Note,
    /// Whether who led stays in the team.
    #[serde(default)]
    stays: bool,
}

impl Check for NewHandover {}

/// A handover that happened.
#[derive(Serialize, ToSchema)]
struct HandoverEntry {
    /// Its id.
    id: Uuid,
    /// Who led; absent where the case waited for a lead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from: Option<Uuid>,
    /// Who led from then on.
    to: Uuid,
    /// Who handed it over.
    by: Uuid,
    /// What the new lead was told.
    note: Note,
    /// When.
    at: DateTime<Utc>,
}

/// The handovers of a case, newest first.
#[derive(Serialize, ToSchema)]
struct HandoverList {
    items: Vec<HandoverEntry>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists cases.
///
/// Who leads which, the oldest first; nothing about the people. Of the cases of others only whoever answers for the
/// operators, or for the data, sees the list. Each person on the page finds it in her journal.
#[utoipa::path(tag = "cases", params(CaseQuery, PageParams, Fields<CaseSummary>, Embed<WithPersonAndLead>),
    responses((status = 200, description = "A page of cases.", body = CaseList)))]
#[get("/cases")]
async fn list_cases(
    staff: Allowed<ReadCases>,
    store: Data<Store>,
    Query(query): Query<CaseQuery>,
    page: Page<Key>,
    fields: Fields<CaseSummary>,
    embed: Embed<WithPersonAndLead>,
) -> Result<Json<Value>> {
    let answers = matches!(staff.role, AccessRole::Supervisor | AccessRole::Dpo);
    let wanted = match query.scope.unwrap_or(CaseScope::Mine) {
        CaseScope::Mine => Wanted::Of(staff.id),
        CaseScope::WithoutLead if answers => Wanted::WithoutLead,
        CaseScope::All if answers => Wanted::All,
        CaseScope::WithoutLead | CaseScope::All => return Err(Code::NotEntitled.into()),
    };
    let (after, rows, limit) = (page.after, page.rows(), page.limit as usize);
    let embed = embed.by(&staff)?;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let found = cases::list(tx, &staff, wanted, after, rows)?;
        let whose = |file: &CaseFile| Whose { lead: file.lead, ..Whose::of(file.id) };
        let brought = embed.bring(tx, found.iter().take(limit).map(whose))?;
        Ok((found, brought))
    };
    let (found, brought) = store.write(act).await?;
    let (files, next_cursor) = page.cut(found, |file| (file.opened_at, file.id))?;
    let items = files.iter().map(CaseSummary::from).collect();
    Ok(Json::ok(brought.put(fields.of(CaseList { items, next_cursor })?)?))
}

fn shown(conn: &mut Conn, case: Uuid) -> Result<CaseTeam> {
    let file = cases::case_file(conn, case)?.ok_or(Code::NotFound)?;
    let mut members = Vec::new();
    for Member { staff, functions, supervisor, since } in cases::members(conn, case)? {
        let label = crate::access::staff_row(conn, staff)?.map(|account| account.label).unwrap_or_default();
        members.push(TeamMember { staff, label, functions: functions.iter().collect(), supervisor, since });
    }
    Ok(CaseTeam { case: CaseSummary::from(&file), members })
}

fn looked_at(tx: &mut Tx<'_>, staff: &Acting, case: Uuid) -> Result<CaseTeam> {
    let file = cases::case_file(tx.conn(), case)?.ok_or(Code::NotFound)?;
    cases::note_team(tx, staff, case, file.subject)?;
    shown(tx.conn(), case)
}

/// Shows who works on a case.
///
/// For whoever has to turn to a colleague: names of the staff, nothing about the person. She finds it in her journal.
#[utoipa::path(tag = "cases", params(("case" = Uuid, Path, description = "The person's id, or the referral's.")),
    responses((status = 200, description = "The case and its team.", body = CaseTeam)))]
#[get("/cases/{case}/team")]
async fn read_team(staff: Allowed<ReadCases>, store: Data<Store>, Path(case): Path<Uuid>) -> Result<Json<CaseTeam>> {
    let staff = staff.staff();
    let team = store.write(move |tx| looked_at(tx, &staff, case)).await?;
    let version = team.case.version;
    Ok(Json::ok(team).etag(version))
}

/// Sets the team of a case.
///
/// Whole: who is absent leaves, and sees the case no more. For its lead and deputy, and for whoever answers for the
/// operators; a referral that came in and that nobody leads may be taken by anybody of the office.
#[utoipa::path(tag = "cases", params(("case" = Uuid, Path, description = "The person's id, or the referral's."), IfMatch),
    request_body = NewCaseTeam,
    responses((status = 200, description = "The case and its team.", body = CaseTeam)))]
#[put("/cases/{case}/team")]
async fn set_team(
    staff: Allowed<ManageCases>,
    store: Data<Store>,
    Path(case): Path<Uuid>,
    version: IfMatch,
    Input(new): Input<NewCaseTeam>,
) -> Result<Json<CaseTeam>> {
    let (staff, version) = (staff.staff(), version.row()?);
    let reader = staff.clone();
    let act = move |tx: &mut Tx<'_>| {
        team::set_team(tx, &staff, case, &new.into(), version)?;
        shown(tx.conn(), case)
    };
    let look = async || {
        let team = store.write(move |tx| looked_at(tx, &reader, case)).await?;
        let version = i64::from(team.case.version);
        Ok((team, version))
    };
    let team = super::or_both_sides(store.write(act).await, look).await?;
    let version = team.case.version;
    Ok(Json::ok(team).etag(version))
}

/// Lists the handovers of a case.
///
/// Newest first, with what each lead told the next: for whoever works on it.
#[utoipa::path(tag = "cases", params(("case" = Uuid, Path, description = "The person's id, or the referral's."), PageParams, Fields<HandoverEntry>),
    responses((status = 200, description = "A page of handovers.", body = HandoverList)))]
#[get("/cases/{case}/handovers")]
async fn list_handovers(
    staff: Allowed<ReadPeople>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(case): Path<Uuid>,
    page: Page<Key>,
    fields: Fields<HandoverEntry>,
) -> Result<Json<Value>> {
    let (staff, after, rows) = (staff.staff(), page.after, page.rows());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight_of_case(tx, case)?;
        handover::handovers(tx, &vault, &sight, after, rows)
    };
    let found = store.write(act).await?;
    let (handovers, next_cursor) = page.cut(found, |handover| (handover.at, handover.id))?;
    let entry = |it: handover::Handover| HandoverEntry {
        id: it.id,
        from: it.from,
        to: it.to,
        by: it.by,
        note: it.note,
        at: it.at,
    };
    Ok(Json::ok(fields.of(HandoverList { items: handovers.into_iter().map(entry).collect(), next_cursor })?))
}

/// Hands a case over.
///
/// *Passaggio di consegne*: one act, with a note and both names. For its lead and deputy, and for whoever answers for the
/// operators. What trainees did and what waits for the lead's countersignature waits for the new one.
#[utoipa::path(tag = "cases", params(("case" = Uuid, Path, description = "The person's id, or the referral's.")),
    request_body = NewHandover,
    responses((status = 201, description = "The case and its team.", body = CaseTeam),
              (status = 409, description = "She leads it already, or is nobody who works with people.")))]
#[post("/cases/{case}/handovers")]
async fn hand_over_case(
    staff: Allowed<ManageCases>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(case): Path<Uuid>,
    Input(new): Input<NewHandover>,
) -> Result<Json<CaseTeam>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        handover::hand_over(tx, &vault, &staff, case, new.to, &new.note, new.stays)?;
        shown(tx.conn(), case)
    };
    let team = store.write(act).await?;
    let version = team.case.version;
    Ok(Json::created(team, format!("{DESK}/cases/{case}/handovers")).etag(version))
}
