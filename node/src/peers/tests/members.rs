use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::SigningKey;
use staffetta_protocol::trust::{CONFIGURATION_LIFETIME, MemberState, Roles};

use super::net::{Net, ROLES, each};
use crate::journal::Actor;
use crate::keys::Kind;
use crate::peers::{self, Peer, ResolveError};
use crate::store::Conn;
use crate::store::schema::chain_used;

async fn b(net: &Net) -> Result<Peer, ResolveError> {
    net.a.peers.resolve(net.b.id()).await
}

#[actix_web::test]
async fn a_member_is_resolved_once_and_then_known() {
    each(|net| async move {
        let peer = b(&net).await.unwrap();
        assert_eq!((peer.entity_id(), peer.organisation_name()), (net.b.id(), "Ente"));
        assert_eq!(*peer.roles(), Roles::from(ROLES));
        assert_eq!(peer.state(net.now()), MemberState::Active);
        assert_eq!((net.authority.asked("statement"), net.authority.asked("status")), (1, 1));
        b(&net).await.unwrap();
        net.a.twin().resolve(net.b.id()).await.unwrap();
        assert_eq!((net.authority.asked("statement"), net.authority.asked("status")), (0, 0));

        let (a, organisation) = (net.a.peers.clone(), peer.organisation_ids().remove(0));
        let found = net.a.scratch.store().read(move |conn| a.of_organisation(conn, &organisation)).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].entity_id, found[0].state), (net.b.id(), MemberState::Active));
        assert_eq!(net.a.changes().await, ["active"]);

        let authority = net.a.peers.resolve(&net.authority.id).await.unwrap();
        assert_eq!(authority.state(net.now()), MemberState::Active);
        assert!(matches!(net.a.peers.resolve(net.a.id()).await, Err(ResolveError::Unknown)), "nobody is its own peer");
    })
    .await;
}

#[actix_web::test]
async fn concurrent_questions_about_one_member_are_one_request() {
    each(|net| async move {
        let all = futures_util::future::join_all((0..8).map(|_| b(&net))).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(net.authority.asked("statement"), 1);
    })
    .await;
}

#[actix_web::test]
async fn a_stranger_costs_no_request_and_the_list_is_asked_for_six_times_a_minute() {
    each(|net| async move {
        let stranger: EntityId = "http://127.0.0.1:9".parse().unwrap();
        for _ in 0..10 {
            assert!(matches!(net.a.peers.resolve(&stranger).await, Err(ResolveError::Unknown)));
        }
        assert_eq!((net.authority.asked("list"), net.authority.asked("statement")), (6, 0));
        net.clock.advance(TimeDelta::minutes(1));
        assert!(matches!(net.a.peers.resolve(&stranger).await, Err(ResolveError::Unknown)));
        assert_eq!(net.authority.asked("list"), 1);
    })
    .await;
}

#[actix_web::test]
async fn a_chain_is_renewed_at_half_its_life_and_fails_closed_at_its_end() {
    each(|net| async move {
        let first = b(&net).await.unwrap();
        let half = TimeDelta::seconds(CONFIGURATION_LIFETIME / 2);
        assert_eq!(net.a.peers.refresh_pump().await.unwrap(), Some(net.now() + half));
        net.clock.advance(half - TimeDelta::seconds(1));
        net.a.peers.refresh_pump().await.unwrap();
        assert_eq!(net.authority.asked("statement"), 1);
        net.clock.advance(TimeDelta::seconds(1));
        net.a.peers.refresh_pump().await.unwrap();
        assert_eq!(net.authority.asked("statement"), 1);
        let renewed = b(&net).await.unwrap();
        assert!(renewed.chain().exp > first.chain().exp);

        net.b.off.store(true, Ordering::SeqCst);
        net.clock.advance(half);
        let next = net.a.peers.refresh_pump().await.unwrap().unwrap();
        assert!(next <= net.now() + TimeDelta::minutes(1), "retried soon");
        assert!(b(&net).await.is_ok(), "the old chain counts until its end");
        net.clock.advance(half);
        assert!(matches!(b(&net).await, Err(ResolveError::Unreachable(_))));
        let known = net.a.peers.lookup(net.b.id()).await.unwrap().unwrap();
        assert!(!known.is_live(net.now()));
        assert_ne!(known.state(net.now()), MemberState::Out, "who is off is still a member");
        assert!(net.a.twin().lookup(net.b.id()).await.unwrap().is_some(), "also read afresh from the database");

        net.b.off.store(false, Ordering::SeqCst);
        net.clock.advance(TimeDelta::seconds(5));
        assert!(b(&net).await.unwrap().is_live(net.now()), "who comes back is resolved anew");
    })
    .await;
}

