//! Below `network`: the endpoints of OpenID Federation 1.0 §8, and the calls by which a node joins and stays.
//!
//! The first four answer errors as the standard says: `application/json` with `error` and `error_description`.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, get, post, put};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::json;
use staffetta_protocol::problem::{Code, Problem, ProblemDocument};
use staffetta_protocol::trust::{
    Admission, Application, ENTITY_STATEMENT_MEDIA, JWK_SET_MEDIA, KeyChange, MARK_STATUS_MEDIA, MAX_APPLICATION_SIZE,
    MAX_SIZE,
};

use super::{Authority, ListFilter};
use crate::error::{Error, Result};
use crate::routes::Routes;

/// Form encoding may triple a mark's length.
const MAX_FORM: usize = 3 * MAX_SIZE + 64;

/// The routes of this room, below `<entity id>/rest/staffetta/v1/network`. Mounted on the network authority only.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(statement).service(list).service(mark_status).service(historical_keys);
    routes.service(join).service(member).service(change_keys).service(deposit_configuration);
}

/// What lies here of members that cannot be called, below `<entity id>/nodes`.
pub fn nodes(routes: &mut Routes<'_>) {
    routes.service(deposited_configuration);
}

/// Middleware for this room's scope: on a node that is not the authority nothing of it exists.
///
/// # Errors
/// What the service below returned.
pub async fn only_there(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if request.app_data::<Data<Authority>>().is_none() {
        let absent = Error::from(Code::NotFound).error_response();
        return Ok(request.into_response(absent));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// The error answer of OpenID Federation 1.0 §8.9.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FederationError)]
struct Refusal {
    /// Code of the standard.
    error: &'static str,
    /// One sentence in English.
    error_description: &'static str,
}

fn refuse(status: StatusCode, error: &'static str, error_description: &'static str) -> HttpResponse {
    HttpResponse::build(status).json(Refusal { error, error_description })
}

fn invalid(error_description: &'static str) -> HttpResponse {
    refuse(StatusCode::BAD_REQUEST, "invalid_request", error_description)
}

fn not_found(error_description: &'static str) -> HttpResponse {
    refuse(StatusCode::NOT_FOUND, "not_found", error_description)
}

fn signed(media: &'static str, jws: String) -> HttpResponse {
    HttpResponse::Ok().content_type(media).insert_header(("Cache-Control", "no-cache")).body(jws)
}

/// The parameters of a query, each once.
fn parameters(request: &HttpRequest) -> Option<Vec<(String, String)>> {
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?.into_inner();
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1]).then_some(pairs)
}

/// Statement about a member
///
/// The fetch endpoint of OpenID Federation 1.0 §8.1: what the authority states about one member, with the member's
/// federation keys, constraints and metadata policy. It lives for 72 hours and is signed anew every 12.
#[utoipa::path(
    tag = "network",
    operation_id = "show_statement",
    params(("sub" = EntityId, Query, description = "Entity id of the member")),
    responses(
        (status = 200, description = "Subordinate statement, a compact JWS", body = String, content_type = "application/entity-statement+jwt"),
        (status = 400, description = "`sub` is missing or not an entity id: `application/json` with `error` `invalid_request`, as OpenID Federation 1.0 §8.9 says", body = Refusal, content_type = "application/json"),
        (status = 404, description = "No such member, or it was expelled: `application/json` with `error` `not_found`", body = Refusal, content_type = "application/json"),
    ),
    security(()),
)]
#[get("/statements")]
async fn statement(request: HttpRequest, authority: Data<Authority>) -> Result<HttpResponse> {
    let Some(parameters) = parameters(&request) else { return Ok(invalid("the query cannot be read")) };
    let sub = parameters.into_iter().find(|(name, _)| name == "sub").map(|(_, value)| value.parse::<EntityId>());
    let Some(Ok(sub)) = sub else { return Ok(invalid("sub must be an entity id")) };
    Ok(match authority.statement(sub).await? {
        Some(jws) => signed(ENTITY_STATEMENT_MEDIA, jws),
        None => not_found("the entity is not a member of this network"),
    })
}

