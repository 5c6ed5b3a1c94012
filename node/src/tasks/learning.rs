//! Whoever learns under somebody who leaves: an administrator says under whom she goes on.

use uuid::Uuid;

use super::{Kind, Task, close, open};
use crate::access;
use crate::error::Result;
use crate::journal::Actor;
use crate::store::Tx;

/// Lets nobody in under this account any more ([`access::disable`]). Of each who learns under it, and of the account itself
/// if it is that of somebody who learns, what there is to be done is opened or closed.
///
/// # Errors
/// `not_found`.
pub fn let_go(tx: &mut Tx<'_>, actor: Actor, staff: Uuid) -> Result<()> {
    for left in access::disable(tx, actor.clone(), staff)? {
        open(tx, Task::new(Kind::LearnsUnderNobody, left).code(format_args!("under:{staff}")))?;
    }
    close(tx, Kind::LearnsUnderNobody, &staff.to_string(), actor)
}

/// Says under whom an account learns ([`access::learns`]). That closes what asked for it.
///
/// # Errors
/// As for [`access::learns`].
pub fn learns(tx: &mut Tx<'_>, actor: Actor, staff: Uuid, supervisor: Option<Uuid>) -> Result<()> {
    access::learns(tx, actor.clone(), staff, supervisor)?;
    close(tx, Kind::LearnsUnderNobody, &staff.to_string(), actor)
}
