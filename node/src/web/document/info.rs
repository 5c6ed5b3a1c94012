//! What each document says of itself.

use serde_json::Value;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ContactBuilder, Info, InfoBuilder, LicenseBuilder};

use super::Plane;

const HOME: &str = env!("CARGO_PKG_REPOSITORY");

pub(super) fn info(plane: Plane) -> Info {
    let (title, summary, id, description) = match plane {
        Plane::Federation => (
            "Staffetta: federation",
            "What the nodes of a Staffetta network say to each other",
            "0194f3a0-5c1e-7d42-9a53-7be0c1d2f601",
            "Signed messages, receipts and reconciliation between two nodes, membership in a network, and the trust \
             statements of OpenID Federation. The normative text is `protocol/README.md`; this document has the shapes.\n\n\
             Every call with a body carries `Digest` and `Agid-JWT-Signature` (ModI, INTEGRITY_REST_01) and every call \
             of a node a bearer JWS of its own (ModI, ID_AUTH_REST_02). Answers to an authenticated caller are signed \
             in the same way.",
        ),
        Plane::Desk => (
            "Staffetta: desk",
            "What the staff of one node does, for programs of the same organisation",
            "0194f3a0-5c1e-7d42-9a53-7be0c1d2f602",
            "People, cards, consents, previews and referrals of one node. Everything stays on this node but what a \
             person agreed to, which leaves by the exchange.\n\n\
             Callers carry a token, or the cookie of a session; what they may do follows from the role of the account, \
             and from the scopes where the token is narrowed. What is \
             wrong is told as `application/problem+json` (RFC 9457) with a stable `code`.",
        ),
    };
    let contact = ContactBuilder::new().name(Some("The Staffetta project")).url(Some(HOME)).build();
    let licence = LicenseBuilder::new().name("EUPL-1.2").url(Some("https://eupl.eu/1.2/en/")).build();
    let more = ExtensionsBuilder::new().add("x-summary", Value::from(summary)).add("x-api-id", Value::from(id)).build();
    InfoBuilder::new()
        .title(title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description))
        .terms_of_service(Some(format!("{HOME}/blob/main/LICENSE")))
        .contact(Some(contact))
        .license(Some(licence))
        .extensions(Some(more))
        .build()
}
