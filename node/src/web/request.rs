//! What happens to every request, whoever answers it: an id, a count, one line in the log, the headers of safety.

use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse};
use staffetta_protocol::problem::{Code, Language, Problem};
use tracing::Instrument;
use uuid::Uuid;

use super::document::DESK;
use super::leaving::{Leaving, Line};
use super::limit::{self, Left};
use super::{Web, caller, conflict, docs, language, patience, unknown};
use crate::access;
use crate::error::{Error, refusal};
use crate::journal::Actor;
use crate::store::Store;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// On the answer to an act at the desk: it is done, and the file that keeps a restored copy from undoing it is not written.
const KEYRING: HeaderName = HeaderName::from_static("staffetta-keyring");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Answers of the API are data: nothing of them may run or be shown inside another page.
const NOTHING_RUNS: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The outermost middleware.
///
/// # Errors
/// What the inner service fails with; a refusal is an answer.
pub(super) async fn pass<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Leaving>, actix_web::Error> {
    let body = patience::bounded(request.take_payload(), patience::FIRST, patience::PACE);
    request.set_payload(body);
    let line = request.conn_data::<Line>().cloned();
    let web = request.app_data::<Data<Web>>().cloned().ok_or_else(|| Error::internal("the application has no Web"))?;
    let id = request_id(request.headers());
    let span = tracing::info_span!(parent: &web.0.span, "request", request_id = %id);
    let outcome = async {
        let started = Instant::now();
        let method = request.method().clone();
        let language = request.path().starts_with(DESK).then(|| language::wanted(request.headers()));
        let address = web.0.callers.address(&request);
        let shown = access::bearer(request.headers());
        let shown = shown.or_else(|| access::cookie(request.headers(), web.0.cookies.session()));
        let mark = shown.and_then(|token| limit::mark(token, address));
        request.extensions_mut().insert(caller::Address(address));
        let left = web.0.limiter.count(mark.as_ref(), address);
        let mut answer = if left.retry_after.is_some() {
            let problem = Problem { retry_after: left.retry_after, ..Problem::new(Code::RateLimited) };
            refusal(request, problem.into()).map_into_right_body()
        } else if let Some(problem) = unknown::query(&web, &request) {
            refusal(request, problem.into()).map_into_right_body()
        } else {
            next.call(request).await?.map_into_left_body()
        };
        if let (None, Some(mark)) = (left.retry_after, mark) {
            let extensions = answer.request().extensions();
            let who = extensions.get::<Actor>();
            if who.is_some() || answer.status().as_u16() == 401 {
                web.0.limiter.learn(mark, who);
            }
        }
        let outcome = outcome(answer.response());
        if let (Some(store), true) = (answer.request().app_data::<Data<Store>>(), answer.status().as_u16() >= 400) {
            let plane = if answer.request().path().starts_with(DESK) { "desk" } else { "federation" };
            store.metrics().refused(plane, outcome);
        }
        tracing::info!(
            operation = answer.request().match_pattern().as_deref().unwrap_or("unknown"),
            method = method.as_str(),
            status = answer.status().as_u16(),
            outcome,
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request"
        );
        dress(&web, &mut answer, &id, left);
        let acts = language.is_some() && !method.is_safe() && answer.status().is_success();
        if acts && answer.request().app_data::<Data<Store>>().is_some_and(|store| store.is_behind_outside()) {
            answer.headers_mut().insert(KEYRING, HeaderValue::from_static("behind"));
        }
        Ok(speak(answer, language).map_into_boxed_body().map_body(|_, body| Leaving::on(line, body)))
    };
    outcome.instrument(span).await
}

/// The caller's id for this request, if it is one that a log can hold, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let plain = |text: &&str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    given.filter(plain).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// The code of a problem, else `ok`.
fn outcome<B>(answer: &HttpResponse<B>) -> &'static str {
    let error = answer.error().and_then(|error| error.as_error::<Error>());
    match (error, answer.status().as_u16()) {
        (Some(error), _) => error.code().as_str(),
        (None, 400..) => "refused",
        (None, _) => "ok",
    }
}

/// Writes a problem of the desk for whoever reads it: in a language, and with what was sent where two edits conflict.
fn speak<B: MessageBody>(
    answer: ServiceResponse<EitherBody<B>>,
    language: Option<Language>,
) -> ServiceResponse<EitherBody<B>> {
    let error = answer.response().error().and_then(|error| error.as_error::<Error>());
    let (Some(language), Some(error)) = (language, error) else { return answer };
    let problem = conflict::with_yours(error.problem(), answer.request());
    let body = serde_json::to_vec(&problem.document_in(language)).expect("a problem document is plain JSON");
    let mut answer = answer.map_body(|_, _| EitherBody::right(BoxBody::new(body)));
    answer.headers_mut().insert(header::CONTENT_LANGUAGE, language::tag(language));
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("accept-language"));
    answer
}

fn dress<B>(web: &Web, answer: &mut ServiceResponse<B>, id: &str, left: Left) {
    let is_page = docs::is_page(answer.request().path());
    let headers = answer.headers_mut();
    headers.insert(REQUEST_ID, HeaderValue::from_str(id).expect("an id is plain ASCII"));
    headers.insert(LIMIT, left.limit.into());
    headers.insert(REMAINING, left.remaining.into());
    headers.insert(RESET, left.reset.into());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_page || !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, if is_page { docs::OWN_ONLY } else { NOTHING_RUNS });
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        let cache = if is_page { "no-cache" } else { "no-store" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    }
    if !web.0.is_loopback {
        let a_year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, a_year);
    }
}
