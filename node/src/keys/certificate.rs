//! The certificate that goes with a protocol key: ModI tokens name a key by the thumbprint of its certificate.
//!
//! It is self-signed and says nothing that the chain of trust does not say better; nobody builds trust on it.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rcgen::{CertificateParams, DnType, KeyPair};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::Jwk;

use crate::error::{Error, Result};

/// Days of validity: longer than any key is used.
const DAYS: i64 = 3650;

/// Adds `x5c` and `x5t#S256` to the public key whose private half is `der` (PKCS#8).
pub(super) fn attach(public: &mut Jwk, der: &[u8], entity_id: &EntityId, now: DateTime<Utc>) -> Result<()> {
    let pair = KeyPair::try_from(der).map_err(Error::internal)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, entity_id.authority());
    let (from, until) = (now - TimeDelta::days(1), now + TimeDelta::days(DAYS));
    params.not_before = rcgen::date_time_ymd(from.year(), from.month() as u8, from.day() as u8);
    params.not_after = rcgen::date_time_ymd(until.year(), until.month() as u8, until.day() as u8);
    let certificate = params.self_signed(&pair).map_err(Error::internal)?;
    let bytes = certificate.der().as_ref();
    public.x5c = Some(vec![STANDARD.encode(bytes)]);
    public.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, bytes)));
    Ok(())
}
