//! The member's side of the authority's calls: join, ask how one stands, tell of new keys.

use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{self, Jwks, KeySet};
use staffetta_protocol::json;
use staffetta_protocol::problem::{Code, Problem, ProblemDocument};
use staffetta_protocol::trust::{
    Admission, Anchor, Application, ENTITY_STATEMENT_MEDIA, EntityConfiguration, KeyChange, MAX_SIZE, Standing,
    TrustMark,
};

use super::authority::document;
use super::client::Request;
use super::membership::{self, Own};
use super::{Peers, pinned, rows};
use crate::error::{Error, Result};
use crate::journal::{Actor, Entry, record};
use crate::keys::{KeyRow, Kind};
use crate::store::Tx;

/// How often a configuration is deposited although nothing changed.
const DEPOSIT_EVERY: TimeDelta = TimeDelta::hours(12);
/// Time for one call.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long until the authority is asked again when it did not answer.
const RETRY: TimeDelta = TimeDelta::minutes(5);
/// How long a change of keys may wait for the authority. The documents count for nothing else.
const CHANGE_LIFETIME: TimeDelta = TimeDelta::days(30);

impl Peers {
    /// The authority's keys as it announces them itself: a first contact. Whoever joins compares their thumbprints with
    /// what the authority's people say, and then lets them be pinned.
    pub async fn first_contact(&self) -> Result<Anchor> {
        let authority = self.named_authority()?.clone();
        let answer = self.client().document(&authority.configuration_url()).await.map_err(unreachable)?;
        let jws = document(&answer).map_err(|why| unusable(&why.to_string()))?;
        let configuration =
            EntityConfiguration::open_self_signed(&jws, self.now()).map_err(|why| unusable(&why.to_string()))?;
        if configuration.sub != authority {
            return Err(unusable("the configuration is another entity's"));
        }
        Ok(Anchor { entity_id: authority, jwks: configuration.jwks })
    }

    /// Applies for admission, pins the authority by the keys in `anchor`, and keeps what it answered. To be repeated
    /// with the same code if the answer was lost.
    pub async fn join(&self, actor: Actor, anchor: Anchor, invitation: &str, email: &str) -> Result<Admission> {
        let own = self.own().await?;
        let code_of =
            |prefix: &str| own.organisation_ids.iter().find_map(|id| id.strip_prefix(prefix)).map(str::to_owned);
        let ipa_code = code_of("ipa:");
        let application = Application {
            entity_id: self.entity_id().clone(),
            invitation: invitation.to_owned(),
            entity_configuration: self.own_configuration().await?,
            organisation_name: self.0.config.node.organisation_name.clone(),
            public_body: ipa_code.is_some(),
            ipa_code,
            vat_number: code_of("vat:"),
            email: email.to_owned(),
            roles: own.roles,
        };
        let url = format!("{}/network/members", anchor.entity_id.resource());
        let admission = self.ask_authority(Method::POST, &url, Some(&application)).await?;
        let kept = admission.clone();
        let (entity_id, now) = (self.entity_id().clone(), self.now());
        let mark = read_mark(&admission, &anchor, &entity_id, now)?;
        self.0
            .store
            .write(move |tx| {
                pinned::pin(tx, &anchor)?;
                membership::keep(tx, &anchor.entity_id, &kept, mark.as_ref())?;
                record(tx, Entry::new(actor, "network.joined").peer(&anchor.entity_id).code(kept.state.as_str()))
            })
            .await?;
        Ok(admission)
    }

    /// How this node stands, as last heard.
    pub async fn own(&self) -> Result<Own> {
        let own = self.0.store.read(membership::own).await?;
        own.ok_or_else(|| Error::Setup("this database was not made by `staffetta init`".into()))
    }

    /// The worker of a node's own membership: tells the authority of new keys, and asks how this node stands: every
    /// minute while a person decides, then every hour, so that a new mark is here long before the old one ends. Says
    /// when to come back.
    pub async fn refresh_membership(&self) -> Result<DateTime<Utc>> {
        let now = self.now();
        let own = self.own().await?;
        let (Some(authority), Some(slug)) = (own.authority, own.slug) else { return Ok(now + TimeDelta::hours(1)) };
        if own.refresh_at > now {
            return Ok(own.refresh_at);
        }
        match self.hear(&authority, &slug).await {
            Ok(()) => Ok(self.own().await?.refresh_at),
            Err(cause) => {
                tracing::warn!(%authority, %cause, "the authority was not told of keys, or not asked how this node stands");
                let again =
                    if own.state == Some(Standing::Pending) { now + TimeDelta::minutes(1) } else { now + RETRY };
                self.0.store.write(move |tx| membership::ask_again(tx, again)).await?;
                Ok(again)
            }
        }
    }

