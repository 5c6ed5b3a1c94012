//! The desk's API for what a person agreed to.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use staffetta_protocol::card::Text;
use staffetta_protocol::consent::{Group, OrganisationId, Purpose};
use staffetta_protocol::id::{EntityId, RecordId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Allowed;
use crate::access::acts::{EndConsents, ReadConsents, WriteConsents};
use crate::consents::{
    self, Answers, Channel, Consent, Consents, Expression, Invalidation, Renewal, State, Withdrawal, Withdrawn,
    WithdrawnBy,
};
use crate::error::Result;
use crate::links::Links;
use crate::outbox::Outbox;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::Store;
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{Fields, Input, Json, Page, PageParams, Path};

/// The routes, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(list_consents).service(give_consent).service(renew_consent).service(withdraw_consent);
    routes.service(invalidate_consent).service(terminate_consent).service(remind_of_consent);
}

/// One answer of a record.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentRecord {
    /// The record.
    record: RecordId,
    /// Which answer of the record; a renewal has the next number.
    seq: u32,
    /// For what.
    purpose: Purpose,
    /// To whom.
    recipient: OrganisationId,
    /// What the recipient was called when she was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recipient_label: Option<Text<200>>,
    /// Which groups of fields.
    groups: BTreeSet<Group>,
    /// Where it stands now.
    state: State,
    /// When it was answered.
    answered_at: DateTime<Utc>,
    /// Until when a yes holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    not_after: Option<DateTime<Utc>>,
    /// When it ends for this node although `not_after` is later: she is of age then, and her guardian spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ends_early: Option<DateTime<Utc>>,
    /// Spent by one use.
    single_use: bool,
    /// Whether nobody had verified the notice in that language: a mediator explained it.
    notice_draft: bool,
    /// How it was expressed.
    expressed: Expression,
    /// Who entered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entered_by: Option<Uuid>,
    /// How it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    withdrawn: Option<ConsentEnd>,
}

/// How a consent was taken back, and the recall that followed.
#[derive(Serialize, ToSchema)]
struct ConsentEnd {
    /// When.
    at: DateTime<Utc>,
    /// By whom.
    by: WithdrawnBy,
    /// Where it was said.
    channel: Channel,
    /// The recall.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recall: Option<Uuid>,
    /// When the recipients' answers are due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    due: Option<DateTime<Utc>>,
}

pub(super) fn shown(consent: Consent, now: DateTime<Utc>) -> ConsentRecord {
    let state = consent.stands(now);
    let recall = consent.recall;
    ConsentRecord {
        record: consent.record,
        seq: consent.seq,
        purpose: consent.purpose,
        recipient: consent.recipient,
        recipient_label: consent.recipient_label,
        groups: consent.groups,
        state,
        answered_at: consent.answered_at,
        not_after: consent.not_after,
        ends_early: consent.ends_early,
        single_use: consent.single_use,
        notice_draft: consent.notice_draft,
        expressed: consent.expressed,
        entered_by: consent.entered_by,
        withdrawn: consent.withdrawn.map(|(at, how)| ConsentEnd {
            at,
            by: how.by,
            channel: how.channel,
            recall: recall.map(|(id, _)| id),
            due: recall.map(|(_, due)| due),
        }),
    }
}

/// Answers, newest first.
#[derive(Serialize, ToSchema)]
struct ConsentList {
    /// The answers.
    items: Vec<ConsentRecord>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A consent that was taken back, and who is told.
#[derive(Serialize, ToSchema)]
struct ConsentWithdrawalResult {
    /// The record.
    consent: ConsentRecord,
    /// Entity ids of the nodes that received something under it: each is told.
    told: Vec<EntityId>,
    /// Recalls by letter, for offices that received something on paper: each letter is printed and sent.
    letters: Vec<Uuid>,
    /// Other records of hers for the same purpose and organisation, as two people's records that became one leave them:
    /// they were taken back with it, each with a recall of its own.
    also: Vec<ConsentRecord>,
}

impl ConsentWithdrawalResult {
    fn of(done: Withdrawn, now: DateTime<Utc>) -> Self {
        let Withdrawn { consent, told, letters, also, .. } = done;
        Self { consent: shown(consent, now), told, letters, also: also.into_iter().map(|it| shown(it, now)).collect() }
    }
}

/// Lists what a person agreed to.
///
/// Every answer of hers, newest first, with how it was given.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person."), PageParams,
           Fields<ConsentRecord>),
    responses((status = 200, description = "A page of her answers.", body = ConsentList)))]
#[get("/people/{person}/consents")]
async fn list_consents(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    page: Page<(RecordId, u32)>,
    fields: Fields<ConsentRecord>,
) -> Result<Json<Value>> {
    let staff = staff.staff();
    let all = store
        .write(move |tx| {
            let now = tx.now();
            let sight = staff.sight(tx, id)?;
            Ok(consents::list(tx, &vault, &sight)?.into_iter().map(|it| (it.seq, shown(it, now))).collect())
        })
        .await?;
    let (items, next_cursor) = page.of_all(all, |(seq, it): &(u32, ConsentRecord)| (it.record, *seq))?;
    Ok(Json::ok(fields.of(ConsentList { items: items.into_iter().map(|(_, it)| it).collect(), next_cursor })?))
}

/// Records what a person answered.
///
/// One act for one recipient: one question, or the two of a first interview (P1 and P2). Each answer becomes a record of
/// its own; a no is kept too. What shows the answer must be said, and the notice named by the digest of its text. For a
/// minor of sixteen or seventeen her guardian answers, named by `guardian`, and she assents.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person.")), request_body = Answers,
    responses((status = 201, description = "The records.", body = ConsentList),
              (status = 403, description = "This node is a processor without an instruction for the purpose."),
              (status = 409, description = "A live consent covers this already: it is renewed instead.")))]
