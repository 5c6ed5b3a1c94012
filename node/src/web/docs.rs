//! `/docs`: both API documents, to be read and tried in a browser, without any request to anybody else.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::header::{ContentType, HeaderValue, LOCATION};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use super::{Rooms, Web, document};
use crate::error::{Error, Result};

/// Scripts, styles and calls from this node alone. The viewer sets style attributes; it runs no inline script.
pub(super) const OWN_ONLY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Both documents as they are sent, with this node as their server. Each is made when somebody asks for it: hardly
/// anybody does, and making it takes a fifth of a second and more memory than everything else that an idle node holds.
pub(super) struct Documents {
    federation: OnceLock<Bytes>,
    desk: OnceLock<Bytes>,
}

/// The path of the document that other nodes' programs are written from.
pub const FEDERATION: &str = "/docs/federation.json";
const DESK: &str = "/docs/desk.json";

impl Documents {
    pub(super) const fn new() -> Self {
        Self { federation: OnceLock::new(), desk: OnceLock::new() }
    }

    pub(super) fn mount(cfg: &mut ServiceConfig) {
        let urls = [Url::with_primary("desk", DESK, true), Url::new("federation", FEDERATION)];
        let viewer = Config::new(urls).validator_url("none").query_config_enabled(false);
        cfg.route("/docs", web::get().to(to_the_folder));
        cfg.route(
            DESK,
            web::get().to(|web: Data<Web>| sent(web, |web| made(web, &web.0.documents.desk, document::desk))),
        );
        cfg.route(
            FEDERATION,
            web::get()
                .to(|web: Data<Web>| sent(web, |web| made(web, &web.0.documents.federation, document::federation))),
        );
        cfg.service(SwaggerUi::new("/docs/{_:.*}").config(viewer));
    }
}

fn made(web: &Web, place: &OnceLock<Bytes>, document: fn(Rooms) -> OpenApi) -> Bytes {
    let bytes = place.get_or_init(|| {
        let mut document = document(web.0.rooms);
        document::serve_from(&mut document, &web.0.entity_id);
        Bytes::from(serde_json::to_vec(&document).expect("a document of text and numbers"))
    });
    bytes.clone()
}

async fn sent(web: Data<Web>, made: fn(&Web) -> Bytes) -> Result<HttpResponse> {
    let document = web::block(move || made(&web)).await.map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(document))
}

async fn to_the_folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// Whether this path belongs to the viewer.
pub(super) fn is_page(path: &str) -> bool {
    path.starts_with("/docs/")
}
