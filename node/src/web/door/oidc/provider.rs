//! The provider as this node sees it: what it publishes, kept for a while, and the one call that a log-in makes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;
use serde_json::Value;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{ForeignKeys, verify_id_token};
use staffetta_protocol::problem::{Code, Problem};

use super::CALLBACK;
use super::claims::{self, Identity};
use crate::access::door::OidcRequest;
use crate::clock::Clock;
use crate::config::{Config, NetworkConfig, OidcConfig, Secret};
use crate::error::{Error, Result};
use crate::peers::Client;
use crate::web::document::DESK;

/// For how long what the provider published is believed.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// How soon it is asked again because a token names a key that is not known: a rotation, or somebody's invention.
const AGAIN: TimeDelta = TimeDelta::minutes(1);

/// Handle on the OpenID provider. Clones share what was read.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    config: OidcConfig,
    issuer: String,
    client_id: String,
    secret: Option<Secret>,
    redirect_uri: String,
    client: Client,
    clock: Clock,
    kept: Mutex<Option<Arc<Published>>>,
}

/// What the provider publishes.
struct Published {
    authorization: Url,
    token: String,
    keys: ForeignKeys,
    read_at: DateTime<Utc>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.0.issuer)
    }
}

impl Provider {
    /// The provider of the settings, if there is one. Blocks: it reads the client secret.
    ///
    /// # Errors
    /// [`Error::Setup`] when a file cannot be read, or others may read the secret's.
    pub fn configured(config: &Config, clock: Clock) -> Result<Option<Self>> {
        let (Some(issuer), Some(client_id)) = (&config.oidc.issuer, &config.oidc.client_id) else { return Ok(None) };
        let network = NetworkConfig {
            extra_ca_file: config.oidc.ca_file.clone(),
            allow_private_addresses: config.oidc.allow_private_addresses,
            ..config.network.clone()
        };
        let secret = config.oidc.client_secret_file.as_deref().map(Secret::from_private_file).transpose()?;
        Ok(Some(Self(Arc::new(Inner {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            secret,
            redirect_uri: redirect_uri(&config.node.entity_id),
            client: Client::new(&network, config.node.development_mode)?,
            clock,
            kept: Mutex::default(),
            config: config.oidc.clone(),
        }))))
    }

    /// Its name.
    pub(super) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Lets go of idle connections; nothing is asked any more.
    pub fn close(&self) {
        self.0.client.close();
    }

    /// Where a browser goes with this log-in.
    pub(super) async fn authorization_url(&self, begun: &OidcRequest) -> Result<String> {
        let mut url = self.published().await?.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.0.client_id)
            .append_pair("redirect_uri", &self.0.redirect_uri)
            .append_pair("scope", &self.0.config.scopes.join(" "))
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &begun.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("acr_values", &claims::acr_values(&self.0.config));
        Ok(url.into())
    }

    /// Exchanges a code for an ID token.
    pub(super) async fn exchange(&self, code: &str, begun: &OidcRequest) -> Result<String> {
        let published = self.published().await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.0.redirect_uri.as_str()),
            ("client_id", self.0.client_id.as_str()),
            ("code_verifier", begun.verifier.as_str()),
        ];
        form.extend(self.0.secret.as_ref().map(|secret| ("client_secret", secret.expose())));
        let answer = self.0.client.form(&published.token, &form).await.map_err(unreachable)?;
        let body: Value =
            serde_json::from_slice(&answer.body).map_err(|_| unusable("the token endpoint sent no JSON"))?;
        match (answer.status, body.get("id_token").and_then(Value::as_str)) {
            (200, Some(token)) => Ok(token.to_owned()),
            (200, None) => Err(unusable("the token endpoint sent no ID token")),
            // A code that is wrong, used or too old: whoever brought it is nobody.
            (400 | 401, _) => Err(Code::NotAuthenticated.into()),
            _ => Err(unusable("the token endpoint refused")),
        }
    }

    /// Whom an ID token names, once signature and claims hold.
    pub(super) async fn judge(&self, token: &str, begun: &OidcRequest, now: DateTime<Utc>) -> Result<Identity> {
        let mut published = self.published().await?;
        if !published.keys.knows(token) && now - published.read_at >= AGAIN {
            published = self.read().await?;
        }
        let verified = verify_id_token(token, &published.keys, now);
        let claims: Value = verified.and_then(|verified| verified.claims()).map_err(|why| {
            tracing::warn!(%why, "an ID token was refused");
            Code::NotAuthenticated
        })?;
        Ok(claims::judge(&claims, &self.0.config, &begun.nonce, now).map_err(|why| {
            tracing::warn!(?why, "an ID token was refused");
            Code::NotAuthenticated
        })?)
    }

    async fn published(&self) -> Result<Arc<Published>> {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match kept.filter(|kept| self.0.clock.now() - kept.read_at < KEPT) {
            Some(kept) => Ok(kept),
            None => self.read().await,
        }
    }

    /// Reads the discovery document (OpenID Connect Discovery §4) and the keys that it names.
    async fn read(&self) -> Result<Arc<Published>> {
        let place = format!("{}/.well-known/openid-configuration", self.0.issuer.trim_end_matches('/'));
        let document = self.document(&place).await?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        if text("issuer") != Some(&self.0.issuer) {
            return Err(unusable("the discovery document is another provider's"));
        }
        let missing = || unusable("the discovery document lacks an endpoint");
        let authorization = self.permitted(text("authorization_endpoint").ok_or_else(missing)?)?;
        let token = self.permitted(text("token_endpoint").ok_or_else(missing)?)?;
        let keys = self.permitted(text("jwks_uri").ok_or_else(missing)?)?;
        let keys = ForeignKeys::read(&self.document(keys.as_str()).await?).ok_or_else(|| unusable("it has no keys"))?;
        let read_at = self.0.clock.now();
        let read = Arc::new(Published { authorization, token: token.into(), keys, read_at });
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&read));
        Ok(read)
    }

    async fn document(&self, url: &str) -> Result<Value> {
        let answer = self.0.client.document(url).await.map_err(unreachable)?;
        if answer.status != 200 {
            return Err(unusable("a document is not there"));
        }
        serde_json::from_slice(&answer.body).map_err(|_| unusable("a document is no JSON"))
    }

    /// An endpoint, if it is at the issuer's own host or at one that the settings name.
    fn permitted(&self, text: &str) -> Result<Url> {
        let refuse = || unusable("an endpoint is at a host that the settings do not name");
        let (url, own) = (Url::parse(text).map_err(|_| refuse())?, Url::parse(&self.0.issuer).map_err(|_| refuse())?);
        let is_named = url.host_str().is_some_and(|host| self.0.config.hosts.iter().any(|known| known == host));
        let is_own = url.host_str() == own.host_str() && url.port_or_known_default() == own.port_or_known_default();
        if url.scheme() == own.scheme() && (is_own || is_named) { Ok(url) } else { Err(refuse()) }
    }
}

/// Where the provider sends the browser back to.
fn redirect_uri(entity_id: &EntityId) -> String {
    format!("{entity_id}{DESK}{CALLBACK}")
}

fn unreachable(why: crate::peers::NoAnswer) -> Error {
    tracing::warn!(%why, "the OpenID provider does not answer");
    Problem::new(Code::Unreachable).detail("The OpenID provider does not answer.").into()
}

fn unusable(why: &str) -> Error {
    Problem::new(Code::BadGateway).detail(format!("The OpenID provider's answer does not hold: {why}.")).into()
}
