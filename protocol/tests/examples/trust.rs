//! Makes the documents of the trust plane.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use staffetta_protocol::data;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{Jwk, Jwks};
use staffetta_protocol::trust::{
    Admission, Anchor, Application, CONFIGURATION_LIFETIME, Capabilities, Chain, Constraints, EntityConfiguration,
    FederationEntity, HistoricalKeys, KeyChange, MarkStatus, Metadata, MetadataPolicy, OauthResource, PROTOCOL_VERSION,
    Role, Roles, STATEMENT_LIFETIME, Standing, SubordinateStatement, TrustMark, TrustMarkStatus, resolve_chain,
    trust_mark_type,
};

use crate::files::{Files, pretty, put_jws};
use crate::story::{self, at, authority, centre, cpi, federation_key, jwks, protocol_key};

/// What a member is, for its configuration, statement and mark.
struct Member {
    id: EntityId,
    files: &'static str,
    name: &'static str,
    role: Role,
    ipa_code: Option<&'static str>,
    vat_number: Option<&'static str>,
}

fn members() -> [Member; 2] {
    let member = |id, files, name, role| Member { id, files, name, role, ipa_code: None, vat_number: None };
    [
        Member {
            vat_number: Some("99000100000"),
            ..member(centre(), "centre", "Centro Il Ponte", Role::ReceptionCentre)
        },
        Member { ipa_code: Some("cpi_prato_es"), ..member(cpi(), "cpi", "CPI Prato", Role::Cpi) },
    ]
}

fn node(id: &EntityId, key: &str, roles: Roles, types: &[&str]) -> OauthResource {
    OauthResource {
        resource: id.resource(),
        jwks: jwks(&protocol_key(key)),
        roles,
        protocol_versions: vec![PROTOCOL_VERSION.into()],
        openapi_uri: Some(format!("{id}/docs/federation.yaml")),
        capabilities: Capabilities { types: types.iter().map(ToString::to_string).collect(), mailbox: false },
    }
}

fn authority_configuration() -> EntityConfiguration {
    let endpoint = |path: &str| Some(format!("{}/network/{path}", authority().resource()));
    let iat = at("2026-11-23T06:00:00Z").timestamp();
    EntityConfiguration {
        iss: authority(),
        sub: authority(),
        iat,
        exp: iat + STATEMENT_LIFETIME,
        jwks: jwks(&federation_key("authority-federation")),
        authority_hints: Vec::new(),
        trust_marks: Vec::new(),
        trust_mark_issuers: [(trust_mark_type(&authority()), vec![authority()])].into(),
        metadata: Metadata {
            federation_entity: FederationEntity {
                organization_name: Some("Rete d'esempio".into()),
                contacts: vec!["ufficio@rete.example".into()],
                federation_fetch_endpoint: endpoint("statements"),
                federation_list_endpoint: endpoint("members"),
                federation_trust_mark_status_endpoint: endpoint("trust-mark-status"),
                federation_historical_keys_endpoint: endpoint("historical-keys"),
                ..FederationEntity::default()
            },
            oauth_resource: Some(node(&authority(), "authority-protocol", Roles::from([Role::Authority]), &[])),
        },
    }
}

impl Member {
    fn mark(&self) -> TrustMark {
        TrustMark {
            iss: authority(),
            sub: self.id.clone(),
            trust_mark_type: trust_mark_type(&authority()),
            iat: at("2026-11-02T09:00:00Z").timestamp(),
            exp: at("2027-10-31T23:00:00Z").timestamp(),
            public_body: self.ipa_code.is_some(),
            ipa_code: self.ipa_code.map(Into::into),
            vat_number: self.vat_number.map(Into::into),
            organization_name: self.name.into(),
            email: format!("ufficio@{}", self.id.authority()),
            roles: Roles::from([self.role]),
        }
    }

    fn configuration(&self, mark: &str) -> EntityConfiguration {
        let iat = at("2026-11-23T08:00:00Z").timestamp();
        // It calls itself what it likes and claims a role too many: the authority's policy puts both right.
        let roles = Roles::from([self.role, Role::Association]);
        EntityConfiguration {
            iss: self.id.clone(),
            sub: self.id.clone(),
            iat,
            exp: iat + CONFIGURATION_LIFETIME,
            jwks: jwks(&federation_key(&format!("{}-federation", self.files))),
            authority_hints: vec![authority()],
            trust_marks: vec![self.mark().entry(mark.to_owned())],
            trust_mark_issuers: Default::default(),
            metadata: Metadata {
                federation_entity: FederationEntity {
                    organization_name: Some(format!("{}, il migliore", self.name)),
                    homepage_uri: Some(format!("https://www.{}", self.id.authority())),
                    contacts: vec![format!("ufficio@{}", self.id.authority())],
                    ..FederationEntity::default()
                },
                oauth_resource: Some(node(&self.id, &format!("{}-protocol", self.files), roles, data::Body::TYPES)),
            },
        }
    }

