//! The desk's API for consents and for what was disclosed, over the verbs of this room.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Refusal;
use staffetta_protocol::consent::{Group, OrganisationId, Purpose};
use staffetta_protocol::id::{EntityId, RecordId};
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Answers, Channel, Consent, Consents, Expression, Renewal, State, Withdrawal, WithdrawnBy};
use crate::access::Allowed;
use crate::access::acts::{ReadConsents, ReadDisclosures, WriteConsents};
use crate::error::Result;
use crate::grants::Disclosure;
use crate::links::Links;
use crate::outbox::Outbox;
use crate::people::PersonId;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::document::DESK;
use crate::web::{Input, Json, Path, Query};

/// How many disclosures a page holds.
const PAGE: usize = 100;

/// The routes, below the desk's base.
pub fn api(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_consents).service(give_consent).service(renew_consent).service(withdraw_consent);
    cfg.service(list_disclosures);
}

/// One answer of a record.
#[derive(Serialize, ToSchema)]
struct ConsentRecord {
    /// The record.
    record: RecordId,
    /// Which answer of the record; a renewal has the next number.
    seq: u32,
    /// For what.
    purpose: Purpose,
    /// To whom.
    recipient: OrganisationId,
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
    /// Spent by one use.
    single_use: bool,
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

fn shown(consent: Consent, now: DateTime<Utc>) -> ConsentRecord {
    let state = consent.stands(now);
    let recall = consent.recall;
    ConsentRecord {
        record: consent.record,
        seq: consent.seq,
        purpose: consent.purpose,
        recipient: consent.recipient,
        groups: consent.groups,
        state,
        answered_at: consent.answered_at,
        not_after: consent.not_after,
        single_use: consent.single_use,
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
}

/// A consent that was taken back, and who is told.
#[derive(Serialize, ToSchema)]
struct ConsentWithdrawalResult {
    /// The record.
    consent: ConsentRecord,
    /// Entity ids of the nodes that received something under it: each is told.
    told: Vec<EntityId>,
}

/// One message or sheet of paper that left about a person.
#[derive(Serialize, ToSchema)]
struct DisclosureEntry {
    /// The message, or the sheet.
    message_id: Uuid,
    /// When it was queued.
    at: DateTime<Utc>,
    /// For whom.
    organisation_name: String,
    /// Its node, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entity_id: Option<EntityId>,
    /// Its entry in the address book, where it went on paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    office: Option<Uuid>,
    /// What it was: a message type, or `paper.` and which sheet.
    message_type: String,
    /// For what, under a consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    purpose: Option<Purpose>,
    /// Which groups of fields it had.
    groups: BTreeSet<Group>,
    /// `consent`, `reply`, or `duty:` and its legal basis.
    ground: String,
    /// The consent that it rested on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    record: Option<RecordId>,
    /// Which version of the card it showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    card_version: Option<u32>,
}

impl From<Disclosure> for DisclosureEntry {
    fn from(it: Disclosure) -> Self {
        Self {
            message_id: it.message.0,
            at: it.at,
            organisation_name: it.organisation,
            entity_id: it.peer.node().cloned(),
            office: it.peer.office(),
            message_type: it.kind,
            purpose: it.purpose,
            groups: it.groups,
            ground: it.ground,
            record: it.record.map(|(record, _)| record),
            card_version: it.card_version,
        }
    }
}

/// What left about a person, newest first.
#[derive(Serialize, ToSchema)]
struct DisclosureList {
    /// The messages.
    items: Vec<DisclosureEntry>,
    /// What to ask with for older ones; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<Uuid>,
}

/// Which page of the disclosures.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DisclosurePage {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<Uuid>,
}

/// Lists what a person agreed to.
///
/// Every answer of hers, newest first, with how it was given.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person.")),
    responses((status = 200, description = "Her answers.", body = ConsentList)))]
#[get("/people/{person}/consents")]
async fn list_consents(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Path(id): Path<PersonId>,
) -> Result<Json<ConsentList>> {
    let staff = staff.staff();
    let items = store
        .write(move |tx| {
            let now = tx.now();
            let sight = staff.sight(tx, id)?;
            Ok(super::list(tx, &vault, &sight)?.into_iter().map(|it| shown(it, now)).collect())
        })
        .await?;
    Ok(Json::ok(ConsentList { items }))
}

/// Records what a person answered.
///
/// One act for one recipient: one question, or the two of a first interview (P1 and P2). Each answer becomes a record of
/// its own; a no is kept too. What shows the answer must be said.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person.")), request_body = Answers,
    responses((status = 201, description = "The records.", body = ConsentList),
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
            Ok(super::answer(tx, &vault, &sight, &answers)?.into_iter().map(|it| shown(it, now)).collect())
        })
        .await?;
    Ok(Json::created(ConsentList { items }, format!("{DESK}/people/{id}/consents")))
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
            Ok(shown(super::renew(tx, &vault, &sight, record, &renewal)?, now))
        })
        .await?;
    Ok(Json::created(renewed, format!("{DESK}/people/{id}/consents")))
}

/// Takes a consent back.
///
/// At once: nothing more leaves under it, what waits is struck, and every node that received something is told. A second
/// time changes nothing.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    request_body = Withdrawal,
    responses((status = 200, description = "It is withdrawn.", body = ConsentWithdrawalResult),
              (status = 409, description = "It was never given.")))]
#[post("/people/{person}/consents/{record}/withdrawals")]
async fn withdraw_consent(
    staff: Allowed<WriteConsents>,
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
            let done = super::withdraw(tx, &outbox, &sight, &towards, record, how)?;
            (room.threads_ended)(tx, &done.threads)?;
            Ok(ConsentWithdrawalResult { consent: shown(done.consent, now), told: done.told })
        })
        .await?;
    links.wake();
    Ok(Json::ok(done))
}

/// Lists what left about a person.
///
/// Who received which groups of fields, when and on which ground, newest first.
#[utoipa::path(tag = "consents", params(("person" = Uuid, Path, description = "The person."), DisclosurePage),
    responses((status = 200, description = "A page of disclosures.", body = DisclosureList)))]
#[get("/people/{person}/disclosures")]
async fn list_disclosures(
    staff: Allowed<ReadDisclosures>,
    store: Data<Store>,
    Path(id): Path<PersonId>,
    Query(page): Query<DisclosurePage>,
) -> Result<Json<DisclosureList>> {
    let staff = staff.staff();
    let act = move |tx: &mut Tx<'_>| {
        let sight = staff.sight(tx, id)?;
        super::disclosures(tx, &sight)
    };
    let mut all = store.write(act).await?;
    if let Some(cursor) = page.cursor {
        let last = all.iter().position(|it| it.message.0 == cursor);
        let last = last.ok_or_else(|| Problem::invalid(vec![Refusal::WrongShape.at("/cursor")]))?;
        all.drain(..=last);
    }
    let more = all.len() > PAGE;
    all.truncate(PAGE);
    let next_cursor = all.last().filter(|_| more).map(|it| it.message.0);
    Ok(Json::ok(DisclosureList { items: all.into_iter().map(DisclosureEntry::from).collect(), next_cursor }))
}
