//! The desk's API for the office's own system, over the verbs of this room.

use actix_web::web::Data;
use actix_web::{Either, get, post, put};
use serde::Serialize;
use staffetta_protocol::card::Day;
use utoipa::ToSchema;
use uuid::Uuid;

use super::office::{DidRecord, PattoRecord, ProtocolRecord};
use super::policy::{PolicyEvent, PolicyEventCode, policies};
use super::upload::{self, Entry, LineResult, Told};
use super::verbs::{Records, Written};
use super::view::FilledSection;
use crate::access::acts::{ExportReferral, ReadReferrals, RecordOffice};
use crate::access::{Acting, Allowed};
use crate::config::LimitsConfig;
use crate::error::Result;
use crate::referrals::Referrals;
use crate::referrals::by::By;
use crate::referrals::desk::{self, Desk};
use crate::routes::Routes;
use crate::store::{Tx, once};
use crate::web::{self, Accept, Attachment, IfMatch, Input, Json, Path, Raw, RawKind};

/// Lines that one transaction takes: a file of any length leaves room for others.
const AT_ONCE: usize = 50;

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(export_sap).service(read_office_record).service(record_did).service(record_patto);
    routes.service(record_protocol).service(add_policy_event).service(write_back_sap);
}

/// What an accepted referral brought, in the order of the SAP.
#[derive(Serialize, ToSchema)]
struct SapSheet {
    /// The referral.
    referral: Uuid,
    /// The six sections.
    #[schema(min_items = 6, max_items = 6)]
    sections: Vec<FilledSection>,
}

/// An event of a policy, as it is recorded.
#[derive(Serialize, ToSchema)]
struct RecordedEvent {
    /// What happened.
    event: PolicyEventCode,
    /// In Italian.
    label_it: &'static str,
    /// When.
    on: Day,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
}

/// A policy, as its events tell it.
#[derive(Serialize, ToSchema)]
struct RecordedPolicy {
    /// Its identifier in the office's own system.
    #[schema(max_length = 60)]
    policy: String,
    /// Proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proposed_on: Option<Day>,
    /// Begun, the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    started_on: Option<Day>,
    /// Ended or suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_on: Option<Day>,
    /// Its events, in their order.
    #[schema(max_items = 300)]
    events: Vec<RecordedEvent>,
}

/// What this office recorded of a person that it took on.
#[derive(Serialize, ToSchema)]
struct OfficeRecord {
    /// Its version: what `If-Match` must name to change declaration, agreement or protocol.
    version: i64,
    /// The declaration of availability.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    did: Option<DidRecord>,
    /// The agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    patto: Option<PattoRecord>,
    /// The protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    protocol: Option<ProtocolRecord>,
    /// The policies.
    #[schema(max_items = 300)]
    policies: Vec<RecordedPolicy>,
}

impl From<Records> for OfficeRecord {
    fn from(records: Records) -> Self {
        let recorded = |event: &PolicyEvent| RecordedEvent {
            event: event.event,
            label_it: event.event.label_it(),
            on: event.on,
            description: event.description.as_ref().map(|text| text.as_str().to_owned()),
        };
        let policies = policies(&records.events).into_iter().map(|policy| RecordedPolicy {
            policy: policy.events.first().map(|first| first.policy.as_str().to_owned()).unwrap_or_default(),
            proposed_on: policy.proposed_on,
            started_on: policy.started_on,
            ended_on: policy.ended_on,
            events: policy.events.into_iter().map(recorded).collect(),
        });
        let policies = policies.collect();
        let Records { version, office, .. } = records;
        Self { version, did: office.did, patto: office.patto, protocol: office.protocol, policies }
    }
}

fn shown(records: Records) -> Json<OfficeRecord> {
    let version = records.version;
    Json::ok(OfficeRecord::from(records)).etag(version)
}

