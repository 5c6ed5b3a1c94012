//! What can go wrong, and who gets to see how much of it.
//!
//! The policy:
//! - Outside go sentences and stable codes, as `application/problem+json` (RFC 9457). Causes (a database's text, a
//!   stack of errors, a path) go to the log and nowhere else.
//! - An expected refusal is a [`Problem`] with a [`Code`]. It is an answer, not a fault, and is not logged here.
//! - Nothing becomes a problem by itself: a broken unique key or a missing row is [`Error::Database`] and answers 500,
//!   until the verb that expects it says which problem it is.
//! - A cause is logged once, where the error becomes an answer ([`ResponseError::error_response`]) or where a worker
//!   handles it, inside the span that names node and request. Personal data is in no error.
//! - 429, 503 and a request that is under way always carry `Retry-After`.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use staffetta_protocol::problem::{Code, Problem};

/// The result of whatever can go wrong in a node.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Seconds after which somebody who was turned away should try again, where nothing better is known.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Why something did not happen. `Display` is for the log; the caller sees [`Error::problem`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An expected refusal, in the words that the caller gets.
    #[error("{0}")]
    Problem(Problem),
    /// Too much waits already. Nothing was changed; trying again helps.
    #[error("too busy, to be tried again after {retry_after_seconds} s")]
    Busy {
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// There is no room for what was to be written. Nothing was changed; once there is room, trying again helps.
    #[error("the disk of the database is full")]
    StorageFull,
    /// The database refused a statement. The text names tables and constraints, never values.
    #[error("database: {0}")]
    Database(#[from] diesel::result::Error),
    /// The node is not set up rightly: a sentence for whoever starts it.
    #[error("{0}")]
    Setup(String),
    /// Everything else that should not have happened.
    #[error("internal: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error that should not have happened, by its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// [`Error::Busy`] with the usual wait.
    pub fn busy() -> Self {
        Self::Busy { retry_after_seconds: RETRY_AFTER_SECONDS }
    }

    /// Whether the database found no room for what was to be written. Diesel hands it on in words alone: SQLite's own for
    /// `SQLITE_FULL`, and what PostgreSQL says with SQLSTATE 53100.
    pub fn is_storage_full(&self) -> bool {
        match self {
            Self::StorageFull => true,
            Self::Database(DieselError::DatabaseError(_, info)) => {
                ["database or disk is full", "No space left on device"].iter().any(|said| info.message().contains(said))
            }
            _ => false,
        }
    }

    /// Whether the database went away under the act: it was restarted, say.
    fn is_database_gone(&self) -> bool {
        matches!(self, Self::Database(DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _)))
    }

    /// Whether two acts waited for each other, or one for too long: this one was undone, and does well when it is tried again.
    /// In PostgreSQL's words for SQLSTATE 40001, 40P01 and 55P03, and by their kind where Diesel knows one.
    fn is_passing(&self) -> bool {
        let Self::Database(DieselError::DatabaseError(kind, info)) = self else { return false };
        matches!(kind, DatabaseErrorKind::SerializationFailure)
            || ["deadlock detected", "lock timeout"].iter().any(|said| info.message().contains(said))
    }

    /// What the caller may know.
    pub fn problem(&self) -> Problem {
        let mut problem = match self {
            Self::Problem(problem) => problem.clone(),
            Self::Busy { retry_after_seconds } => {
                Problem { retry_after: Some(*retry_after_seconds), ..Problem::new(Code::Busy) }
            }
            _ => Problem::new(self.code()),
        };
        if matches!(problem.code.status(), 429 | 503) || problem.code == Code::RequestUnderWay {
            problem.retry_after.get_or_insert(RETRY_AFTER_SECONDS);
        }
        problem
    }

    /// The code of [`Error::problem`].
    pub fn code(&self) -> Code {
        match self {
            Self::Problem(problem) => problem.code,
            _ if self.is_storage_full() => Code::StorageFull,
            _ if self.is_database_gone() || self.is_passing() => Code::Busy,
            Self::Busy { .. } => Code::Busy,
            Self::StorageFull => Code::StorageFull,
            Self::Database(_) | Self::Setup(_) | Self::Internal(_) => Code::Internal,
        }
    }

    /// Whether this is a fault of ours rather than an answer: what [`ResponseError::error_response`] logs.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::StorageFull | Self::Database(_) | Self::Setup(_) | Self::Internal(_))
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::Problem(Problem::new(code))
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self.code())
    }

    fn error_response(&self) -> HttpResponse {
        if self.is_fault() {
            tracing::error!(cause = %self, "a request failed inside");
        }
        response(&self.problem())
    }
}

/// A problem as an answer, with the headers that its status demands.
pub fn response(problem: &Problem) -> HttpResponse {
    let mut answer = HttpResponseBuilder::new(status(problem.code));
    if let Some(seconds) = problem.retry_after {
        answer.insert_header((header::RETRY_AFTER, seconds));
    }
    if problem.code == Code::NotAuthenticated {
        // RFC 6750 §3; it tells nothing more on purpose.
        answer.insert_header((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#));
    }
    answer.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.body(serde_json::to_string(&problem.document()).expect("a problem document holds only text and numbers"))
}

/// A refusal by a middleware. The error stays with it, for whoever writes the log or another language;
/// `ServiceRequest::into_response` would drop it.
pub fn refusal(request: ServiceRequest, error: Error) -> ServiceResponse {
    let (request, _) = request.into_parts();
    ServiceResponse::new(request, HttpResponse::from_error(error))
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).expect("the statuses of the table of codes are HTTP statuses")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    async fn rendered(error: Error) -> (HttpResponse<()>, Value) {
        let (head, body) = error.error_response().into_parts();
        let body = to_bytes(body).await.unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    }

    #[actix_web::test]
    async fn a_refusal_is_told_and_a_cause_is_not() {
        let (head, body) = rendered(Problem::new(Code::NotFound).detail("No such referral.").into()).await;
        assert_eq!(head.status(), 404);
        assert_eq!(head.headers().get("content-type").unwrap(), "application/problem+json");
        assert_eq!(body["code"], json!("not_found"));
        assert_eq!(body["detail"], json!("No such referral."));

        for fault in [
            Error::internal("the cause"),
            Error::Setup("the cause".into()),
            Error::Database(diesel::result::Error::NotFound),
        ] {
            assert!(fault.is_fault());
            assert!(fault.to_string().contains("the cause") || fault.to_string().contains("not found"));
            let (head, body) = rendered(fault).await;
            assert_eq!(head.status(), 500);
            assert_eq!(body["code"], json!("internal"));
            assert!(body.get("detail").is_none() && !body.to_string().contains("cause"), "{body}");
        }
    }

    #[actix_web::test]
    async fn who_is_turned_away_is_told_when_to_come_back() {
        let (head, body) = rendered(Error::Busy { retry_after_seconds: 7 }).await;
        assert_eq!((head.status().as_u16(), head.headers().get("retry-after").unwrap().to_str().unwrap()), (503, "7"));
        assert_eq!(body["code"], json!("busy"));
        for code in Code::ALL {
            let (head, _) = rendered((*code).into()).await;
            assert_eq!(head.status().as_u16(), code.status());
            let waits = matches!(code.status(), 429 | 503) || *code == Code::RequestUnderWay;
            assert_eq!(head.headers().contains_key("retry-after"), waits, "{code}");
            assert_eq!(head.headers().contains_key("www-authenticate"), code.status() == 401, "{code}");
        }
    }
}
