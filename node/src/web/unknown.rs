//! What nobody answers: an unknown path, or a known one with another method.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use staffetta_protocol::problem::{Code, Problem};

use super::Web;
use crate::error::{Error, Result};

/// Why the query of a request is refused, by parameter: it has one that the document does not name, or that is not as
/// the document says.
pub(super) fn query(web: &Web, request: &ServiceRequest) -> Option<Problem> {
    let query = request.query_string();
    if query.is_empty() {
        return None;
    }
    let operation = format!("{} {}", request.method(), request.match_pattern()?);
    let found = web.known().shapes.of_query(web.0.rooms, &operation, query);
    (!found.is_empty()).then(|| Problem::invalid(found))
}

pub(super) async fn unknown(request: HttpRequest, web: Data<Web>) -> Result<HttpResponse> {
    let known = request.match_pattern().and_then(|pattern| web.known().methods.get(&pattern));
    // With the right method it is a path that only other nodes have.
    let Some(methods) = known.filter(|methods| !methods.split(", ").any(|method| method == request.method())) else {
        return Err(Code::NotFound.into());
    };
    let mut answer = HttpResponse::from_error(Error::from(Code::MethodNotAllowed));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_str(methods).expect("methods are plain ASCII"));
    Ok(answer)
}
