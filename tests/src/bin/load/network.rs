//! A network under load: the authority and the senders in this process, the receiver in one of its own, over TLS.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use chrono::TimeDelta;
use staffetta_node::access::{self, AccessRole};
use staffetta_node::app::{Node, Serving};
use staffetta_node::authority::Invite;
use staffetta_node::journal::Actor;
use staffetta_node::outbox;
use staffetta_node::store::Tx;
use staffetta_protocol::card::Text;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::{Role, Roles, Standing};
use staffetta_tests::Desk;

use super::receiver::{RECEIVER, Receiver};
use super::settings::{Place, authority_file, certify, free};

/// A node of this process.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) node: Node,
    /// Its desk, of an operator.
    pub(super) desk: Desk,
    pub(super) place: Place,
    serving: Option<Serving>,
}

/// The authority, some senders and the receiver.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) authority: Own,
    pub(super) senders: Vec<Own>,
    pub(super) receiver: Receiver,
}

impl Network {
    /// Makes all of them in this folder. Every one has joined and serves.
    pub(super) async fn start(folder: &Path, senders: usize) -> Self {
        certify(folder);
        let (port, listener) = free();
        let folder = folder.to_owned();
        let place = Place { folder: folder.clone(), name: "rete".into(), port, authority: None, hidden: false };
        let authority = Own::make(place, listener, Role::Authority, "ipa:rete").await;
        let rete = authority.node.entity_id().clone();
        let code = authority.invites(Role::Cpi, RECEIVER).await;
        let receiver = Receiver::start(&folder, &rete, &code);
        let mut network = Self { authority, senders: Vec::new(), receiver };
        for n in 0..senders {
            let sender = network.sender(&format!("centro-{n}"), false).await;
            network.senders.push(sender);
        }
        network
    }

    /// Senders and receiver end; the authority goes on. Whoever asks hangs up first: a server that ends waits for
    /// connections on which more may come.
    pub(super) async fn rest(&mut self) {
        self.senders.iter().for_each(|sender| sender.node.hang_up());
        self.receiver.leave().await;
        for sender in &mut self.senders {
            sender.leave().await;
        }
    }

    /// Everybody ends.
    pub(super) async fn end(mut self) {
        self.rest().await;
        self.authority.leave().await;
    }

    /// Another sender, that has joined.
    pub(super) async fn sender(&self, name: &str, hidden: bool) -> Own {
        let (port, listener) = free();
        let authority = Some(self.authority.node.entity_id().clone());
        let place =
            Place { folder: self.authority.place.folder.clone(), name: name.to_owned(), port, authority, hidden };
        let id = format!("ipa:{}", name.replace('-', "_"));
        let sender = Own::make(place, listener, Role::ReceptionCentre, &id).await;
        let code = self.authority.invites(Role::ReceptionCentre, &id).await;
        join(&sender.node, &code).await;
        sender
    }
}

impl Own {
    async fn make(place: Place, listener: TcpListener, role: Role, id: &str) -> Self {
        let node = place.make(role, id).await;
        let serving = node.serve(listener).expect("a server on a bound listener");
        let act = move |tx: &mut Tx<'_>| {
            let label = Text::new("Operatrice").expect("a short label");
            let name = "operatrice".parse().expect("a plain username");
            let staff = access::add_staff(tx, Actor::System, &name, &label, AccessRole::Operator)?;
            access::issue_token(tx, Actor::System, staff, &label, None)
        };
        let token = node.store().write(act).await.expect("an account");
        let trusted = fs::read(authority_file(&place.folder)).expect("a certificate");
        let desk = Desk::trusting(node.entity_id().resource(), token.token.expose(), &trusted);
        let desk = if place.hidden { desk.through(&format!("http://127.0.0.1:{}", place.port)) } else { desk };
        Self { node, desk, place, serving: Some(serving) }
    }

    async fn invites(&self, role: Role, id: &str) -> String {
        let room = self.node.authority().expect("it is the authority");
        let invite = Invite {
            roles: Roles::from([role]),
            organisation_id: Some(id.to_owned()),
            organisation_name: Some(id.to_owned()),
            automatic: true,
            agreement_until: self.node.clock().now() + TimeDelta::days(700),
            valid_for: TimeDelta::days(7),
        };
        room.invite(Actor::System, invite).await.expect("an invitation")
    }

    /// Answers nobody any more; what it asks of others goes on.
    pub(super) async fn fall_silent(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
    }

    /// Ends, as a process would that is told to.
    pub(super) async fn leave(&mut self) {
        self.node.hang_up();
        self.fall_silent().await;
        self.node.close().await;
    }

    /// Serves again from what lies in another folder, of its own or a copy of that.
    pub(super) fn come_back_in(&mut self, folder: &Path) {
        self.place.folder = folder.to_owned();
        self.node = self.place.open();
        let listener = TcpListener::bind(("127.0.0.1", self.place.port)).expect("the port is free again");
        self.serving = Some(self.node.serve(listener).expect("a server on a bound listener"));
    }

    /// How many messages of this sender the receiver has receipted.
    pub(super) async fn acknowledged(&self, receiver: &Receiver) -> i64 {
        let peer = receiver.id.clone();
        let link = self.node.store().read(move |conn| outbox::link(conn, &peer)).await.expect("the database answers");
        link.map_or(0, |link| link.acked_seq)
    }
}

/// Joins the network by an invitation.
pub(super) async fn join(node: &Node, code: &str) {
    let anchor = node.peers().first_contact().await.expect("the authority answers");
    let admission = node.peers().join(Actor::System, anchor, code, "ufficio@partner.example").await;
    assert_eq!(admission.expect("an admission").state, Standing::Active);
}

/// The name under which a partner that is no node of this run would be known.
pub(super) fn nobody(n: usize) -> EntityId {
    format!("https://nodo-{n}.partner.example").parse().expect("an entity id")
}
