//! The other members: who they are, whether they still are, and every request to them and from them.
//!
//! What must hold:
//! - Only listed members' addresses are asked for anything, and of those only the configuration, until a chain holds.
//!   `authority_hints` are compared, never followed.
//! - A chain is cached until its earliest `exp` and renewed at half its life. A stale one fails closed: nothing is
//!   delivered or taken on it, while queueing goes on with [`Peers::known`].
//! - An answer about a trust mark counts an hour; while the authority is silent, the last one counts.
//! - A member that the authority does not know any more is **out**; one that does not answer is not.
//! - [`VerifiedPeer`] in a handler's arguments is the proof of who is calling, and whatever such a handler answers is
//!   signed by [`sign_answers`]. With [`ProvenCaller`] the handler itself remembers the call, so that it is made once.
//! - No request is made while a transaction is open: what takes a connection makes none, what is `async` may.

mod address;
mod answer;
mod api;
mod authority;
mod call;
mod caller;
mod client;
mod evidence;
mod joining;
pub mod membership;
mod own;
mod peer;
mod pinned;
mod refusal;
mod resolve;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::{Anchor, Chain};
use tokio::sync::Mutex as Turn;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::store::{Conn, Store, Tx};

pub use answer::sign_answers;
pub use api::api;
pub use call::{Answer, CallError};
pub use caller::{Memory, ProvenCaller, VerifiedPeer};
pub use client::{Client, NoAnswer, RawAnswer};
pub use evidence::{Used, chains_at};
pub use own::Profile;
pub use peer::{Listed, Peer};
pub use resolve::ResolveError;

/// Chains in memory, each with the digest under which its row names it.
type Chains = HashMap<EntityId, (String, Arc<Chain>)>;

/// The handle on the other members; clones are the same.
#[derive(Clone)]
pub struct Peers(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Keys,
    config: Config,
    clock: Clock,
    client: Client,
    profile: Profile,
    chains: Mutex<Chains>,
    gates: Mutex<HashMap<EntityId, Arc<Gate>>>,
    anchor_gate: Turn<()>,
    list: Turn<authority::List>,
    /// Until when the authority is left alone.
    rest: Mutex<Option<DateTime<Utc>>>,
    own: Mutex<Option<own::Signed>>,
    own_standing: Mutex<own::OwnStanding>,
    /// What was last deposited at the authority, and when.
    deposited: Mutex<Option<(staffetta_protocol::digest::Digest, DateTime<Utc>)>>,
    refusals: Mutex<refusal::Recent>,
    /// When some member's signed answer last agreed with our clock.
    clock_confirmed: Mutex<Option<Confirmed>>,
}

/// A member's word that our clock was right.
#[derive(Debug, Clone, Copy)]
struct Confirmed {
    at: DateTime<Utc>,
    /// How far the wall clock led the steady one then.
    lead: TimeDelta,
}

/// For how long a member's word on our clock counts.
const CONFIRMED_FOR: TimeDelta = TimeDelta::hours(24);
/// A wall clock that went by more than this beside the steady one was set by somebody, or the machine slept: whatever was
/// confirmed before is worth nothing. Slewing, even for a day, stays below.
const TURNED: TimeDelta = TimeDelta::minutes(2);

/// One refresh at a time for each member; `turn` holds until when it is left alone after a failure.
#[derive(Debug, Default)]
struct Gate {
    turn: Turn<Option<DateTime<Utc>>>,
    finished: AtomicU64,
}

impl Peers {
    /// A handle that publishes nothing about what this node takes; see [`Peers::publishing`].
    pub fn new(store: Store, keys: Keys, config: &Config, clock: Clock, client: Client) -> Self {
        Self::build(store, keys, config.clone(), clock, client, Profile::default())
    }

    /// The same, publishing `profile` in the node's configuration. For the composition root, before it is shared.
    pub fn publishing(&self, profile: Profile) -> Self {
        let inner = &*self.0;
        let (store, keys) = (inner.store.clone(), inner.keys.clone());
        Self::build(store, keys, inner.config.clone(), inner.clock.clone(), inner.client.clone(), profile)
    }

    fn build(store: Store, keys: Keys, config: Config, clock: Clock, client: Client, profile: Profile) -> Self {
        Self(Arc::new(Inner {
            store,
            keys,
            config,
            clock,
            client,
            profile,
            chains: Mutex::default(),
            gates: Mutex::default(),
            anchor_gate: Turn::default(),
            list: Turn::default(),
            rest: Mutex::default(),
            own: Mutex::default(),
            own_standing: Mutex::default(),
            deposited: Mutex::default(),
            refusals: Mutex::default(),
            clock_confirmed: Mutex::default(),
        }))
    }

