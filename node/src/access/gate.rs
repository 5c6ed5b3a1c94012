//! The desk's gate: who has neither a session nor a valid token goes no further, and reads no body.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::TimeDelta;
use staffetta_protocol::problem::{Code, Problem};

use super::allowed::Asked;
use super::door::{Cookies, Door, SessionSecret};
use super::shown::{Lost, Shown, guarded};
use super::{By, Pass, Staff, Standing, Token, rows};
use crate::error::{Error, Result, refusal};
use crate::store::Store;

/// How fine the last use of a token is kept: a write for each request would cost more than it tells.
const USE_STEP: TimeDelta = TimeDelta::hours(1);

/// Whose token that is, whatever it is narrowed to.
///
/// # Errors
/// As [`verify_token`].
pub async fn verify(store: &Store, token: &Token) -> Result<Staff> {
    Ok(verify_token(store, token).await?.0)
}

/// Whose token that is, and how far it carries. Unknown, expired, revoked and of a disabled account look the same from outside.
///
/// # Errors
/// `not_authenticated`, and the store's.
pub async fn verify_token(store: &Store, token: &Token) -> Result<(Staff, Pass)> {
    let (now, hash) = (store.clock().now(), token.hash());
    let known = store.read(move |conn| rows::by_hash(conn, &hash)).await?.ok_or(Code::NotAuthenticated)?;
    // The index found it by its bytes already; this comparison takes the same time for every wrong one.
    let is_it = verify_slices_are_equal(&known.hash, &hash).is_ok();
    if !is_it || known.is_revoked || known.expires_at <= now || known.of.disabled_at.is_some() {
        return Err(Code::NotAuthenticated.into());
    }
    if known.last_used_at.is_none_or(|last| now - last >= USE_STEP) {
        store.write(move |tx| rows::used(tx, known.id)).await?;
    }
    let pass = Pass { by: By::Token(known.id), standing: Standing::Full, scopes: known.scopes };
    Ok((Staff { id: known.of.id, role: known.of.role, label: known.of.label }, pass))
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim())
}

/// The value of the session's cookie, or of another one of this node.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Cookies::read(name, headers.get_all(COOKIE).filter_map(|value| value.to_str().ok()))
}

/// The names and values of the cookies of devices.
pub(crate) fn devices<'a>(headers: &'a HeaderMap, door: &Door) -> Vec<(&'a str, &'a str)> {
    door.cookies().devices(headers.get_all(COOKIE).filter_map(|value| value.to_str().ok()))
}

/// Whether the request comes from a page of ours, or from no page, as far as the browser tells.
pub(crate) fn is_own_origin(headers: &HeaderMap, door: &Door) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    door.cookies().is_own_origin(text(ORIGIN.as_str()), text("sec-fetch-site"))
}

/// Middleware of the desk's scope: establishes who is calling before routing, once more when the body is there, and
/// afterwards proves that the handler asked for an [`Allowed`](super::Allowed).
///
/// # Errors
/// Never: a refusal is an answer.
pub async fn gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let (shown, (staff, pass)) = match identify(&request).await {
        Ok(known) => known,
        Err(error) => return Ok(refuse(request, error)),
    };
    let (mut request, lost) = (request, Lost::default());
    let body = guarded(request.take_payload(), shown, (staff.clone(), pass.clone()), lost.clone());
    request.set_payload(body);
    let asked = Asked::default();
    request.extensions_mut().insert(staff.actor());
    request.extensions_mut().insert(staff);
    request.extensions_mut().insert(pass);
    request.extensions_mut().insert(asked.clone());
    let mut answer = next.call(request).await?;
    if let Some(error) = lost.take() {
        // Whatever the reader of the body made of it.
        let (request, _) = answer.into_parts();
        return Ok(ServiceResponse::new(request, HttpResponse::from_error(error)).map_into_right_body());
    }
    if let Some(act) = asked.lacking() {
        // RFC 6750 §3.1: what was shown is good, and too narrow.
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{act}\"");
        let challenge = HeaderValue::from_str(&challenge).expect("an act's name is plain ASCII");
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    if answer.status().is_success() && !asked.was() {
        let operation = answer.request().match_pattern().unwrap_or_default();
        let error = Error::internal(format!("{operation} answered without asking who may"));
        let (request, _) = answer.into_parts();
        let answer = HttpResponse::from_error(error);
        return Ok(ServiceResponse::new(request, answer).map_into_right_body());
    }
    Ok(answer.map_into_left_body())
}

/// What was shown, whose it is, and that she meant it.
async fn identify(request: &ServiceRequest) -> Result<(Shown, (Staff, Pass))> {
    let shown = Shown::of(request)?;
    let known = shown.judge().await?;
    if let Shown::Session(door, secret) = &shown {
        let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
        if !is_safe && !is_meant(request.headers(), door, secret) {
            let detail = "X-CSRF-Token or the origin is not this session's.";
            return Err(Problem::new(Code::NotEntitled).detail(detail).into());
        }
        request.extensions_mut().insert(secret.clone());
    }
    Ok((shown, known))
}

/// Whether whoever sits at the session's browser sent this, and not another page in it. A cookie comes along whoever
/// asks; the token does not.
fn is_meant(headers: &HeaderMap, door: &Door, secret: &SessionSecret) -> bool {
    let given = headers.get("x-csrf-token").map(HeaderValue::as_bytes).unwrap_or_default();
    verify_slices_are_equal(given, secret.csrf().as_bytes()).is_ok() && is_own_origin(headers, door)
}

/// RFC 6750 §3: who showed nothing is told what to show; who showed something wrong is told that it is.
fn refuse<B: MessageBody>(request: ServiceRequest, error: Error) -> ServiceResponse<EitherBody<B>> {
    debug_assert!(error.status_code().as_u16() >= 400);
    let is_shown = request.headers().contains_key(AUTHORIZATION) || request.headers().contains_key(COOKIE);
    let mut answer = refusal(request, error);
    let headers = answer.headers_mut();
    if !is_shown && headers.contains_key(WWW_AUTHENTICATE) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="staffetta""#));
    }
    answer.map_into_right_body()
}
