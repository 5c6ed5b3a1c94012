//! Trust chains for a judge of another house.
//!
//! Every case is a chain as our own code signs it, right or wrong in one way. Here `resolve_chain` must come to the
//! verdict that the case claims; `tests/judge/judge.py`, which shares no line with this crate, must come to the same one
//! from the files that are written into the folder named by `STAFFETTA_JUDGE_FOLDER` (else a temporary one).

use std::path::{Path, PathBuf};
use std::{env, fs};

use chrono::DateTime;
use serde_json::{Value, json};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{Jwk, Jwks, Revoked, SigningKey};
use staffetta_protocol::trust::{
    Anchor, CONFIGURATION_LIFETIME, Capabilities, Chain, Constraints, EntityConfiguration, FederationEntity,
    MemberState, Metadata, MetadataPolicy, OauthResource, PROTOCOL_VERSION, Role, Roles, STATEMENT_LIFETIME,
    SubordinateStatement, TrustMark, resolve_chain, trust_mark_type,
};

const NOW: i64 = 1_795_424_400;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// One authority and one member before anything is signed, and who signs what.
struct Case {
    accept: bool,
    pinned: Vec<SigningKey>,
    top: EntityConfiguration,
    top_signer: SigningKey,
    /// None: the authority answers not_found.
    statement: Option<SubordinateStatement>,
    statement_signer: SigningKey,
    leaf: EntityConfiguration,
    leaf_signer: SigningKey,
    mark: TrustMark,
    mark_signer: SigningKey,
}

fn id(text: &str) -> EntityId {
    text.parse().expect("a well-formed entity id")
}

fn key() -> SigningKey {
    SigningKey::generate().expect("the system gives random bytes").0
}

fn jwks(keys: &[&SigningKey]) -> Jwks {
    Jwks { keys: keys.iter().map(|key| key.jwk().clone()).collect() }
}

fn node(of: &EntityId, roles: Roles) -> OauthResource {
    OauthResource {
        resource: of.resource(),
        jwks: jwks(&[&key()]),
        roles,
        protocol_versions: vec![PROTOCOL_VERSION.into(), "2".into()],
        openapi_uri: Some(format!("{of}/docs")),
        capabilities: Capabilities { types: vec!["referral.sent.v1".into()], mailbox: false },
    }
}

impl Case {
    /// Nothing is wrong: what a case is before it spoils one thing.
    fn good() -> Self {
        let (authority, federation) = (key(), key());
        let (anchor, member) = (id("https://rete.example"), id("https://nodo.cpi-prato.example"));
        let granted = Roles::from([Role::Cpi, Role::TrainingBody]);
        let configuration = |of: &EntityId, key: &SigningKey, lifetime| EntityConfiguration {
            iss: of.clone(),
            sub: of.clone(),
            iat: NOW - HOUR,
            exp: NOW - HOUR + lifetime,
            jwks: jwks(&[key]),
            authority_hints: Vec::new(),
            trust_marks: Vec::new(),
            trust_mark_issuers: Default::default(),
            metadata: Metadata::default(),
        };
        let mut top = configuration(&anchor, &authority, STATEMENT_LIFETIME);
        top.metadata.federation_entity = FederationEntity {
            organization_name: Some("Rete".into()),
            federation_fetch_endpoint: Some(format!("{anchor}/rest/staffetta/v1/network/fetch")),
            ..Default::default()
        };
        top.metadata.oauth_resource = Some(node(&anchor, Roles::from([Role::Authority])));
        top.trust_mark_issuers.insert(trust_mark_type(&anchor), vec![anchor.clone()]);
        let mut leaf = configuration(&member, &federation, CONFIGURATION_LIFETIME);
        leaf.authority_hints = vec![anchor.clone()];
        leaf.metadata.federation_entity.organization_name = Some("A flattering name".into());
        leaf.metadata.oauth_resource = Some(node(&member, Roles::from([Role::Cpi])));
        let statement = SubordinateStatement {
            iss: anchor.clone(),
            sub: member.clone(),
            iat: NOW - HOUR,
            exp: NOW - HOUR + STATEMENT_LIFETIME,
            jwks: jwks(&[&federation]),
            metadata: Default::default(),
            metadata_policy: MetadataPolicy::for_member("CPI Prato", &member.resource(), &granted),
            constraints: Constraints { max_path_length: Some(1), ..Default::default() },
        };
        let mark = TrustMark {
            trust_mark_type: trust_mark_type(&anchor),
            iss: anchor,
            sub: member,
            iat: NOW - 30 * DAY,
            exp: NOW + 300 * DAY,
            public_body: true,
            ipa_code: Some("arti_prato".into()),
            vat_number: None,
            organization_name: "CPI Prato".into(),
            email: "cpi@prato.example".into(),
            roles: granted,
        };
        Self {
            accept: true,
            pinned: vec![authority.clone()],
            top,
            top_signer: authority.clone(),
            statement: Some(statement),
            statement_signer: authority.clone(),
            leaf,
            leaf_signer: federation,
            mark,
            mark_signer: authority,
        }
    }

