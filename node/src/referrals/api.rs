//! The desk's referrals: what both sides see, and what the opener does.

use actix_web::web::Data;
use actix_web::{get, post};
use serde_json::Value;
use staffetta_protocol::data::ReferralWithdrawn;
use uuid::Uuid;

use super::api_taker;
use super::desk::Desk;
use super::input::{
    CardUpdate, ContactRelease, Information, NewReferral, Newest, PersonTold, ReferralQuery, ReferralSending,
};
use super::opener::{Draft, Sending};
use super::paper::ToOffice;
use super::view::{Referral, ReferralSummary, Referrals};
use crate::access::Allowed;
use crate::access::acts::{ReadReferrals, SendPreview, SendReferral};
use crate::access::cases::Listing;
use crate::error::Result;
use crate::routes::Routes;
use crate::web::{Embed, Fields, Input, Json, Page, PageParams, Path, Query, WithPersonAndLastEvent};

/// The routes of this room, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes
        .service(add_referral)
        .service(list_referrals)
        .service(read_referral)
        .service(send_preview)
        .service(send_referral)
        .service(provide_information)
        .service(withdraw_referral)
        .service(reopen_referral)
        .service(update_referred_card)
        .service(release_contacts)
        .service(tell_referred_person);
    api_taker::api(routes);
    super::rectifying::api(routes);
    super::paper::api(routes);
    super::transfer::api(routes);
    super::sap::api(routes);
}

/// Begins a referral.
///
/// A draft for one person and one recipient: a node, the organisation that runs it, or an office of the address book, which
/// may have no node. Nothing leaves yet. Another open
/// referral of the same person to the same node is warned of with 409 `already_exists`, unless `confirm_duplicate` says
/// that it is meant.
#[utoipa::path(
    tag = "referrals",
    request_body = NewReferral,
    responses(
        (status = 201, description = "The draft.", body = Referral),
        (status = 404, description = "The person, or the recipient, is not known at this node."),
        (status = 409, description = "`already_exists`: another open referral; `conflict`: the organisation has several nodes."),
    ),
)]
#[post("/referrals")]
pub(super) async fn add_referral(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Input(new): Input<NewReferral>,
) -> Result<Json<Referral>> {
    let about = new.person;
    let act = move |referrals: &super::Referrals, tx: &mut crate::store::Tx<'_>, by| {
        let NewReferral {
            person,
            recipient,
            organisation,
            office,
            office_reason,
            on_paper,
            purpose,
            confirm_duplicate,
        } = new;
        if let Some(office) = office {
            let to = ToOffice { person, office, reason: office_reason, on_paper, purpose, confirm_duplicate };
            return referrals.draft_to_office(tx, by, &to);
        }
        let recipient = referrals.resolve(tx.conn(), recipient, organisation.as_ref())?;
        referrals.draft(tx, by, &Draft { person, recipient, purpose, confirm_duplicate })
    };
    desk.begin(&staff, about, act).await
}

/// Lists referrals.
///
/// Newest first, of both sides, with business state and transport state as two fields; nothing of what they say.
/// Each person on the page finds it in her journal.
#[utoipa::path(
    tag = "referrals",
    params(ReferralQuery, PageParams, Fields<ReferralSummary>, Embed<WithPersonAndLastEvent>),
    responses((status = 200, description = "A page of referrals.", body = Referrals)),
)]
#[get("/referrals")]
pub(super) async fn list_referrals(
    staff: Allowed<ReadReferrals>,
    desk: Data<Desk>,
    Query(query): Query<ReferralQuery>,
    page: Page<Newest>,
    fields: Fields<ReferralSummary>,
    embed: Embed<WithPersonAndLastEvent>,
) -> Result<Json<Value>> {
    let wanted = query.wanted(Listing::of(staff.id, staff.role), &page)?;
    let (mut list, brought) = desk.list(&staff.staff(), wanted, embed.by(&staff)?).await?;
    list.next_cursor = list.next.map(|last| page.next(&last)).transpose()?;
    Ok(Json::ok(brought.put(fields.of(list)?)?))
}