    /// This node's name.
    pub fn entity_id(&self) -> &EntityId {
        &self.0.config.node.entity_id
    }

    /// The network's authority, if this node has joined one.
    pub fn authority_id(&self) -> Option<&EntityId> {
        self.0.config.network.authority.as_ref()
    }

    /// Whether this node is the network authority.
    pub fn is_authority(&self) -> bool {
        self.authority_id() == Some(self.entity_id())
    }

    /// The one HTTP client.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// When some member's signed answer last agreed with our clock, to five minutes at least. What time alone makes
    /// irreversible waits for one of the last 24 h.
    pub fn clock_confirmed_at(&self) -> Option<DateTime<Utc>> {
        self.0.clock_confirmed.lock().unwrap_or_else(PoisonError::into_inner).map(|confirmed| confirmed.at)
    }

    /// Whether the signed answer of some member agreed with our clock within the last 24 hours, and nobody has set the
    /// clock since.
    pub fn clock_is_confirmed(&self, now: DateTime<Utc>) -> bool {
        let confirmed = *self.0.clock_confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        confirmed
            .is_some_and(|it| (now - it.at).abs() < CONFIRMED_FOR && (self.0.clock.lead() - it.lead).abs() <= TURNED)
    }

    /// A signed answer agreed with our clock.
    fn confirm_clock(&self) {
        let confirmed = Confirmed { at: self.now(), lead: self.0.clock.lead() };
        *self.0.clock_confirmed.lock().unwrap_or_else(PoisonError::into_inner) = Some(confirmed);
    }

    /// Every member that this node had to do with, by name of the organisation.
    pub fn list(&self, conn: &mut Conn) -> Result<Vec<Listed>> {
        self.listed(rows::list(conn)?)
    }

    /// The members of an organisation, named as consents name it: `ipa:…` or `vat:…`.
    pub fn of_organisation(&self, conn: &mut Conn, organisation: &str) -> Result<Vec<Listed>> {
        self.listed(rows::of_organisation(conn, organisation)?)
    }

    fn listed(&self, rows: Vec<rows::ListRow>) -> Result<Vec<Listed>> {
        let now = self.now();
        rows.into_iter().map(|row| Listed::new(row, self.authority_id(), now)).collect()
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    fn chains(&self) -> MutexGuard<'_, Chains> {
        self.0.chains.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peers({})", self.entity_id())
    }
}

/// Pins the authority by the keys that whoever joins vouches for. Called by `join`, which verified them.
pub fn pin(tx: &mut Tx<'_>, anchor: &Anchor) -> Result<()> {
    pinned::pin(tx, anchor)
}

/// The pins of an authority, as they stand.
pub fn pinned(conn: &mut Conn, authority: &EntityId) -> Result<Option<Anchor>> {
    Ok(pinned::find(conn, authority)?.map(|row| row.anchor))
}

/// Keeps the mark that the authority gave this node; its configuration carries it from now on.
pub fn keep_own_mark(tx: &mut Tx<'_>, jws: &str) -> Result<()> {
    rows::keep_own_mark(tx, jws)
}

/// The mark that this node carries.
pub fn own_mark(conn: &mut Conn) -> Result<Option<String>> {
    rows::own_mark(conn)
}

/// Keeps the chain of `peer` as evidence, in the transaction that takes something on it. Once for each chain; its
/// digest names it.
pub fn keep_evidence(tx: &mut Tx<'_>, peer: &Peer) -> Result<staffetta_protocol::digest::Digest> {
    rows::keep_used(tx, peer.chain())
}

/// The nodes of an organisation, named as consents name it, that this node had to do with: also those that are out.
pub fn nodes_of(conn: &mut Conn, organisation: &str) -> Result<Vec<EntityId>> {
    let rows = rows::of_organisation(conn, organisation)?;
    rows.into_iter().map(|row| row.entity_id.parse().map_err(Error::internal)).collect()
}

pub use rows::KnownAs;

/// What a member is called and is, by its last verified chain, live or not: for rooms that hold no [`Peers`].
pub fn known_as(conn: &mut Conn, id: &EntityId) -> Result<Option<KnownAs>> {
    rows::known_as(conn, id)
}