/// Does it, and shows the record as it is then; a conflict is told with both sides.
async fn change(
    staff: &Acting,
    desk: &Desk,
    id: Uuid,
    act: impl FnOnce(&Referrals, &mut Tx<'_>, By) -> Result<Written> + Send + 'static,
) -> Result<Json<OfficeRecord>> {
    let changed = desk
        .in_case(staff, id, move |r, tx, by, _| {
            act(r, tx, by)?;
            r.office_records(tx, by, id)
        })
        .await;
    let look = async || {
        let now = desk.in_case(staff, id, move |r, tx, by, _| r.office_records(tx, by, id)).await?;
        let version = now.version;
        Ok((OfficeRecord::from(now), version))
    };
    Ok(shown(web::or_both_sides(changed, look).await?))
}

/// What became of the lines of a file.
#[derive(Serialize, ToSchema)]
struct WriteBackReport {
    /// How many lines were taken.
    taken: usize,
    /// How many were there already.
    repeated: usize,
    /// How many were refused.
    refused: usize,
    /// Line by line.
    #[schema(max_items = 1000)]
    items: Vec<Told>,
}

/// Gives an accepted referral in the order of the SAP.
///
/// Sections 1 to 6, field by field, with its code list and whether it was received; what was not is empty. JSON, or CSV
/// to whoever prefers it (`Accept`). A value that a spreadsheet would take for a formula has an apostrophe before it.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    responses((status = 200, description = "The sheet.", content((SapSheet = "application/json"), (String = "text/csv"))),
              (status = 409, description = "`illegal_transition`: nobody was taken on, or it was withdrawn.")))]
#[get("/referrals/{referral}/sap")]
async fn export_sap(
    staff: Allowed<ExportReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    accept: Accept,
) -> Result<Either<Json<SapSheet>, Attachment>> {
    let sections = desk.in_case(&staff, id, move |r, tx, by, sight| r.sap(tx, by, sight, id)).await?;
    if accept.best(&["application/json", "text/csv"]) == "text/csv" {
        let bytes = super::sheet::csv(&sections)?;
        return Ok(Either::Right(Attachment { media: "text/csv", file_name: "sap.csv", bytes }));
    }
    Ok(Either::Left(Json::ok(SapSheet { referral: id, sections })))
}

/// Shows what this office recorded of a person that it took on.
///
/// Declaration, agreement, protocol, and the policies with their events.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    responses((status = 200, description = "The record.", body = OfficeRecord),
              (status = 409, description = "`illegal_transition`: nobody was taken on, or it was withdrawn.")))]
#[get("/referrals/{referral}/office-record")]
async fn read_office_record(
    staff: Allowed<ReadReferrals>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<OfficeRecord>> {
    Ok(shown(desk.in_case(&staff, id, move |r, tx, by, _| r.office_records(tx, by, id)).await?))
}

/// Records the declaration of availability.
///
/// Its state and since when. That it was made is told to the sender.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node."), IfMatch),
    request_body = DidRecord,
    responses((status = 200, description = "The record.", body = OfficeRecord),
              (status = 409, description = "`illegal_transition`: nobody was taken on, or it was withdrawn.")))]
#[put("/referrals/{referral}/did")]
async fn record_did(
    staff: Allowed<RecordOffice>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Input(did): Input<DidRecord>,
) -> Result<Json<OfficeRecord>> {
    change(&staff, &desk, id, move |r, tx, by| r.record_did(tx, by, id, did, Some(version))).await
}

/// Records the signed agreement.
///
/// When it was signed, and the path of GOL that it names. The sender is told, and the work on the referral has begun.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node."), IfMatch),
    request_body = PattoRecord,
    responses((status = 200, description = "The record.", body = OfficeRecord),
              (status = 409, description = "`illegal_transition`: nobody was taken on, or it was withdrawn.")))]
#[put("/referrals/{referral}/patto")]
async fn record_patto(
    staff: Allowed<RecordOffice>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Input(patto): Input<PattoRecord>,
) -> Result<Json<OfficeRecord>> {
    change(&staff, &desk, id, move |r, tx, by| r.record_patto(tx, by, id, patto, Some(version))).await
}

/// Records number and day of the office's protocol.
///
/// They stay here.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node."), IfMatch),
    request_body = ProtocolRecord,
    responses((status = 200, description = "The record.", body = OfficeRecord),
              (status = 409, description = "`illegal_transition`: nobody was taken on, or it was withdrawn.")))]
