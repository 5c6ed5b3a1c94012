//! An answer that is kept to be given again: its status, the headers that say what it is, its body.

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LOCATION, SET_COOKIE};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};

use crate::access::Judgement;
use crate::error::{Error, Result};
use crate::store::once::Digest;
use crate::vault::Vault;

/// Tells that an answer is not the first.
const REPLAYED: &str = "Idempotent-Replayed";
/// The headers that are kept; all others are of the moment.
const KEPT: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, ETAG];

/// Marks an answer that shows a secret: it is given once and kept nowhere.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct ShownOnce;

/// An answer on its way out, in full.
pub(super) struct Taken {
    pub(super) answer: HttpResponse,
    body: Bytes,
    keep: bool,
    judged: Option<Vec<Judgement>>,
}

/// What stands in the database, sealed: this as one line, then the body.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    /// What it was judged by. An answer that was kept before this was is not given again.
    #[serde(default)]
    judged: Option<Vec<Judgement>>,
}

/// Reads an answer in full. One larger than `largest` is not kept, nor one that opens a session, nor one of which is not
/// known what it was `judged` by.
pub(super) async fn take<B: MessageBody + 'static>(
    answer: HttpResponse<B>,
    judged: Option<Vec<Judgement>>,
    largest: usize,
) -> Result<Taken> {
    let keep = answer.extensions().get::<ShownOnce>().is_none() && !answer.headers().contains_key(SET_COOKIE);
    let (head, body) = answer.into_parts();
    let body = to_bytes(body).await.map_err(|_| Error::internal("an answer ended early"))?;
    let answer = head.set_body(body.clone()).map_into_boxed_body();
    let keep = keep && judged.is_some() && body.len() <= largest;
    Ok(Taken { answer, body, keep, judged })
}

impl Taken {
    /// What is kept of it; nothing of what must not be.
    pub(super) fn sealed(&self, vault: &Vault, key: &Digest) -> Result<Option<Vec<u8>>> {
        if !self.keep {
            return Ok(None);
        }
        let (status, headers) = (self.answer.status().as_u16(), kept(self.answer.headers()));
        let head = Head { status, headers, judged: self.judged.clone() };
        let mut plain = serde_json::to_vec(&head).map_err(Error::internal)?;
        plain.push(b'\n');
        plain.extend_from_slice(&self.body);
        vault.wrap(&label(key), &plain).map(Some)
    }
}

/// The answer that was kept, marked as given again, with what it was judged by.
pub(super) fn again(
    vault: &Vault,
    key: &Digest,
    sealed: &[u8],
) -> Result<(HttpResponse<BoxBody>, Option<Vec<Judgement>>)> {
    let damaged = || Error::internal("a kept answer cannot be read");
    let plain = vault.unwrap_secret(&label(key), sealed)?;
    let end = plain.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
    let head: Head = serde_json::from_slice(&plain[..end]).map_err(|_| damaged())?;
    let mut answer = HttpResponseBuilder::new(StatusCode::from_u16(head.status).map_err(|_| damaged())?);
    for (name, value) in head.headers {
        answer.insert_header((name, value));
    }
    answer.insert_header((REPLAYED, "true"));
    Ok((answer.body(plain[end + 1..].to_vec()), head.judged))
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()));
    KEPT.iter().filter_map(value).collect()
}

/// Binds the seal to the key, so that an answer in another row does not open.
pub(super) fn label(key: &Digest) -> String {
    use std::fmt::Write as _;
    let mut label = String::from("answer|");
    for byte in key {
        write!(label, "{byte:02x}").expect("writing into a String does not fail");
    }
    label
}
