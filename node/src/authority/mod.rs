//! The network authority: admission, statements, list, trust marks, historical keys. Off in every other node.
//!
//! What must hold:
//! - Every act on a member is one transaction with its entry in the journal; a member is written by compare-and-set, so
//!   two administrators cannot undo each other unseen.
//! - An invitation is used once. Its secret is kept as a hash and compared in constant time.
//! - Suspended is: every mark taken back, chain live. Expelled is: not listed, and the statement is `not_found`.
//! - A member's federation keys change only by a document that a key of the present statement signed, and another that
//!   the new key signed.
//! - Statements are signed when somebody asks, kept in memory, and signed anew after 12 hours or when the member's row or
//!   the signing key changed: a command beside a running node takes effect at once.
//! - What is told to anybody says no more about a member than its trust mark does.

mod admission;
mod api;
mod deposit;
mod model;
mod rows;
mod standing;
mod statements;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::{Admission, Role, Standing};

use crate::config::NodeConfig;
use crate::error::{Error, Result};
use crate::keys::{Keys, Kind};
use crate::store::{Conn, Store, Tx};

pub use admission::Invite;
pub use api::{api, nodes, only_there};
pub use model::{is_ipa_code, is_vat_number};
pub use rows::{Invitation, Member};
pub use statements::ListFilter;

/// How often a statement is signed anew, though it lives longer: an outage of the authority stops nobody.
pub const RESIGN: TimeDelta = TimeDelta::hours(12);
/// How long a trust mark lives at most. The agreement may run longer: then a new mark follows.
pub const MARK_LIFETIME: TimeDelta = TimeDelta::days(365);
/// How long before its end a mark is followed by a new one, if the agreement goes on.
pub const MARK_RENEWAL: TimeDelta = TimeDelta::days(30);

/// The handle on the authority's room; clones are the same.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Keys,
    entity_id: EntityId,
    development: bool,
    statements: Mutex<statements::Signed>,
}

impl Authority {
    /// A handle. `node` is this node, whose role must be that of the authority: whoever mounts it checks that.
    pub fn new(store: Store, keys: Keys, node: &NodeConfig) -> Self {
        let statements = Mutex::default();
        let (entity_id, development) = (node.entity_id.clone(), node.development_mode);
        Self(Arc::new(Inner { store, keys, entity_id, development, statements }))
    }

    /// The authority's name.
    pub fn entity_id(&self) -> &EntityId {
        &self.0.entity_id
    }

    /// Every organisation that ever applied, by name of its node.
    pub async fn members(&self) -> Result<Vec<Member>> {
        let every = [Standing::Pending, Standing::Active, Standing::Suspended, Standing::Expelled];
        self.0.store.read(move |conn| rows::members(conn, &every)).await
    }

    /// The newest invitations, without their secrets.
    pub async fn invitations(&self, limit: u32) -> Result<Vec<Invitation>> {
        self.0.store.read(move |conn| rows::invitations(conn, i64::from(limit))).await
    }

    /// How the member of that slug stands, with its mark if one counts.
    pub async fn admission(&self, slug: String) -> Result<Admission> {
        let now = self.0.store.clock().now();
        self.0
            .store
            .read(move |conn| {
                let member = rows::member_by_slug(conn, &slug)?.ok_or(Code::NotFound)?;
                admission_of(conn, &member, now)
            })
            .await
    }

    /// Signs a mark for a member and keeps it.
    fn give_mark(&self, tx: &mut Tx<'_>, member: &Member) -> Result<()> {
        use staffetta_protocol::trust::{TrustMark, trust_mark_type};
        let now = tx.now();
        let expires_at = member.agreement_until.min(now + MARK_LIFETIME);
        if expires_at <= now {
            return Err(Problem::new(Code::Conflict).detail("the partnership agreement has ended: renew it").into());
        }
        let key = self.0.keys.signing(tx.conn(), Kind::Federation, now)?;
        let mark = TrustMark {
            iss: self.0.entity_id.clone(),
            sub: member.entity_id.clone(),
            trust_mark_type: trust_mark_type(&self.0.entity_id),
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
            public_body: member.public_body,
            ipa_code: member.ipa_code.clone(),
            vat_number: member.vat_number.clone(),
            organization_name: member.organisation_name.clone(),
            email: member.email.clone(),
            roles: member.roles.clone(),
        };
        let jws = mark.sign(&key).map_err(Error::internal)?;
        rows::insert_mark(tx, &member.entity_id, &jws, key.kid(), expires_at)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.0.entity_id)
    }
}

fn admission_of(conn: &mut Conn, member: &Member, now: DateTime<Utc>) -> Result<Admission> {
    let mark = match member.state {
        Standing::Active => rows::newest_mark(conn, &member.entity_id)?.filter(|mark| now < mark.expires_at),
        _ => None,
    };
    Ok(Admission {
        entity_id: member.entity_id.clone(),
        slug: member.slug.clone(),
        state: member.state,
        trust_mark: mark.map(|mark| mark.jws),
    })
}

/// Whether roles may be granted: some, and not that of the authority.
fn grantable(roles: &staffetta_protocol::trust::Roles) -> bool {
    !roles.is_empty() && !roles.contains(&Role::Authority)
}
