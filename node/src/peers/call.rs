//! A signed call to a member, and its signed answer.

use std::time::Duration;

use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use staffetta_protocol::jose;
use staffetta_protocol::json::{self, InvalidJson};
use staffetta_protocol::modi::{self, Body, IntegrityHeaders, ModiError, Sent};
use staffetta_protocol::problem::ProblemDocument;
use uuid::Uuid;

use super::client::{NoAnswer, RawAnswer, Request};
use super::{Peer, Peers};
use crate::error::Error;
use crate::keys::Kind;

/// By how much two clocks may differ before somebody is told.
const CLOCK_WARNING: TimeDelta = TimeDelta::seconds(30);
/// Seconds that an answer may take beyond the wait that was asked for.
const BEYOND_WAIT: u64 = 15;
/// The content type of what nodes send to each other.
const JSON: &str = "application/json";

/// An answer that the called node signed for this very call, whatever it says.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, whole.
    pub body: Bytes,
    /// Seconds to wait, where the answer says so.
    pub retry_after: Option<u32>,
    /// How far the other clock is ahead of ours, where that is more than 30 s.
    pub clock_difference: Option<TimeDelta>,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Reads the body strictly.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, InvalidJson> {
        json::from_slice(&self.body)
    }

    /// The problem in the body, if it is one.
    pub fn problem(&self) -> Option<ProblemDocument> {
        self.json().ok()
    }
}

/// Why there is no answer that counts.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// None at all.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// One without signature: from something in between, or from a node that does not recognise us (401).
    #[error("unsigned answer with status {status}")]
    NotSigned {
        /// HTTP status.
        status: u16,
        /// Seconds to wait, where the answer says so.
        retry_after: Option<u32>,
        /// How far the other clock is ahead of ours, where that is more than 30 s.
        clock_difference: Option<TimeDelta>,
    },
    /// One whose signature does not hold.
    #[error("answer with status {status}: {why}")]
    NotBelieved {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        why: ModiError,
    },
    /// Something failed here, before or after.
    #[error(transparent)]
    Internal(#[from] Error),
}

impl CallError {
    /// The status of an answer that does not count, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::NotSigned { status, .. } | Self::NotBelieved { status, .. } => Some(*status),
            Self::NoAnswer(_) | Self::Internal(_) => None,
        }
    }
}

impl Peers {
    /// Calls a member's API. `path` begins with a slash and is below its `resource`; `body` is JSON. Every attempt
    /// mints new tokens. Never called with a transaction open.
    pub async fn call(
        &self,
        peer: &Peer,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, CallError> {
        self.call_waiting(peer, method, path, body, None).await
    }

    /// Reads, and lets the other side wait up to so many seconds until it has something to say (RFC 7240).
    pub async fn poll(&self, peer: &Peer, path: &str, wait: u64) -> Result<Answer, CallError> {
        self.call_waiting(peer, Method::GET, path, None, Some(wait)).await
    }

    async fn call_waiting(
        &self,
        peer: &Peer,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        wait: Option<u64>,
    ) -> Result<Answer, CallError> {
        let now = self.now();
        let keys = self.0.keys.clone();
        let key = self.0.store.read(move |conn| keys.signing(conn, Kind::Protocol, now)).await?;
        let signed =
            body.as_ref().map(|bytes| Body { bytes: bytes.as_ref(), content_type: JSON, content_encoding: None });
        let jti = Uuid::new_v4().to_string();
        let made = modi::call(&key, self.entity_id(), peer.resource(), signed, jti, now).map_err(Error::internal)?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header(&made.authorization)?);
        if let Some(integrity) = &made.integrity {
            headers.insert(HeaderName::from_static("digest"), header(&integrity.digest.to_string())?);
            headers.insert(HeaderName::from_static("agid-jwt-signature"), header(&integrity.signature)?);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        let url = format!("{}{path}", peer.resource());
        let timeout = wait.map(|seconds| Duration::from_secs(seconds + BEYOND_WAIT));
        if let Some(seconds) = wait {
            headers.insert(HeaderName::from_static("prefer"), header(&format!("wait={seconds}"))?);
        }
        let max_answer = self.0.client.max_answer();
        let request = Request { method, url: &url, headers, body, timeout, max_answer };
        let answer = self.0.client.send(request).await?;
        self.believe(peer, &made.sent, answer).await
    }

    async fn believe(&self, peer: &Peer, sent: &Sent, answer: RawAnswer) -> Result<Answer, CallError> {
        let (status, now) = (answer.status, self.now());
        let clock_difference = answer.clock_difference(now).filter(|difference| difference.abs() > CLOCK_WARNING);
        if let Some(difference) = clock_difference {
            let seconds = difference.num_seconds();
            tracing::warn!(peer = %peer.entity_id(), seconds, "the clocks differ");
        }
        let retry_after = answer.retry_after();
        let headers =
            IntegrityHeaders { digest: answer.header(modi::DIGEST), signature: answer.header(modi::SIGNATURE) };
        let Some(signature) = headers.signature else {
            return Err(CallError::NotSigned { status, retry_after, clock_difference });
        };
        let body = Body {
            bytes: &answer.body,
            content_type: answer.content_type(),
            content_encoding: answer.header("content-encoding"),
        };
        let kid = jose::header(signature).ok().and_then(|header| header.kid);
        let renewed = match kid {
            Some(kid) if peer.keys().find(&kid).is_none() => self.refresh_for_key(peer.entity_id()).await?,
            _ => None,
        };
        let peer = renewed.as_ref().unwrap_or(peer);
        modi::check_answer(headers, peer.entity_id(), self.entity_id(), sent, body, peer.keys(), now)
            .map_err(|why| CallError::NotBelieved { status, why })?;
        self.confirm_clock();
        Ok(Answer { status, body: answer.body, retry_after, clock_difference })
    }
}

fn header(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(Error::internal)
}
