//! Four nodes in one process: made, served, joined, and shut down in order.

use std::net::TcpListener;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::Standing;
use tokio::sync::Mutex;
use tracing::Instrument as _;

use super::cast::{AUTHORITY, PARTNERS, Partner};
use super::folder::{Folder, NodeFolder, write_private};
use super::telling::{say, step};
use super::{Make, NewNode};
use crate::app::{Node, Serving, Workers};
use crate::authority::Invite;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::journal::Actor;
use crate::keys::Kind;
use crate::log;

/// How long a closed connection takes to be closed at its other end too.
const HANGING_UP: Duration = Duration::from_millis(50);

/// The nodes of the demo, in the order of [`PARTNERS`].
#[derive(Debug)]
pub(super) struct Network {
    nodes: Vec<Node>,
    servers: Vec<Serving>,
    /// Those of each node; none while it has no line.
    workers: Mutex<Vec<Option<Workers>>>,
}

impl Network {
    /// Opens the nodes of the folder, making those that are missing, and serves them.
    pub(super) async fn start(
        folder: &Folder,
        listeners: Vec<TcpListener>,
        ports: &[u16],
        clock: Clock,
        make: Make,
    ) -> Result<Self> {
        let mut network = Self { nodes: Vec::new(), servers: Vec::new(), workers: Mutex::default() };
        let places =
            folder.nodes().zip(ports).map(|(node, port)| Ok((node, name(*port)?))).collect::<Result<Vec<_>>>()?;
        let authority = places[AUTHORITY].1.clone();
        for ((place, entity_id), (listener, port)) in places.into_iter().zip(listeners.into_iter().zip(ports)) {
            let span = log::node(&entity_id);
            let opened = async {
                if !place.settings().exists() {
                    place.clear()?;
                    make(new_node(&place, &entity_id)?, clock.clone()).await?;
                }
                // Written anew at each start: the folder may have been moved.
                let settings = settings(folder, &place, &entity_id, &authority, *port)?;
                write_private(&place.settings(), &settings)?;
                // Not `load`: what the environment sets is for one node.
                let node = Node::open(Config::read(&settings, [])?, clock.clone())?;
                let serving = node.serve(listener)?;
                Ok((node, serving))
            };
            match opened.instrument(span).await {
                Ok((node, serving)) => {
                    network.nodes.push(node);
                    network.servers.push(serving);
                }
                Err(error) => {
                    network.stop().await;
                    return Err(error);
                }
            }
        }
        Ok(network)
    }

    /// The node of a partner.
    pub(super) fn node(&self, partner: usize) -> &Node {
        &self.nodes[partner]
    }

    /// Lets every node that is no member yet join, with an invitation for its organisation.
    pub(super) async fn join(&self) -> Result<()> {
        for (node, partner) in self.nodes.iter().zip(&PARTNERS).skip(AUTHORITY + 1) {
            let joined = self.join_one(node, partner).instrument(log::node(node.entity_id()));
            let standing = step(&format!("{} aderisce alla rete", partner.organisation), joined).await?;
            say(format!("{} -> {}: {standing}", PARTNERS[AUTHORITY].organisation, partner.organisation));
        }
        Ok(())
    }

    async fn join_one(&self, node: &Node, partner: &Partner) -> Result<&'static str> {
        if node.peers().own().await?.state == Some(Standing::Active) {
            return Ok("già nella rete");
        }
        let host = &self.nodes[AUTHORITY];
        let authority = host.authority().ok_or_else(|| Error::internal("the first node is the authority"))?;
        let invite = Invite {
            roles: partner.roles.iter().copied().collect(),
            organisation_id: Some(partner.organisation_id.to_owned()),
            organisation_name: Some(partner.organisation.to_owned()),
            automatic: true,
            agreement_until: node.clock().now() + TimeDelta::days(365),
            valid_for: TimeDelta::days(1),
        };
        let code = authority.invite(Actor::System, invite).await?;
        let anchor = node.peers().first_contact().await?;
        // As the people of both compare it on the telephone.
        let (keys, now) = (host.keys().clone(), host.clock().now());
        let own = host.store().read(move |conn| keys.signing(conn, Kind::Federation, now)).await?;
        if !anchor.jwks.keys.iter().any(|jwk| jwk.kid == *own.kid()) {
            return Err(Error::Setup("la chiave mostrata non è quella dell'autorità".into()));
        }
        let admission = node.peers().join(Actor::System, anchor, &code, partner.contact).await?;
        match admission.state {
            Standing::Active => Ok("invito accettato, chiave confrontata, ammesso"),
            other => Err(Error::Setup(format!("l'autorità risponde {}", other.as_str()))),
        }
    }

    /// Starts the workers of all nodes.
    pub(super) async fn work(&self) {
        *self.workers.lock().await = self.nodes.iter().map(|node| Some(node.work())).collect();
    }

    /// Takes a node's line away: what it queues from here on waits.
    pub(super) async fn cut_off(&self, partner: usize) {
        if let Some(workers) = self.workers.lock().await[partner].take() {
            workers.stop().await;
        }
    }

    /// Gives it back, after a first round in which everything left that may.
    pub(super) async fn reconnect(&self, partner: usize) -> Result<()> {
        let node = &self.nodes[partner];
        node.links().pump().instrument(log::node(node.entity_id())).await?;
        self.workers.lock().await[partner] = Some(node.work());
        Ok(())
    }

    /// Ends everything: workers, then the outgoing connections of all, since an idle one would hold another's server,
    /// then the servers at once, then the stores.
    pub(super) async fn stop(self) {
        join_all(self.workers.into_inner().into_iter().flatten().map(Workers::stop)).await;
        self.nodes.iter().for_each(Node::hang_up);
        // A server looks once a second whether its connections have ended: it should find them ended at its first look.
        tokio::time::sleep(HANGING_UP).await;
        join_all(self.servers.into_iter().map(Serving::stop)).await;
        join_all(self.nodes.iter().map(Node::close)).await;
    }
}

fn name(port: u16) -> Result<EntityId> {
    format!("https://localhost:{port}").parse().map_err(Error::internal)
}

fn new_node(place: &NodeFolder, entity_id: &EntityId) -> Result<NewNode> {
    let partner = place.partner;
    Ok(NewNode {
        folder: place.provide()?.to_owned(),
        entity_id: entity_id.clone(),
        organisation: partner.organisation,
        organisation_id: partner.organisation_id,
        roles: partner.roles,
        contact: partner.contact,
    })
}

/// The node's settings, as a file for `--config`.
fn settings(folder: &Folder, place: &NodeFolder, own: &EntityId, authority: &EntityId, port: u16) -> Result<String> {
    let here = place.provide()?;
    let settings = json!({
        "node": {
            "entity_id": own,
            "organisation_name": place.partner.organisation,
            "contacts": [place.partner.contact],
            "data_dir": here,
        },
        "database": { "url": format!("sqlite:{}", here.join("staffetta.db").display()) },
        "listen": {
            "address": format!("127.0.0.1:{port}"),
            "tls_certificate": place.certificate(),
            "tls_key": place.private_key(),
            "workers": 1,
        },
        "network": {
            "authority": authority,
            "extra_ca_file": folder.authority_certificate(),
            "allow_private_addresses": true,
        },
        "vault": { "master_key_file": here.join("master.key") },
    });
    let text = toml::to_string(&settings).map_err(Error::internal)?;
    Ok(format!(
        "# A node of `staffetta demo`, written anew at each start. All settings: deploy/staffetta.example.toml.\n\n{text}"
    ))
}
