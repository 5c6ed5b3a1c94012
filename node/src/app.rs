//! The composition root: from a `Config` to the rooms' handles, the HTTP application and the workers; and back.
//!
//! Nothing is shared between two nodes of one process: handles, client, metrics and settings are values of a [`Node`].
//! Shutting down goes in this order, each for a reason: workers (they make requests), the outgoing client (its idle
//! connections keep other servers from stopping), the server, the store.

mod stop;

use std::fmt;
use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::web::Data;
use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::data::Body;
use staffetta_protocol::id::EntityId;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::access::door::{self, Door};
use crate::authority::Authority;
use crate::backup::Keeper;
use crate::clock::Clock;
use crate::config::Config;
use crate::consents::{self, Consents};
use crate::error::{Error, Result};
use crate::inbox::{self, Inbox};
use crate::journal::Sealer;
use crate::keys::Keys;
use crate::links::Links;
use crate::outbox::Outbox;
use crate::peers::{Client, Peers, Profile};
use crate::people::People;
use crate::referrals::{self, Referrals};
use crate::rights::{self, Rights};
use crate::store::{Store, Tx, once};
use crate::vault::{MasterKey, Vault};
use crate::web::document::DESK;
use crate::web::door::oidc::Provider;
use crate::web::{Operations, Web};
use crate::{log, offices, tls, web, wiring};

pub use stop::{Serving, Stop, Workers};

