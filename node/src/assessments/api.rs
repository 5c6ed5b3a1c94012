//! The desk's API for skills assessments, over the verbs of this room.

use actix_web::web::Data;
use actix_web::{get, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Check, List, Refusal};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Assessment, AssessmentId, PhaseBegun, Signature, State, Work, counselling};
use crate::access::acts::{ReadAssessments, WriteAssessments};
use crate::access::{Acting, Allowed};
use crate::error::Result;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{self, Fields, IfMatch, Input, Json, Path, Query};

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_assessments).service(open_assessment).service(read_assessment).service(change_assessment);
    routes.service(begin_assessment_phase).service(sign_assessment).service(propose_assessment_findings);
    routes.configure(counselling::api);
}

/// A skills assessment as it is held.
#[derive(Serialize, ToSchema)]
struct AssessmentRecord {
    /// Its id.
    id: AssessmentId,
    /// Where it stands.
    state: State,
    /// What is written.
    work: Work,
    /// The phases that have begun, in their order.
    #[schema(max_items = 3)]
    phases: Vec<PhaseBegun>,
    /// That the person signed its summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signed: Option<SignedSummary>,
    /// The one that was signed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    superseded_by: Option<AssessmentId>,
    /// When it was opened.
    created_at: DateTime<Utc>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    created_by: Option<Uuid>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// How a summary was signed.
#[derive(Serialize, ToSchema)]
struct SignedSummary {
    /// How.
    signature: Signature,
    /// Of the text in UTF-8, as it was signed.
    sha256: Digest,
    /// When it was entered.
    at: DateTime<Utc>,
}

fn shown(it: Assessment) -> (AssessmentRecord, i32) {
    let signed = it.signed.map(|it| SignedSummary { signature: it.signature, sha256: it.sha256, at: it.at });
    let Assessment { id, state, work, phases, superseded_by, version, created_at, created_by, updated_at, .. } = it;
    let record =
        AssessmentRecord { id, state, work, phases, signed, superseded_by, created_at, created_by, updated_at };
    (record, version)
}

/// Assessments, newest first.
#[derive(Serialize, ToSchema)]
struct AssessmentList {
    /// The assessments.
    items: Vec<AssessmentRecord>,
    /// What to ask with for older ones; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<AssessmentId>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AssessmentPage {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<AssessmentId>,
    /// Assessments on a page; 20 if absent.
    #[param(nullable = false, minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// How many a page holds: one of these, else the other unless `limit` lies beyond them.
pub(super) fn bounded(limit: Option<u32>, usual: u32, most: u32) -> Result<u32> {
    let limit = limit.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid(vec![Refusal::OutOfRange.at("/limit")]).into())
    }
}

/// Which findings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssessmentProposal {
    /// Their ids.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 60)]
    findings: List<Uuid, 1, 60>,
}

impl Check for AssessmentProposal {}

/// What came of a proposal.
#[derive(Serialize, ToSchema)]
struct AssessmentProposed {
    /// The version of the card that has the findings.
    card_version: u32,
}

/// Lists the skills assessments of a person.
///
/// Newest first. She finds it in her journal.
#[utoipa::path(tag = "assessments", params(("person" = Uuid, Path, description = "The person."), AssessmentPage, Fields<AssessmentRecord>),
    responses((status = 200, description = "A page of assessments.", body = AssessmentList)))]
#[get("/people/{person}/assessments")]
async fn list_assessments(
    staff: Allowed<ReadAssessments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Query(page): Query<AssessmentPage>,
    fields: Fields<AssessmentRecord>,
) -> Result<Json<Value>> {
    let limit = bounded(page.limit, 20, 100)?;
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::list(tx, &vault, &sight, page.cursor, limit)
    };
    let (items, more) = store.write(act).await?;
    let next_cursor = items.last().filter(|_| more).map(|last| last.id);
    Ok(Json::ok(fields.of(AssessmentList { items: items.into_iter().map(|it| shown(it).0).collect(), next_cursor })?))
}

/// Opens a skills assessment of a person.
///
/// Its phases begin one after the other; what is written can be changed until she signs.
#[utoipa::path(tag = "assessments", params(("person" = Uuid, Path, description = "The person.")), request_body = Work,
    responses((status = 201, description = "The assessment.", body = AssessmentRecord)))]
#[post("/people/{person}/assessments")]
async fn open_assessment(
    staff: Allowed<WriteAssessments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(work): Input<Work>,
) -> Result<Json<AssessmentRecord>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::open(tx, &vault, &sight, work)
    };
    let (opened, version) = shown(store.write(act).await?);
    let location = format!("{DESK}/people/{id}/assessments/{}", opened.id);
    Ok(Json::created(opened, location).etag(version))
}

/// Shows a skills assessment.
///
/// With everything that is written in it.
#[utoipa::path(tag = "assessments",
    params(("person" = Uuid, Path, description = "The person."),
           ("assessment" = Uuid, Path, description = "The assessment.")),
    responses((status = 200, description = "The assessment.", body = AssessmentRecord)))]
#[get("/people/{person}/assessments/{assessment}")]
async fn read_assessment(
    staff: Allowed<ReadAssessments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, assessment)): Path<(PersonId, AssessmentId)>,
) -> Result<Json<AssessmentRecord>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::look(tx, &vault, &sight, assessment)
    };
    let (seen, version) = shown(store.write(act).await?);
    Ok(Json::ok(seen).etag(version))
}

