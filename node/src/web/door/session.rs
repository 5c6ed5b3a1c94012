//! Signing in and out, and the sessions that are open.

use actix_web::http::header::SET_COOKIE;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{At, Check, Refusal, Text};
use staffetta_protocol::problem::{Code, FieldError};
use utoipa::ToSchema;
use uuid::Uuid;

use super::entered::{Session, admitted};
use crate::access::acts::{OwnAccount, SignedIn};
use crate::access::door::{self, Attempt, Door, Factor, Password, SessionSecret};
use crate::access::{self, Allowed, Standing, Username};
use crate::error::Result;
use crate::store::Store;
use crate::web::caller::Address;
use crate::web::{Input, Json, NoContent, Path};

/// Somebody who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The account's name.
    username: Username,
    /// Its password.
    password: Password,
    /// The six digits of the moment, if the account has a second factor. It may also follow in a request of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    totp: Option<Text<16>>,
    /// One of the recovery codes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recovery_code: Option<Text<64>>,
}

impl Check for Credentials {
    fn check(&self, at: &At<'_>, errors: &mut Vec<FieldError>) {
        at_most_one(&self.totp, &self.recovery_code, at, errors);
    }
}

/// The second factor of somebody whose password was right.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondFactor {
    /// The six digits of the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    totp: Option<Text<16>>,
    /// One of the recovery codes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recovery_code: Option<Text<64>>,
}

impl Check for SecondFactor {
    fn check(&self, at: &At<'_>, errors: &mut Vec<FieldError>) {
        at_most_one(&self.totp, &self.recovery_code, at, errors);
        if self.totp.is_none() && self.recovery_code.is_none() {
            errors.push(at.key("totp").refuse(Refusal::Required));
        }
    }
}

fn at_most_one(totp: &Option<Text<16>>, recovery: &Option<Text<64>>, at: &At<'_>, errors: &mut Vec<FieldError>) {
    if totp.is_some() && recovery.is_some() {
        errors.push(at.key("recovery_code").refuse(Refusal::Inconsistent));
    }
}

fn factor(totp: Option<Text<16>>, recovery: Option<Text<64>>) -> Option<Factor> {
    let totp = totp.map(|typed| Factor::Totp(typed.as_str().to_owned()));
    totp.or_else(|| recovery.map(|typed| Factor::Recovery(typed.as_str().to_owned())))
}

/// A session of the caller's account.
#[derive(Serialize, ToSchema)]
struct OwnSession {
    /// What it is ended by.
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// How far it has come.
    standing: Standing,
    /// `password` or `oidc`.
    method: String,
    /// Since when.
    created_at: DateTime<Utc>,
    /// The last request, to the minute.
    seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
}

/// The sessions of the caller's account that are open.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnSessions {
    #[schema(max_items = 50)]
    items: Vec<OwnSession>,
}

/// Signs in.
///
/// With the name of an account and its password; the code of the second factor may come along or follow. The session is
/// in a cookie that no script can read. Where `standing` is not `full`, only the step that it names can be taken.
/// Whatever was wrong, the answer is the same.
#[utoipa::path(tag = "session", security(()), request_body = Credentials,
    responses((status = 201, description = "The session is open.", body = Session),
              (status = 401, description = "Not these."),
              (status = 403, description = "The request comes from another page."),
              (status = 429, description = "Too many wrong ones; `Retry-After` says when it may be tried again.")))]
#[post("/session")]
pub(super) async fn open_session(
    request: HttpRequest,
    door: Data<Door>,
    store: Data<Store>,
    address: Address,
    Input(given): Input<Credentials>,
) -> Result<HttpResponse> {
    if !access::is_own_origin(request.headers(), &door) {
        return Err(Code::NotEntitled.into());
    }
    let entered = door
        .sign_in(Attempt {
            username: given.username,
            password: given.password,
            factor: factor(given.totp, given.recovery_code),
            address: address.0.to_string(),
            devices: devices(&request, &door),
        })
        .await?;
    end_before(&request, &door, &store).await?;
    admitted(&request, &door, &entered, &Session::opened(&entered))
}

fn devices(request: &HttpRequest, door: &Door) -> Vec<String> {
    access::devices(request.headers(), door).into_iter().map(|(_, value)| value.to_owned()).collect()
}

/// Ends the session that the browser was in, now that it is in another one.
pub(super) async fn end_before(request: &HttpRequest, door: &Door, store: &Store) -> Result<()> {
    let before = access::cookie(request.headers(), door.cookies().session()).and_then(SessionSecret::parse);
    let Some(before) = before else { return Ok(()) };
    if let Ok((staff, pass)) = door.verify_session(&before).await {
        store.write(move |tx| door::leave(tx, &staff, &pass)).await?;
    }
    Ok(())
}

