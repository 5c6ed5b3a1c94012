//! What anybody may fetch: this node's entity configuration (OpenID Federation 1.0 §9).

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use staffetta_protocol::trust::ENTITY_STATEMENT_MEDIA;

use super::Peers;
use crate::error::Result;
use crate::routes::Routes;

/// The routes of this room.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(entity_configuration);
}

/// This node's entity configuration
///
/// Signed with a federation key and signed anew every hour: names, keys, roles and the trust mark.
#[utoipa::path(
    tag = "trust",
    operation_id = "entity_configuration",
    responses((
        status = 200,
        description = "Entity configuration, a compact JWS",
        body = String,
        content_type = "application/entity-statement+jwt",
    )),
    security(()),
)]
#[get("/.well-known/openid-federation")]
pub(super) async fn entity_configuration(peers: Data<Peers>) -> Result<HttpResponse> {
    let jws = peers.own_configuration().await?;
    Ok(HttpResponse::Ok().content_type(ENTITY_STATEMENT_MEDIA).insert_header(("Cache-Control", "no-cache")).body(jws))
}
