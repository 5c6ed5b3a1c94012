//! Components that operations share: problems by status, headers of every answer, ways to authenticate.

use std::collections::BTreeSet;

use staffetta_protocol::consent::Ground;
use staffetta_protocol::data::Body;
use staffetta_protocol::message::Actor;
use staffetta_protocol::problem::{FieldError, ProblemDocument};
use staffetta_protocol::receipt::Receipt;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Header, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::Plane;

/// The media type of every problem (RFC 9457).
pub(super) const PROBLEM: &str = "application/problem+json";
/// Headers of every answer: how much more the caller may ask.
const RATE: [(&str, &str); 3] = [
    ("X-RateLimit-Limit", "Requests in a minute."),
    ("X-RateLimit-Remaining", "Requests that are left."),
    ("X-RateLimit-Reset", "Seconds until all of them are there again."),
];

/// The problems that follow from what an operation is, by status and name of their component.
pub(super) const PROBLEMS: [(&str, &str, &str); 14] = [
    ("400", "MalformedRequest", "The request cannot be read."),
    ("401", "NotAuthenticated", "Who is calling could not be established."),
    ("403", "NotEntitled", "The caller is known and may not do this."),
    ("404", "NotFound", "Nothing is there, or it is not the caller's to see."),
    ("408", "RequestTimeout", "The body did not arrive in time."),
    (
        "409",
        "AlreadyDone",
        "The same request under the same `Idempotency-Key` is under way, or was done and cannot be shown.",
    ),
    ("412", "VersionConflict", "It has changed since; `current`, `theirs` and `yours` tell both sides."),
    ("413", "TooLarge", "The body is larger than this node takes."),
    ("415", "UnsupportedMediaType", "The body is not `application/json`, or is encoded."),
    ("422", "InvalidInput", "The body was read and is not acceptable; `errors` names each wrong field."),
    ("428", "PreconditionRequired", "`If-Match` is missing."),
    ("429", "RateLimited", "Too many requests; `Retry-After` says when."),
    ("500", "Internal", "Something failed inside; nothing was changed."),
    ("503", "Busy", "Too busy for now; `Retry-After` says when."),
];

/// The name of the security scheme of a plane.
pub(super) fn scheme(plane: Plane) -> &'static str {
    match plane {
        Plane::Federation => "node_token",
        Plane::Desk => "staff_token",
    }
}

/// What travels inside a JWS is in no request body, so no path refers to it: the data of every message type, the ground
/// and the actor of a message, and the claims of a receipt.
fn signed_inside(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    Body::schemas(schemas);
    schemas.push((Ground::name().into_owned(), Ground::schema()));
    Ground::schemas(schemas);
    schemas.push((Actor::name().into_owned(), Actor::schema()));
    Actor::schemas(schemas);
    schemas.push((Receipt::name().into_owned(), Receipt::schema()));
    Receipt::schemas(schemas);
}

/// Adds what the document uses; of the problems those of the statuses in `used`.
pub(super) fn add(components: &mut Components, plane: Plane, used: &BTreeSet<String>) {
    let mut schemas = vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
    schemas.push((FieldError::name().into_owned(), FieldError::schema()));
    ProblemDocument::schemas(&mut schemas);
    if matches!(plane, Plane::Federation) {
        signed_inside(&mut schemas);
    }
    components.schemas.extend(schemas);
    for (name, what) in RATE {
        components.headers.insert(name.to_owned(), RefOr::T(seconds_or_count(what)));
    }
    components.headers.insert("Retry-After".to_owned(), RefOr::T(seconds_or_count("Seconds to wait.")));
    for (status, name, what) in PROBLEMS.into_iter().filter(|(status, ..)| used.contains(*status)) {
        let mut problem = problem(what);
        complete_headers(&mut problem, status);
        if status == "409" {
            problem.headers.insert("Retry-After".to_owned(), retry_after());
        }
        components.responses.insert(name.to_owned(), RefOr::T(problem));
    }
    components.security_schemes.insert(scheme(plane).to_owned(), RefOr::T(security(plane)));
}

/// A problem as an answer.
pub(super) fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDocument::name()))).build();
    ResponseBuilder::new().description(description).content(PROBLEM, content).build()
}

/// A shared answer by the name of its component.
pub(super) fn shared(name: &str) -> RefOr<Response> {
    RefOr::Ref(Ref::new(format!("#/components/responses/{name}")))
}

/// A header of a request.
pub(super) fn header(name: &str, what: &str, pattern: &str, most: usize, required: Required) -> RefOr<Parameter> {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).max_length(Some(most)).build();
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(required);
    RefOr::T(parameter.description(Some(what)).schema(Some(text)).build())
}

/// The headers that an answer of this status carries.
pub(super) fn complete_headers(response: &mut Response, status: &str) {
    for (name, _) in RATE {
        let shared = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
        response.headers.entry(name.to_owned()).or_insert(shared);
    }
    if matches!(status, "429" | "503") {
        response.headers.entry("Retry-After".to_owned()).or_insert_with(retry_after);
    }
}

/// The header that says when to come back.
pub(super) fn retry_after() -> RefOr<Header> {
    RefOr::Ref(Ref::new("#/components/headers/Retry-After"))
}

fn seconds_or_count(what: &str) -> Header {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .minimum(Some(0))
        .build();
    HeaderBuilder::new().schema(Some(number)).description(Some(what)).build()
}

fn security(plane: Plane) -> SecurityScheme {
    let (format, what) = match plane {
        Plane::Federation => (
            "JWT",
            "A JWS of the calling node, made for this call alone and signed with one of its protocol keys (ModI, \
             ID_AUTH_REST_02): iss and sub its entity id, aud the called node's resource, exp at most 300 seconds \
             ahead, a jti that was never used.",
        ),
        Plane::Desk => (
            "stf or JWT",
            "A token of a member of staff, `stf_` and 43 characters of base64url, or a program's access token from \
             `POST /tokens`. A browser that signed in has a cookie instead, and repeats `csrf_token` of its session in \
             `X-CSRF-Token` with every POST, PUT and DELETE.",
        ),
    };
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format).description(Some(what));
    SecurityScheme::Http(bearer.build())
}
