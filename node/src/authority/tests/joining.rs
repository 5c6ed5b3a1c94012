//! An authority and a member over HTTP on loopback, as `staffetta join` and the member's worker speak to it.

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use chrono::TimeDelta;
use staffetta_protocol::trust::{MemberState, Role, Roles, Standing};

use crate::authority::{Authority, Invite, api};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::journal::Actor;
use crate::keys::{Keys, Kind};
use crate::peers::membership::{self, Own};
use crate::peers::{self, Client, Peers};
use crate::routes::Routes;
use crate::store::Store;
use crate::store::scratch;
use crate::vault::{MasterKey, Vault};
use crate::web::document::NETWORK;

struct Node {
    store: Store,
    keys: Keys,
    peers: Peers,
    config: Config,
    server: ServerHandle,
}

impl Node {
    async fn start(store: &Store, listener: TcpListener, authority: &str, role: Role) -> Self {
        let id = format!("http://{}", listener.local_addr().unwrap());
        let text = format!(
            "[node]\nentity_id = \"{id}\"\norganisation_name = \"Il Ponte\"\ndevelopment_mode = true\n\
             [network]\nauthority = \"{authority}\"\nallow_private_addresses = true\n"
        );
        let config = Config::read(&text, []).unwrap();
        let keys = Keys::new(Vault::new(MasterKey::generate().unwrap()), config.node.entity_id.clone());
        let (made, entity_id) = (keys.clone(), config.node.entity_id.clone());
        store
            .write(move |tx| {
                made.create(tx)?;
                membership::create(
                    tx,
                    &entity_id,
                    &Roles::from([role]),
                    &["ipa:ponte".into(), "vat:01234567897".into()],
                )
            })
            .await
            .unwrap();
        let client = Client::new(&config.network, true).unwrap();
        let peers = Peers::new(store.clone(), keys.clone(), &config, store.clock().clone(), client);
        let room = Authority::new(store.clone(), keys.clone(), &config.node);
        let served = peers.clone();
        let server = HttpServer::new(move || {
            let app = App::new().app_data(Data::new(served.clone())).app_data(Data::new(room.clone()));
            app.configure(|config| {
                let mut routes = Routes::mounting(config);
                routes.configure(peers::api).below(NETWORK, api, |rooms| rooms);
            })
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { store: store.clone(), keys, peers, config, server: handle }
    }

    fn authority(&self) -> Authority {
        Authority::new(self.store.clone(), self.keys.clone(), &self.config.node)
    }

    async fn own(&self) -> Own {
        self.peers.own().await.unwrap()
    }
}

/// An authority and two nodes that have not joined, on every database.
async fn each<F: Future<Output = ()>>(test: impl Fn(Clock, [Node; 3]) -> F) {
    let clock = scratch::clock();
    let start = clock.now();
    let three = || scratch::all(|| clock.clone());
    for ((one, two), three) in three().zip(three()).zip(three()) {
        clock.jump_to(start);
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let authority = format!("http://{}", listeners[0].local_addr().unwrap());
        let [first, second, third] = listeners;
        let nodes = [
            Node::start(one.store(), first, &authority, Role::Authority).await,
            Node::start(two.store(), second, &authority, Role::ReceptionCentre).await,
            Node::start(three.store(), third, &authority, Role::Cpi).await,
        ];
        let handles = [&nodes[0], &nodes[1], &nodes[2]].map(|node| node.server.clone());
        test(clock.clone(), nodes).await;
        for handle in handles {
            handle.stop(false).await;
        }
        for scratch in [one, two, three] {
            scratch.store().close().await;
        }
    }
}

async fn invited(authority: &Node, automatic: bool) -> String {
    let now = authority.store.clock().now();
    let invite = Invite {
        roles: Roles::from([Role::ReceptionCentre, Role::Cpi]),
        organisation_id: automatic.then(|| "ipa:ponte".into()),
        organisation_name: None,
        automatic,
        agreement_until: now + TimeDelta::days(300),
        valid_for: TimeDelta::days(1),
    };
    authority.authority().invite(Actor::System, invite).await.unwrap()
}

async fn join(node: &Node, code: &str) -> Result<Standing, Error> {
    let anchor = node.peers.first_contact().await?;
    Ok(node.peers.join(Actor::System, anchor, code, "ufficio@ponte.example").await?.state)
}

#[actix_web::test]
async fn two_nodes_join_and_trust_each_other() {
    each(|clock, [authority, a, b]| async move {
        assert_eq!(a.own().await.state, None);
        let code = invited(&authority, false).await;
        assert_eq!(join(&a, &code).await.unwrap(), Standing::Pending);
        assert_eq!(join(&a, &code).await.unwrap(), Standing::Pending, "again, as after a lost answer");
        assert!(join(&b, &code).await.is_err(), "the code was used");
        assert_eq!(join(&b, &invited(&authority, true).await).await.unwrap(), Standing::Active);
        assert_eq!(b.own().await.roles, Roles::from([Role::Cpi]));
        assert!(a.peers.resolve(authority.peers.entity_id()).await.is_ok());
        assert!(b.peers.resolve(a.peers.entity_id()).await.is_err(), "not admitted yet");

        authority.authority().approve(Actor::System, a.peers.entity_id().clone(), None).await.unwrap();
        let next = a.peers.refresh_membership().await.unwrap();
        assert_eq!(next, clock.now() + TimeDelta::minutes(1), "not due yet");
        clock.jump_to(next);
        assert_eq!(a.peers.refresh_membership().await.unwrap(), clock.now() + TimeDelta::hours(1));
        let own = a.own().await;
        assert_eq!((own.state, own.mark_expires_at.is_some()), (Some(Standing::Active), true));
        clock.advance(TimeDelta::minutes(5));
        let seen = b.peers.resolve(a.peers.entity_id()).await.unwrap();
        assert_eq!(seen.state(clock.now()), MemberState::Active);
        assert_eq!(seen.organisation_ids(), ["ipa:ponte", "vat:01234567897"]);
        let seen = a.peers.resolve(b.peers.entity_id()).await.unwrap();
        assert_eq!(*seen.roles(), Roles::from([Role::Cpi]));
    })
    .await;
}

#[actix_web::test]
async fn a_member_renews_its_mark_and_learns_of_its_suspension() {
    each(|clock, [authority, a, _]| async move {
        join(&a, &invited(&authority, true).await).await.unwrap();
        let first = a.own().await.mark.unwrap();
        let until = clock.now() + TimeDelta::days(600);
        authority.authority().approve(Actor::System, a.peers.entity_id().clone(), Some(until)).await.unwrap();
        clock.advance(TimeDelta::hours(1));
        a.peers.refresh_membership().await.unwrap();
        let renewed = a.own().await;
        assert_ne!(renewed.mark.as_ref(), Some(&first));
        assert_eq!(renewed.mark_expires_at, Some(until - TimeDelta::days(235)), "a year after it was given");

        authority.authority().suspend(Actor::System, a.peers.entity_id().clone()).await.unwrap();
        clock.advance(TimeDelta::hours(1));
        a.peers.refresh_membership().await.unwrap();
        assert_eq!(a.own().await.state, Some(Standing::Suspended));

        authority.server.stop(false).await;
        clock.advance(TimeDelta::hours(1));
        let again = a.peers.refresh_membership().await.unwrap();
        assert_eq!(again, clock.now() + TimeDelta::minutes(5), "the authority is off: the last answer counts");
        assert_eq!(a.own().await.state, Some(Standing::Suspended));
    })
    .await;
}

#[actix_web::test]
async fn rotated_keys_are_told_to_the_authority_before_they_sign() {
    each(|clock, [authority, a, b]| async move {
        for node in [&a, &b] {
            join(node, &invited(&authority, true).await).await.unwrap();
        }
        a.peers.rotate_keys(Actor::System, Kind::Federation, false).await.unwrap();
        a.peers.refresh_membership().await.unwrap();
        assert_eq!(a.own().await.state, Some(Standing::Active), "an ordinary rotation limits nobody");
        clock.advance(TimeDelta::hours(73));
        a.peers.refresh_membership().await.unwrap();
        let seen = b.peers.resolve(a.peers.entity_id()).await.unwrap();
        assert!(seen.is_live(clock.now()), "signed with the new key, which the statement names");

        a.peers.rotate_keys(Actor::System, Kind::Federation, true).await.unwrap();
        a.peers.refresh_membership().await.unwrap();
        assert_eq!(a.own().await.state, Some(Standing::Suspended));
        clock.advance(TimeDelta::hours(73));
        authority.authority().pump().await.unwrap();
        a.peers.refresh_membership().await.unwrap();
        assert_eq!(a.own().await.state, Some(Standing::Active));
        let seen = b.peers.resolve(a.peers.entity_id()).await.unwrap();
        assert_eq!(seen.state(clock.now()), MemberState::Active);

        a.peers.rotate_keys(Actor::System, Kind::Protocol, true).await.unwrap();
        a.peers.refresh_membership().await.unwrap();
        assert_eq!(a.own().await.state, Some(Standing::Suspended));
    })
    .await;
}
