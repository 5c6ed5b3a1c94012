//! Whoever calls is there: what waits for her goes out at once.

use actix_web::HttpMessage as _;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::Links;
use crate::journal::Actor;

/// Middleware for the scopes that nodes call: any authenticated contact wakes the link to the caller, whatever it asked
/// for and whatever it was answered. It looks first, and writes only where the link sleeps.
///
/// # Errors
/// What the service below returned.
pub async fn wake_on_contact<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let links = request.app_data::<Data<Links>>().map(|links| links.get_ref().clone());
    let response = next.call(request).await?;
    let caller = response.request().extensions().get::<Actor>().cloned();
    // A batch that was taken has woken the link in its own transaction.
    let is_batch = response.request().method() == Method::POST
        && response.status().is_success()
        && response.request().path().ends_with("/exchange/messages");
    if let (Some(links), Some(Actor::Peer(peer)), false) = (links, caller, is_batch)
        && let Err(cause) = links.0.heard(&peer).await
    {
        tracing::error!(%cause, "a link could not be woken");
    }
    Ok(response)
}
