mod chains;
mod documents;
mod properties;

use super::*;
use crate::id::EntityId;
use crate::jose::{Jwks, SigningKey};
use chrono::{DateTime, Utc};

const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn id(text: &str) -> EntityId {
    text.parse().unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate().unwrap().0
}

fn jwks(keys: &[&SigningKey]) -> Jwks {
    Jwks { keys: keys.iter().map(|k| k.jwk().clone()).collect() }
}

/// A network of one authority and one member, before anything is signed.
struct Net {
    authority: SigningKey,
    federation: SigningKey,
    configuration: EntityConfiguration,
    statement: SubordinateStatement,
    top: EntityConfiguration,
    mark: TrustMark,
}

impl Net {
    fn new() -> Self {
        let (authority, federation, protocol) = (key(), key(), key());
        let (anchor, member) = (id("https://rete.example"), id("https://nodo.example"));
        let roles = Roles::from([Role::ReceptionCentre, Role::Association]);
        let node = |of: &EntityId, key: &SigningKey, roles: Roles| OauthResource {
            resource: of.resource(),
            jwks: jwks(&[key]),
            roles,
            protocol_versions: vec![PROTOCOL_VERSION.into(), "2".into()],
            openapi_uri: None,
            capabilities: Capabilities::default(),
        };
        let configuration = EntityConfiguration {
            iss: member.clone(),
            sub: member.clone(),
            iat: NOW,
            exp: NOW + CONFIGURATION_LIFETIME,
            jwks: jwks(&[&federation]),
            authority_hints: vec![anchor.clone()],
            trust_marks: Vec::new(),
            trust_mark_issuers: Default::default(),
            metadata: Metadata {
                federation_entity: FederationEntity {
                    organization_name: Some("A flattering name".into()),
                    ..Default::default()
                },
                oauth_resource: Some(node(&member, &protocol, Role::ALL.into())),
            },
        };
        let statement = SubordinateStatement {
            iss: anchor.clone(),
            sub: member.clone(),
            iat: NOW,
            exp: NOW + STATEMENT_LIFETIME,
            jwks: jwks(&[&federation]),
            metadata: Default::default(),
            metadata_policy: MetadataPolicy::for_member("Il Ponte", &member.resource(), &roles),
            constraints: Constraints { max_path_length: Some(1), ..Default::default() },
        };
        let top = EntityConfiguration {
            iss: anchor.clone(),
            sub: anchor.clone(),
            iat: NOW,
            exp: NOW + STATEMENT_LIFETIME,
            jwks: jwks(&[&authority]),
            authority_hints: Vec::new(),
            trust_marks: Vec::new(),
            trust_mark_issuers: Default::default(),
            metadata: Metadata {
                federation_entity: FederationEntity::default(),
                oauth_resource: Some(node(&anchor, &protocol, Roles::new())),
            },
        };
        let mark = TrustMark {
            trust_mark_type: trust_mark_type(&anchor),
            iss: anchor,
            sub: member,
            iat: NOW,
            exp: NOW + 30 * 24 * 3600,
            public_body: false,
            ipa_code: None,
            vat_number: Some("01234567890".into()),
            organization_name: "Il Ponte".into(),
            email: "info@nodo.example".into(),
            roles: Roles::from([Role::ReceptionCentre, Role::Cpi]),
        };
        Self { authority, federation, configuration, statement, top, mark }
    }

    fn anchor(&self) -> Anchor {
        Anchor { entity_id: id("https://rete.example"), jwks: jwks(&[&self.authority]) }
    }

    fn with_mark(mut self) -> Self {
        let jws = self.mark.sign(&self.authority).unwrap();
        self.configuration.trust_marks = vec![self.mark.entry(jws)];
        self
    }

    fn resolve(&self, now: i64) -> Result<Chain, ChainError> {
        let leaf = self.configuration.sign(&self.federation).unwrap();
        let statement = self.statement.sign(&self.authority).unwrap();
        let top = self.top.sign(&self.authority).unwrap();
        resolve_chain(&leaf, &statement, &top, &self.anchor(), at(now))
    }
}
