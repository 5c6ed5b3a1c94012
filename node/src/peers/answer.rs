//! Answers to authenticated callers are signed, whatever their status.

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, ResponseError as _};
use staffetta_protocol::modi::{self, Body};
use uuid::Uuid;

use super::Peers;
use super::caller::Authenticated;
use crate::error::{Error, Result};
use crate::keys::Kind;

/// Middleware for the scopes that nodes call. An answer to a caller that `caller.rs` has authenticated
/// gets `Digest` and `Agid-JWT-Signature`; every answer gets `Date` by this node's clock, so that a caller whose own
/// clock is wrong can see it.
///
/// # Errors
/// What the service below returned.
pub async fn sign_answers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let peers = request.app_data::<Data<Peers>>().map(|peers| peers.get_ref().clone());
    let response = next.call(request).await?.map_into_boxed_body();
    let Some(peers) = peers else {
        return Err(Error::internal("the application has no Peers").into());
    };
    let caller = response.request().extensions().get::<Authenticated>().cloned();
    let mut response = match caller {
        Some(caller) => match signed(&peers, &caller, response).await {
            Ok(response) => response,
            Err((request, error)) => ServiceResponse::new(request, error.error_response()),
        },
        None => response,
    };
    let date = peers.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert(header::DATE, HeaderValue::from_str(&date).expect("a date is plain text"));
    Ok(response)
}

async fn signed(
    peers: &Peers,
    caller: &Authenticated,
    response: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, (actix_web::HttpRequest, Error)> {
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let made = async {
        let bytes = to_bytes(body).await.map_err(|cause| Error::internal(cause.to_string()))?;
        let text = |name: HeaderName| head.headers().get(name).and_then(|value| value.to_str().ok());
        let body = Body {
            bytes: &bytes,
            content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
            content_encoding: text(header::CONTENT_ENCODING),
        };
        let (now, keys) = (peers.now(), peers.0.keys.clone());
        let key = peers.0.store.read(move |conn| keys.signing(conn, Kind::Protocol, now)).await?;
        let jti = Uuid::new_v4().to_string();
        let integrity = modi::answer(&key, peers.entity_id(), &caller.caller, &caller.sent, body, jti, now)
            .map_err(Error::internal)?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
        Ok::<_, Error>((bytes.clone(), value(&integrity.digest.to_string())?, value(&integrity.signature)?))
    };
    match made.await {
        Ok((bytes, digest, signature)) => {
            head.headers_mut().insert(HeaderName::from_static("digest"), digest);
            head.headers_mut().insert(HeaderName::from_static("agid-jwt-signature"), signature);
            Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(bytes))))
        }
        Err(error) => Err((request, error)),
    }
}
