//! The trust plane: configurations, statements, marks, chains, admission.

use serde_json::{Value, json};
use staffetta_protocol::jose::Typ;
use staffetta_protocol::trust::{
    Admission, Application, Chain, EntityConfiguration, HistoricalKeys, KeyChange, Mark, SubordinateStatement,
    TrustMark, TrustMarkStatus, resolve_anchor, resolve_chain,
};

use super::{again, closed};
use crate::cast::{Party, Peeked, altered, cast, now};
use crate::corpus;

fn parts(bytes: &[u8]) -> Option<[Value; 3]> {
    let Ok(Value::Object(mut parts)) = serde_json::from_slice(bytes) else { return None };
    let mut part = |name: &str| parts.remove(name);
    Some([part("configuration")?, part("statement")?, part("anchor")?])
}

fn resolve(jws: [&str; 3]) -> Option<Chain> {
    resolve_chain(jws[0], jws[1], jws[2], &cast().anchor(), now()).ok()
}

fn hold(chain: &Chain) {
    assert_eq!(chain.resource, chain.entity_id.resource(), "a node is called below its own name only");
    assert_eq!(chain.anchor, cast().authority.id);
    if chain.entity_id != chain.anchor {
        match &chain.mark {
            Mark::Present { claims, .. } => {
                assert_eq!(claims.sub, chain.entity_id, "the mark is somebody else's");
                assert!(chain.roles.is_subset(&claims.roles), "a role that the mark does not give");
            }
            Mark::Absent(_) => assert!(chain.roles.is_empty(), "roles without a mark"),
        }
    }
    again(&chain.metadata);
}

/// A chain as it is fetched: `{"configuration": JWS, "statement": JWS, "anchor": JWS}`.
pub(super) fn chain(bytes: &[u8]) {
    let Some(parts) = parts(bytes) else { return };
    let [Some(configuration), Some(statement), Some(anchor)] = [&parts[0], &parts[1], &parts[2]].map(Value::as_str)
    else {
        return;
    };
    let all = [configuration, statement, anchor];
    if let Some(chain) = resolve(all) {
        assert!(all.into_iter().all(corpus::was_signed), "a chain holds that nobody signed");
        hold(&chain);
    }
    if resolve_anchor(anchor, &cast().anchor(), now()).is_ok() {
        assert!(corpus::was_signed(anchor), "an anchor holds that nobody signed");
    }
    if let Ok(alone) = EntityConfiguration::open_self_signed(configuration, now()) {
        again(&alone);
    }
}

/// The claims of a chain's three documents, each signed by whom it should be by.
pub(super) fn chain_signed(bytes: &[u8]) {
    let Some(parts) = parts(bytes) else { return };
    let signers: [&Party; 3] = [&cast().centre_federation, &cast().authority, &cast().authority];
    let [configuration, statement, anchor] = [0, 1, 2].map(|index| {
        let signer: &Party = signers[index];
        signer.sign(Typ::EntityStatement, parts[index].to_string().as_bytes())
    });
    if let Some(chain) = resolve([&configuration, &statement, &anchor]) {
        hold(&chain);
        let broken = [[&altered(&configuration), &statement, &anchor], [&configuration, &altered(&statement), &anchor]];
        for jws in broken {
            assert!(resolve(jws.map(String::as_str)).is_none(), "a chain holds that was altered after it was signed");
        }
    }
    if let Ok(chain) = resolve_anchor(&anchor, &cast().anchor(), now()) {
        hold(&chain);
    }
}

/// Claims of a configuration or a statement.
pub(super) fn statement_signed(bytes: &[u8]) {
    for party in [&cast().authority, &cast().centre_federation] {
        let jws = party.sign(Typ::EntityStatement, bytes);
        if let Ok(configuration) = EntityConfiguration::open(&jws, &party.keys, now()) {
            again(&configuration);
            let open = EntityConfiguration::open(&altered(&jws), &party.keys, now());
            assert!(open.is_err(), "a configuration was believed that was altered after it was signed");
        }
        let _ = EntityConfiguration::open_self_signed(&jws, now());
    }
    let authority = &cast().authority;
    let jws = authority.sign(Typ::EntityStatement, bytes);
    if let Ok(statement) = SubordinateStatement::open(&jws, &authority.id, &authority.keys, now()) {
        again(&statement);
    }
}

/// Claims of a mark, of an answer about one, and of historical keys.
pub(super) fn mark_signed(bytes: &[u8]) {
    let authority = &cast().authority;
    let mark = authority.sign(Typ::TrustMark, bytes);
    for member in [&cast().centre, &cast().cpi] {
        if let Ok(claims) = TrustMark::open(&mark, &authority.id, &member.id, &authority.keys, now()) {
            again(&claims);
            assert!(!claims.organisation_ids().is_empty());
        }
    }
    let about = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let about = about["trust_mark"].as_str().unwrap_or_default();
    let status = authority.sign(Typ::TrustMarkStatus, bytes);
    if let Ok(status) = TrustMarkStatus::open(&status, &authority.id, about, &authority.keys, now()) {
        again(&status);
    }
    let keys = authority.sign(Typ::JwkSet, bytes);
    if let Ok(keys) = HistoricalKeys::open(&keys, &authority.id, &authority.keys, Peeked::of(&keys).at()) {
        again(&keys);
        assert!(keys.keys.iter().all(|jwk| jwk.exp.is_some()), "a key of the past goes on");
    }
}

/// The authority's own calls.
pub(super) fn admission(bytes: &[u8]) {
    closed::<Application>(bytes);
    closed::<Admission>(bytes);
    closed::<KeyChange>(bytes);
}

pub(super) mod seeds {
    use super::*;

    fn three(read: impl Fn(&str) -> Value) -> Vec<Value> {
        let chain = |name: &str| {
            let part = |what: &str| read(&format!("trust/{name}-{what}"));
            let anchor = read("trust/authority-configuration");
            json!({"configuration": part("configuration"), "statement": part("statement"), "anchor": anchor})
        };
        ["centre", "cpi"].map(chain).to_vec()
    }

    pub(in crate::targets) fn chain() -> Vec<Vec<u8>> {
        corpus::bytes(three(|path| json!(corpus::text(&format!("{path}.jws")))))
    }

    pub(in crate::targets) fn chain_signed() -> Vec<Vec<u8>> {
        corpus::bytes(three(|path| corpus::json(&format!("{path}.json"))["payload"].take()))
    }

    pub(in crate::targets) fn statement_signed() -> Vec<Vec<u8>> {
        let mut all = corpus::payloads("trust", "configuration.json");
        all.extend(corpus::payloads("trust", "statement.json"));
        corpus::bytes(all)
    }

    pub(in crate::targets) fn mark_signed() -> Vec<Vec<u8>> {
        let mut all = corpus::payloads("trust", "trust-mark.json");
        all.extend(corpus::payloads("trust", "trust-mark-status.json"));
        all.extend(corpus::payloads("trust", "historical-keys.json"));
        corpus::bytes(all)
    }

    pub(in crate::targets) fn admission() -> Vec<Vec<u8>> {
        corpus::bytes(
            ["join-application", "join-answer", "key-change"].map(|name| corpus::text(&format!("trust/{name}.json"))),
        )
    }
}
