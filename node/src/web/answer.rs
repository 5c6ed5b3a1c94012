//! What handlers answer with.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use serde::Serialize;

use crate::error::Error;

/// A JSON answer: a named object, never a bare list.
#[derive(Debug)]
pub struct Json<T> {
    value: T,
    status: StatusCode,
    location: Option<String>,
    etag: Option<i32>,
}

impl<T: Serialize> Json<T> {
    /// 200.
    pub fn ok(value: T) -> Self {
        Self { value, status: StatusCode::OK, location: None, etag: None }
    }

    /// 201, and where it is from now on.
    pub fn created(value: T, location: impl Into<String>) -> Self {
        Self { status: StatusCode::CREATED, location: Some(location.into()), ..Self::ok(value) }
    }

    /// 202: it is queued, and `location` tells how it goes.
    pub fn accepted(value: T, location: impl Into<String>) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::created(value, location) }
    }

    /// With the version that an edit must name in `If-Match`.
    pub fn etag(mut self, version: i32) -> Self {
        self.etag = Some(version);
        self
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let body = match serde_json::to_vec(&self.value) {
            Ok(body) => body,
            Err(cause) => return HttpResponse::from_error(Error::internal(cause)),
        };
        let mut answer = HttpResponseBuilder::new(self.status);
        answer.insert_header((header::CONTENT_TYPE, "application/json"));
        if let Some(location) = self.location {
            answer.insert_header((header::LOCATION, location));
        }
        if let Some(version) = self.etag {
            answer.insert_header((header::ETAG, format!("\"{version}\"")));
        }
        answer.body(body)
    }
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
