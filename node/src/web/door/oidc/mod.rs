//! Signing in at an OpenID provider: the two requests of the browser (authorization code with PKCE).
//!
//! What must hold:
//! - Nothing is called but the configured provider, at hosts that the settings name, without redirects and within bounds.
//! - A log-in belongs to the browser that began it, counts once, and for ten minutes.
//! - The answer leads to this node's own first page and nowhere else: no address comes from outside.
//! - What the provider vouches for is judged in [`claims`], against our clock and our settings.

mod claims;
mod provider;

#[cfg(test)]
mod tests;

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use staffetta_protocol::problem::{Code, Problem};
use utoipa::{IntoParams, ToSchema};

use super::entered::cookies;
use super::session::end_before;
use crate::access;
use crate::access::door::{Door, Vouched};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::web::Query;

pub use provider::Provider;

/// The path of [`finish_oidc_login`] below the desk's base: what the provider must know as redirect URI.
pub const CALLBACK: &str = "/session/oidc/callback";
/// Where somebody lands who got in.
const FIRST_PAGE: &str = "/";
/// For how long the browser keeps its half of a log-in.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// Where the browser goes to sign in.
#[derive(Serialize, ToSchema)]
pub(super) struct OidcRedirect {
    /// The provider's page.
    authorization_url: String,
}

/// What the provider sends back through the browser (RFC 6749 §4.1.2). It may add members of its own, so that others
/// are let pass.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OidcAnswer {
    /// The code to be exchanged.
    #[param(nullable = false, max_length = 2048)]
    code: Option<String>,
    /// What this node sent.
    #[param(nullable = false, max_length = 128)]
    state: Option<String>,
    /// The provider (RFC 9207).
    #[param(nullable = false, max_length = 256)]
    iss: Option<String>,
    /// Why not.
    #[param(nullable = false, max_length = 128)]
    error: Option<String>,
}

/// Begins to sign in at the organisation's OpenID provider.
///
/// The answer says where the browser goes. It keeps a cookie that the way back needs.
#[utoipa::path(tag = "session", security(()),
    responses((status = 200, description = "Where to go.", body = OidcRedirect),
              (status = 403, description = "The request comes from another page."),
              (status = 404, description = "This node has no provider."),
              (status = 503, description = "The provider does not answer.")))]
#[post("/session/oidc")]
pub(super) async fn begin_oidc_login(
    request: HttpRequest,
    door: Data<Door>,
    provider: Option<Data<Provider>>,
) -> Result<HttpResponse> {
    if !access::is_own_origin(request.headers(), &door) {
        return Err(Code::NotEntitled.into());
    }
    let provider = provider.ok_or(Code::NotFound)?;
    let begun = door.begin_oidc().await?;
    let to = OidcRedirect { authorization_url: provider.authorization_url(&begun).await? };
    let names = door.cookies();
    let mut answer = HttpResponse::build(StatusCode::OK);
    answer.append_header((SET_COOKIE, names.write(names.login(), &begun.browser, Some(PATIENCE))));
    answer.content_type("application/json");
    Ok(answer.body(serde_json::to_vec(&to).map_err(Error::internal)?))
}

/// Signs in whom the provider vouches for.
///
/// The provider sends the browser here. It goes on to this node's first page, with the cookie of a session.
#[utoipa::path(tag = "session", security(()), params(OidcAnswer),
    responses((status = 303, description = "The session is open."),
              (status = 401, description = "The provider vouches for nobody of this node."),
              (status = 404, description = "This node has no provider."),
              (status = 502, description = "The provider's answer does not hold."),
              (status = 503, description = "The provider does not answer.")))]
#[get("/session/oidc/callback")]
pub(super) async fn finish_oidc_login(
    request: HttpRequest,
    door: Data<Door>,
    store: Data<Store>,
    provider: Option<Data<Provider>>,
    Query(answer): Query<OidcAnswer>,
) -> Result<HttpResponse> {
    let provider = provider.ok_or(Code::NotFound)?;
    let refuse = || Error::from(Code::NotAuthenticated);
    let browser = access::cookie(request.headers(), door.cookies().login()).ok_or_else(refuse)?;
    let state = answer.state.filter(|state| state.len() <= 128).ok_or_else(refuse)?;
    let begun = door.take_oidc(&state, browser).await?;
    if let Some(error) = answer.error {
        let known = error.len() <= 64 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let detail = if known { error } else { "unknown".into() };
        return Err(Problem::new(Code::NotAuthenticated).detail(format!("The provider says: {detail}.")).into());
    }
    // RFC 9207: another provider's answer is not taken for this one's.
    if answer.iss.is_some_and(|iss| iss != provider.issuer()) {
        return Err(refuse());
    }
    let code = answer.code.filter(|code| code.len() <= 2048).ok_or_else(refuse)?;
    let token = provider.exchange(&code, &begun).await?;
    let now = store.clock().now();
    let identity = provider.judge(&token, &begun, now).await?;
    let entered = door
        .vouched(Vouched {
            issuer: provider.issuer().to_owned(),
            sub: identity.sub,
            username: identity.username,
            is_two_factor: identity.level >= 2,
        })
        .await?;
    end_before(&request, &door, &store).await?;
    let mut on = HttpResponse::build(StatusCode::SEE_OTHER);
    on.insert_header((LOCATION, FIRST_PAGE));
    on.append_header((SET_COOKIE, door.cookies().clear(door.cookies().login())));
    cookies(&request, &door, &entered, |cookie| {
        on.append_header((SET_COOKIE, cookie));
    })?;
    Ok(on.finish())
}