    /// A node that cannot be called deposits its configuration at the authority: a new one when 12 hours have passed, and
    /// at once where a key, the mark or a setting changed.
    pub async fn deposit_configuration(&self) -> Result<()> {
        if !self.0.config.node.mailbox {
            return Ok(());
        }
        let own = self.own().await?;
        let (Some(authority), Some(slug)) = (own.authority, own.slug) else { return Ok(()) };
        let (jws, now) = (self.own_configuration().await?, self.now());
        let mut content: EntityConfiguration = jose::peek(&jws).map_err(Error::internal)?;
        (content.iat, content.exp) = (0, 0);
        let content = Digest::of(serde_json::to_vec(&content).map_err(Error::internal)?);
        let last = *self.0.deposited.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|(known, at)| known == content && (TimeDelta::zero()..DEPOSIT_EVERY).contains(&(now - at)))
        {
            return Ok(());
        }
        let url = format!("{}/network/members/{slug}/entity-configuration", authority.resource());
        let media = HeaderValue::from_static(ENTITY_STATEMENT_MEDIA);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media)]);
        let body = Some(jws.into());
        let request =
            Request { method: Method::PUT, url: &url, headers, body, timeout: Some(TIMEOUT), max_answer: MAX_SIZE };
        let answer = self.client().send(request).await.map_err(unreachable)?;
        // 409: another process has deposited a later one.
        if !matches!(answer.status, 204 | 409) {
            return Err(unusable(&format!("it refused the configuration: status {}", answer.status)));
        }
        *self.0.deposited.lock().unwrap_or_else(PoisonError::into_inner) = Some((content, now));
        Ok(())
    }

    async fn hear(&self, authority: &EntityId, slug: &str) -> Result<()> {
        let place = format!("{}/network/members/{slug}", authority.resource());
        let told = self.tell_keys(&place).await;
        let admission = self.ask_authority::<()>(Method::GET, &place, None).await?;
        let anchor = self.authority(false).await.map_err(|why| unusable(&why.to_string()))?.anchor;
        let mark = read_mark(&admission, &anchor, self.entity_id(), self.now())?;
        self.0.store.write(move |tx| keep(tx, &anchor.entity_id, &admission, mark.as_ref())).await?;
        told
    }

    /// Hands over the changes of keys that wait, oldest first.
    async fn tell_keys(&self, place: &str) -> Result<()> {
        while let Some((change, number)) = self.0.store.read(membership::next_key_change).await? {
            self.ask_authority(Method::PUT, &format!("{place}/federation-keys"), Some(&change)).await?;
            self.0
                .store
                .write(move |tx| {
                    membership::strike_key_change(tx, number)?;
                    record(tx, Entry::new(Actor::System, "keys.announced"))
                })
                .await?;
        }
        Ok(())
    }

    /// Replaces this node's keys of a kind, with overlap, or at once where one was stolen. What the authority must know
    /// is signed in the same transaction, while the old key is still there, and told by [`Self::refresh_membership`]. The
    /// chain with the old keys is kept before: what they signed is judged by it.
    pub async fn rotate_keys(&self, actor: Actor, kind: Kind, compromised: bool) -> Result<KeyRow> {
        if self.0.store.read(rows::own_mark).await?.is_some() {
            self.keep_own_chain_now().await?;
        }
        let base: EntityConfiguration = jose::peek(&self.own_configuration().await?).map_err(Error::internal)?;
        let this = self.clone();
        self.0
            .store
            .write(move |tx| {
                let now = tx.now();
                let present = this.0.keys.signing(tx.conn(), Kind::Federation, now)?;
                let act = if compromised { "keys.replaced" } else { "keys.rotated" };
                let made = match compromised {
                    true => this.0.keys.replace_compromised(tx, kind)?,
                    false => this.0.keys.rotate(tx, kind)?,
                };
                record(tx, Entry::new(actor, act).object(&made.kid).code(kind.as_str()))?;
                let is_told = kind != Kind::Access && (kind == Kind::Federation || compromised);
                let is_member = membership::own(tx.conn())?.is_some_and(|own| own.slug.is_some());
                if is_told && is_member {
                    let change = this.key_change(tx, base, &present, kind, &made)?;
                    membership::queue_key_change(tx, &change)?;
                }
                Ok(made)
            })
            .await
    }

    fn key_change(
        &self,
        tx: &mut Tx<'_>,
        base: EntityConfiguration,
        present: &jose::SigningKey,
        kind: Kind,
        made: &KeyRow,
    ) -> Result<KeyChange> {
        let now = tx.now();
        // Of the stolen keys only those of this act: the authority counts from their revocation.
        let news = |jwk: &jose::Jwk| jwk.revoked.as_ref().is_none_or(|revoked| revoked.revoked_at == now.timestamp());
        let mut federation = self.0.keys.jwks(tx.conn(), Kind::Federation, now)?;
        federation.keys.retain(|jwk| jwk.exp.is_none() && news(jwk));
        let mut document = EntityConfiguration {
            iat: now.timestamp(),
            exp: (now + CHANGE_LIFETIME).timestamp(),
            jwks: federation,
            ..base
        };
        if let Some(node) = &mut document.metadata.oauth_resource {
            let protocol: Jwks = self.0.keys.jwks(tx.conn(), Kind::Protocol, now)?;
            node.jwks = protocol;
        }
        let signed_by_new = match kind {
            Kind::Federation => self.0.keys.named(tx.conn(), &made.kid)?,
            Kind::Protocol | Kind::Access => None,
        };
        let signed_by_new = signed_by_new.map(|key| document.sign(&key)).transpose().map_err(Error::internal)?;
        Ok(KeyChange { signed_by_present: document.sign(present).map_err(Error::internal)?, signed_by_new })
    }

    fn named_authority(&self) -> Result<&EntityId> {
        self.authority_id().ok_or_else(|| Error::Setup("no authority is named in [network]".into()))
    }

    async fn ask_authority<T: Serialize>(&self, method: Method, url: &str, body: Option<&T>) -> Result<Admission> {
        let body = body.map(serde_json::to_vec).transpose().map_err(Error::internal)?;
        let headers = match body {
            Some(_) => HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            None => HeaderMap::new(),
        };
        let request =
            Request { method, url, headers, body: body.map(Into::into), timeout: Some(TIMEOUT), max_answer: MAX_SIZE };
        let answer = self.client().send(request).await.map_err(unreachable)?;
        if !matches!(answer.status, 200 | 201) {
            let said = match json::from_slice::<ProblemDocument>(&answer.body) {
                Ok(problem) => format!("{} {}", problem.code, problem.detail.unwrap_or_default()),
                Err(_) => format!("status {}", answer.status),
            };
            return Err(unusable(&format!("it refused: {}", said.trim())));
        }
        let admission: Admission = json::from_slice(&answer.body).map_err(|why| unusable(&why.to_string()))?;
        if admission.entity_id != *self.entity_id() || !is_slug(&admission.slug) {
            return Err(unusable("its answer is about somebody else"));
        }
        Ok(admission)
    }
}

