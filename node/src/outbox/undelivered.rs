//! What has not arrived for three days: somebody hears of it, once for each partner, and not of every message.

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;

use crate::error::{Error, Result};
use crate::journal::Actor;
use crate::store::schema::{link_out, outbox};
use crate::store::{At, Tx};
use crate::tasks::{self, Kind, Task};

/// After so long without delivery a person reaches the partner by other means. Sending goes on.
const TOO_LONG: TimeDelta = TimeDelta::hours(72);

/// Opens a task for each link on which something has waited for too long, and closes those of links on which nothing has
/// any more. Whoever finished hers is not told again while it lasts. By a clock that is confirmed only.
///
/// # Errors
/// What the database refuses.
pub fn tell_undelivered(tx: &mut Tx<'_>) -> Result<()> {
    let links: Vec<(String, Option<At>)> =
        link_out::table.select((link_out::peer, link_out::told_at)).load(tx.conn())?;
    for (name, told_at) in links {
        let late = waits_too_long(tx, &name)?;
        if late == told_at.is_some() {
            continue;
        }
        let peer: EntityId = name.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?;
        let told = late.then(|| At::from(tx.now()));
        diesel::update(link_out::table.find(&name)).set(link_out::told_at.eq(told)).execute(tx.conn())?;
        match late {
            true => drop(tasks::open(tx, Task::new(Kind::Undelivered, &peer).with(&peer))?),
            false => tasks::close(tx, Kind::Undelivered, &name, Actor::System)?,
        }
    }
    Ok(())
}

/// Withdrawals are in a line of their own, before the rest: of each line the first has waited longest.
fn waits_too_long(tx: &mut Tx<'_>, peer: &str) -> Result<bool> {
    let since = At::from(tx.now() - TOO_LONG);
    for line in [0, 1] {
        let first: Option<At> = outbox::table
            .filter(outbox::peer.eq(peer))
            .filter(outbox::state.eq("queued"))
            .filter(outbox::priority.eq(line))
            .order(outbox::queue_no.asc())
            .select(outbox::queued_at)
            .first(tx.conn())
            .optional()?;
        if first.is_some_and(|at| at <= since) {
            return Ok(true);
        }
    }
    Ok(false)
}