/// List of members
///
/// The list endpoint of OpenID Federation 1.0 §8.2: the entity ids of all members, limited ones included. The standard
/// demands a JSON array at the top, where every other list of this interface is wrapped in an object; therefore the
/// schema here leaves the type open.
#[utoipa::path(
    tag = "network",
    operation_id = "list_members",
    params(
        ("entity_type" = Option<String>, Query, description = "Only members with this entity type: `oauth_resource` or `federation_entity`"),
        ("trust_marked" = Option<bool>, Query, description = "Only members with a trust mark that counts"),
        ("trust_mark_type" = Option<String>, Query, description = "Only members with a trust mark of this type that counts"),
        ("intermediate" = Option<bool>, Query, description = "Only intermediates: there are none"),
    ),
    responses(
        (status = 200, description = "JSON array of entity ids, as OpenID Federation 1.0 §8.2 demands", body = serde_json::Value, content_type = "application/json"),
        (status = 400, description = "A parameter that is not supported, or has no legal value: `application/json` with `error` `unsupported_parameter` or `invalid_request`", body = Refusal, content_type = "application/json"),
    ),
    security(()),
)]
#[get("/members")]
async fn list(request: HttpRequest, authority: Data<Authority>) -> Result<HttpResponse> {
    let Some(parameters) = parameters(&request) else { return Ok(invalid("the query cannot be read")) };
    let mut filter = ListFilter::default();
    for (name, value) in parameters {
        let flag = value.parse::<bool>();
        match (name.as_str(), flag) {
            ("entity_type", _) => filter.entity_type = Some(value),
            ("trust_mark_type", _) => filter.trust_mark_type = Some(value),
            ("trust_marked", Ok(flag)) => filter.trust_marked = flag,
            ("intermediate", Ok(flag)) => filter.intermediate = flag,
            ("trust_marked" | "intermediate", Err(_)) => return Ok(invalid("a flag is true or false")),
            _ => {
                let sentence = "the parameter is not supported";
                return Ok(refuse(StatusCode::BAD_REQUEST, "unsupported_parameter", sentence));
            }
        }
    }
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-cache")).json(authority.list(filter).await?))
}

/// A question about a mark.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct MarkQuestion {
    /// The trust mark, compact JWS.
    #[schema(max_length = 65536)]
    trust_mark: String,
}

/// Status of a trust mark
///
/// The trust mark status endpoint of OpenID Federation 1.0 §8.4: whether a mark that this authority gave is active,
/// expired or revoked. The answer counts for an hour.
#[utoipa::path(
    tag = "network",
    operation_id = "ask_trust_mark_status",
    request_body(content = MarkQuestion, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Status, a compact JWS", body = String, content_type = "application/trust-mark-status-response+jwt"),
        (status = 400, description = "`trust_mark` is missing: `application/json` with `error` `invalid_request`", body = Refusal, content_type = "application/json"),
        (status = 404, description = "This authority never gave that mark: `application/json` with `error` `not_found`", body = Refusal, content_type = "application/json"),
        (status = 413, description = "The form is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is not a form", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Not used here: what cannot be read is answered with 400, as the standard says"),
    ),
    security(()),
)]
#[post("/trust-mark-status")]
async fn mark_status(request: HttpRequest, payload: Payload, authority: Data<Authority>) -> Result<HttpResponse> {
    let body = bounded(&request, payload, "application/x-www-form-urlencoded", MAX_FORM).await?;
    let form = std::str::from_utf8(&body).ok();
    let form = form.and_then(|text| actix_web::web::Query::<MarkQuestion>::from_query(text).ok());
    let Some(form) = form else { return Ok(invalid("the form must have trust_mark once")) };
    Ok(match authority.mark_status(form.into_inner().trust_mark).await? {
        Some(jws) => signed(MARK_STATUS_MEDIA, jws),
        None => not_found("this authority never gave that mark"),
    })
}

/// Former keys of the authority
///
/// The historical keys endpoint of OpenID Federation 1.0 §8.7: federation keys that the authority does not sign with any
/// more, each with its end, so that old evidence goes on verifying.
#[utoipa::path(
    tag = "network",
    operation_id = "show_historical_keys",
    responses(
        (status = 200, description = "Signed key set, a compact JWS", body = String, content_type = "application/jwk-set+jwt"),
    ),
    security(()),
)]
#[get("/historical-keys")]
async fn historical_keys(authority: Data<Authority>) -> Result<HttpResponse> {
    Ok(signed(JWK_SET_MEDIA, authority.historical_keys().await?))
}

