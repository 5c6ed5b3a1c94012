//! What somebody changes of what she gets in with.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Check, Text};
use utoipa::ToSchema;

use super::entered::{Session, admitted};
use crate::access::Allowed;
use crate::access::acts::OwnAccount;
use crate::access::door::{Door, Password};
use crate::error::Result;
use crate::web::{Input, Json};

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The present one. Needed but where it was a temporary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    current_password: Option<Password>,
    /// At least 12 characters, not the account's name, nothing that is guessed first.
    new_password: Password,
}

impl Check for NewPassword {}

/// The wish for a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FactorEnrolment {
    /// The present password. Needed once somebody is wholly in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    current_password: Option<Password>,
}

impl Check for FactorEnrolment {}

/// A second factor to be put into a telephone, shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct OfferedFactor {
    /// To be typed, base 32.
    secret: String,
    /// To be scanned.
    otpauth_uri: String,
}

/// A first code of the second factor that was offered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FactorConfirmation {
    /// The six digits of the moment.
    totp: Text<16>,
}

impl Check for FactorConfirmation {}

/// The second factor counts from now on.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfirmedFactor {
    /// Each lets in once without the telephone. Shown once.
    #[schema(min_items = 10, max_items = 10)]
    recovery_codes: Vec<String>,
    /// The session, with its new CSRF token.
    session: Session,
}

/// Sets a new password.
///
/// Every other session and every token of the account ends; the caller goes on in a new session.
#[utoipa::path(tag = "session", request_body = NewPassword,
    responses((status = 201, description = "It counts.", body = Session),
              (status = 401, description = "The present password is another one."),
              (status = 409, description = "Somebody else has just set it.")))]
#[post("/session/password")]
pub(super) async fn change_own_password(
    staff: Allowed<OwnAccount>,
    request: HttpRequest,
    door: Data<Door>,
    Input(given): Input<NewPassword>,
) -> Result<HttpResponse> {
    let entered = door.change_password(staff.pass(), &staff, given.current_password, given.new_password).await?;
    admitted(&request, &door, &entered, &Session::opened(&entered))
}

/// Offers a second factor.
///
/// A secret for a telephone (TOTP, RFC 6238). It counts once a code of it was confirmed; until then the old one does.
#[utoipa::path(tag = "session", request_body = FactorEnrolment,
    responses((status = 200, description = "The secret.", body = OfferedFactor),
              (status = 401, description = "The present password is another one.")))]
#[post("/session/factor-enrolment")]
pub(super) async fn offer_own_factor(
    staff: Allowed<OwnAccount>,
    door: Data<Door>,
    Input(given): Input<FactorEnrolment>,
) -> Result<Json<OfferedFactor>> {
    let offer = door.offer_factor(staff.pass(), &staff, given.current_password).await?;
    let offered = OfferedFactor { secret: offer.secret.to_string(), otpauth_uri: offer.uri.to_string() };
    Ok(Json::ok(offered).shown_once())
}

/// Confirms the second factor that was offered.
///
/// By a first code. Ten recovery codes come with it, and every other session and token of the account ends.
#[utoipa::path(tag = "session", request_body = FactorConfirmation,
    responses((status = 201, description = "It counts.", body = ConfirmedFactor),
              (status = 409, description = "Nothing was offered.")))]
#[post("/session/factor-confirmation")]
pub(super) async fn confirm_own_factor(
    staff: Allowed<OwnAccount>,
    request: HttpRequest,
    door: Data<Door>,
    Input(given): Input<FactorConfirmation>,
) -> Result<HttpResponse> {
    let (entered, codes) = door.confirm_factor(staff.pass(), &staff, given.totp.as_str().to_owned()).await?;
    let recovery_codes = codes.iter().map(|code| code.to_string()).collect();
    let confirmed = ConfirmedFactor { recovery_codes, session: Session::opened(&entered) };
    admitted(&request, &door, &entered, &confirmed)
}