/// Longest that a worker sleeps: what another process on the same database queued is seen within this time.
const LONGEST_NAP: TimeDelta = TimeDelta::seconds(5);
/// Seconds that a server gives to requests under way when it stops.
const GRACE_SECONDS: u64 = 5;

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
        let outbox = Outbox::new(entity_id, keys.clone(), vault.clone());
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
        Operations {
            store: self.store.clone(),
            peers: self.peers.clone(),
            certificate: self.config.listen.tls_certificate.clone(),
            metrics_from: self.config.listen.metrics_from.clone(),
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
                    .app_data(Data::new(Consents { threads_ended: wiring::threads_ended }))
                    .app_data(Data::new(People { holdings: wiring::HOLDINGS }))
                    .configure(|cfg| node.operations().mount(cfg))
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
        .shutdown_timeout(GRACE_SECONDS);
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

    /// Starts the workers: links, the journal's sealer, the refresh of chains, the authority's marks, and what is due by
    /// time alone.
    pub fn work(&self) -> Workers {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let span = log::node(self.entity_id());
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move { repeat(&node, "links", stopping, || node.links.pump(), || node.links.woken()).await }
                .instrument(span.clone()),
        );
        if self.config.node.mailbox {
            let (node, stopping) = (self.clone(), stopped.clone());
            let fetching = async move {
                let until = stopping.clone();
                let fetch = || node.fetch(until.clone());
                repeat(&node, "mailbox", stopping, fetch, std::future::pending).await;
            };
            tasks.spawn(fetching.instrument(span.clone()));
        }
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move {
                repeat(&node, "reconciliation", stopping, || node.links.reconcile(), std::future::pending).await;
            }
            .instrument(span.clone()),
        );
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move {
                repeat(&node, "peers", stopping, || node.peers.refresh_pump(), std::future::pending).await;
            }
            .instrument(span.clone()),
        );
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move { repeat(&node, "sealer", stopping, || node.sealer.pump(), std::future::pending).await }
                .instrument(span.clone()),
        );
        let (node, stopping) = (self.clone(), stopped);
        tasks.spawn(
            async move { repeat(&node, "upkeep", stopping, || node.upkeep(), std::future::pending).await }
                .instrument(span),
        );
        Workers { stop, tasks }
    }

    /// A round of a node with a mailbox; given up when the node stops, since what was not receipted comes again.
    async fn fetch(&self, mut stopping: watch::Receiver<bool>) -> Result<Option<DateTime<Utc>>> {
        tokio::select! {
            answered = self.links.collect(25) => Ok(answered?.then(|| self.clock.now())),
            _ = stopping.changed() => Ok(None),
        }
    }

    /// What is due by time alone: marks and memberships, what the outbox gave up, retired keys, ids that may be forgotten. What cannot be undone
    /// waits until some member's answer has confirmed our clock within the day.
    pub async fn upkeep(&self) -> Result<Option<DateTime<Utc>>> {
        let now = self.clock.now();
        if let Some(authority) = &self.authority {
            authority.pump().await?;
        } else {
            if let Err(error) = self.peers.refresh_membership().await {
                tracing::warn!(cause = %error, "the membership was not refreshed");
            }
            if let Err(error) = self.peers.deposit_configuration().await {
                tracing::warn!(cause = %error, "the configuration was not deposited");
            }
        }
        while self.store.write(referrals::refresh).await? == referrals::AT_ONCE {}
        self.upkeep_of_consents(now).await?;
        self.store.write(once::purge).await?;
        self.upkeep_of_recalls().await?;
        self.upkeep_of_rectified().await?;
        if let Err(cause) = self.keeper.pump().await {
            tracing::error!(%cause, "the keyring is behind: until it is written, no backup may be restored");
        }
        if self.clock_is_confirmed() {
            let (keys, vault) = (self.keys.clone(), self.vault.clone());
            self.store
                .write(move |tx| {
                    rights::pump(tx, &vault)?;
                    keys.destroy_retired(tx)?;
                    door::purge(tx)?;
                    once::forget_keys(tx)?;
                    inbox::purge(tx)
                })
                .await?;
            rights::retention::pump(&self.store, wiring::RETAINED, &self.config.retention).await?;
        }
        Ok(Some(now + TimeDelta::minutes(5)))
    }

    /// Answers that became late, what was kept for a while, and the keys of those of whom nothing is held any more.
    async fn upkeep_of_recalls(&self) -> Result<()> {
        let (outbox, confirmed) = (self.outbox.clone(), self.clock_is_confirmed());
        let act = move |tx: &mut Tx<'_>| consents::tree::pump(tx, &outbox, wiring::ABOVE, confirmed);
        if self.store.write(act).await?.shredded > 0 {
            self.store.scrub().await?;
        }
        Ok(())
    }

    /// What was put right at somebody's request goes to everybody who holds it.
    async fn upkeep_of_rectified(&self) -> Result<()> {
        let referrals = self.referrals.clone();
        if self.store.write(move |tx| referrals.pass_rectified_on(tx)).await? > 0 {
            self.links.wake();
        }
        Ok(())
    }

    /// The notices that come with the program, and the ends of what guardians agreed to where a birthday was put right.
    async fn upkeep_of_consents(&self, now: DateTime<Utc>) -> Result<()> {
        let own = self.config.node.organisation_name.clone();
        self.store.write(move |tx| consents::notices::ship(tx, &own)).await?;
        let vault = self.vault.clone();
        let moved = self.store.read(move |conn| consents::moved_birthdays(conn, &vault, now)).await?;
        for consent in moved {
            let vault = self.vault.clone();
            self.store.write(move |tx| consents::put_birthday_right(tx, &vault, &consent)).await?;
        }
        Ok(())
    }

    /// Whether the signed answer of some member agreed with our clock within the last 24 hours.
    pub fn clock_is_confirmed(&self) -> bool {
        self.peers.clock_is_confirmed(self.clock.now())
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

/// Calls `pump` again and again: when it asked to be called, when somebody wakes it, and at least every few seconds.
async fn repeat<P, N, W>(
    node: &Node,
    name: &'static str,
    mut stop: watch::Receiver<bool>,
    pump: impl Fn() -> P,
    woken: impl Fn() -> W,
) where
    P: Future<Output = Result<N>>,
    N: Into<Option<DateTime<Utc>>>,
    W: Future<Output = ()>,
{
    while !*stop.borrow() {
        let next = match pump().await {
            Ok(next) => next.into(),
            Err(error) => {
                tracing::error!(worker = name, cause = %error, "a worker failed; it is called again");
                None
            }
        };
        let nap = next.map_or(LONGEST_NAP, |at| (at - node.clock.now()).clamp(TimeDelta::zero(), LONGEST_NAP));
        let nap = Duration::from_millis(nap.num_milliseconds().max(10) as u64);
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            () = woken() => {}
            _ = stop.changed() => {}
        }
    }
}