/// Join the network
///
/// A node asks to be admitted, with the code of an invitation and its entity configuration, signed with a federation key
/// of its own. If the invitation was made out to its organisation it is admitted at once, else a person decides; the
/// address in `Location` tells how it stands. The same request again gets the same answer.
#[utoipa::path(
    tag = "network",
    operation_id = "join_network",
    request_body = Application,
    responses(
        (status = 201, description = "Taken", body = Admission, headers(("Location" = String, description = "Where to ask how it stands"))),
        (status = 400, description = "Not JSON of this form", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The invitation is not valid (`not_entitled`) or permits fewer roles (`role_not_entitled`)", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The invitation was used, or the node has applied or is a member (`already_exists`)", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Wrong fields, or a configuration that does not hold", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[post("/members")]
async fn join(request: HttpRequest, payload: Payload, authority: Data<Authority>) -> Result<HttpResponse> {
    let application: Application = read(&request, payload).await?;
    let taken = authority.apply(application).await?;
    let place = format!("{}/network/members/{}", authority.entity_id().resource(), taken.slug);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(taken))
}

/// How a member stands
///
/// State of one applicant or member, and its trust mark while one counts. A member asks after it has applied, and to renew
/// its mark.
#[utoipa::path(
    tag = "network",
    operation_id = "show_member",
    params(("slug" = String, Path, description = "The member's name here")),
    responses(
        (status = 200, description = "How it stands", body = Admission),
        (status = 404, description = "Nobody of that name", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[get("/members/{slug}")]
async fn member(slug: Path<String>, authority: Data<Authority>) -> Result<HttpResponse> {
    let standing = authority.admission(slug.into_inner()).await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-cache")).json(standing))
}

/// Change a member's federation keys
///
/// One configuration, signed with a key that the authority's statement names and with the key that is new in it. A key in
/// it that has `revoked` was stolen: the member is limited for as long as a partner may go on believing that key. The same
/// request again gets the same answer.
#[utoipa::path(
    tag = "network",
    operation_id = "replace_federation_keys",
    params(("slug" = String, Path, description = "The member's name here")),
    request_body = KeyChange,
    responses(
        (status = 200, description = "Taken: the next statement names the new keys", body = Admission),
        (status = 400, description = "Not JSON of this form", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "A signature does not hold (`not_entitled`)", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No member of that name", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "A later configuration is known (`conflict`)", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "More than one new key, or none that signs", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[put("/members/{slug}/federation-keys")]
async fn change_keys(
    slug: Path<String>,
    request: HttpRequest,
    payload: Payload,
    authority: Data<Authority>,
) -> Result<HttpResponse> {
    let change: KeyChange = read(&request, payload).await?;
    Ok(HttpResponse::Ok().json(authority.update_keys(slug.into_inner(), change).await?))
}

/// Deposit an entity configuration
///
/// For a member that cannot be called, whose name lies below the authority's: `<authority>/nodes/<slug>`. The body is the
/// JWS itself, signed with a federation key that the authority's statement names, and later than the one before.
#[utoipa::path(
    tag = "network",
    operation_id = "deposit_configuration",
    params(("slug" = String, Path, description = "The member's name here")),
    request_body(content = String, content_type = "application/entity-statement+jwt"),
    responses(
        (status = 204, description = "It lies here"),
        (status = 403, description = "The signature does not hold, or it is about somebody else (`not_entitled`)", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No member of that name that could not be called", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "A later one lies here (`conflict`)", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not an entity configuration", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[put("/members/{slug}/entity-configuration")]
async fn deposit_configuration(
    slug: Path<String>,
    request: HttpRequest,
    payload: Payload,
    authority: Data<Authority>,
) -> Result<HttpResponse> {
    let body = bounded(&request, payload, ENTITY_STATEMENT_MEDIA, MAX_SIZE).await?;
    let jws = String::from_utf8(body.to_vec()).map_err(|_| Code::MalformedRequest)?;
    authority.deposit(slug.into_inner(), jws).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The entity configuration of a member that cannot be called
///
/// As it deposited it (OpenID Federation 1.0 §9). On every other node there is nothing here.
#[utoipa::path(
    tag = "trust",
    operation_id = "deposited_configuration",
    params(("slug" = String, Path, description = "The member's name at the authority")),
    responses(
        (status = 200, description = "Entity configuration, a compact JWS", body = String, content_type = "application/entity-statement+jwt"),
        (status = 404, description = "Nobody of that name", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(()),
)]
#[get("/nodes/{slug}/.well-known/openid-federation")]
async fn deposited_configuration(slug: Path<String>, authority: Option<Data<Authority>>) -> Result<HttpResponse> {
    let authority = authority.ok_or(Code::NotFound)?;
    Ok(signed(ENTITY_STATEMENT_MEDIA, authority.deposited(slug.into_inner()).await?))
}

async fn read<T: DeserializeOwned>(request: &HttpRequest, payload: Payload) -> Result<T> {
    let body = bounded(request, payload, "application/json", MAX_APPLICATION_SIZE).await?;
    json::from_slice(&body).map_err(|why| Problem::new(Code::MalformedRequest).detail(why.to_string()).into())
}

/// The body, of this type and no larger than the bound, uncompressed.
async fn bounded(
    request: &HttpRequest,
    payload: Payload,
    media: &'static str,
    limit: usize,
) -> Result<actix_web::web::Bytes> {
    use actix_web::HttpMessage as _;
    if !request.content_type().eq_ignore_ascii_case(media) || request.headers().contains_key("Content-Encoding") {
        return Err(Problem::new(Code::UnsupportedMediaType).detail(format!("{media} is expected")).into());
    }
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Code::MalformedRequest.into()),
        Err(_) => Err(Error::from(Code::TooLarge)),
    }
}
