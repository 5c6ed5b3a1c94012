//! A throw-away certificate authority that can vouch for this machine only, and a certificate for each node.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};

use super::folder::{Folder, read, write_private, write_public};
use crate::error::{Error, Result};

/// How long a node's certificate lives.
const LIFE: TimeDelta = TimeDelta::days(365);
/// How long before its end it is made anew, when the demo starts.
const RENEWAL: TimeDelta = TimeDelta::days(30);
/// How long the authority lives.
const AUTHORITY_LIFE: TimeDelta = TimeDelta::days(3650);

/// Makes what is missing or runs out soon. `until` is the end of the nodes' certificates as last made; the answer is
/// their end now.
pub(super) fn provide(folder: &Folder, until: Option<NaiveDate>, now: DateTime<Utc>) -> Result<NaiveDate> {
    let authority = Authority::provide(folder, now)?;
    let present = folder.nodes().all(|node| node.certificate().exists() && node.private_key().exists());
    if let Some(until) = until.filter(|until| present && *until > (now + RENEWAL).date_naive()) {
        return Ok(until);
    }
    for node in folder.nodes() {
        node.provide()?;
        let key = KeyPair::generate().map_err(Error::internal)?;
        let certificate = authority.certify(&key, node.partner.organisation, now)?;
        write_private(&node.private_key(), &key.serialize_pem())?;
        write_public(&node.certificate(), &certificate)?;
    }
    Ok((now + LIFE).date_naive())
}

struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    /// The authority of the folder; a new one where key or certificate is missing.
    fn provide(folder: &Folder, now: DateTime<Utc>) -> Result<Self> {
        let (key_file, certificate_file) = (folder.authority_key(), folder.authority_certificate());
        if key_file.exists() && certificate_file.exists() {
            let key = KeyPair::from_pem(&read(&key_file)?).map_err(Error::internal)?;
            return Ok(Self(Issuer::new(parameters(&key, now)?, key)));
        }
        let key = KeyPair::generate().map_err(Error::internal)?;
        let parameters = parameters(&key, now)?;
        let certificate = parameters.self_signed(&key).map_err(Error::internal)?;
        write_private(&key_file, &key.serialize_pem())?;
        write_public(&certificate_file, &certificate.pem())?;
        // What an earlier authority certified is of no use any more.
        for node in folder.nodes() {
            let _ = std::fs::remove_file(node.certificate());
        }
        Ok(Self(Issuer::new(parameters, key)))
    }

    fn certify(&self, key: &KeyPair, organisation: &str, now: DateTime<Utc>) -> Result<String> {
        let mut wanted = CertificateParams::new(Vec::<String>::new()).map_err(Error::internal)?;
        wanted.distinguished_name.push(DnType::OrganizationName, organisation);
        wanted.distinguished_name.push(DnType::CommonName, "localhost");
        wanted.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into().map_err(Error::internal)?),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        wanted.use_authority_key_identifier_extension = true;
        live(&mut wanted, now, LIFE);
        Ok(wanted.signed_by(key, &self.0).map_err(Error::internal)?.pem())
    }
}

/// Whoever lets a browser trust it opens the browser to names of this machine, and to nothing else.
fn parameters(key: &KeyPair, now: DateTime<Utc>) -> Result<CertificateParams> {
    let mut wanted = CertificateParams::new(Vec::<String>::new()).map_err(Error::internal)?;
    // Two folders have two authorities: a browser tells them apart by name.
    let mark: String = key.public_key_raw().iter().rev().take(4).map(|byte| format!("{byte:02x}")).collect();
    wanted.distinguished_name.push(DnType::CommonName, format!("Staffetta, CA usa e getta della dimostrazione {mark}"));
    wanted.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    wanted.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    wanted.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".into()),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv4Addr::LOCALHOST.into(), 32)),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv6Addr::LOCALHOST.into(), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    live(&mut wanted, now, AUTHORITY_LIFE);
    Ok(wanted)
}

/// From yesterday, for clocks and time zones that differ.
fn live(wanted: &mut CertificateParams, now: DateTime<Utc>, life: TimeDelta) {
    let day = |at: DateTime<Utc>| {
        let month = u8::try_from(at.month()).expect("1 to 12");
        date_time_ymd(at.year(), month, u8::try_from(at.day()).expect("1 to 31"))
    };
    wanted.not_before = day(now - TimeDelta::days(1));
    wanted.not_after = day(now + life);
}
