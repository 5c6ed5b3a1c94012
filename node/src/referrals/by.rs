//! Who acts at this node, and who stands on the other side of a thread.

use std::fmt;
use std::sync::Arc;

use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::message::{Actor, ActorRole};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::{Roles, may_send};
use uuid::Uuid;

use crate::access::{Sight, Staff};
use crate::error::{Error, Result};
use crate::journal::{self, Entry};
use crate::peers::{Peer, Peers};
use crate::store::Conn;
use crate::vault::Vault;

/// Who does something at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A member of staff, in this capacity.
    Staff {
        /// The account.
        id: Uuid,
        /// Its access role.
        role: ActorRole,
        /// Why she may: the ground of what she reads.
        why: &'static str,
    },
    /// The node, by itself: what follows from an act, never a decision.
    System,
}

impl By {
    /// A member of staff who has a part in the case.
    pub(super) fn at_the_desk(staff: &Staff, sight: &Sight) -> Self {
        Self::Staff { id: staff.id, role: staff.role.into(), why: sight.why().as_str() }
    }

    /// The journal entry of an act that stays here, with its ground.
    pub(super) fn entry(self, act: &'static str) -> Entry {
        let entry = Entry::new(self.journal(), act);
        match self {
            Self::Staff { why, .. } => entry.ground(why),
            Self::System => entry,
        }
    }

    /// For the journal.
    pub(super) fn journal(self) -> journal::Actor {
        match self {
            Self::Staff { id, .. } => journal::Actor::Staff(id),
            Self::System => journal::Actor::System,
        }
    }

    /// For a message to `towards`.
    pub(super) fn actor(self, vault: &Vault, towards: &EntityId) -> Actor {
        match self {
            Self::Staff { id, role, .. } => Actor { role, pseudonym: Some(vault.pseudonym(id, towards)) },
            Self::System => Actor { role: ActorRole::System, pseudonym: None },
        }
    }

    /// In which capacity.
    pub(super) fn role(self) -> ActorRole {
        match self {
            Self::Staff { role, .. } => role,
            Self::System => ActorRole::System,
        }
    }

    /// The account, if it is one.
    pub(super) fn staff(self) -> Option<Uuid> {
        match self {
            Self::Staff { id, .. } => Some(id),
            Self::System => None,
        }
    }

    /// Whether a person decides.
    pub(super) fn is_person(self) -> bool {
        matches!(self, Self::Staff { role, .. } if role != ActorRole::System)
    }
}

/// What must be known of another node to tell it something. Read from its last verified chain, live or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// The node.
    pub entity_id: EntityId,
    /// The organisation that runs it.
    pub organisation_name: String,
    /// What a consent may call that organisation.
    pub organisation_ids: Vec<OrganisationId>,
    /// What it is in the network.
    pub roles: Roles,
    /// The versions of message types that it takes.
    pub takes: Vec<String>,
}

impl Partner {
    /// As its chain shows it.
    fn of(peer: &Peer) -> Result<Self> {
        let ids = peer.organisation_ids();
        let ids = ids.iter().map(|id| OrganisationId::new(id).map_err(Error::internal)).collect::<Result<_>>()?;
        Ok(Self {
            entity_id: peer.entity_id().clone(),
            organisation_name: peer.organisation_name().to_owned(),
            organisation_ids: ids,
            roles: peer.roles().clone(),
            takes: peer.takes().to_vec(),
        })
    }

    /// Refuses to queue what the partner would not take.
    ///
    /// # Errors
    /// `type_not_supported` where there is no common version, `role_not_entitled` where the roles do not permit it.
    pub(super) fn must_take(&self, kind: &str, ours: &Roles) -> Result<()> {
        if !self.takes.iter().any(|taken| taken == kind) {
            return Err(Problem::new(Code::TypeNotSupported).into());
        }
        if !may_send(kind, ours, &self.roles) {
            return Err(Problem::new(Code::RoleNotEntitled).into());
        }
        Ok(())
    }
}

type Known = dyn Fn(&mut Conn, &EntityId) -> Result<Option<Partner>> + Send + Sync;
type Ours = dyn Fn(&mut Conn) -> Result<Roles> + Send + Sync;
type OfOrganisation = dyn Fn(&mut Conn, &OrganisationId) -> Result<Vec<EntityId>> + Send + Sync;

/// How this room looks other nodes up: by their last verified chains, live or not. Clones are the same.
#[derive(Clone)]
pub struct Partners {
    known: Arc<Known>,
    of_organisation: Arc<OfOrganisation>,
    ours: Arc<Ours>,
}

impl fmt::Debug for Partners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Partners")
    }
}

impl Partners {
    /// By three questions: a member, the members of an organisation, and what this node itself is in the network.
    pub fn new(
        known: impl Fn(&mut Conn, &EntityId) -> Result<Option<Partner>> + Send + Sync + 'static,
        of_organisation: impl Fn(&mut Conn, &OrganisationId) -> Result<Vec<EntityId>> + Send + Sync + 'static,
        ours: impl Fn(&mut Conn) -> Result<Roles> + Send + Sync + 'static,
    ) -> Self {
        Self { known: Arc::new(known), of_organisation: Arc::new(of_organisation), ours: Arc::new(ours) }
    }

    pub(super) fn known(&self, conn: &mut Conn, id: &EntityId) -> Result<Option<Partner>> {
        (self.known)(conn, id)
    }

    pub(super) fn ours(&self, conn: &mut Conn) -> Result<Roles> {
        (self.ours)(conn)
    }

    pub(super) fn of_organisation(&self, conn: &mut Conn, id: &OrganisationId) -> Result<Vec<EntityId>> {
        (self.of_organisation)(conn, id)
    }
}

impl From<Peers> for Partners {
    fn from(peers: Peers) -> Self {
        let (others, own) = (peers.clone(), peers.clone());
        Self::new(
            move |conn, id| peers.known(conn, id)?.as_ref().map(Partner::of).transpose(),
            move |conn, id| {
                let members = others.of_organisation(conn, id.organisation())?;
                Ok(members.into_iter().map(|member| member.entity_id).collect())
            },
            move |conn| own.own_roles_in(conn),
        )
    }
}