    fn statement(&self) -> SubordinateStatement {
        let iat = at("2026-11-23T06:00:00Z").timestamp();
        SubordinateStatement {
            iss: authority(),
            sub: self.id.clone(),
            iat,
            exp: iat + STATEMENT_LIFETIME,
            jwks: jwks(&federation_key(&format!("{}-federation", self.files))),
            metadata: Default::default(),
            metadata_policy: MetadataPolicy::for_member(self.name, &self.id.resource(), &Roles::from([self.role])),
            constraints: Constraints { max_path_length: Some(1), allowed_entity_types: None },
        }
    }
}

/// The pin that a node set when it joined.
pub(crate) fn anchor() -> Anchor {
    Anchor { entity_id: authority(), jwks: jwks(&federation_key("authority-federation")) }
}

/// What a resolution must come to.
pub(crate) fn resolved(chain: &Chain, now: DateTime<Utc>) -> Value {
    json!({
        "trust_chain": chain.jws,
        "resolved_at": now.timestamp(),
        "entity_id": chain.entity_id,
        "organisation_name": chain.organisation_name,
        "organisation_ids": chain.organisation_ids(),
        "roles": chain.roles,
        "state": chain.state(now),
        "exp": chain.exp,
        "digest": chain.digest(),
        "metadata": chain.metadata,
    })
}

pub(crate) fn put(files: &mut Files) {
    let key = federation_key("authority-federation");
    let top = authority_configuration().sign(&key).unwrap();
    put_jws(files, "trust/authority-configuration", &top);
    for member in members() {
        let name = member.files;
        let mark = member.mark().sign(&key).unwrap();
        put_jws(files, &format!("trust/{name}-trust-mark"), &mark);
        let own = federation_key(&format!("{name}-federation"));
        let configuration = member.configuration(&mark).sign(&own).unwrap();
        put_jws(files, &format!("trust/{name}-configuration"), &configuration);
        let statement = member.statement().sign(&key).unwrap();
        put_jws(files, &format!("trust/{name}-statement"), &statement);
        let status = TrustMarkStatus {
            iss: authority(),
            iat: at("2026-11-23T08:30:00Z").timestamp(),
            trust_mark: mark.clone(),
            status: MarkStatus::Active,
        };
        put_jws(files, &format!("trust/{name}-trust-mark-status"), &status.sign(&key).unwrap());
        let now = story::first_call();
        let chain = resolve_chain(&configuration, &statement, &top, &anchor(), now).unwrap();
        files.insert(format!("trust/{name}-chain.json"), pretty(&resolved(&chain, now)));
        if name == "cpi" {
            let (apply, answer) = joining(&member, &mark);
            let change = key_change(&member, &mark);
            files.insert("trust/join-application.json".into(), pretty(&serde_json::to_value(apply).unwrap()));
            files.insert("trust/join-answer.json".into(), pretty(&serde_json::to_value(answer).unwrap()));
            files.insert("trust/key-change.json".into(), pretty(&serde_json::to_value(change).unwrap()));
        }
    }
    let former = federation_key("authority-federation-former");
    let jwk = Jwk {
        iat: Some(at("2025-11-01T09:00:00Z").timestamp()),
        exp: Some(at("2026-11-01T09:00:00Z").timestamp()),
        ..former.jwk().clone()
    };
    let historical = HistoricalKeys { iss: authority(), iat: at("2026-11-23T08:00:00Z").timestamp(), keys: vec![jwk] };
    put_jws(files, "trust/historical-keys", &historical.sign(&key).unwrap());
}

/// A member's request to join, sent before it had a mark, and the authority's answer once it was approved.
fn joining(member: &Member, mark: &str) -> (Application, Admission) {
    let iat = at("2026-11-02T08:30:00Z").timestamp();
    let own = federation_key(&format!("{}-federation", member.files));
    let first = EntityConfiguration {
        iat,
        exp: iat + CONFIGURATION_LIFETIME,
        trust_marks: Vec::new(),
        ..member.configuration(mark)
    };
    let application = Application {
        entity_id: member.id.clone(),
        invitation: "5f0c2a91-7d3e8b64c1f09a25e6d48b7013c9fa52".into(),
        entity_configuration: first.sign(&own).unwrap(),
        organisation_name: member.name.into(),
        ipa_code: member.ipa_code.map(Into::into),
        vat_number: member.vat_number.map(Into::into),
        email: format!("ufficio@{}", member.id.authority()),
        public_body: true,
        roles: Roles::from([member.role]),
    };
    let slug = "cpi-prato".into();
    let trust_mark = Some(mark.to_owned());
    (application, Admission { entity_id: member.id.clone(), slug, state: Standing::Active, trust_mark })
}

/// A new federation key beside the present one, in a configuration that both have signed.
fn key_change(member: &Member, mark: &str) -> KeyChange {
    let present = federation_key(&format!("{}-federation", member.files));
    let next = federation_key(&format!("{}-federation-next", member.files));
    let mut configuration = member.configuration(mark);
    configuration.jwks.keys.push(next.jwk().clone());
    KeyChange {
        signed_by_present: configuration.sign(&present).unwrap(),
        signed_by_new: Some(configuration.sign(&next).unwrap()),
    }
}

/// The authority's keys as a set, for whoever checks a document of hers.
pub(crate) fn authority_jwks() -> Jwks {
    jwks(&federation_key("authority-federation"))
}