#[post("/people/{person}/consents")]
async fn give_consent(
    staff: Allowed<WriteConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
    Input(answers): Input<Answers>,
) -> Result<Json<ConsentList>> {
    let staff = staff.staff();
    let items = store
        .write(move |tx| {
            let now = tx.now();
            let sight = staff.sight(tx, id)?;
            Ok(consents::answer(tx, &vault, &sight, &answers)?.into_iter().map(|it| shown(it, now)).collect())
        })
        .await?;
    Ok(Json::created(ConsentList { items, next_cursor: None }, format!("{DESK}/people/{id}/consents")))
}

/// Records that a person agrees again.
///
/// Under the same record with the next number, and a time of its own.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    request_body = Renewal,
    responses((status = 201, description = "The new answer.", body = ConsentRecord),
              (status = 409, description = "It was refused or withdrawn: ask anew.")))]
#[post("/people/{person}/consents/{record}/renewals")]
async fn renew_consent(
    staff: Allowed<WriteConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, record)): Path<(PersonId, RecordId)>,
    Input(renewal): Input<Renewal>,
) -> Result<Json<ConsentRecord>> {
    let staff = staff.staff();
    let renewed = store
        .write(move |tx| {
            let now = tx.now();
            let sight = staff.sight(tx, id)?;
            Ok(shown(consents::renew(tx, &vault, &sight, record, &renewal)?, now))
        })
        .await?;
    Ok(Json::created(renewed, format!("{DESK}/people/{id}/consents")))
}

/// Takes a consent back.
///
/// At once: nothing more leaves under it, what waits is struck, and every node that received something is told. One
/// withdrawal is enough: what else of hers permits the same to the same organisation goes with it, and is in the answer. A
/// second time changes nothing.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    request_body = Withdrawal,
    responses((status = 200, description = "It is withdrawn.", body = ConsentWithdrawalResult),
              (status = 409, description = "It was never given.")))]
#[post("/people/{person}/consents/{record}/withdrawals")]
async fn withdraw_consent(
    staff: Allowed<EndConsents>,
    store: Data<Store>,
    handles: (Data<Outbox>, Data<Consents>, Data<Links>),
    Path((id, record)): Path<(PersonId, RecordId)>,
    Input(how): Input<Withdrawal>,
) -> Result<Json<ConsentWithdrawalResult>> {
    let (outbox, room, links) = handles;
    let staff = staff.staff();
    let done = store
        .write(move |tx| {
            let now = tx.now();
            let towards = |peer: &EntityId| staff.message_actor(outbox.vault(), peer);
            let sight = staff.sight(tx, id)?;
            let done = consents::withdraw(tx, &outbox, &sight, &towards, record, how)?;
            (room.threads_ended)(tx, &done.threads)?;
            Ok(ConsentWithdrawalResult::of(done, now))
        })
        .await?;
    links.wake();
    Ok(Json::ok(done))
}

/// Declares that a consent never held.
///
/// It was entered for somebody else, say, or she had not been told. What follows is what follows a withdrawal.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    request_body = Invalidation,
    responses((status = 200, description = "It is invalid.", body = ConsentWithdrawalResult),
              (status = 409, description = "It was never given.")))]
#[post("/people/{person}/consents/{record}/invalidations")]
async fn invalidate_consent(
    staff: Allowed<EndConsents>,
    store: Data<Store>,
    handles: (Data<Outbox>, Data<Consents>, Data<Links>),
    Path((id, record)): Path<(PersonId, RecordId)>,
    Input(why): Input<Invalidation>,
) -> Result<Json<ConsentWithdrawalResult>> {
    let (outbox, room, links) = handles;
    let staff = staff.staff();
    let done = store
        .write(move |tx| {
            let now = tx.now();
            let towards = |peer: &EntityId| staff.message_actor(outbox.vault(), peer);
            let sight = staff.sight(tx, id)?;
            let done = consents::invalidate(tx, &outbox, &sight, &towards, record, why)?;
            (room.threads_ended)(tx, &done.threads)?;
            Ok(ConsentWithdrawalResult::of(done, now))
        })
        .await?;
    links.wake();
    Ok(Json::ok(done))
}

/// Ends a consent whose matter is done.
///
/// Nothing new leaves under it, and nothing is called back.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    responses((status = 200, description = "It has ended.", body = ConsentRecord),
              (status = 409, description = "It is not in force.")))]
#[post("/people/{person}/consents/{record}/terminations")]
async fn terminate_consent(
    staff: Allowed<EndConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, record)): Path<(PersonId, RecordId)>,
) -> Result<Json<ConsentRecord>> {
    let staff = staff.staff();
    let ended = store
        .write(move |tx| {
            let now = tx.now();
            let sight = staff.sight(tx, id)?;
            Ok(shown(consents::terminate(tx, &vault, &sight, record)?, now))
        })
        .await?;
    Ok(Json::ok(ended))
}

/// Notes that a person was reminded of a consent.
///
/// She was told that it is in force and that she may take it back. The next reminder is due when the purpose says.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    responses((status = 200, description = "It is noted.", body = ConsentRecord),
              (status = 409, description = "It is not in force.")))]
#[post("/people/{person}/consents/{record}/reminders")]
async fn remind_of_consent(
    staff: Allowed<WriteConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path((id, record)): Path<(PersonId, RecordId)>,
) -> Result<Json<ConsentRecord>> {
    let staff = staff.staff();
    let reminded = store
        .write(move |tx| {
            let now = tx.now();
            let sight = staff.sight(tx, id)?;
            Ok(shown(consents::remind(tx, &vault, &sight, record)?, now))
        })
        .await?;
    Ok(Json::ok(reminded))
}