/// An assessment as it stands, for the other side of a conflict.
async fn stands(
    store: &Store,
    vault: &Data<Vault>,
    staff: &Acting,
    (person, assessment): (PersonId, AssessmentId),
) -> Result<(AssessmentRecord, i64)> {
    let (staff, vault) = (staff.clone(), vault.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, person)?;
        super::look(tx, &vault, &sight, assessment)
    };
    let (seen, version) = shown(store.write(act).await?);
    Ok((seen, version.into()))
}

/// Changes what is written in a skills assessment.
///
/// All of it: what is absent is gone. Not after the person has signed.
#[utoipa::path(tag = "assessments",
    params(("person" = Uuid, Path, description = "The person."),
           ("assessment" = Uuid, Path, description = "The assessment."),
           IfMatch),
    request_body = Work,
    responses((status = 200, description = "The assessment.", body = AssessmentRecord),
              (status = 409, description = "The person has signed it.")))]
#[put("/people/{person}/assessments/{assessment}")]
async fn change_assessment(
    staff: Allowed<WriteAssessments>,
    handles: (Data<Store>, Data<Vault>),
    Path((id, assessment)): Path<(PersonId, AssessmentId)>,
    expected: IfMatch,
    Input(work): Input<Work>,
) -> Result<Json<AssessmentRecord>> {
    let (store, vault) = handles;
    let (staff, expected) = (staff.staff(), expected.row().unwrap_or(i32::MAX));
    let (keys, colleague) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::change(tx, &keys, &sight, assessment, work, expected)
    };
    let look = async || stands(&store, &vault, &colleague, (id, assessment)).await;
    let (changed, version) = shown(web::or_both_sides(store.write(act).await, look).await?);
    Ok(Json::ok(changed).etag(version))
}

/// Begins the next phase of a skills assessment.
///
/// Welcome, analysis, synthesis, in this order.
#[utoipa::path(tag = "assessments",
    params(("person" = Uuid, Path, description = "The person."),
           ("assessment" = Uuid, Path, description = "The assessment."),
           IfMatch),
    request_body = PhaseBegun,
    responses((status = 200, description = "The assessment.", body = AssessmentRecord),
              (status = 409, description = "It is not this phase's turn.")))]
#[post("/people/{person}/assessments/{assessment}/phases")]
async fn begin_assessment_phase(
    staff: Allowed<WriteAssessments>,
    handles: (Data<Store>, Data<Vault>),
    Path((id, assessment)): Path<(PersonId, AssessmentId)>,
    expected: IfMatch,
    Input(phase): Input<PhaseBegun>,
) -> Result<Json<AssessmentRecord>> {
    let (store, vault) = handles;
    let (staff, expected) = (staff.staff(), expected.row().unwrap_or(i32::MAX));
    let (keys, colleague) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::begin(tx, &keys, &sight, assessment, phase, expected)
    };
    let look = async || stands(&store, &vault, &colleague, (id, assessment)).await;
    let (begun, version) = shown(web::or_both_sides(store.write(act).await, look).await?);
    Ok(Json::ok(begun).etag(version))
}

/// Enters that the person signed the summary.
///
/// The text of the version that `If-Match` names. From then on it stands in her card and never changes; the summary that
/// was signed before is superseded.
#[utoipa::path(tag = "assessments",
    params(("person" = Uuid, Path, description = "The person."),
           ("assessment" = Uuid, Path, description = "The assessment."),
           IfMatch),
    request_body = Signature,
    responses((status = 200, description = "The signed assessment.", body = AssessmentRecord),
              (status = 409, description = "It is not in its synthesis, or the person has no card.")))]
#[post("/people/{person}/assessments/{assessment}/signatures")]
async fn sign_assessment(
    staff: Allowed<WriteAssessments>,
    handles: (Data<Store>, Data<Vault>),
    Path((id, assessment)): Path<(PersonId, AssessmentId)>,
    expected: IfMatch,
    Input(signature): Input<Signature>,
) -> Result<Json<AssessmentRecord>> {
    let (store, vault) = handles;
    let (staff, expected) = (staff.staff(), expected.row().unwrap_or(i32::MAX));
    let (keys, colleague) = (vault.clone(), staff.clone());
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::sign(tx, &keys, &sight, assessment, signature, expected)
    };
    let look = async || stands(&store, &vault, &colleague, (id, assessment)).await;
    let (signed, version) = shown(web::or_both_sides(store.write(act).await, look).await?);
    Ok(Json::ok(signed).etag(version))
}

/// Proposes findings for the person's card.
///
/// They stand among her skills with the pile that was proposed; a pile that a job centre or certifying body has confirmed
/// stays as it is.
#[utoipa::path(tag = "assessments",
    params(("person" = Uuid, Path, description = "The person."),
           ("assessment" = Uuid, Path, description = "The assessment.")),
    request_body = AssessmentProposal,
    responses((status = 200, description = "They are in the card.", body = AssessmentProposed),
              (status = 409, description = "The person has no card.")))]
#[post("/people/{person}/assessments/{assessment}/proposals")]
async fn propose_assessment_findings(
    staff: Allowed<WriteAssessments>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, assessment)): Path<(PersonId, AssessmentId)>,
    Input(proposal): Input<AssessmentProposal>,
) -> Result<Json<AssessmentProposed>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::propose(tx, &vault, &sight, assessment, &proposal.findings)
    };
    Ok(Json::ok(AssessmentProposed { card_version: store.write(act).await? }))
}
