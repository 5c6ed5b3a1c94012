//! A node's database and keys, opened for one verb.

use crate::authority::Authority;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::peers::{Client, Peers};
use crate::store::Store;
use crate::vault::{MasterKey, Vault};

/// What most verbs need.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The database.
    pub store: Store,
    /// What seals.
    pub vault: Vault,
    /// The node's own keys.
    pub keys: Keys,
    /// The other members.
    pub peers: Peers,
    /// The settings that it was opened with.
    pub config: Config,
}

impl Opened {
    /// Opens the database and the keys of a node that `init` made. Blocks.
    pub fn open(config: &Config, clock: Clock) -> Result<Self> {
        let vault = Vault::new(MasterKey::configured(&config.vault)?);
        let keys = Keys::new(vault.clone(), config.node.entity_id.clone());
        let client = Client::new(&config.network, config.node.development_mode)?;
        let store = Store::open(&config.database, clock.clone())?;
        let peers = Peers::new(store.clone(), keys.clone(), config, clock, client);
        Ok(Self { store, vault, keys, peers, config: config.clone() })
    }

    /// The authority's room; an error on every other node.
    pub(super) fn authority(&self) -> Result<Authority> {
        if !self.peers.is_authority() {
            return Err(Error::Setup("this node is not the network authority".into()));
        }
        Ok(Authority::new(self.store.clone(), self.keys.clone(), &self.config.node))
    }
}
