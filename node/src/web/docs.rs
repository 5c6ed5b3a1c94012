//! `/docs`: both API documents, to be read and tried in a browser, without any request to anybody else.

use actix_web::http::header::{ContentType, HeaderValue, LOCATION};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpResponse, Route};
use staffetta_protocol::id::EntityId;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use super::document;

/// Scripts, styles and calls from this node alone. The viewer sets style attributes; it runs no inline script.
pub(super) const OWN_ONLY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Both documents as they are sent, with this node as their server. As trees they would take some 25 MiB in each worker.
pub(super) struct Documents {
    federation: Bytes,
    desk: Bytes,
}

const DESK: &str = "/docs/desk.json";
const FEDERATION: &str = "/docs/federation.json";

impl Documents {
    pub(super) fn new(federation: OpenApi, desk: OpenApi, entity_id: &EntityId) -> Self {
        let at = |mut document: OpenApi| {
            document::serve_from(&mut document, entity_id);
            Bytes::from(serde_json::to_vec(&document).expect("a document of text and numbers"))
        };
        Self { federation: at(federation), desk: at(desk) }
    }

    pub(super) fn mount(&self, cfg: &mut ServiceConfig) {
        let urls = [Url::with_primary("desk", DESK, true), Url::new("federation", FEDERATION)];
        let viewer = Config::new(urls).validator_url("none").query_config_enabled(false);
        cfg.route("/docs", web::get().to(to_the_folder));
        cfg.route(DESK, sent(&self.desk)).route(FEDERATION, sent(&self.federation));
        cfg.service(SwaggerUi::new("/docs/{_:.*}").config(viewer));
    }
}

fn sent(document: &Bytes) -> Route {
    let document = document.clone();
    web::get()
        .to(move || std::future::ready(HttpResponse::Ok().content_type(ContentType::json()).body(document.clone())))
}

async fn to_the_folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Whether this path belongs to the viewer.
pub(super) fn is_page(path: &str) -> bool {
    path.starts_with("/docs/")
}
