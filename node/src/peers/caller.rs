//! Who is calling: the extractor that makes an unauthenticated handler impossible.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{self, JoseError, LEEWAY};
use staffetta_protocol::json;
use staffetta_protocol::modi::{self, Body, CallClaims, IntegrityHeaders, ModiError, Sent};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::MemberState;

use super::{Peer, Peers, ResolveError, rows};
use crate::error::{Error, Result};
use crate::journal::Actor;
use crate::store::Tx;

/// The member that is calling, proven, with the body that it signed.
///
/// Whether it is active or limited is for the handler, which knows what passes for a limited one; a member that is
/// out, or whose chain is not live, never gets this far.
#[derive(Debug, Clone)]
pub struct VerifiedPeer {
    peer: Peer,
    call: CallClaims,
    body: Bytes,
    content_type: String,
}

/// Left on the request, so that the answer is signed for this caller.
#[derive(Debug, Clone)]
pub(super) struct Authenticated {
    pub(super) caller: EntityId,
    pub(super) sent: Sent,
}

impl VerifiedPeer {
    /// The member.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Its name.
    pub fn entity_id(&self) -> &EntityId {
        self.peer.entity_id()
    }

    /// What the token said.
    pub fn call(&self) -> &CallClaims {
        &self.call
    }

    /// The body as sent and signed; empty where there is none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Reads the body into a closed type.
    ///
    /// # Errors
    /// 415, 400 or 422; never with a value of the input.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let media = self.content_type.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(Code::UnsupportedMediaType.into());
        }
        json::check(&self.body).map_err(|why| Problem::new(Code::MalformedRequest).detail(why.to_string()))?;
        json::from_checked(&self.body).map_err(|why| Problem::new(Code::InvalidInput).detail(why.to_string()).into())
    }

    /// Refuses a limited member: for what only an active one may do.
    ///
    /// # Errors
    /// 403 `member_limited`.
    pub fn must_be_active(&self, now: DateTime<Utc>) -> Result<()> {
        match self.peer.state(now) {
            MemberState::Active => Ok(()),
            MemberState::Limited | MemberState::Out => Err(Code::MemberLimited.into()),
        }
    }
}

impl FromRequest for VerifiedPeer {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extracted(request, payload, async |called: Called| {
            let (peers, seen) = (called.peers.clone(), called.memory());
            if peers.0.store.write(move |tx| seen.keep(tx)).await? {
                called.admit()
            } else {
                Err(Refusal::new(Code::NotAuthenticated, REPLAY))
            }
        })
    }
}

/// The same, for a handler that changes something: it remembers the call in the transaction that does so, by
/// [`Memory::remember`], since a commit of its own for each call costs a node under load as much as what the call brings.
#[derive(Debug)]
pub struct ProvenCaller {
    verified: VerifiedPeer,
    memory: Memory,
    request: HttpRequest,
    peers: Peers,
}

impl ProvenCaller {
    /// What [`VerifiedPeer`] says of it.
    pub fn verified(&self) -> &VerifiedPeer {
        &self.verified
    }

    /// What is to be remembered of the call: first of all in the transaction of what it brings, and in that which notes why
    /// nothing came of it.
    pub fn memory(&self) -> Memory {
        self.memory.clone()
    }

    /// It had been made before: whoever makes it again has proven nothing, and gets no signed answer.
    pub async fn was_replayed(&self) {
        self.request.extensions_mut().remove::<Authenticated>();
        self.request.extensions_mut().remove::<Actor>();
        self.peers.refused(Some(self.verified.entity_id()), Code::NotAuthenticated, REPLAY).await;
    }
}

impl FromRequest for ProvenCaller {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extracted(request, payload, async |called: Called| {
            let (memory, request, peers) = (called.memory(), called.request.clone(), called.peers.clone());
            Ok(Self { verified: called.admit()?, memory, request, peers })
        })
    }
}

/// What a node remembers of a call for as long as its token lives, so that nobody makes it again.
#[derive(Debug, Clone)]
pub struct Memory {
    iss: EntityId,
    jti: String,
    forget_at: DateTime<Utc>,
}

impl Memory {
    /// Remembers the call.
    ///
    /// # Errors
    /// 401 when it is remembered already, or what the database refuses.
    pub fn remember(&self, tx: &mut Tx<'_>) -> Result<()> {
        if self.keep(tx)? { Ok(()) } else { Err(Code::NotAuthenticated.into()) }
    }

    /// Whether it was not remembered before.
    fn keep(&self, tx: &mut Tx<'_>) -> Result<bool> {
        rows::remember_call(tx, &self.iss, &self.jti, self.forget_at)
    }
}

/// Who calls is established, and then what becomes of the call. A refusal is recorded, with who it claims to be from.
fn extracted<T: 'static>(
    request: &HttpRequest,
    payload: &mut Payload,
    then: impl AsyncFnOnce(Called) -> Result<T, Refusal> + 'static,
) -> Pin<Box<dyn Future<Output = Result<T>>>> {
    let (request, payload) = (request.clone(), payload.take());
    Box::pin(async move {
        let peers = request
            .app_data::<Data<Peers>>()
            .ok_or_else(|| Error::internal("the application has no Peers"))?
            .get_ref()
            .clone();
        let claimed = claimed_issuer(request.headers());
        let outcome = match called(&peers, &request, payload, claimed.as_ref()).await {
            Ok(called) => then(called).await,
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(extracted) => Ok(extracted),
            Err(Refusal { error, reason }) => {
                if !error.is_fault() {
                    peers.refused(claimed.as_ref(), error.code(), reason).await;
                }
                Err(error)
            }
        }
    })
}

/// Why a call that was made before is refused.
const REPLAY: &str = "replay";

