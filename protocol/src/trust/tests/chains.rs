use serde_json::json;

use super::*;
use crate::jose::{Jwk, Revoked};

#[test]
fn an_honest_chain_shows_what_the_authority_vouches_for() {
    let chain = Net::new().with_mark().resolve(NOW).unwrap();
    assert_eq!(chain.organisation_name, "Il Ponte", "the statement names the organisation, not the member");
    assert_eq!(chain.roles, Roles::from([Role::ReceptionCentre]), "claimed, left by the policy, and in the mark");
    assert_eq!(chain.node().unwrap().protocol_versions, ["1"]);
    assert_eq!(chain.resource, "https://nodo.example/rest/staffetta/v1");
    assert_eq!(chain.exp, NOW + CONFIGURATION_LIFETIME, "the earliest end");
    assert_eq!(chain.state(at(NOW)), MemberState::Active);
    assert_eq!(chain.organisation_ids(), ["vat:01234567890"]);
    assert_eq!(chain.protocol_keys.iter().count(), 1);
    assert_eq!(chain.jws.len(), 3);
}

#[test]
fn a_chain_ends_with_its_first_link() {
    let mut net = Net::new().with_mark();
    let chain = net.resolve(NOW).unwrap();
    assert!(chain.is_live(at(chain.exp - 1)));
    assert!(!chain.is_live(at(chain.exp)));
    let expired = TrustError::Jose(JoseError::Expired);
    assert_eq!(net.resolve(NOW + CONFIGURATION_LIFETIME + 61).unwrap_err(), ChainError::Configuration(expired.clone()));
    net.configuration.exp = NOW + 10 * STATEMENT_LIFETIME;
    net.top.exp = NOW + 10 * STATEMENT_LIFETIME;
    assert_eq!(net.resolve(NOW + STATEMENT_LIFETIME + 61).unwrap_err(), ChainError::Statement(expired.clone()));
    net.statement.exp = NOW + 10 * STATEMENT_LIFETIME;
    net.top.exp = NOW + 10;
    assert_eq!(net.resolve(NOW + 71).unwrap_err(), ChainError::Anchor(expired));
}

#[test]
fn a_key_counts_only_where_the_level_above_vouches_for_it() {
    let unknown = |kid: &SigningKey| TrustError::Jose(JoseError::UnknownKey(kid.kid().clone()));
    let stranger = key();

    let mut net = Net::new().with_mark();
    net.authority = stranger.clone();
    let pinned = Net::new().anchor();
    let top = net.top.sign(&stranger).unwrap();
    let error = resolve_anchor(&top, &pinned, at(NOW)).unwrap_err();
    assert_eq!(error, ChainError::Anchor(unknown(&stranger)), "the pins decide, not what the document announces");

    let net = Net::new().with_mark();
    let leaf = net.configuration.sign(&net.federation).unwrap();
    let top = net.top.sign(&net.authority).unwrap();
    let forged = net.statement.sign(&stranger).unwrap();
    let error = resolve_chain(&leaf, &forged, &top, &net.anchor(), at(NOW)).unwrap_err();
    assert_eq!(error, ChainError::Statement(unknown(&stranger)));

    let mut net = Net::new().with_mark();
    net.configuration.jwks = jwks(&[&stranger]);
    net.federation = stranger.clone();
    assert_eq!(net.resolve(NOW).unwrap_err(), ChainError::Configuration(unknown(&stranger)), "a self-asserted key");
}

#[test]
fn documents_that_do_not_belong_together_are_no_chain() {
    let mut net = Net::new().with_mark();
    net.configuration.authority_hints = vec![id("https://altra.example")];
    assert!(matches!(net.resolve(NOW), Err(ChainError::Link(_))), "wrong hints");

    let mut net = Net::new().with_mark();
    net.statement.sub = id("https://altro.example");
    assert!(matches!(net.resolve(NOW), Err(ChainError::Link(_))), "a statement about another member");

    let mut net = Net::new().with_mark();
    net.top.iss = id("https://altra.example");
    net.top.sub = net.top.iss.clone();
    assert!(matches!(net.resolve(NOW), Err(ChainError::Link(_))), "another authority under a pinned key");

    let mut net = Net::new().with_mark();
    net.statement.metadata_policy = MetadataPolicy::for_member("x", "https://evil.example/v1", &Roles::new());
    assert!(matches!(net.resolve(NOW), Err(ChainError::Link(_))), "a resource that is not the member's");

    let mut net = Net::new().with_mark();
    net.configuration.metadata.oauth_resource = None;
    assert!(matches!(net.resolve(NOW), Err(ChainError::Link(_))), "no node");

    let mut net = Net::new().with_mark();
    net.statement.constraints.allowed_entity_types = Some(vec!["openid_provider".into()]);
    assert!(matches!(net.resolve(NOW), Err(ChainError::Link(_))), "not allowed to be a node");
}

