//! The desk's API for one record: as the standard structures it, its receipt, and what is to be done about consents.

use actix_web::get;
use actix_web::web::Data;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::{Refusal, Text};
use staffetta_protocol::consent::record::Record;
use staffetta_protocol::consent::{ConsentReceipt, KantaraReceipt, OrganisationId, Purpose};
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::Problem;
use utoipa::{IntoParams, ToSchema};

use super::requests::ConsentRequest;
use crate::access::Allowed;
use crate::access::acts::ReadConsents;
use crate::access::cases::Listing;
use crate::config::Config;
use crate::consents::{self, DueKind, DuePlace, Own, Seen};
use crate::error::Result;
use crate::keys::Keys;
use crate::people::PersonId;
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::vault::Vault;
use crate::web::{Embed, Fields, Json, Page, PageParams, Path, Query, Whose, WithPerson};

/// The routes of one record, below the desk's base.
pub(super) fn api(routes: &mut Routes<'_>) {
    routes.service(read_consent).service(read_consent_receipt).service(read_kantara_receipt);
}

/// What is to be done about the consents of many.
pub(super) fn due_api(routes: &mut Routes<'_>) {
    routes.service(list_consents_due);
}

/// A record with its answer, or the question that still waits.
#[derive(Serialize, ToSchema)]
struct ConsentSeen {
    /// The record, once it has an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    record: Option<Record>,
    /// The question, as long as it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request: Option<ConsentRequest>,
}

/// Shows one consent.
///
/// In the structure of ISO/IEC TS 27560, with what happened to it so far; with its signed receipt, where one was made of
/// this state. A question without its answer is shown as such.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    responses((status = 200, description = "The record.", body = ConsentSeen)))]
#[get("/people/{person}/consents/{record}")]
async fn read_consent(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    (vault, config): (Data<Vault>, Data<Config>),
    Path((id, record)): Path<(PersonId, RecordId)>,
) -> Result<Json<ConsentSeen>> {
    let staff = staff.staff();
    let own = Own::from(&config.node);
    let seen = store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            consents::look(tx, &vault, &own, &sight, record)
        })
        .await?;
    Ok(Json::ok(match seen {
        Seen::Answered(record) => ConsentSeen { record: Some(*record), request: None },
        Seen::Waits(request) => ConsentSeen { record: None, request: Some(request.into()) },
    }))
}

/// A receipt for the person.
#[derive(Serialize, ToSchema)]
struct ConsentReceiptIssued {
    /// The receipt as it was signed: a JWS of type `staffetta-consent-receipt+jwt`, to be verified with the protocol keys
    /// that this node publishes.
    #[schema(max_length = 65536)]
    receipt: String,
    /// What it says.
    claims: ConsentReceipt,
}

async fn issued(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    (vault, keys, config): (Data<Vault>, Data<Keys>, Data<Config>),
    (id, record): (PersonId, RecordId),
) -> Result<(ConsentReceipt, String)> {
    let staff = staff.staff();
    let own = Own::from(&config.node);
    store
        .write(move |tx| {
            let sight = staff.sight(tx, id)?;
            consents::receipt(tx, &vault, &keys, &own, &sight, record)
        })
        .await
}

/// Makes the receipt of a consent, for the person to take away.
///
/// Signed by this node and without her name. As long as nothing happens to the consent the same receipt is given again;
/// a withdrawal has a receipt of its own.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    responses((status = 200, description = "The receipt.", body = ConsentReceiptIssued)))]
#[get("/people/{person}/consents/{record}/receipt")]
async fn read_consent_receipt(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Keys>, Data<Config>),
    Path(which): Path<(PersonId, RecordId)>,
) -> Result<Json<ConsentReceiptIssued>> {
    let (claims, receipt) = issued(staff, store, handles, which).await?;
    Ok(Json::ok(ConsentReceiptIssued { receipt, claims }))
}

/// Exports the receipt of a consent under the names of Kantara 1.1.
///
/// The same receipt, for programs that know the Consent Receipt Specification; not signed.
#[utoipa::path(tag = "consents",
    params(("person" = Uuid, Path, description = "The person."), ("record" = Uuid, Path, description = "The record.")),
    responses((status = 200, description = "The receipt.", body = KantaraReceipt)))]
#[get("/people/{person}/consents/{record}/receipt/kantara")]
async fn read_kantara_receipt(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    handles: (Data<Vault>, Data<Keys>, Data<Config>),
    Path(which): Path<(PersonId, RecordId)>,
) -> Result<Json<KantaraReceipt>> {
    let (claims, _) = issued(staff, store, handles, which).await?;
    Ok(Json::ok(KantaraReceipt::from(&claims)))
}

/// How far to look ahead.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConsentsDueWithin {
    /// Days within which a consent runs out; 30 if absent.
    #[param(nullable = false, minimum = 1, maximum = 366)]
    days: Option<u32>,
}

/// Something to be done about a consent.
#[derive(Serialize, ToSchema)]
struct ConsentDue {
    /// `remind`: she should be told that it is in force. `runs_out`: if it is still needed she should be asked again.
    /// `coming_of_age`: what her guardian agreed to ends, and she should be asked herself.
    #[schema(value_type = String)]
    kind: DueKind,
    /// Since when, or by when.
    at: DateTime<Utc>,
    /// Whose consent.
    person: PersonId,
    /// The record.
    record: RecordId,
    /// Which answer of it.
    seq: u32,
    /// For what.
    purpose: Purpose,
    /// To whom.
    recipient: OrganisationId,
    /// What the recipient was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recipient_label: Option<Text<200>>,
}

/// What is to be done, the most urgent first.
#[derive(Serialize, ToSchema)]
struct ConsentsDue {
    items: Vec<ConsentDue>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Lists the consents for which something is to be done.
///
/// Reminders that are due, what runs out soon, and whose guardian's word ends within 60 days. Of the people in whose
/// cases one works; supervisors and the data protection officer see all.
#[utoipa::path(tag = "consents", params(ConsentsDueWithin, PageParams, Fields<ConsentDue>, Embed<WithPerson>),
    responses((status = 200, description = "What is to be done.", body = ConsentsDue)))]
#[get("/consents/due")]
async fn list_consents_due(
    staff: Allowed<ReadConsents>,
    store: Data<Store>,
    vault: Data<Vault>,
    Query(within): Query<ConsentsDueWithin>,
    page: Page<DuePlace>,
    fields: Fields<ConsentDue>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let days = within.days.unwrap_or(30);
    if !(1..=366).contains(&days) {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/days")]).into());
    }
    let (actor, listing) = (staff.actor(), Listing::of(staff.id, staff.role));
    let (within, which) = (TimeDelta::days(days.into()), (page.after, page.limit));
    let embed = embed.by(&staff)?;
    let act = move |tx: &mut Tx<'_>| {
        let (due, next) = consents::due(tx, &vault, &actor, listing, within, which)?;
        let brought = embed.bring(tx, due.iter().map(|it| Whose::of(it.person)))?;
        Ok((due, next, brought))
    };
    let (due, next, brought) = store.write(act).await?;
    let shown = |it: consents::Due| ConsentDue {
        kind: it.kind,
        at: it.at,
        person: it.person,
        record: it.record,
        seq: it.seq,
        purpose: it.purpose,
        recipient: it.recipient,
        recipient_label: it.recipient_label,
    };
    let next_cursor = next.map(|next| page.next(&next)).transpose()?;
    let items = due.into_iter().map(shown).collect();
    Ok(Json::ok(brought.put(fields.of(ConsentsDue { items, next_cursor })?)?))
}
