//! The body of a request: bounded, JSON, read strictly.

use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use staffetta_protocol::card::{self, Check, Refusal};
use staffetta_protocol::json;
use staffetta_protocol::problem::{Code, FieldError, Problem};

use super::{Web, conflict, patience, shape};
use crate::error::{Error, Result};

/// A body that was read and checked.
///
/// Refused are: another content type than `application/json`, or any content encoding (415); more bytes than
/// `limits.body_bytes` (413); what is no UTF-8, no JSON, nested too deeply or repeats a name (400 `malformed_request`);
/// what does not fit the closed type, and what its [`Check`] finds (422 `invalid_input`, one entry for each
/// place).
#[derive(Debug)]
pub struct Input<T>(
    /// What was sent.
    pub T,
);

impl<T> Deref for Input<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Check + 'static> FromRequest for Input<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let web = request.app_data::<Data<Web>>().cloned();
        let media = is_plain_json(request);
        let announced = length(request);
        let payload = payload.take();
        let request = request.clone();
        Box::pin(async move {
            let web = web.ok_or_else(|| Error::internal("the application has no Web"))?;
            let limits = &web.0.limits;
            if !media {
                return Err(Code::UnsupportedMediaType.into());
            }
            if announced.is_some_and(|bytes| bytes > limits.body_bytes as u64) {
                return Err(Code::TooLarge.into());
            }
            let body = collect(payload, limits.body_bytes).await?;
            let form = |body: &Value| {
                let operation = format!("{} {}", request.method(), request.match_pattern().unwrap_or_default());
                web.known().shapes.of_body(web.0.rooms, &operation, body)
            };
            let value = read(&body, limits.json_depth, form).map(Self)?;
            conflict::remember(&request, &body);
            Ok(value)
        })
    }
}

/// A body in full.
///
/// # Errors
/// `too_large` beyond `largest` bytes; `malformed_request` when it breaks off; `request_timeout` when it is too slow.
pub(super) async fn collect(mut payload: Payload, largest: usize) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = payload.next().await {
        let part = part.map_err(|error| patience::broken(&error))?;
        if body.len() + part.len() > largest {
            return Err(Code::TooLarge.into());
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn is_plain_json(request: &HttpRequest) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && !request.headers().contains_key(header::CONTENT_ENCODING)
}

fn length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `form` says what is wrong with the form of a body; it is asked for of one that does not fit.
fn read<T: DeserializeOwned + Check>(
    body: &[u8],
    depth: usize,
    form: impl FnOnce(&Value) -> Vec<FieldError>,
) -> Result<T> {
    let malformed = |why: String| Error::from(Problem::new(Code::MalformedRequest).detail(why));
    let text = std::str::from_utf8(body).map_err(|_| malformed("The body is not UTF-8.".into()))?;
    if depth_of(body) > depth {
        return Err(malformed(format!("The body is nested deeper than {depth}.")));
    }
    json::check(body).map_err(|invalid| malformed(invalid.to_string()))?;
    if !text.trim_start().starts_with('{') {
        // serde reads a list into a struct by the order of its fields.
        return Err(Problem::invalid(vec![Refusal::WrongType.at("")]).into());
    }
    card::read(text).map_err(|first| {
        let body: Value = serde_json::from_str(text).unwrap_or_default();
        Problem::invalid(shape::everything::<T>(&body, form(&body), first)).into()
    })
}

/// How deep brackets are nested outside strings; of what is no JSON, anything.
fn depth_of(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
