use chrono::TimeDelta;
use staffetta_protocol::jose::{Jwks, SigningKey};
use staffetta_protocol::problem::Code;
use staffetta_protocol::trust::{EntityConfiguration, KeyChange, MemberState, Standing};

use super::{Net, Node, code_of, each, key, revoked};

/// A configuration of `node` with both keys.
fn document(net: &Net, node: &Node, new: &SigningKey) -> EntityConfiguration {
    let jwks = Jwks { keys: vec![node.federation.jwk().clone(), new.jwk().clone()] };
    EntityConfiguration { jwks, ..node.configuration(net.now()) }
}

fn change(document: &EntityConfiguration, present: &SigningKey, new: Option<&SigningKey>) -> KeyChange {
    KeyChange {
        signed_by_present: document.sign(present).unwrap(),
        signed_by_new: new.map(|key| document.sign(key).unwrap()),
    }
}

#[actix_web::test]
async fn keys_change_when_the_old_and_the_new_one_sign() {
    each(|net, node| async move {
        let slug = net.admitted(&node).await.slug;
        let update = |change| net.authority.update_keys(slug.clone(), change);
        let (new, stranger) = (key(), key());
        net.clock.advance(TimeDelta::minutes(1));
        let document = document(&net, &node, &new);
        for (why, wrong) in [
            ("the new one alone", change(&document, &new, Some(&new))),
            ("the old one alone", change(&document, &node.federation, None)),
            ("the old one twice", change(&document, &node.federation, Some(&node.federation))),
            ("a stranger for the new one", change(&document, &node.federation, Some(&stranger))),
            ("a stranger for the old one", change(&document, &stranger, Some(&new))),
        ] {
            assert_eq!(code_of(update(wrong).await), Code::NotEntitled, "{why}");
        }
        let good = change(&document, &node.federation, Some(&new));
        let answer = update(good.clone()).await.unwrap();
        assert_eq!(answer.state, Standing::Active);
        assert_eq!(update(good).await.unwrap(), answer, "the same again is harmless");
        let renewed = Node { federation: new, ..node.clone() };
        net.chain(&renewed, answer.trust_mark.as_deref()).await.unwrap();
        net.chain(&node, None).await.unwrap();

        let mut old = document.clone();
        old.iat -= 300;
        let old = change(&old, &renewed.federation, None);
        assert_eq!(code_of(update(old).await), Code::Conflict, "an older one changes nothing");
        let alone = renewed.configuration(net.now());
        update(change(&alone, &renewed.federation, None)).await.unwrap();
        assert!(net.chain(&node, None).await.is_err(), "the old key is gone");
    })
    .await;
}

#[actix_web::test]
async fn two_new_keys_or_none_that_signs_are_refused() {
    each(|net, node| async move {
        let slug = net.admitted(&node).await.slug;
        let (one, two) = (key(), key());
        let mut document = document(&net, &node, &one);
        document.jwks.keys.push(two.jwk().clone());
        let both = net.authority.update_keys(slug.clone(), change(&document, &node.federation, Some(&one))).await;
        assert_eq!(code_of(both), Code::InvalidInput);
        document.jwks.keys = vec![revoked(&node.federation, net.now())];
        let none = net.authority.update_keys(slug.clone(), change(&document, &node.federation, None)).await;
        assert_eq!(code_of(none), Code::InvalidInput);
        let nobody = net.authority.update_keys("nobody".into(), change(&document, &node.federation, None)).await;
        assert_eq!(code_of(nobody), Code::NotFound);
    })
    .await;
}

#[actix_web::test]
async fn a_stolen_federation_key_limits_the_member_for_the_longest_cache() {
    each(|net, node| async move {
        let admission = net.admitted(&node).await;
        let new = key();
        let mut document = document(&net, &node, &new);
        document.jwks.keys[0] = revoked(&node.federation, net.now());
        let told = change(&document, &node.federation, Some(&new));
        let answer = net.authority.update_keys(admission.slug.clone(), told.clone()).await.unwrap();
        assert_eq!((answer.state, answer.trust_mark), (Standing::Suspended, None));
        let again = net.authority.update_keys(admission.slug.clone(), told).await.unwrap();
        assert_eq!(again.state, Standing::Suspended, "the answer was lost, and the old key verifies nothing any more");
        let renewed = Node { federation: new, ..node.clone() };
        let limited = net.chain(&renewed, admission.trust_mark.as_deref()).await.unwrap();
        assert!(limited.is_live(net.now()));
        assert!(net.chain(&node, None).await.is_err(), "the thief has no chain");

        net.clock.advance(TimeDelta::hours(72) - TimeDelta::seconds(1));
        assert_eq!(net.authority.pump().await.unwrap(), net.now() + TimeDelta::seconds(1));
        let still = net.authority.admission(admission.slug.clone()).await.unwrap();
        assert_eq!(still.state, Standing::Suspended);
        net.clock.advance(TimeDelta::seconds(1));
        net.authority.pump().await.unwrap();
        let over = net.authority.admission(admission.slug).await.unwrap();
        let chain = net.chain(&renewed, over.trust_mark.as_deref()).await.unwrap();
        assert_eq!(chain.state(net.now()), MemberState::Active);
    })
    .await;
}

#[actix_web::test]
async fn a_stolen_protocol_key_limits_the_member_for_a_day_and_its_news_cannot_be_replayed() {
    each(|net, node| async move {
        let slug = net.admitted(&node).await.slug;
        let mut document = node.configuration(net.now());
        let keys = &mut document.metadata.oauth_resource.as_mut().unwrap().jwks.keys;
        keys.insert(0, revoked(&key(), net.now()));
        let told = change(&document, &node.federation, None);
        let answer = net.authority.update_keys(slug.clone(), told.clone()).await.unwrap();
        assert_eq!(answer.state, Standing::Suspended);
        net.clock.advance(TimeDelta::hours(24));
        net.authority.pump().await.unwrap();
        assert_eq!(net.authority.admission(slug.clone()).await.unwrap().state, Standing::Active);
        let replayed = net.authority.update_keys(slug.clone(), told).await.unwrap();
        assert_eq!(replayed.state, Standing::Active, "a revocation limits once");
    })
    .await;
}
