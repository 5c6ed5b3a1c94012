//! What handlers answer with.

use actix_web::body::BoxBody;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use serde::Serialize;

use super::once::ShownOnce;
use crate::error::Error;

/// A JSON answer: a named object, never a bare list.
#[derive(Debug)]
pub struct Json<T> {
    value: T,
    status: StatusCode,
    location: Option<String>,
    etag: Option<i64>,
    shown_once: bool,
}

impl<T: Serialize> Json<T> {
    /// 200.
    pub fn ok(value: T) -> Self {
        Self { value, status: StatusCode::OK, location: None, etag: None, shown_once: false }
    }

    /// 201, and where it is from now on.
    pub fn created(value: T, location: impl Into<String>) -> Self {
        Self { status: StatusCode::CREATED, location: Some(location.into()), ..Self::ok(value) }
    }

    /// 202: it is queued, and `location` tells how it goes.
    pub fn accepted(value: T, location: impl Into<String>) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::created(value, location) }
    }

    /// With the version that an edit must name in `If-Match`. Who reads and has that version already, by
    /// `If-None-Match`, gets 304 and no body.
    pub fn etag(mut self, version: impl Into<i64>) -> Self {
        self.etag = Some(version.into());
        self
    }

    /// It shows a secret that is never seen again: it is not kept to be given again under the same `Idempotency-Key`.
    pub fn shown_once(mut self) -> Self {
        self.shown_once = true;
        self
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let etag = self.etag.map(|version| format!("\"{version}\""));
        if let Some(etag) = etag.as_deref().filter(|etag| is_known(request, etag)) {
            return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
        }
        let body = match serde_json::to_vec(&self.value) {
            Ok(body) => body,
            Err(cause) => return HttpResponse::from_error(Error::internal(cause)),
        };
        let mut answer = HttpResponseBuilder::new(self.status);
        answer.insert_header((header::CONTENT_TYPE, "application/json"));
        if let Some(location) = self.location {
            answer.insert_header((header::LOCATION, location));
        }
        if let Some(etag) = etag {
            answer.insert_header((header::ETAG, etag));
        }
        let mut answer = answer.body(body);
        if self.shown_once {
            answer.extensions_mut().insert(ShownOnce);
        }
        answer
    }
}

/// Whether a reader has this version already (RFC 9110 §13.1.2): tags are compared weakly, `*` is any version.
fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let named =
        |value: &str| value.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag);
    let mut values = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    matches!(*request.method(), Method::GET | Method::HEAD) && values.any(named)
}

/// 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}