/// Keeps an answer, and records it if it says something new.
fn keep(tx: &mut Tx<'_>, authority: &EntityId, admission: &Admission, mark: Option<&TrustMark>) -> Result<()> {
    let before = membership::own(tx.conn())?;
    membership::keep(tx, authority, admission, mark)?;
    let is_news = before.is_none_or(|own| {
        own.state != Some(admission.state) || (admission.trust_mark.is_some() && own.mark != admission.trust_mark)
    });
    if is_news {
        record(tx, Entry::new(Actor::System, "network.standing").peer(authority).code(admission.state.as_str()))?;
    }
    Ok(())
}

fn read_mark(admission: &Admission, anchor: &Anchor, own: &EntityId, now: DateTime<Utc>) -> Result<Option<TrustMark>> {
    let keys = KeySet::new(&anchor.jwks);
    let open = |jws: &String| TrustMark::open(jws, &anchor.entity_id, own, &keys, now);
    admission.trust_mark.as_ref().map(open).transpose().map_err(|why| unusable(&format!("its mark: {why}")))
}

/// A slug stands in a URL: nothing but lower-case letters, digits and hyphens.
fn is_slug(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn unreachable(why: super::NoAnswer) -> Error {
    Problem::new(Code::Unreachable).detail(format!("the authority: {why}")).into()
}

fn unusable(why: &str) -> Error {
    Problem::new(Code::BadGateway).detail(format!("the authority: {why}")).into()
}
