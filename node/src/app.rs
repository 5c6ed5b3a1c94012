//! The composition root: from a `Config` to the rooms' handles, the HTTP application and the workers; and back.
//!
//! Nothing is shared between two nodes of one process: handles, client, metrics and settings are values of a [`Node`].
//! Shutting down goes in this order, each for a reason: workers (they make requests), the outgoing client (its idle
//! connections keep other servers from stopping), the server, the store.

mod connections;
mod stop;
mod work;

use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::web::Data;
use staffetta_protocol::data::Body;
use staffetta_protocol::id::EntityId;
use tracing::Instrument as _;

use crate::access::door::Door;
use crate::authority::Authority;
use crate::backup::Keeper;
use crate::cards::Cards;
use crate::clock::Clock;
use crate::config::Config;
use crate::consents::{self, Consents};
use crate::error::{Error, Result};
use crate::inbox::Inbox;
use crate::journal::Sealer;
use crate::keys::Keys;
use crate::links::Links;
use crate::outbox::Outbox;
use crate::peers::{Client, Peers, Profile};
use crate::people::{self, People};
use crate::referrals::{self, Referrals};
use crate::rights::{Keyring, Rights};
use crate::store::Store;
use crate::vault::{MasterKey, Vault};
use crate::web::document::DESK;
use crate::web::door::oidc::Provider;
use crate::web::{Current, Operations, Web};
use crate::{log, offices, tls, web, wiring};

pub use stop::{Serving, Stop, Workers};

/// Seconds that a server gives to requests under way when it stops.
const GRACE_SECONDS: u64 = 5;

/// How long an idle connection is kept: longer than the pools of clients and proxies keep theirs, which is a minute mostly.
/// Who lets go first must be the one that asks, or a request meets a connection that is just being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// One partner's node, composed. Clones are the same node.
#[derive(Clone)]
pub struct Node {
    config: Config,
    clock: Clock,
    store: Store,
    vault: Vault,
    keys: Keys,
    peers: Peers,
    outbox: Outbox,
    links: Links,
    sealer: Sealer,
    referrals: Referrals,
    authority: Option<Authority>,
    door: Door,
    provider: Option<Provider>,
    web: Web,
    keeper: Keeper,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.config.node.entity_id)
    }
}

impl Node {
    /// Opens the node's database and makes its handles. Nothing runs yet.
    pub fn open(config: Config, clock: Clock) -> Result<Self> {
        let store = Store::open(&config.database, clock)?;
        Self::on(config, store)
    }

    /// The same on a store that is open already.
    pub fn on(config: Config, store: Store) -> Result<Self> {
        let clock = store.clock().clone();
        let entity_id = config.node.entity_id.clone();
        if entity_id.is_plain_http() && !config.node.development_mode {
            return Err(Error::Setup("node.entity_id: plain http is for development mode only".into()));
        }
        let vault = Vault::new(MasterKey::configured(&config.vault)?);
        let keys = Keys::new(vault.clone(), entity_id.clone());
        let client = Client::new(&config.network, config.node.development_mode)?;
        let profile = Profile {
            types: Body::TYPES.iter().filter(|kind| wiring::takes(kind)).map(|kind| (*kind).to_owned()).collect(),
            openapi_uri: Some(format!("{entity_id}{}", web::FEDERATION)),
        };
        let peers = Peers::new(store.clone(), keys.clone(), &config, clock.clone(), client).publishing(profile);
        let outbox = Outbox::new(entity_id, keys.clone(), vault.clone()).keeping(&config.retention);
        let inbox = Inbox {
            keys: keys.clone(),
            outbox: outbox.clone(),
            receive: wiring::receive,
            window: config.exchange.window,
        };
        let links = Links::new(store.clone(), peers.clone(), inbox, wiring::settled, config.exchange.clone());
        let sealer = Sealer::new(store.clone(), keys.clone(), config.node.entity_id.clone());
        let referrals = Referrals::new(outbox.clone(), peers.clone().into());
        let authority = peers.is_authority().then(|| Authority::new(store.clone(), keys.clone(), &config.node));
        let door = Door::new(store.clone(), vault.clone(), keys.clone(), &config, DESK)?;
        let provider = Provider::configured(&config, clock.clone())?;
        let web = Web::new(&config, wiring::ROOMS);
        let entity_id = config.node.entity_id.clone();
        let keeper = Keeper::new(store.clone(), vault.clone(), entity_id, config.backup.keyring.clone());
        keeper.watch();
        Ok(Self {
            config,
            clock,
            store,
            vault,
            keys,
            peers,
            outbox,
            links,
            sealer,
            referrals,
            authority,
            door,
            provider,
            web,
            keeper,
        })
    }

