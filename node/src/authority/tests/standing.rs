use chrono::TimeDelta;
use staffetta_protocol::jose::{self, KeySet};
use staffetta_protocol::problem::Code;
use staffetta_protocol::trust::{
    HistoricalKeys, MarkStatus, MemberState, STATEMENT_LIFETIME, Standing, SubordinateStatement, TrustMark,
    TrustMarkStatus,
};

use super::{AUTHORITY, Net, code_of, each};
use crate::authority::{ListFilter, MARK_LIFETIME};
use crate::journal::Actor;
use crate::keys::Kind;

async fn status(net: &Net, mark: &str) -> Option<MarkStatus> {
    let answer = net.authority.mark_status(mark.to_owned()).await.unwrap()?;
    let (keys, now) = (net.keys.clone(), net.now());
    let jwks = net.store.read(move |conn| keys.jwks(conn, Kind::Federation, now)).await.unwrap();
    let authority = AUTHORITY.parse().unwrap();
    Some(TrustMarkStatus::open(&answer, &authority, mark, &KeySet::new(&jwks), now).unwrap().status)
}

#[actix_web::test]
async fn a_suspended_member_is_limited_until_it_is_reinstated() {
    each(|net, node| async move {
        let admission = net.admitted(&node).await;
        let mark = admission.trust_mark.unwrap();
        assert_eq!(status(&net, &mark).await, Some(MarkStatus::Active));
        net.authority.suspend(Actor::System, node.id.clone()).await.unwrap();
        assert_eq!(status(&net, &mark).await, Some(MarkStatus::Revoked));
        let standing = net.authority.admission(admission.slug.clone()).await.unwrap();
        assert_eq!((standing.state, standing.trust_mark), (Standing::Suspended, None));
        let chain = net.chain(&node, None).await.unwrap();
        assert!(chain.is_live(net.now()), "its chain lives on");
        assert_eq!(chain.state(net.now()), MemberState::Limited);
        assert_eq!(net.authority.list(ListFilter::default()).await.unwrap().len(), 1);
        let marked = ListFilter { trust_marked: true, ..ListFilter::default() };
        assert!(net.authority.list(marked.clone()).await.unwrap().is_empty());
        let twice = net.authority.suspend(Actor::System, node.id.clone()).await;
        assert_eq!(code_of(twice), Code::IllegalTransition);

        net.authority.reinstate(Actor::System, node.id.clone()).await.unwrap();
        let new = net.authority.admission(admission.slug).await.unwrap().trust_mark.unwrap();
        assert_eq!(status(&net, &new).await, Some(MarkStatus::Active));
        assert_eq!(status(&net, &mark).await, Some(MarkStatus::Revoked), "the old one stays taken back");
        assert_eq!(net.chain(&node, Some(&new)).await.unwrap().state(net.now()), MemberState::Active);
        assert_eq!(net.authority.list(marked).await.unwrap().len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn who_is_expelled_is_not_found_and_may_come_back_by_a_new_invitation() {
    each(|net, node| async move {
        let admission = net.admitted(&node).await;
        net.authority.expel(Actor::System, node.id.clone()).await.unwrap();
        assert_eq!(net.authority.statement(node.id.clone()).await.unwrap(), None);
        assert!(net.authority.list(ListFilter::default()).await.unwrap().is_empty());
        assert_eq!(status(&net, &admission.trust_mark.unwrap()).await, Some(MarkStatus::Revoked));
        let back = net.authority.reinstate(Actor::System, node.id.clone()).await;
        assert_eq!(code_of(back), Code::IllegalTransition);
        let code = net.code(net.invite()).await;
        let again = net.authority.apply(node.application(&code, net.now())).await.unwrap();
        assert_eq!((again.state, again.slug), (Standing::Pending, admission.slug));
    })
    .await;
}

#[actix_web::test]
async fn a_mark_that_was_never_given_has_no_status() {
    each(|net, node| async move {
        let mark = net.admitted(&node).await.trust_mark.unwrap();
        assert_eq!(status(&net, &format!("{mark}x")).await, None);
        net.clock.advance(TimeDelta::days(201));
        assert_eq!(status(&net, &mark).await, Some(MarkStatus::Expired));
    })
    .await;
}

#[actix_web::test]
async fn statements_are_signed_anew_after_12_hours_and_live_for_72() {
    each(|net, node| async move {
        net.admitted(&node).await;
        let statement = || async { net.authority.statement(node.id.clone()).await.unwrap().unwrap() };
        let first = statement().await;
        let claims: SubordinateStatement = jose::peek(&first).unwrap();
        assert_eq!(claims.exp - claims.iat, STATEMENT_LIFETIME);
        assert_eq!(claims.constraints.max_path_length, Some(1));
        net.clock.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
        assert_eq!(statement().await, first);
        net.clock.advance(TimeDelta::seconds(1));
        let second = statement().await;
        assert_eq!(jose::peek::<SubordinateStatement>(&second).unwrap().iat, net.now().timestamp());

        net.authority.suspend(Actor::System, node.id.clone()).await.unwrap();
        let changed = statement().await;
        assert_ne!(changed, second, "the member's row changed");
        let keys = net.keys.clone();
        net.store.write(move |tx| keys.replace_compromised(tx, Kind::Federation)).await.unwrap();
        assert_ne!(statement().await, changed, "the key changed");
    })
    .await;
}

#[actix_web::test]
async fn the_authoritys_own_configuration_is_signed_anew_after_12_hours_and_lives_for_72() {
    each(|net, _| async move {
        use staffetta_protocol::trust::EntityConfiguration;
        let first = net.peers.own_configuration().await.unwrap();
        let claims: EntityConfiguration = jose::peek(&first).unwrap();
        assert_eq!(claims.exp - claims.iat, STATEMENT_LIFETIME);
        assert!(claims.authority_hints.is_empty());
        let entity = &claims.metadata.federation_entity;
        assert_eq!(
            entity.federation_fetch_endpoint.as_deref(),
            Some("https://rete.example/rest/staffetta/v1/network/statements")
        );
        net.clock.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
        assert_eq!(net.peers.own_configuration().await.unwrap(), first);
        net.clock.advance(TimeDelta::seconds(1));
        assert_ne!(net.peers.own_configuration().await.unwrap(), first);
    })
    .await;
}

#[actix_web::test]
async fn the_worker_renews_marks_while_the_agreement_runs() {
    each(|net, node| async move {
        let admission = net.admitted(&node).await;
        let first = admission.trust_mark.unwrap();
        let mark = || async { net.authority.admission(admission.slug.clone()).await.unwrap().trust_mark.unwrap() };
        net.authority.pump().await.unwrap();
        assert_eq!(mark().await, first, "nothing is due");

        let until = net.now() + TimeDelta::days(800);
        net.authority.approve(Actor::System, node.id.clone(), Some(until)).await.unwrap();
        let renewed = mark().await;
        let claims: TrustMark = jose::peek(&renewed).unwrap();
        assert_eq!(claims.exp, (net.now() + MARK_LIFETIME).timestamp(), "a year at most");
        net.clock.advance(TimeDelta::days(334));
        net.authority.pump().await.unwrap();
        assert_eq!(mark().await, renewed);
        net.clock.advance(TimeDelta::days(1));
        net.authority.pump().await.unwrap();
        assert_ne!(mark().await, renewed, "30 days before its end a new one follows");

        let keys = net.keys.clone();
        let before = mark().await;
        net.store.write(move |tx| keys.replace_compromised(tx, Kind::Federation)).await.unwrap();
        assert_eq!(status(&net, &before).await, Some(MarkStatus::Invalid), "a revoked key signed it");
        net.authority.pump().await.unwrap();
        assert_eq!(status(&net, &mark().await).await, Some(MarkStatus::Active));
    })
    .await;
}

#[actix_web::test]
async fn former_keys_have_an_end() {
    each(|net, _| async move {
        let keys = net.keys.clone();
        net.store
            .write(move |tx| {
                keys.rotate(tx, Kind::Federation)?;
                keys.replace_compromised(tx, Kind::Federation)
            })
            .await
            .unwrap();
        let jws = net.authority.historical_keys().await.unwrap();
        let (keys, now) = (net.keys.clone(), net.now());
        let jwks = net.store.read(move |conn| keys.jwks(conn, Kind::Federation, now)).await.unwrap();
        let historical = HistoricalKeys::open(&jws, &AUTHORITY.parse().unwrap(), &KeySet::new(&jwks), now).unwrap();
        assert_eq!(historical.keys.len(), 2);
        assert!(historical.keys.iter().all(|jwk| jwk.exp == Some(now.timestamp()) && jwk.revoked.is_some()));
    })
    .await;
}