#[actix_web::test]
async fn a_weekend_without_the_authority_stops_nobody() {
    each(|net| async move {
        b(&net).await.unwrap();
        net.authority.silent.store(true, Ordering::SeqCst);
        net.clock.advance(TimeDelta::hours(2));
        assert_eq!(b(&net).await.unwrap().state(net.now()), MemberState::Active, "the last answer counts");
    })
    .await;
}

#[actix_web::test]
async fn a_suspended_member_is_limited_within_the_hour() {
    each(|net| async move {
        b(&net).await.unwrap();
        net.authority.members.lock().unwrap().get_mut(net.b.id()).unwrap().revoked = true;
        net.clock.advance(TimeDelta::minutes(59));
        assert_eq!(b(&net).await.unwrap().state(net.now()), MemberState::Active, "an answer counts an hour");
        net.clock.advance(TimeDelta::minutes(1));
        assert_eq!(b(&net).await.unwrap().state(net.now()), MemberState::Limited);
        net.authority.members.lock().unwrap().get_mut(net.b.id()).unwrap().revoked = false;
        net.clock.advance(TimeDelta::minutes(5));
        assert_eq!(b(&net).await.unwrap().state(net.now()), MemberState::Active, "asked again every 5 minutes");
        assert_eq!(net.a.changes().await, ["active", "limited", "active"]);
    })
    .await;
}

#[actix_web::test]
async fn an_expelled_member_is_out_within_the_hour_and_may_come_back() {
    each(|net| async move {
        b(&net).await.unwrap();
        let gone = net.authority.members.lock().unwrap().remove(net.b.id()).unwrap();
        net.clock.advance(TimeDelta::hours(1));
        assert!(matches!(b(&net).await, Err(ResolveError::Out)));
        assert!(matches!(b(&net).await, Err(ResolveError::Out)));
        let known = net.a.peers.lookup(net.b.id()).await.unwrap().unwrap();
        assert_eq!(known.state(net.now()), MemberState::Out);
        net.authority.members.lock().unwrap().insert(net.b.id().clone(), gone);
        assert_eq!(b(&net).await.unwrap().state(net.now()), MemberState::Active);
        // Four changes at two instants: the mark is the first to go.
        let mut changes = net.a.changes().await;
        changes.sort();
        assert_eq!(changes, ["active", "active", "limited", "out"]);
    })
    .await;
}

#[actix_web::test]
async fn the_pins_follow_what_the_authority_announces() {
    each(|net| async move {
        b(&net).await.unwrap();
        let next = SigningKey::generate().unwrap().0;
        net.authority.keys.lock().unwrap().push(next.clone());
        net.clock.advance(TimeDelta::hours(36));
        net.a.peers.refresh_pump().await.unwrap();
        let (store, id) = (net.a.scratch.store().clone(), net.authority.id.clone());
        let pins = store.read(move |conn| peers::pinned(conn, &id)).await.unwrap().unwrap();
        assert_eq!(pins.jwks.keys.len(), 2);

        *net.authority.keys.lock().unwrap() = vec![next];
        let mark = net.authority.mark_for(net.b.id());
        net.b.scratch.store().write(move |tx| peers::keep_own_mark(tx, &mark)).await.unwrap();
        net.clock.advance(TimeDelta::hours(36));
        assert_eq!(b(&net).await.unwrap().state(net.now()), MemberState::Active);
    })
    .await;
}

#[actix_web::test]
async fn a_stranger_with_a_forged_authority_key_is_not_believed() {
    each(|net| async move {
        b(&net).await.unwrap();
        *net.authority.keys.lock().unwrap() = vec![SigningKey::generate().unwrap().0];
        net.clock.advance(TimeDelta::hours(80));
        assert!(matches!(b(&net).await, Err(ResolveError::Invalid(_))));
    })
    .await;
}

#[actix_web::test]
async fn our_configuration_is_signed_hourly_and_whenever_it_changes() {
    each(|net| async move {
        let first = net.a.peers.own_configuration().await.unwrap();
        net.clock.advance(TimeDelta::minutes(59));
        assert_eq!(net.a.peers.own_configuration().await.unwrap(), first);
        net.clock.advance(TimeDelta::minutes(1));
        let second = net.a.peers.own_configuration().await.unwrap();
        assert_ne!(second, first);
        let keys = net.a.keys.clone();
        net.a.scratch.store().write(move |tx| keys.rotate(tx, Kind::Protocol).map(drop)).await.unwrap();
        assert_ne!(net.a.peers.own_configuration().await.unwrap(), second, "the next key is published at once");
        assert_eq!(own(&net).await.1, Roles::from(ROLES));
    })
    .await;
}

