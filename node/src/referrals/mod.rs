//! Referrals (*invii*): a person's card goes from the node that knows her to the office that takes her on, and the
//! answer comes back. The rules of who may do what, and what follows, stand in [`model`].
//!
//! What must hold:
//! - Two fields, never mixed: the state says what the offices decided, the transport what became of the last message.
//! - A verb is one transaction: row locked, model asked, permit made, only the permit's groups disclosed, message
//!   queued, rows and journal written. A step without its message, or a message without its step, cannot be.
//! - Every message of a thread is noted with its place in it and what became of it: that is the history from which the
//!   state of the other side is reckoned. What a message says beyond its kind is sealed with its subject's key.
//! - Contacts leave only after acceptance and only where the person granted them.
//! - A withdrawal is never undone, whatever becomes of its message.
//! - Nothing is decided by a clock: what is late is shown as late.
//! - When another body takes a person's record over, her referrals end and say so: [`transfer`].

mod api;
mod api_taker;
mod by;
mod case;
mod collecting;
mod desk;
mod ending;
mod events;
pub mod expiring;
mod input;
mod keeping;
mod known;
pub mod model;
mod opener;
pub mod paper;
mod rectifying;
mod rows;
pub mod sap;
mod settle;
mod show;
mod taker;
pub mod transfer;
mod view;
pub mod wire;

#[cfg(test)]
mod tests;

use std::fmt;

use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::consents;
use crate::error::{Error, Result};
use crate::grants::Destination;
use crate::outbox::Outbox;
use crate::store::{Conn, Tx};
use crate::vault::{Holding, Merging, Vault};
use crate::{offices, rights};

pub use api::api;
pub use by::{By, Partner, Partners};
pub use desk::Desk;
pub use ending::ToldHow;
pub use events::Said;
pub use model::{Side, State};
pub use opener::{Draft, Sending};
pub use rows::{Conversation, Wanted, conversation};
/// What this room and those to its right do when a record of another node is withdrawn.
pub const UPON_WITHDRAWAL: consents::tree::Above = consents::tree::Above {
    threads_ended: wire::withdrawn_by_consent,
    keeps: keeping::keeps,
    forgets: events::forget_words,
    frozen: rights::is_frozen,
};

pub use settle::{AT_ONCE, refresh, settled};
pub use view::{Referral, ReferralEvent, ReferralSummary, Referrals as ReferralList};

use case::Case;

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "referrals",
    tables: &[
        "referral",
        "referral_event",
        "referral_office",
        "referral_sheet",
        "office_record",
        "policy_event",
        "record_transfer",
        "transfer_letter",
        "rectification",
    ],
    merge,
    collect: collecting::collect,
};

fn merge(tx: &mut Tx<'_>, vault: &Vault, merging: &Merging) -> Result<()> {
    rows::merge(tx, vault, merging)?;
    transfer::merge(tx, vault, merging)
}

/// The handle of the verbs. Clones are the same.
#[derive(Clone)]
pub struct Referrals {
    outbox: Outbox,
    partners: Partners,
}

impl fmt::Debug for Referrals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Referrals({})", self.outbox.entity_id())
    }
}

impl Referrals {
    /// A handle.
    pub fn new(outbox: Outbox, partners: Partners) -> Self {
        Self { outbox, partners }
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn partner(&self, conn: &mut Conn, id: &EntityId) -> Result<Option<Partner>> {
        self.partners.known(conn, id)
    }

    /// The node that is meant: the one that is named, or the only one of the organisation.
    ///
    /// # Errors
    /// `not_found`; `conflict` where the organisation has several.
    fn resolve(
        &self,
        conn: &mut Conn,
        node: Option<EntityId>,
        organisation: Option<&OrganisationId>,
    ) -> Result<EntityId> {
        let several = "The organisation has several nodes: name one as recipient.";
        match (node, organisation) {
            (Some(node), _) => Ok(node),
            (None, Some(organisation)) => match &self.partners.of_organisation(conn, organisation)?[..] {
                [node] => Ok(node.clone()),
                [] => Err(unknown_member()),
                _ => Err(Problem::new(Code::Conflict).detail(several).into()),
            },
            (None, None) => Err(Code::NotFound.into()),
        }
    }

    /// Locks a referral and brings up to date what is known of the other side.
    fn lock(&self, tx: &mut Tx<'_>, id: Uuid) -> Result<Case> {
        let mut case = Case::lock(tx, id)?;
        self.refresh_name(tx.conn(), &mut case)?;
        Ok(case)
    }

    /// What is known of the other side today: a node by its chain, an office by its entry in the address book.
    fn refresh_name(&self, conn: &mut Conn, case: &mut Case) -> Result<()> {
        let known = match case.peer() {
            Destination::Node(node) => self.partner(conn, node)?.map(|it| (it.organisation_name, it.organisation_ids)),
            Destination::Office(id) => offices::partner(conn, *id)?.map(|it| (it.addressee(), vec![it.organisation])),
        };
        if let Some((organisation, ids)) = known {
            case.row.organisation = organisation;
            case.row.recipient_ids = joined(&ids);
        }
        Ok(())
    }

    fn must_take(&self, tx: &mut Tx<'_>, case: &Case, kind: &str) -> Result<()> {
        let partner = self.partner(tx.conn(), case.node()?)?.ok_or_else(unknown_member)?;
        partner.must_take(kind, &self.partners.ours(tx.conn())?)
    }
}

fn unknown_member() -> Error {
    Problem::new(Code::NotFound).detail("This node knows no such member of the network.").into()
}

fn joined(ids: &[OrganisationId]) -> String {
    ids.iter().map(OrganisationId::as_str).collect::<Vec<_>>().join(",")
}