    /// This node's name.
    pub fn entity_id(&self) -> &EntityId {
        &self.config.node.entity_id
    }

    /// Its settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Its vault.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Its keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How its staff gets in.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Who keeps the keyring for whoever restores.
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// The other members.
    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Its outbound links.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// What seals its journal.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Its referrals.
    pub fn referrals(&self) -> &Referrals {
        &self.referrals
    }

    /// The authority's room, if this node is the authority.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// What the desk's handlers of referrals work with.
    fn desk(&self) -> referrals::Desk {
        let links = self.links.clone();
        referrals::Desk::new(self.store.clone(), self.referrals.clone(), move || links.wake())
    }

    /// What whoever runs the node asks of it.
    fn operations(&self) -> Operations {
        let keeper = self.keeper.clone();
        Operations {
            store: self.store.clone(),
            peers: self.peers.clone(),
            certificate: self.config.listen.tls_certificate.clone(),
            metrics_from: self.config.listen.metrics_from.clone(),
            keyring_is_current: Arc::new(move || {
                let keeper = keeper.clone();
                Box::pin(async move { keeper.keyring_is_current().await.unwrap_or(false) })
            }),
            gauges: wiring::GAUGES,
        }
    }

    /// Serves the APIs on `listener`, with TLS where the settings name a certificate.
    pub fn serve(&self, listener: TcpListener) -> Result<Serving> {
        let node = self.clone();
        let span = log::node(self.entity_id());
        let mut server = HttpServer::new(move || {
            let node = node.clone();
            web::application(&node.web, &|cfg| {
                cfg.app_data(Data::new(node.store.clone()))
                    .app_data(Data::new(node.vault.clone()))
                    .app_data(Data::new(node.keys.clone()))
                    .app_data(Data::new(node.peers.clone()))
                    .app_data(Data::new(node.door.clone()))
                    .app_data(Data::new(node.outbox.clone()))
                    .app_data(Data::new(node.links.clone()))
                    .app_data(Data::new(node.desk()))
                    .app_data(Data::new(node.entity_id().clone()))
                    .app_data(Data::new(node.config.clone()))
                    .app_data(Data::new(web::tasks::AddressBook(offices::channels)))
                    .app_data(Data::new(web::Names(people::labels)))
                    .app_data(Data::new(Cards { age_said: consents::heed_age }))
                    .app_data(Data::new(Consents { threads_ended: wiring::threads_ended }))
                    .app_data(Data::new(People { holdings: wiring::HOLDINGS, age_said: consents::heed_age }))
                    .configure(|cfg| node.operations().mount(cfg))
                    .app_data(Data::new(Keyring { takes_more: node.takes_more() }))
                    .app_data(Data::new(Rights { holdings: wiring::HOLDINGS, threads_ended: wiring::threads_ended }));
                if let Some(provider) = &node.provider {
                    cfg.app_data(Data::new(provider.clone()));
                }
                if let Some(authority) = &node.authority {
                    cfg.app_data(Data::new(authority.clone()));
                }
            })
        })
        .disable_signals()
        // An answer in two segments would wait 40 ms for the other side's acknowledgement.
        .tcp_nodelay(true)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(GRACE_SECONDS)
        .max_connections(connections::for_each_worker(self.config.listen.workers))
        .on_connect(web::connected);
        if self.config.listen.workers > 0 {
            server = server.workers(self.config.listen.workers);
        }
        let failed = |cause: std::io::Error| Error::Setup(format!("listen: {cause}"));
        let server = match tls::server(&self.config.listen)? {
            Some(tls) => server.listen_rustls_0_23(listener, tls).map_err(failed)?,
            None => server.listen(listener).map_err(failed)?,
        };
        let server = server.run();
        let handle = server.handle();
        let task = tokio::spawn(server.instrument(span));
        Ok(Serving { handle, task, links: self.links.clone() })
    }

    /// Whether the signed answer of some member agreed with our clock within the last 24 hours.
    pub fn clock_is_confirmed(&self) -> bool {
        self.peers.clock_is_confirmed(self.clock.now())
    }

    fn takes_more(&self) -> Current {
        let keeper = self.keeper.clone();
        Arc::new(move || {
            let keeper = keeper.clone();
            Box::pin(async move { keeper.is_ready().await.is_ok() })
        })
    }

    /// Lets go of the outgoing connections: after the workers, before any server.
    pub fn hang_up(&self) {
        self.peers.client().close();
        if let Some(provider) = &self.provider {
            provider.close();
        }
    }

    /// Closes the store, after the server: what waits is done first.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