/// What the node finds out about itself: its organisation and its roles.
async fn own(net: &Net) -> (Vec<String>, Roles) {
    let peers = net.a.peers.clone();
    net.a.scratch.store().read(move |conn| peers.own_in(conn)).await.unwrap()
}

#[actix_web::test]
async fn a_chain_that_something_rests_on_is_kept_once() {
    each(|net| async move {
        let peer = b(&net).await.unwrap();
        let kept = peer.clone();
        let digest = net.a.scratch.store().write(move |tx| {
            peers::keep_evidence(tx, &kept)?;
            peers::keep_evidence(tx, &kept)
        });
        assert_eq!(digest.await.unwrap(), peer.chain().digest());
    })
    .await;
}

#[actix_web::test]
async fn what_a_node_published_last_before_it_revoked_a_key_is_kept_and_shown() {
    each(|net| async move {
        let first = b(&net).await.unwrap();
        let then = net.now() + TimeDelta::minutes(1);
        net.clock.advance(TimeDelta::minutes(1));
        let used = first.clone();
        net.a.scratch.store().write(move |tx| peers::keep_evidence(tx, &used)).await.unwrap();
        net.clock.advance(TimeDelta::hours(2));
        let good = net.a.peers.refresh(net.b.id()).await.unwrap();
        net.clock.advance(TimeDelta::hours(2));
        let keys = net.b.keys.clone();
        net.b.scratch.store().write(move |tx| keys.replace_compromised(tx, Kind::Protocol).map(drop)).await.unwrap();
        let revoked = net.a.peers.refresh(net.b.id()).await.unwrap();
        let of = net.b.id().clone();
        let shown = net.a.scratch.store().read(move |conn| peers::chains_at(conn, &of, &[then])).await.unwrap();
        let shown: Vec<_> = shown.into_iter().map(|(_, documents)| documents).collect();
        // The one in the middle is what it published as good after it had signed: it takes nothing of that back.
        assert_eq!(shown, [&first, &good, &revoked].map(|peer| peer.chain().jws.clone()));
    })
    .await;
}

#[actix_web::test]
async fn a_nodes_own_chain_is_kept_every_day_and_before_its_keys_change() {
    each(|net| async move {
        let kept = async || {
            let me = net.a.id().to_string();
            let of_me = move |conn: &mut Conn| {
                Ok(chain_used::table.filter(chain_used::peer.eq(me)).count().get_result(conn)?)
            };
            net.a.scratch.store().read::<i64>(of_me).await.unwrap()
        };
        let daily = async || net.a.peers.keep_own_chain().await.unwrap();
        net.clock.advance(TimeDelta::minutes(5));
        daily().await;
        assert_eq!(kept().await, 1);
        net.clock.advance(TimeDelta::hours(23));
        daily().await;
        assert_eq!(kept().await, 1);
        net.clock.advance(TimeDelta::hours(2));
        net.authority.silent.store(true, Ordering::SeqCst);
        daily().await;
        assert_eq!(kept().await, 1, "an authority that is silent is asked again");
        net.authority.silent.store(false, Ordering::SeqCst);
        net.clock.advance(TimeDelta::minutes(5));
        daily().await;
        assert_eq!(kept().await, 2);
        net.clock.advance(TimeDelta::hours(2));
        net.a.peers.rotate_keys(Actor::System, Kind::Protocol, true).await.unwrap();
        assert_eq!(kept().await, 3, "with the key that was stolen, as it was");
        net.clock.advance(TimeDelta::minutes(5));
        daily().await;
        assert_eq!(kept().await, 4, "and with the one that signs now");
        daily().await;
        assert_eq!(kept().await, 4);
    })
    .await;
}

#[actix_web::test]
async fn a_node_learns_that_it_is_suspended_itself() {
    each(|net| async move {
        let state = || net.a.peers.own_state();
        assert_eq!(state().await.unwrap(), MemberState::Active);
        net.authority.members.lock().unwrap().get_mut(net.a.id()).unwrap().revoked = true;
        assert_eq!(state().await.unwrap(), MemberState::Active, "an answer counts an hour");
        net.clock.advance(TimeDelta::hours(1));
        assert_eq!(state().await.unwrap(), MemberState::Limited);
        net.authority.members.lock().unwrap().get_mut(net.a.id()).unwrap().revoked = false;
        net.clock.advance(TimeDelta::minutes(5));
        assert_eq!(state().await.unwrap(), MemberState::Active);
        net.authority.silent.store(true, Ordering::SeqCst);
        net.clock.advance(TimeDelta::hours(2));
        assert_eq!(state().await.unwrap(), MemberState::Active, "while the authority is silent");
        net.clock.advance(TimeDelta::days(90));
        assert_eq!(state().await.unwrap(), MemberState::Limited, "the mark has ended");
        assert_eq!(own(&net).await.0.len(), 1);
    })
    .await;
}