    /// Wrong in the one way that `spoil` makes.
    fn bad(spoil: impl FnOnce(&mut Self)) -> Self {
        Self { accept: false, ..Self::varied(spoil) }
    }

    /// Another chain that is good.
    fn varied(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self::good();
        change(&mut case);
        case
    }

    fn statement(&mut self) -> &mut SubordinateStatement {
        self.statement.as_mut().expect("a case begins with one")
    }

    fn leaf_node(&mut self) -> &mut OauthResource {
        self.leaf.metadata.oauth_resource.as_mut().expect("a case begins with one")
    }
}

/// What both must say, by the name of the folder.
fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("good", Case::good()),
        ("leaf-signed-by-a-key-that-is-not-its-own", Case::bad(|case| case.leaf_signer = key())),
        (
            "leaf-with-a-key-that-the-authority-never-vouched-for",
            Case::bad(|case| {
                case.leaf_signer = key();
                case.leaf.jwks = jwks(&[&case.leaf_signer]);
            }),
        ),
        ("statement-signed-by-a-stranger", Case::bad(|case| case.statement_signer = key())),
        ("statement-signed-by-the-member-itself", Case::bad(|case| case.statement_signer = case.leaf_signer.clone())),
        ("statement-expired", Case::bad(|case| case.statement().exp = NOW - HOUR)),
        ("statement-about-somebody-else", Case::bad(|case| case.statement().sub = id("https://nodo.altri.example"))),
        ("statement-not-found", Case::bad(|case| case.statement = None)),
        ("leaf-expired", Case::bad(|case| case.leaf.exp = NOW - HOUR)),
        ("leaf-from-the-future", Case::bad(|case| case.leaf.iat = NOW + HOUR)),
        (
            "leaf-that-hints-at-another-authority",
            Case::bad(|case| case.leaf.authority_hints = vec![id("https://altra.example")]),
        ),
        ("authority-expired", Case::bad(|case| case.top.exp = NOW - HOUR)),
        ("roles-outside-the-policy", Case::varied(|case| case.leaf_node().roles = Role::ALL.into())),
        ("mark-of-another-member", Case::bad(|case| case.mark.sub = id("https://nodo.altri.example"))),
        ("mark-given-by-the-member-to-itself", Case::bad(|case| case.mark_signer = case.leaf_signer.clone())),
        ("mark-expired", Case::bad(|case| case.mark.exp = NOW - HOUR)),
        ("authority-key-rotated", rotated(true)),
        ("authority-key-rotated-but-only-the-retired-one-pinned", rotated(false)),
        ("leaf-protocol-keys-rotated", protocol_keys_rotated()),
        (
            "leaf-federation-keys-rotated",
            Case::varied(|case| {
                let next = key();
                case.leaf.jwks.keys.push(next.jwk().clone());
                case.statement().jwks.keys.push(next.jwk().clone());
                case.leaf_signer = next;
            }),
        ),
    ]
}

/// The authority signs with a new key and still shows the old one, which signed the mark and then retired.
fn rotated(pins_followed: bool) -> Case {
    let mut case = Case::good();
    let next = key();
    let old = Jwk { exp: Some(NOW - 2 * HOUR), ..case.top_signer.jwk().clone() };
    case.top.jwks = Jwks { keys: vec![next.jwk().clone(), old] };
    if pins_followed {
        case.pinned.push(next.clone());
    }
    case.top_signer = next.clone();
    case.statement_signer = next;
    case.accept = pins_followed;
    case
}