/// What the caller gets, and what the journal gets.
struct Refusal {
    error: Error,
    reason: &'static str,
}

impl Refusal {
    fn new(code: Code, reason: &'static str) -> Self {
        Self { error: code.into(), reason }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, reason: "internal" }
    }
}

/// A call whose token holds; not yet whether it was made before, or whether its body is what was signed.
struct Called {
    peers: Peers,
    request: HttpRequest,
    peer: Peer,
    call: CallClaims,
    body: Bytes,
}

/// Size before signatures, identity before integrity, memory of ids only after a signature held.
async fn called(
    peers: &Peers,
    request: &HttpRequest,
    payload: Payload,
    claimed: Option<&EntityId>,
) -> Result<Called, Refusal> {
    let body = read(request, payload, peers.0.config.limits.body_bytes).await?;
    let claimed = claimed.ok_or(Refusal::new(Code::NotAuthenticated, "no_token"))?;
    let token = token(request.headers()).ok_or(Refusal::new(Code::NotAuthenticated, "no_token"))?;
    let peer = peers.resolve(claimed).await.map_err(unresolved)?;
    let (peer, call) = identify(peers, peer, token).await?;
    if call.iss != *claimed {
        return Err(Refusal::new(Code::NotAuthenticated, "issuer"));
    }
    Ok(Called { peers: peers.clone(), request: request.clone(), peer, call, body })
}

impl Called {
    fn memory(&self) -> Memory {
        let now = self.peers.now();
        let forget_at = now + TimeDelta::seconds((self.call.exp - now.timestamp()).max(0) + LEEWAY + 1);
        Memory { iss: self.call.iss.clone(), jti: self.call.jti.clone(), forget_at }
    }

    /// The answer is signed from here on, and the body must be what was signed.
    fn admit(self) -> Result<VerifiedPeer, Refusal> {
        let Self { peers, request, peer, call, body } = self;
        let headers = request.headers();
        let digest = single(headers, modi::DIGEST);
        let has_body = !body.is_empty();
        let named: Option<Digest> = digest.and_then(|text| text.parse().ok());
        let sent = Sent { jti: call.jti.clone(), digest: named.or_else(|| has_body.then(|| Digest::of(&body))) };
        request.extensions_mut().insert(Authenticated { caller: call.iss.clone(), sent });
        request.extensions_mut().insert(Actor::Peer(call.iss.clone()));

        let content_type = single(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default().to_owned();
        let signed = has_body.then(|| Body {
            bytes: &body,
            content_type: &content_type,
            content_encoding: single(headers, header::CONTENT_ENCODING.as_str()),
        });
        let integrity = IntegrityHeaders { digest, signature: single(headers, modi::SIGNATURE) };
        modi::check_integrity(&call, integrity, signed, peer.keys(), peers.now()).map_err(|why| match why {
            ModiError::IntegrityMissing => Refusal::new(Code::IntegrityMissing, "integrity_missing"),
            _ => Refusal::new(Code::IntegrityInvalid, "integrity_invalid"),
        })?;
        Ok(VerifiedPeer { peer, call, body, content_type })
    }
}

/// Checks the token; a key that the chain does not have makes the chain be renewed, once per 5 minutes.
async fn identify(peers: &Peers, peer: Peer, token: &str) -> Result<(Peer, CallClaims), Refusal> {
    let resource = peers.entity_id().resource();
    let first = modi::identify(token, peer.keys(), &resource, peers.now());
    let (peer, outcome) = match first {
        Err(ModiError::Token(JoseError::UnknownKey(_))) => match peers.refresh_for_key(peer.entity_id()).await? {
            Some(renewed) => {
                let again = modi::identify(token, renewed.keys(), &resource, peers.now());
                (renewed, again)
            }
            None => (peer, first),
        },
        other => (peer, other),
    };
    match outcome {
        Ok(call) => Ok((peer, call)),
        Err(why) => Err(Refusal::new(
            Code::NotAuthenticated,
            match why {
                ModiError::Identity(why) => why,
                ModiError::Token(JoseError::Expired | JoseError::NotYetValid) => "stale_token",
                ModiError::Token(JoseError::UnknownKey(_)) => "unknown_key",
                ModiError::Token(JoseError::KeyRevoked | JoseError::KeyRetired) => "dead_key",
                _ => "bad_token",
            },
        )),
    }
}

fn unresolved(why: ResolveError) -> Refusal {
    match why {
        ResolveError::Unknown => Refusal::new(Code::NotAuthenticated, "not_a_member"),
        ResolveError::Out => Refusal::new(Code::NotAuthenticated, "expelled"),
        ResolveError::Invalid(_) => Refusal::new(Code::NotAuthenticated, "no_chain"),
        ResolveError::NotJoined => Refusal::new(Code::NotAuthenticated, "not_joined"),
        // Not the caller's fault, and it may pass.
        ResolveError::Unreachable(_) => Refusal::new(Code::Unreachable, "no_live_chain"),
        ResolveError::Internal(error) => error.into(),
    }
}

async fn read(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(Code::TooLarge, "too_large");
    let announced = single(request.headers(), header::CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match error {
            PayloadError::Io(why) if why.kind() == ErrorKind::TimedOut => Refusal::new(Code::RequestTimeout, "slow"),
            _ => Refusal::new(Code::MalformedRequest, "body"),
        })?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The value of a header that stands exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    modi::bearer(single(headers, header::AUTHORIZATION.as_str())?)
}

/// Who a token says it is from, unverified: to look up whose keys to use.
fn claimed_issuer(headers: &HeaderMap) -> Option<EntityId> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: EntityId,
    }
    let token = token(headers).filter(|token| token.len() <= staffetta_protocol::trust::MAX_SIZE)?;
    jose::peek::<Issuer>(token).ok().map(|claims| claims.iss)
}
