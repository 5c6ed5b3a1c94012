//! 412 with both sides: what is there now, and what was sent.

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::header::IF_MATCH;
use actix_web::web::Bytes;
use serde::Serialize;
use staffetta_protocol::problem::{Code, Problem};

use crate::error::{Error, Result};

/// The body of an edit, kept until its answer is written: a conflict shows it to whoever sent it.
struct Sent(Bytes);

/// Keeps the body of an edit that names the version it builds on.
pub(super) fn remember(request: &HttpRequest, body: &[u8]) {
    if request.headers().contains_key(IF_MATCH) {
        request.extensions_mut().insert(Sent(Bytes::copy_from_slice(body)));
    }
}

/// A conflict with what was sent, of any other problem nothing.
pub(super) fn with_yours(problem: Problem, request: &HttpRequest) -> Problem {
    if problem.code != Code::VersionConflict {
        return problem;
    }
    let extensions = request.extensions();
    let sent = extensions.get::<Sent>().and_then(|sent| serde_json::from_slice(&sent.0).ok());
    match sent {
        Some(sent) => problem.yours(sent),
        None => problem,
    }
}

/// Completes a `version_conflict` with what is there now and its version. `look` is an act of its own, since the one that
/// conflicted left nothing behind: it shows somebody's data, and leaves its entry in the journal. Where there is nothing
/// to see, the conflict stays as it was.
pub async fn or_both_sides<T, C: Serialize>(
    outcome: Result<T>,
    look: impl AsyncFnOnce() -> Result<(C, i64)>,
) -> Result<T> {
    match outcome {
        Err(Error::Problem(problem)) if problem.code == Code::VersionConflict => match look().await {
            Ok((current, version)) => {
                let now = serde_json::to_value(current).map_err(Error::internal)?;
                Err(Problem::changed(version).theirs(now).into())
            }
            Err(Error::Problem(_)) => Err(problem.into()),
            Err(error) => Err(error),
        },
        outcome => outcome,
    }
}
