//! Asking twice does nothing twice: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) on every POST of the
//! desk.
//!
//! What must hold:
//! - Of key and content the database has digests under the node's key: a body may be a password, or a name to be guessed.
//! - The key counts for one account in one role under the same scopes, one path with its query, and 24 hours
//!   at least. Another content under it is refused with 422 `idempotency_key_reused`.
//! - The claim commits with the act ([`crate::store::once`]), so neither a crash nor a second process does it twice.
//!   What failed has changed nothing that repeating it would not, and claims nothing: the same key may be tried again.
//! - The answer that was given is given again, with `Idempotent-Replayed: true`. It may hold personal data: it is kept
//!   sealed under the node's key, for 24 hours at most, and every kept answer goes as soon as anybody's key is destroyed.
//! - It is given only to whom it would be given now: every case that it was judged by ([`access::judged`]) is judged again,
//!   for the same act and by what she does in it, and each person finds in her journal that it was given again. Who has
//!   left the team, does something else in it or asks about somebody who is restricted gets 409 `already_done`.
//! - Not kept are answers that show a secret once ([`Json::shown_once`](super::Json::shown_once)), that open a session or
//!   are larger than a request may be, one about cases that says of none how it was
//!   judged, and one that a crash kept from being kept. Then the same request gets 409 `already_done`, and `see`
//!   names the path where the outcome stands.
//! - While the first is under way, the second gets 409 `request_under_way` with `Retry-After`; for half a minute also where
//!   it died in another process. A process that serves alone knows at once that the first has died.
//! - A caller who hangs up does not stop what it asked for: the answer waits for it.

mod answer;
mod key;
mod see;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::problem::{Code, Problem};
use tracing::Instrument;
use uuid::Uuid;

use super::Web;
use super::input::collect;
use crate::access::{self, Pass, Staff};
use crate::error::{Error, Result, refusal};
use crate::store::Store;
use crate::store::once::{self, Claim, Digest, Done};
use crate::vault::Vault;

pub(super) use answer::ShownOnce;
pub(super) use key::{HEADER, PATTERN};

/// For how long a missing answer may still be on its way from another process.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);
/// After how many seconds somebody should ask again who asked while it was under way.
const RETRY_AFTER_SECONDS: u32 = 2;

/// Requests of this process that are under way under a key.
#[derive(Debug, Default, Clone)]
pub(super) struct UnderWay(Arc<Mutex<HashSet<Digest>>>);

/// One of them; it ends when this is dropped.
struct Seat {
    of: UnderWay,
    key: Digest,
}

impl UnderWay {
    fn begin(&self, key: Digest) -> Option<Seat> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        free.then(|| Seat { of: self.clone(), key })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// What becomes of a request under a key.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is carried out.
    New,
    /// It gets the answer of the first.
    Again(Vec<u8>),
    /// It is another request under an old key.
    Reused,
    /// The first is not finished.
    UnderWay,
    /// The first was carried out, and its answer is not to be had.
    Done,
}

/// `alone`: no other process serves from the database, and nothing is under way under this key here. Whoever had it was
/// killed between its act and its answer.
fn judge(done: Option<Done>, content: &Digest, now: DateTime<Utc>, alone: bool) -> Verdict {
    let Some(done) = done else { return Verdict::New };
    match done.sealed {
        _ if done.content != *content => Verdict::Reused,
        Some(sealed) => Verdict::Again(sealed),
        // Also where it was done by a clock that was ahead, which the present one will not reach for long.
        None if done.withheld || alone || (now - done.at).abs() >= PATIENCE => Verdict::Done,
        None => Verdict::UnderWay,
    }
}

/// Middleware of the desk's scope, inside the gate: whoever asks is known. A request without the header passes.
///
/// # Errors
/// What the inner service fails with; a refusal is an answer.
pub async fn once<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    if only_asks(request.path()) {
        return match key::read(request.headers()) {
            Ok(_) => Ok(next.call(request).await?.map_into_left_body()),
            Err(error) => Ok(refusal(request, error).map_into_right_body()),
        };
    }
    let mut request = request;
    match Asked::read(&mut request).await {
        Ok(asked) => asked.answer(request, next).await,
        Err(error) => Ok(refusal(request, error).map_into_right_body()),
    }
}

/// Whether a POST at this path changes nothing: it takes what must not stand in a URL. Asked again it is answered anew, so
/// that nobody is shown from yesterday's answer what she may see no more.
fn only_asks(path: &str) -> bool {
    ["/searches", "/lookups", "-previews"].iter().any(|end| path.ends_with(end))
}

/// A request under a key, with what is needed to judge it.
struct Asked {
    store: Data<Store>,
    vault: Data<Vault>,
    largest: usize,
    key: Digest,
    content: Digest,
    body: Bytes,
    see: Option<String>,
    seat: Seat,
    staff: Staff,
    /// The case that the path names.
    case: Option<Uuid>,
}