/// Shows a referral.
///
/// All that was said in its thread, what this node may do now, until when something is owed; at the node that received
/// it also what it holds of the card. That it was looked at is recorded.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    responses((status = 200, description = "The referral.", body = Referral)),
)]
#[get("/referrals/{referral}")]
pub(super) async fn read_referral(
    staff: Allowed<ReadReferrals>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<Referral>> {
    desk.note(&staff, id, |_, _, _| Ok(())).await
}

/// Sends the preview.
///
/// The pseudonymous card goes ahead of the referral, under the person's consent for it (P1).
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/preview")]
pub(super) async fn send_preview(
    staff: Allowed<SendPreview>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.send_preview(tx, by, id)).await
}

/// Sends the referral.
///
/// What the consent (P2, or P11) allows of the card goes to the recipient; contacts stay here until it has accepted.
/// With `with_preview` the preview goes in the same act.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = ReferralSending,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now; or `already_exists`."),
    ),
)]
#[post("/referrals/{referral}/sending")]
pub(super) async fn send_referral(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(how): Input<ReferralSending>,
) -> Result<Json<Referral>> {
    let how = Sending {
        with_preview: how.with_preview,
        groups: how.groups.map(|groups| groups.set().clone()),
        confirm_duplicate: how.confirm_duplicate,
    };
    desk.queue(&staff, id, move |referrals, tx, by| referrals.send(tx, by, id, &how)).await
}

/// Answers an information request.
///
/// Groups of the card as it is now, answers to questions, or both. The clock of the decision goes on at the recipient.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = Information,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/information")]
pub(super) async fn provide_information(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(answer): Input<Information>,
) -> Result<Json<Referral>> {
    let act = move |referrals: &super::Referrals, tx: &mut crate::store::Tx<'_>, by| {
        referrals.provide_info(tx, by, id, &answer.groups(), answer.answers)
    };
    desk.queue(&staff, id, act).await
}

/// Withdraws a referral.
///
/// Ends the thread between the two nodes, not the recipient's own case. What waits does not leave; the recipient is told
/// if it knows of the referral, or may. It stands even where it crosses a decision. Taking back a consent is another act.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = ReferralWithdrawn,
    responses(
        (status = 202, description = "Withdrawn here; the word to the recipient, if it needs one, is queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/withdrawal")]
pub(super) async fn withdraw_referral(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(who): Input<ReferralWithdrawn>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.withdraw(tx, by, id, who.by)).await
}

/// Reopens a referral.
///
/// A declined or closed referral, within 90 days, to the same node, under a live consent. The card goes anew.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/reopening")]
pub(super) async fn reopen_referral(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.reopen(tx, by, id)).await
}

/// Sends groups of the card anew.
///
/// The card has changed: the groups go as they are now, under the consent of the thread. A rectification puts right what
/// the recipient already holds, also after the end, and needs no consent.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = CardUpdate,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`: nobody holds the card, or the thread has ended."),
    ),
)]
#[post("/referrals/{referral}/card-updates")]
pub(super) async fn update_referred_card(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(update): Input<CardUpdate>,
) -> Result<Json<Referral>> {
    let act = move |referrals: &super::Referrals, tx: &mut crate::store::Tx<'_>, by| {
        referrals.update_card(tx, by, id, update.groups.set(), update.rectification)
    };
    desk.queue(&staff, id, act).await
}

/// Releases what crosses only after acceptance.
///
/// Contacts, documents by what they are, and what formal acts demand: only after acceptance, and each only where the
/// person granted it. Contacts go by themselves when the acceptance arrives; this is for a yes that comes later. What
/// formal acts demand goes to job centres only, and she is asked for it apart.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = ContactRelease,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 403, description = "`consent_not_valid`, `section_not_covered`, or `role_not_entitled`."),
        (status = 409, description = "`illegal_transition`: the recipient has not accepted, or it has ended."),
    ),
)]
#[post("/referrals/{referral}/contact-releases")]
pub(super) async fn release_contacts(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(wanted): Input<ContactRelease>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.release(tx, by, id, &wanted.groups())).await
}

/// Notes that the person was told.
///
/// Every answer of the other node opens the task to tell her; this closes it: when, by whom, and how.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = PersonTold,
    responses(
        (status = 200, description = "Noted.", body = Referral),
        (status = 409, description = "`conflict`: there is no answer that she still has to hear."),
    ),
)]
#[post("/referrals/{referral}/told")]
pub(super) async fn tell_referred_person(
    staff: Allowed<SendReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(told): Input<PersonTold>,
) -> Result<Json<Referral>> {
    desk.note(&staff, id, move |referrals, tx, by| referrals.tell_person(tx, by, id, told.how)).await
}