#[put("/referrals/{referral}/protocol")]
async fn record_protocol(
    staff: Allowed<RecordOffice>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Input(protocol): Input<ProtocolRecord>,
) -> Result<Json<OfficeRecord>> {
    change(&staff, &desk, id, move |r, tx, by| r.record_protocol(tx, by, id, protocol, Some(version))).await
}

/// Adds an event of a policy.
///
/// One of the fifteen of the SAP, on its day. The same again is no second one. A pathway that begins is told to the
/// sender.
#[utoipa::path(tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = PolicyEvent,
    responses((status = 200, description = "The record, with the event.", body = OfficeRecord),
              (status = 409, description = "`illegal_transition`: nobody was taken on, or it was withdrawn.")))]
#[post("/referrals/{referral}/policy-events")]
async fn add_policy_event(
    staff: Allowed<RecordOffice>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(event): Input<PolicyEvent>,
) -> Result<Json<OfficeRecord>> {
    let act = move |r: &Referrals, tx: &mut Tx<'_>, by, _: &_| {
        r.add_policy_event(tx, by, id, &event)?;
        r.office_records(tx, by, id)
    };
    Ok(shown(desk.in_case(&staff, id, act).await?))
}

/// A file that writes back.
struct Lines;

impl RawKind for Lines {
    const MEDIA: &'static [&'static str] = &["text/csv"];

    fn most(limits: &LimitsConfig) -> usize {
        limits.body_bytes
    }
}

/// Writes back many referrals at once.
///
/// A CSV file with the columns `referral`, `kind` (`did`, `patto`, `protocol`, `event`), `date`, `state`, `gol_path`,
/// `number`, `policy`, `title`, `event`, `description` and `pathway`, at most 1000 lines. Each line is taken whole or not
/// at all; the same line again changes nothing. Where it broke off, the same file under the same key goes on.
#[utoipa::path(tag = "referrals", request_body(description = "The file.", content((String = "text/csv"))),
    responses((status = 200, description = "What became of each line.", body = WriteBackReport)))]
#[post("/sap-write-backs")]
async fn write_back_sap(
    staff: Allowed<RecordOffice>,
    desk: Data<Desk>,
    raw: Raw<Lines>,
) -> Result<Json<WriteBackReport>> {
    let mut lines = upload::lines(&raw.bytes)?.into_iter().peekable();
    let mut items = Vec::new();
    loop {
        let some: Vec<_> = lines.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            break;
        }
        let staff = staff.staff();
        let act = move |r: &Referrals, tx: &mut Tx<'_>| {
            let each = |(number, line): (u64, Result<upload::Line>)| {
                let tried = line.and_then(|line| tx.savepoint(|tx| write_back(r, tx, &staff, line)));
                Told::of(number, tried)
            };
            some.into_iter().map(each).collect::<Result<Vec<_>>>()
        };
        let written = desk.in_many(act);
        // What was asked for is done with the last lines, and they carry the key: until then it may be asked for again, and
        // the lines before are repeated, which changes nothing.
        items.extend(if lines.peek().is_some() { once::aside(written).await? } else { written.await? });
    }
    let count = |wanted| items.iter().filter(|told| told.result == wanted).count();
    let (taken, repeated) = (count(LineResult::Taken), count(LineResult::Repeated));
    let refused = count(LineResult::Refused);
    Ok(Json::ok(WriteBackReport { taken, repeated, refused, items }))
}

fn write_back(referrals: &Referrals, tx: &mut Tx<'_>, staff: &Acting, line: upload::Line) -> Result<Written> {
    let id = line.referral;
    let by = By::at_the_desk(staff, &desk::sight(tx, staff, id)?);
    match line.entry {
        Entry::Did(did) => referrals.record_did(tx, by, id, did, None),
        Entry::Patto(patto) => referrals.record_patto(tx, by, id, patto, None),
        Entry::Protocol(protocol) => referrals.record_protocol(tx, by, id, protocol, None),
        Entry::Event(event) => referrals.add_policy_event(tx, by, id, &event),
    }
}
