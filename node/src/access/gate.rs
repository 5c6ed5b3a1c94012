//! The desk's gate: who has no valid token goes no further, and reads no body.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, ResponseError};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::TimeDelta;
use staffetta_protocol::problem::Code;

use super::allowed::Asked;
use super::{Staff, Token, rows};
use crate::error::{Error, Result, refusal};
use crate::store::Store;

/// How fine the last use of a token is kept: a write for each request would cost more than it tells.
const USE_STEP: TimeDelta = TimeDelta::hours(1);

/// Whose token that is. Unknown, expired, revoked and of a disabled account look the same from outside.
///
/// # Errors
/// `not_authenticated`, and the store's.
pub async fn verify(store: &Store, token: &Token) -> Result<Staff> {
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
    Ok(Staff { id: known.of.id, role: known.of.role, label: known.of.label })
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim())
}

/// Middleware of the desk's scope: [`verify`] before routing, and afterwards the proof that the handler asked for an
/// [`Allowed`](super::Allowed).
///
/// # Errors
/// Never: a refusal is an answer.
pub async fn gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let staff = match identify(&request).await {
        Ok(staff) => staff,
        Err(error) => return Ok(refuse(request, error)),
    };
    let asked = Asked::default();
    request.extensions_mut().insert(staff.actor());
    request.extensions_mut().insert(staff);
    request.extensions_mut().insert(asked.clone());
    let answer = next.call(request).await?;
    if answer.status().is_success() && !asked.was() {
        let operation = answer.request().match_pattern().unwrap_or_default();
        let error = Error::internal(format!("{operation} answered without asking who may"));
        let (request, _) = answer.into_parts();
        let answer = actix_web::HttpResponse::from_error(error);
        return Ok(ServiceResponse::new(request, answer).map_into_right_body());
    }
    Ok(answer.map_into_left_body())
}

async fn identify(request: &ServiceRequest) -> Result<Staff> {
    let token = bearer(request.headers()).and_then(Token::parse).ok_or(Code::NotAuthenticated)?;
    let store = request.app_data::<Data<Store>>().ok_or_else(|| Error::internal("the desk has no store"))?;
    verify(store, &token).await
}

fn refuse<B: MessageBody>(request: ServiceRequest, error: Error) -> ServiceResponse<EitherBody<B>> {
    debug_assert!(error.status_code().as_u16() >= 400);
    refusal(request, error).map_into_right_body()
}