impl Asked {
    async fn read(request: &mut ServiceRequest) -> Result<Self> {
        let lacks = |what: &str| Error::internal(format!("the desk has no {what}"));
        let web = request.app_data::<Data<Web>>().cloned().ok_or_else(|| lacks("Web"))?;
        let store = request.app_data::<Data<Store>>().cloned().ok_or_else(|| lacks("store"))?;
        let vault = request.app_data::<Data<Vault>>().cloned().ok_or_else(|| lacks("vault"))?;
        let text = key::read(request.headers())?;
        let staff = request.extensions().get::<Staff>().cloned().ok_or(Code::NotAuthenticated)?;
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        // A token that was narrowed since, or a session that is not wholly in, gets no answer that another one was given.
        let pass = request.extensions().get::<Pass>().cloned().ok_or(Code::NotAuthenticated)?;
        let narrowed = pass.scopes.map(|scopes| scopes.text()).unwrap_or_else(|| "*".into());
        // No part has a line's end in it.
        let who = format!("{}\n{}\n{}\n{narrowed}", staff.id, staff.role.as_str(), pass.standing.as_str());
        let key = vault.digest("once/key", format!("{who}\n{path}\n{text}").as_bytes());
        let seat = web.0.under_way.begin(key).ok_or_else(under_way)?;
        let largest = web.0.limits.body_bytes;
        let body = Bytes::from(collect(request.take_payload(), largest).await?);
        let content = vault.digest("once/content", &body);
        let see = see::nearest(&web.known().methods, request.path());
        let case = request.path().split('/').find_map(|part| part.parse().ok());
        Ok(Self { store, vault, largest, key, content, body, see, seat, staff, case })
    }

    async fn answer<B: MessageBody + 'static>(
        self,
        mut request: ServiceRequest,
        next: Next<B>,
    ) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
        let given = match self.earlier().await {
            Ok(None) => {
                request.set_payload(Payload::from(self.body.clone()));
                let span = tracing::Span::current();
                let work = async move { self.carry_out(request, next).await }.instrument(span);
                // A task of its own: it goes on when the caller has hung up.
                return actix_web::rt::spawn(work).await.map_err(Error::internal)?;
            }
            Ok(Some(answer)) => {
                access::asked_before(&request.extensions());
                answer
            }
            Err(error) => return Ok(refusal(request, error).map_into_right_body()),
        };
        Ok(request.into_response(given).map_into_right_body())
    }

    /// The answer to a request that is not new.
    async fn earlier(&self) -> Result<Option<HttpResponse>> {
        let (now, key) = (self.store.clock().now(), self.key);
        let done = self.store.read(move |conn| once::find(conn, &key, now)).await?;
        match judge(done, &self.content, now, self.store.is_alone()) {
            Verdict::New => Ok(None),
            Verdict::Again(sealed) => self.again(&sealed).await.map(Some),
            Verdict::Reused => Err(Code::IdempotencyKeyReused.into()),
            Verdict::UnderWay => Err(under_way()),
            Verdict::Done => Err(self.already_done()),
        }
    }

    /// The answer of the first, if what she was shown then is still hers to see.
    async fn again(&self, sealed: &[u8]) -> Result<HttpResponse> {
        let (answer, judged) = answer::again(&self.vault, &self.key, sealed)?;
        let judged = judged.ok_or_else(|| self.already_done())?;
        let (staff, case) = (self.staff.clone(), self.case);
        let stands = self.store.write(move |tx| access::stands_again(tx, &staff, &judged, case)).await?;
        if stands { Ok(answer) } else { Err(self.already_done()) }
    }

    fn already_done(&self) -> Error {
        Problem { see: self.see.clone(), ..Problem::new(Code::AlreadyDone) }.into()
    }

    async fn carry_out<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
        let claim = Claim::new(self.key, self.content);
        let answer = once::claiming(claim.clone(), next.call(request)).await?;
        // Of an act that failed inside after it committed nobody knows the answer.
        if !claim.is_committed() || answer.status().is_server_error() {
            return Ok(answer.map_into_left_body());
        }
        let (request, answer) = answer.into_parts();
        let judged = access::judged(&request.extensions());
        let taken = answer::take(answer, judged, self.largest).await?;
        let sealed = taken.sealed(&self.vault, &self.key)?;
        let key = self.key;
        if let Err(error) = self.store.write(move |tx| once::keep(tx, &key, sealed)).await {
            // The act stands, and the caller gets its answer; only asking again will say less.
            tracing::warn!(cause = %error, "an answer was not kept");
        }
        drop(self.seat);
        Ok(ServiceResponse::new(request, taken.answer).map_into_right_body())
    }
}

fn under_way() -> Error {
    Problem { retry_after: Some(RETRY_AFTER_SECONDS), ..Problem::new(Code::RequestUnderWay) }.into()
}