#[test]
fn an_unknown_policy_operator_closes_the_chain() {
    let mut net = Net::new().with_mark();
    let policy = json!({"oauth_resource": {"resource": {"regexp": ".*"}}});
    net.statement.metadata_policy = serde_json::from_value(policy).unwrap();
    assert_eq!(net.resolve(NOW).unwrap_err(), ChainError::Policy(PolicyError::Operator));
}

#[test]
fn without_a_mark_that_holds_a_member_is_limited() {
    let limited = |net: &Net, why: &str| {
        let chain = net.resolve(NOW).unwrap();
        assert_eq!(chain.state(at(NOW)), MemberState::Limited, "{why}");
        chain
    };
    let chain = limited(&Net::new(), "missing");
    assert_eq!(chain.mark, Mark::Absent(MarkFault::Missing));
    assert!(chain.roles.is_empty());

    for (why, change) in [
        ("about another", (|mark| mark.sub = id("https://altro.example")) as fn(&mut TrustMark)),
        ("by another", |mark| mark.iss = id("https://altra.example")),
        ("longer than a year", |mark| mark.exp = mark.iat + MAX_MARK_LIFETIME + 1),
        ("without organisation", |mark| mark.vat_number = None),
        ("not valid yet", |mark| mark.iat = NOW + 3600),
    ] {
        let mut net = Net::new();
        change(&mut net.mark);
        let chain = limited(&net.with_mark(), why);
        assert!(matches!(chain.mark, Mark::Absent(MarkFault::Invalid(_))), "{why}");
    }

    let mut net = Net::new();
    let forged = net.mark.sign(&net.federation).unwrap();
    net.configuration.trust_marks = vec![net.mark.entry(forged)];
    assert!(matches!(limited(&net, "self-given").mark, Mark::Absent(MarkFault::Invalid(_))));

    let mut net = Net::new();
    (net.mark.iat, net.mark.exp) = (NOW - 1000, NOW - 500);
    let chain = limited(&net.with_mark(), "expired");
    assert_eq!(chain.organisation_ids(), ["vat:01234567890"], "an expired mark still says whose it was");
}

#[test]
fn a_mark_that_ends_while_the_chain_lives_limits_from_that_second() {
    let mut net = Net::new();
    net.mark.exp = NOW + 100;
    let chain = net.with_mark().resolve(NOW).unwrap();
    assert_eq!(chain.state(at(NOW + 99)), MemberState::Active);
    assert_eq!(chain.state(at(NOW + 100)), MemberState::Limited);
}

#[test]
fn the_authority_is_its_own_chain_and_its_keys_are_announced() {
    let mut net = Net::new();
    let next = key();
    net.top.jwks = jwks(&[&net.authority, &next]);
    let top = net.top.sign(&net.authority).unwrap();
    let chain = resolve_anchor(&top, &net.anchor(), at(NOW)).unwrap();
    assert_eq!(chain.roles, Roles::from([Role::Authority]));
    assert_eq!(chain.state(at(NOW)), MemberState::Active);
    assert_eq!((chain.announced.jwks.clone(), chain.announced_at), (net.top.jwks.clone(), NOW));

    let signed_by_next = net.top.sign(&next).unwrap();
    assert!(resolve_anchor(&signed_by_next, &net.anchor(), at(NOW)).is_err(), "not pinned yet");
    assert!(resolve_anchor(&signed_by_next, &chain.announced, at(NOW)).is_ok(), "the pins followed");
}

#[test]
fn a_retired_authority_key_keeps_its_marks_alive_and_a_revoked_one_does_not() {
    let mut net = Net::new().with_mark();
    let old = Jwk { exp: Some(NOW + 10), ..net.authority.jwk().clone() };
    let revoked = Jwk { revoked: Some(Revoked { revoked_at: NOW, reason: None }), ..old.clone() };
    let new = key();
    for (old, state) in [(old, MemberState::Active), (revoked, MemberState::Limited)] {
        net.top.jwks = Jwks { keys: vec![old, new.jwk().clone()] };
        let leaf = net.configuration.sign(&net.federation).unwrap();
        let statement = net.statement.sign(&new).unwrap();
        let top = net.top.sign(&new).unwrap();
        let anchor = Anchor { jwks: jwks(&[&new]), ..net.anchor() };
        let chain = resolve_chain(&leaf, &statement, &top, &anchor, at(NOW + 20)).unwrap();
        assert_eq!(chain.state(at(NOW + 20)), state);
    }
}
