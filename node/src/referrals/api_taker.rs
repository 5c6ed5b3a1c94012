//! The desk's referrals: what the node that received does.

use actix_web::post;
use actix_web::web::Data;
use staffetta_protocol::data::{CardPreviewAnswered, ReferralClosed, ReferralDeclined, ReferralProgressed};
use uuid::Uuid;

use super::desk::Desk;
use super::input::{Acceptance, InformationRequest, KnownPersonChoice};
use super::view::Referral;
use crate::access::Allowed;
use crate::access::acts::{AnswerPreview, DecideReferral, EndConsents};
use crate::consents::Withdrawal;
use crate::error::Result;
use crate::routes::Routes;
use crate::web::{Input, Json, Path};

pub(super) fn api(routes: &mut Routes<'_>) {
    routes
        .service(answer_preview)
        .service(request_information)
        .service(accept_referral)
        .service(decline_referral)
        .service(report_progress)
        .service(close_referral)
        .service(choose_known_person)
        .service(take_back_consent);
}

/// Answers a preview.
///
/// Send the referral; say more first; or not for this office, with a reason and, where there is one, who could help. No
/// appointment: nobody has a name yet.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = CardPreviewAnswered,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/preview-answer")]
pub(super) async fn answer_preview(
    staff: Allowed<AnswerPreview>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(answer): Input<CardPreviewAnswered>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.answer_preview(tx, by, id, answer)).await
}

/// Asks for more before deciding.
///
/// Fields, groups, or questions in words. What never crosses cannot be asked for: the answer is 422 `not_askable`, with
/// what to ask for instead. The clock of the decision stands still until the answer comes.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = InformationRequest,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/information-requests")]
pub(super) async fn request_information(
    staff: Allowed<DecideReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(ask): Input<InformationRequest>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.request_info(tx, by, id, ask.data()?)).await
}

/// Accepts a referral.
///
/// The person is taken on, with an appointment or the day by which there will be one. The sender then releases her
/// contacts, where she granted it.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = Acceptance,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/acceptance")]
pub(super) async fn accept_referral(
    staff: Allowed<DecideReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(yes): Input<Acceptance>,
) -> Result<Json<Referral>> {
    let act = move |referrals: &super::Referrals, tx: &mut crate::store::Tx<'_>, by| {
        referrals.accept(tx, by, id, yes.appointment, yes.already_known)
    };
    desk.queue(&staff, id, act).await
}

/// Declines a referral.
///
/// With a reason, words that the operator can tell the person, and who could help instead.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = ReferralDeclined,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/refusal")]
pub(super) async fn decline_referral(
    staff: Allowed<DecideReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(no): Input<ReferralDeclined>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.decline(tx, by, id, no)).await
}

/// Reports progress.
///
/// Appointments made, moved and missed, the first contact, the declaration of availability, the signed *patto*, a
/// pathway begun. Never notes.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = ReferralProgressed,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/progress")]
pub(super) async fn report_progress(
    staff: Allowed<DecideReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(step): Input<ReferralProgressed>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.progress(tx, by, id, step)).await
}

/// Closes a referral.
///
/// With an outcome and its day. For want of contact a person confirms after three missed appointments.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = ReferralClosed,
    responses(
        (status = 202, description = "Queued.", body = Referral),
        (status = 409, description = "`illegal_transition`, with the events that are allowed now."),
    ),
)]
#[post("/referrals/{referral}/closure")]
pub(super) async fn close_referral(
    staff: Allowed<DecideReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(end): Input<ReferralClosed>,
) -> Result<Json<Referral>> {
    desk.queue(&staff, id, move |referrals, tx, by| referrals.close(tx, by, id, end)).await
}

/// Says whether the office knew the person.
///
/// Same, new or unsure, as the clerk found in the office's own records. The acceptance then says `already_known`, and
/// never who else sent her.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = KnownPersonChoice,
    responses(
        (status = 200, description = "Noted.", body = Referral),
        (status = 409, description = "`illegal_transition`: not at this side, or not any more."),
    ),
)]
#[post("/referrals/{referral}/known-person")]
pub(super) async fn choose_known_person(
    staff: Allowed<DecideReferral>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(found): Input<KnownPersonChoice>,
) -> Result<Json<Referral>> {
    let acting = staff.staff();
    let act = move |referrals: &super::Referrals, tx: &mut crate::store::Tx<'_>, by| {
        if let Some(person) = found.person {
            // Whoever joins them answers for both: she has a part in that case too.
            acting.sight(tx, person)?;
        }
        referrals.choose_known(tx, by, id, found.choice.into(), found.person)
    };
    desk.note(&staff, id, act).await
}

/// Takes back what the person agreed to at the sender.
///
/// She says so here, at the desk of whoever received: nothing is done with it any more, what came is erased but for what
/// this office must keep by law, and the sender is told, who calls it back from everybody else who has it.
#[utoipa::path(
    tag = "referrals",
    params(("referral" = Uuid, Path, description = "The referral's id at this node.")),
    request_body = Withdrawal,
    responses(
        (status = 202, description = "It ends here, and the sender is told.", body = Referral),
        (status = 404, description = "Nothing rests on a consent of the sender any more."),
    ),
)]
#[post("/referrals/{referral}/consent-withdrawals")]
pub(super) async fn take_back_consent(
    staff: Allowed<EndConsents>,
    desk: Data<Desk>,
    Path(id): Path<Uuid>,
    Input(how): Input<Withdrawal>,
) -> Result<Json<Referral>> {
    desk.take_back(&staff, id, how).await
}
