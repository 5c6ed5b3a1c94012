//! Who holds the record of somebody that was handed over. From then on nothing more is disclosed from here.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};

use crate::error::{Error, Result};
use crate::store::schema::holder_moved;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::Subject;

/// The node that holds a record now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Which.
    pub node: EntityId,
    /// The organisation that runs it, as it was called then.
    pub organisation: String,
    /// Since when, as this node knows.
    pub since: DateTime<Utc>,
}

/// Notes that another node holds the record from now on.
pub fn move_holder(tx: &mut Tx<'_>, subject: Subject, to: &EntityId, organisation: &str) -> Result<()> {
    come_back(tx, subject)?;
    diesel::insert_into(holder_moved::table)
        .values((
            holder_moved::subject.eq(Id(subject.0)),
            holder_moved::peer.eq(to.as_str()),
            holder_moved::organisation.eq(organisation),
            holder_moved::moved_at.eq(At::from(tx.now())),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// This node holds the record again. Says whether another did.
pub fn come_back(tx: &mut Tx<'_>, subject: Subject) -> Result<bool> {
    Ok(diesel::delete(holder_moved::table.find(Id(subject.0))).execute(tx.conn())? == 1)
}

/// Who holds the record, if this node does no more.
pub fn holder(conn: &mut Conn, subject: Subject) -> Result<Option<Holder>> {
    let row: Option<(String, String, At)> = holder_moved::table
        .find(Id(subject.0))
        .select((holder_moved::peer, holder_moved::organisation, holder_moved::moved_at))
        .first(conn)
        .optional()?;
    row.map(|(peer, organisation, at)| {
        let node = peer.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?;
        Ok(Holder { node, organisation, since: at.0 })
    })
    .transpose()
}

/// Refuses what only the holder of a record does.
///
/// # Errors
/// `holder_changed`.
pub fn must_hold(conn: &mut Conn, subject: Subject) -> Result<()> {
    match holder(conn, subject)? {
        None => Ok(()),
        Some(_) => Err(Problem::new(Code::HolderChanged).into()),
    }
}
