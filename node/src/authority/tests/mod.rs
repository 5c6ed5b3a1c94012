//! The authority on every database of this build, with applicants that are nothing but keys.

mod admission;
mod http;
mod joining;
mod keys;
mod standing;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{Jwks, Revoked, SigningKey};
use staffetta_protocol::problem::Code;
use staffetta_protocol::trust::{
    Admission, Anchor, Application, Capabilities, Chain, ChainError, EntityConfiguration, FederationEntity, Metadata,
    OauthResource, PROTOCOL_VERSION, Role, Roles, TrustMarkEntry, resolve_chain, trust_mark_type,
};

use super::{Authority, Invite};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::journal::Actor;
use crate::keys::Keys;
use crate::peers::{Client, Peers};
use crate::store::{Store, scratch};
use crate::vault::{MasterKey, Vault};

const AUTHORITY: &str = "https://rete.example";

/// An authority with its keys.
#[derive(Clone)]
struct Net {
    store: Store,
    clock: Clock,
    keys: Keys,
    peers: Peers,
    authority: Authority,
}

impl Net {
    async fn new(store: Store) -> Self {
        let text = format!(
            "[node]\nentity_id = \"{AUTHORITY}\"\norganisation_name = \"Rete\"\n[network]\nauthority = \"{AUTHORITY}\"\n"
        );
        let config = Config::read(&text, []).unwrap();
        let keys = Keys::new(Vault::new(MasterKey::generate().unwrap()), config.node.entity_id.clone());
        let made = keys.clone();
        store.write(move |tx| made.create(tx)).await.unwrap();
        let clock = store.clock().clone();
        let client = Client::new(&config.network, false).unwrap();
        let peers = Peers::new(store.clone(), keys.clone(), &config, clock.clone(), client);
        let authority = Authority::new(store.clone(), keys.clone(), &config.node);
        Self { store, clock, keys, peers, authority }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn invite(&self) -> Invite {
        Invite {
            roles: Roles::from([Role::ReceptionCentre, Role::Association]),
            organisation_id: None,
            organisation_name: Some("Il Ponte".into()),
            automatic: false,
            agreement_until: self.now() + TimeDelta::days(200),
            valid_for: TimeDelta::days(14),
        }
    }

    async fn code(&self, invite: Invite) -> String {
        self.authority.invite(Actor::System, invite).await.unwrap()
    }

    /// Applies with a fresh invitation and is approved.
    async fn admitted(&self, node: &Node) -> Admission {
        let code = self.code(self.invite()).await;
        let taken = self.authority.apply(node.application(&code, self.now())).await.unwrap();
        self.authority.approve(Actor::System, node.id.clone(), None).await.unwrap();
        self.authority.admission(taken.slug).await.unwrap()
    }

    /// What another member finds who asks the authority now.
    async fn chain(&self, node: &Node, mark: Option<&str>) -> Result<Chain, ChainError> {
        let top = self.peers.own_configuration().await.unwrap();
        let pins = staffetta_protocol::jose::peek::<EntityConfiguration>(&top).unwrap().jwks;
        let statement = self.authority.statement(node.id.clone()).await.unwrap().expect("a member");
        let mut configuration = node.configuration(self.now());
        configuration.trust_marks.extend(mark.map(|mark| TrustMarkEntry {
            trust_mark_type: trust_mark_type(self.authority.entity_id()),
            trust_mark: mark.to_owned(),
        }));
        let leaf = configuration.sign(&node.federation).unwrap();
        let anchor = Anchor { entity_id: AUTHORITY.parse().unwrap(), jwks: pins };
        resolve_chain(&leaf, &statement, &top, &anchor, self.now())
    }
}

/// An applicant.
#[derive(Clone)]
struct Node {
    id: EntityId,
    federation: SigningKey,
    protocol: SigningKey,
}

impl Node {
    fn new(id: &str) -> Self {
        Self { id: id.parse().unwrap(), federation: key(), protocol: key() }
    }

    fn configuration(&self, now: DateTime<Utc>) -> EntityConfiguration {
        let jwks = |key: &SigningKey| Jwks { keys: vec![key.jwk().clone()] };
        EntityConfiguration {
            iss: self.id.clone(),
            sub: self.id.clone(),
            iat: now.timestamp(),
            exp: now.timestamp() + 86_400,
            jwks: jwks(&self.federation),
            authority_hints: vec![AUTHORITY.parse().unwrap()],
            trust_marks: Vec::new(),
            trust_mark_issuers: Default::default(),
            metadata: Metadata {
                federation_entity: FederationEntity::default(),
                oauth_resource: Some(OauthResource {
                    resource: self.id.resource(),
                    jwks: jwks(&self.protocol),
                    roles: Roles::from(Role::ALL),
                    protocol_versions: vec![PROTOCOL_VERSION.into()],
                    openapi_uri: None,
                    capabilities: Capabilities { types: vec!["referral.sent.v1".into()], mailbox: false },
                }),
            },
        }
    }

    fn application(&self, code: &str, now: DateTime<Utc>) -> Application {
        Application {
            entity_id: self.id.clone(),
            invitation: code.to_owned(),
            entity_configuration: self.configuration(now).sign(&self.federation).unwrap(),
            organisation_name: "Il Ponte – Società Cooperativa".into(),
            ipa_code: None,
            vat_number: Some("01234567897".into()),
            email: "accoglienza@ponte.example".into(),
            public_body: false,
            roles: Roles::from([Role::ReceptionCentre]),
        }
    }
}

fn key() -> SigningKey {
    SigningKey::generate().unwrap().0
}

fn revoked(key: &SigningKey, at: DateTime<Utc>) -> staffetta_protocol::jose::Jwk {
    let revoked = Some(Revoked { revoked_at: at.timestamp(), reason: Some("compromised".into()) });
    staffetta_protocol::jose::Jwk { revoked, ..key.jwk().clone() }
}

fn code_of<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code()
}

async fn each<F: Future<Output = ()>>(test: impl Fn(Net, Node) -> F) {
    scratch::each(|store| async { test(Net::new(store).await, Node::new("https://ponte.example")).await }).await;
}