/// A member changes the keys of its calls and messages without asking the authority: one retired, one revoked, one new.
fn protocol_keys_rotated() -> Case {
    Case::varied(|case| {
        let revoked = Some(Revoked { revoked_at: NOW - DAY, reason: Some("compromised".into()) });
        let old = Jwk { exp: Some(NOW - HOUR), ..key().jwk().clone() };
        let bad = Jwk { revoked, ..key().jwk().clone() };
        case.leaf_node().jwks.keys.extend([old, bad]);
    })
}

/// The documents as text.
struct Signed {
    top: String,
    statement: Option<String>,
    leaf: String,
}

impl Case {
    fn sign(&mut self) -> Signed {
        let mark = self.mark.sign(&self.mark_signer).expect("a mark is signed");
        self.leaf.trust_marks = vec![self.mark.entry(mark)];
        Signed {
            top: self.top.sign(&self.top_signer).expect("a configuration is signed"),
            statement: self
                .statement
                .as_ref()
                .map(|it| it.sign(&self.statement_signer).expect("a statement is signed")),
            leaf: self.leaf.sign(&self.leaf_signer).expect("a configuration is signed"),
        }
    }

    /// Our own verdict: a chain that resolves, of a member whose mark counts.
    fn resolve(&self, signed: &Signed) -> Option<Chain> {
        let keys: Vec<&SigningKey> = self.pinned.iter().collect();
        let anchor = Anchor { entity_id: self.top.sub.clone(), jwks: jwks(&keys) };
        let now = DateTime::from_timestamp(NOW, 0).expect("an instant");
        let statement = signed.statement.as_deref()?;
        let chain = resolve_chain(&signed.leaf, statement, &signed.top, &anchor, now).ok()?;
        (chain.is_live(now) && chain.state(now) == MemberState::Active).then_some(chain)
    }

    /// What a stranger must find, as the judge reads it. What the policy leaves is said by our own code.
    fn expected(&self, chain: Option<&Chain>) -> Value {
        let pinned: Vec<&str> = self.pinned.iter().map(|key| key.kid().as_str()).collect();
        let mut expected = json!({
            "accept": self.accept,
            "now": NOW,
            "anchor": self.top.sub,
            "leaf": self.leaf.sub,
            "pinned": pinned,
            "trust_path": [self.leaf.sub, self.top.sub],
            "trust_marks": [trust_mark_type(&self.top.sub)],
        });
        if let Some(chain) = chain {
            let name = &chain.organisation_name;
            expected["metadata"] = json!({
                "federation_entity": {"organization_name": name},
                "oauth_resource": chain.node(),
            });
        }
        expected
    }
}

fn write(folder: &Path, signed: &Signed, expected: &Value) {
    fs::create_dir_all(folder).expect("a folder for the case");
    let mut files = vec![
        ("anchor-configuration.jwt", signed.top.clone()),
        ("leaf-configuration.jwt", signed.leaf.clone()),
        ("expected.json", serde_json::to_string_pretty(expected).expect("JSON of our own")),
    ];
    files.extend(signed.statement.clone().map(|statement| ("subordinate-statement.jwt", statement)));
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file of the case");
    }
}

#[test]
fn every_case_is_judged_as_it_claims() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let root = env::var_os("STAFFETTA_JUDGE_FOLDER").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    for (name, mut case) in cases() {
        let signed = case.sign();
        let chain = case.resolve(&signed);
        assert_eq!(chain.is_some(), case.accept, "{name}");
        write(&root.join(name), &signed, &case.expected(chain.as_ref()));
    }
}

#[test]
fn the_policy_cuts_what_a_member_claims() {
    let mut case = Case::varied(|case| case.leaf_node().roles = Role::ALL.into());
    let signed = case.sign();
    let chain = case.resolve(&signed).expect("a good chain");
    let node = chain.node().expect("a node");
    assert_eq!(node.roles, Roles::from([Role::Cpi, Role::TrainingBody]));
    assert_eq!(
        (chain.organisation_name.as_str(), node.protocol_versions.as_slice()),
        ("CPI Prato", &["1".to_owned()][..])
    );
}
