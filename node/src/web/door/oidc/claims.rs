//! What an ID token must say (OpenID Connect Core §3.1.3.7), and the levels of assurance. Pure: takes `now`.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::config::OidcConfig;

/// Seconds by which two honest clocks may differ.
const LEEWAY: i64 = 60;
/// Seconds that a token may be old when it comes: a log-in takes no longer.
const OLDEST: i64 = 600;
/// What SPID, CIE and eIDAS call their levels. CIE uses SPID's names.
const LEVELS: &[(&str, u8)] = &[
    ("https://www.spid.gov.it/SpidL1", 1),
    ("https://www.spid.gov.it/SpidL2", 2),
    ("https://www.spid.gov.it/SpidL3", 3),
    ("http://eidas.europa.eu/LoA/low", 1),
    ("http://eidas.europa.eu/LoA/substantial", 2),
    ("http://eidas.europa.eu/LoA/high", 3),
];

/// Why a token is not taken. Nothing of its content is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// A claim is missing or of another type.
    Shape,
    Issuer,
    Audience,
    Nonce,
    Time,
    /// No level, an unknown one, or one below the least.
    Level,
}

/// Whom a token names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) sub: String,
    pub(super) username: Option<String>,
    pub(super) level: u8,
}

/// The level that `acr` names, in the settings' words or in those that are known.
pub(super) fn level(config: &OidcConfig, acr: &str) -> Option<u8> {
    let own = config.acr_levels.iter().filter_map(|entry| entry.split_once('='));
    let own = own.filter(|(_, name)| *name == acr).find_map(|(level, _)| level.parse().ok());
    own.or_else(|| LEVELS.iter().find(|(name, _)| *name == acr).map(|(_, level)| *level))
}

/// What is asked for in `acr_values`: every level that suffices, the least first.
pub(super) fn acr_values(config: &OidcConfig) -> String {
    let own: Vec<(u8, &str)> = config
        .acr_levels
        .iter()
        .filter_map(|entry| entry.split_once('='))
        .filter_map(|(level, name)| Some((level.parse().ok()?, name)))
        .collect();
    let spid = || LEVELS.iter().take(3).map(|(name, level)| (*level, *name)).collect();
    let mut levels = if own.is_empty() { spid() } else { own };
    levels.retain(|(level, _)| *level >= config.minimum_level);
    levels.sort_by_key(|(level, _)| *level);
    levels.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ")
}

/// Judges the claims of a token whose signature holds.
pub(super) fn judge(claims: &Value, config: &OidcConfig, nonce: &str, now: DateTime<Utc>) -> Result<Identity, Unfit> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).ok_or(Unfit::Shape);
    let (issuer, client) = (config.issuer.as_deref(), config.client_id.as_deref().ok_or(Unfit::Audience)?);
    if text("iss").is_none() || text("iss") != issuer {
        return Err(Unfit::Issuer);
    }
    audience(claims, client)?;
    if text("nonce") != Some(nonce) {
        return Err(Unfit::Nonce);
    }
    let (iat, exp, now) = (number("iat")?, number("exp")?, now.timestamp());
    let is_early =
        iat > now + LEEWAY || claims.get("nbf").and_then(Value::as_i64).is_some_and(|nbf| nbf > now + LEEWAY);
    if is_early || exp <= now - LEEWAY || iat < now - OLDEST - LEEWAY {
        return Err(Unfit::Time);
    }
    let level = text("acr").and_then(|acr| level(config, acr)).filter(|level| *level >= config.minimum_level);
    let level = level.ok_or(Unfit::Level)?;
    let sub = text("sub").filter(|sub| (1..=255).contains(&sub.len())).ok_or(Unfit::Shape)?.to_owned();
    let username = config.username_claim.as_deref().and_then(text).map(str::to_owned);
    Ok(Identity { sub, username, level })
}

/// For us; with others beside us only where we are the party that it was issued to.
fn audience(claims: &Value, client: &str) -> Result<(), Unfit> {
    let is_ours = |value: &Value| value.as_str() == Some(client);
    let (named, several) = match claims.get("aud") {
        Some(one @ Value::String(_)) => (is_ours(one), false),
        Some(Value::Array(many)) => (many.iter().any(is_ours), many.len() > 1),
        _ => return Err(Unfit::Audience),
    };
    let party = match claims.get("azp") {
        Some(azp) => is_ours(azp),
        None => !several,
    };
    if named && party { Ok(()) } else { Err(Unfit::Audience) }
}