/// Shows the second factor.
///
/// In a session whose password was right. The session gets a new id with it.
#[utoipa::path(tag = "session", request_body = SecondFactor,
    responses((status = 201, description = "One step further.", body = Session),
              (status = 401, description = "Not this one."),
              (status = 429, description = "Too many wrong ones; `Retry-After` says when it may be tried again.")))]
#[post("/session/second-factor")]
pub(super) async fn show_second_factor(
    staff: Allowed<OwnAccount>,
    request: HttpRequest,
    door: Data<Door>,
    address: Address,
    Input(given): Input<SecondFactor>,
) -> Result<HttpResponse> {
    let factor = factor(given.totp, given.recovery_code).ok_or(Code::InvalidInput)?;
    let address = address.0.to_string();
    let entered = door.second_factor(staff.pass(), &staff, factor, &address, &devices(&request, &door)).await?;
    admitted(&request, &door, &entered, &Session::opened(&entered))
}

/// Tells who is signed in.
///
/// With the acts that may be done, so that an interface shows only those.
#[utoipa::path(tag = "session", responses((status = 200, description = "Who is signed in.", body = Session)))]
#[get("/session")]
pub(super) async fn read_session(staff: Allowed<SignedIn>, secret: Option<ReqData<SessionSecret>>) -> Json<Session> {
    Json::ok(Session::of(&staff, staff.pass(), secret.as_deref()))
}

/// Signs out.
///
/// What the caller came with ends: the session, or the token.
#[utoipa::path(tag = "session", responses((status = 204, description = "It is over.")))]
#[delete("/session")]
pub(super) async fn close_session(
    staff: Allowed<SignedIn>,
    door: Data<Door>,
    store: Data<Store>,
) -> Result<HttpResponse> {
    let (who, pass) = (staff.staff(), staff.pass().clone());
    store.write(move |tx| door::leave(tx, &who, &pass)).await?;
    Ok(gone(&door))
}

/// Lists the open sessions of the own account.
///
/// Those that are wholly in before those that only know the password, the newest first, at most fifty.
#[utoipa::path(tag = "session", responses((status = 200, description = "The sessions.", body = OwnSessions)))]
#[get("/sessions")]
pub(super) async fn list_sessions(
    staff: Allowed<SignedIn>,
    door: Data<Door>,
    store: Data<Store>,
) -> Result<Json<OwnSessions>> {
    staff.pass().wholly_in()?;
    let (id, now, current) = (staff.id, store.clock().now(), staff.pass().session());
    let open = store.read(move |conn| door.sessions(conn, id, now)).await?;
    let items = open.into_iter().map(|row| OwnSession {
        id: row.id,
        current: current == Some(row.id),
        standing: row.standing,
        method: row.method,
        created_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
    });
    Ok(Json::ok(OwnSessions { items: items.collect() }))
}

/// Signs out everywhere.
///
/// Every session and every token of the own account ends, this one too.
#[utoipa::path(tag = "session", responses((status = 204, description = "Nothing is open under the account.")))]
#[delete("/sessions")]
pub(super) async fn close_sessions(
    staff: Allowed<OwnAccount>,
    door: Data<Door>,
    store: Data<Store>,
) -> Result<HttpResponse> {
    staff.pass().wholly_in()?;
    let who = staff.staff();
    store.write(move |tx| door::sign_out_everywhere(tx, who.actor(), who.id)).await?;
    Ok(gone(&door))
}

/// Ends one session of the own account.
///
/// Such as the one on a machine that was left behind.
#[utoipa::path(tag = "session", params(("session" = Uuid, Path, description = "The session.")),
    responses((status = 204, description = "It is over.")))]
#[delete("/sessions/{session}")]
pub(super) async fn close_one_session(
    staff: Allowed<OwnAccount>,
    store: Data<Store>,
    Path(session): Path<Uuid>,
) -> Result<NoContent> {
    staff.pass().wholly_in()?;
    let id = staff.id;
    store.write(move |tx| door::end_session(tx, id, session)).await?;
    Ok(NoContent)
}

/// 204, and the browser forgets the session's cookie. That of the device stays: it lets nobody in.
fn gone(door: &Door) -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    answer.append_header((SET_COOKIE, door.cookies().clear(door.cookies().session())));
    answer.finish()
}
