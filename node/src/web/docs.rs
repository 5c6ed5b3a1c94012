//! `/docs`: both API documents, to be read and tried in a browser, without any request to anybody else.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::web::{self, ServiceConfig};
use staffetta_protocol::id::EntityId;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use super::{Rooms, document};

/// Scripts, styles and calls from this node alone. The viewer sets style attributes; it runs no inline script.
pub(super) const OWN_ONLY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Both documents, with this node as their server.
#[derive(Clone)]
pub(super) struct Documents {
    federation: OpenApi,
    desk: OpenApi,
}

impl Documents {
    pub(super) fn new(rooms: Rooms, entity_id: &EntityId) -> Self {
        let at = |mut document: OpenApi| {
            document::serve_from(&mut document, entity_id);
            document
        };
        Self { federation: at(document::federation(rooms)), desk: at(document::desk(rooms)) }
    }

    pub(super) fn mount(&self, cfg: &mut ServiceConfig) {
        let urls = vec![
            (Url::with_primary("desk", "/docs/desk.json", true), self.desk.clone()),
            (Url::new("federation", "/docs/federation.json"), self.federation.clone()),
        ];
        let viewer = Config::default().validator_url("none").query_config_enabled(false);
        cfg.route("/docs", web::get().to(to_the_folder));
        cfg.service(SwaggerUi::new("/docs/{_:.*}").urls(urls).config(viewer));
    }
}

async fn to_the_folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Whether this path belongs to the viewer.
pub(super) fn is_page(path: &str) -> bool {
    path.starts_with("/docs/")
}
