//! What this node has forgotten of what left: it was put back to a copy, by its own verb or by whoever runs its machine.
//!
//! The log of disclosures is of the copy. What left afterwards stands in no row, and only the numbers of the link tell that
//! there was something. So it is kept until which moment the memory about a peer is doubtful: a record that was given before may
//! have been used, whatever the log says.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;

use super::rows::last_receipt;
use crate::error::{Error, Result};
use crate::store::schema::memory_gap;
use crate::store::{At, Conn, Tx};

/// That something is missing in what this node remembers to have told a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Whose numbers showed it.
    pub peer: EntityId,
    /// When. What was given to be used before then may have been used.
    pub found_at: DateTime<Utc>,
    /// When its last receipt came that this node remembers: until then nothing is missing. `None`: it remembers none.
    pub since: Option<DateTime<Utc>>,
}

/// Notes that what this node remembers to have told `with` has a gap. Under its own name: about everybody. What was found
/// before and nobody has followed yet keeps its beginning.
pub(super) fn note_gap(tx: &mut Tx<'_>, with: &EntityId) -> Result<()> {
    let now = At::from(tx.now());
    let open = memory_gap::table.find(with.as_str()).filter(memory_gap::followed_at.is_null());
    if diesel::update(open).set(memory_gap::found_at.eq(now)).execute(tx.conn())? == 1 {
        return Ok(());
    }
    let since = last_receipt(tx.conn(), with)?.map(At::from);
    let found = (memory_gap::found_at.eq(now), memory_gap::since.eq(since), memory_gap::followed_at.eq(None::<At>));
    let again = diesel::update(memory_gap::table.find(with.as_str())).set(found).execute(tx.conn())?;
    if again == 0 {
        diesel::insert_into(memory_gap::table)
            .values((memory_gap::peer.eq(with.as_str()), found.0, found.1, found.2))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Until which moment this node, `own`, does not know for sure what it told `peer`. `None`: it knows everything.
pub fn doubtful_until(conn: &mut Conn, own: &EntityId, peer: &EntityId) -> Result<Option<DateTime<Utc>>> {
    let of = memory_gap::table.filter(memory_gap::peer.eq_any([own.as_str(), peer.as_str()]));
    let until: Option<At> =
        of.order(memory_gap::found_at.desc()).select(memory_gap::found_at).first(conn).optional()?;
    Ok(until.map(|at| at.0))
}

/// Until which moment it does not know for sure what it told anybody at all, on paper for instance.
pub fn forgot_until(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    let last = memory_gap::table.order(memory_gap::found_at.desc()).select(memory_gap::found_at);
    let until: Option<At> = last.first(conn).optional()?;
    Ok(until.map(|at| at.0))
}

/// Gaps about one peer of which what was taken back meanwhile is still to be told. A node that was restored by its verb has done
/// that before it serves anybody.
pub fn gaps_to_follow(conn: &mut Conn, own: &EntityId) -> Result<Vec<Gap>> {
    let rows: Vec<(String, At, Option<At>)> = memory_gap::table
        .filter(memory_gap::followed_at.is_null())
        .filter(memory_gap::peer.ne(own.as_str()))
        .order(memory_gap::peer)
        .select((memory_gap::peer, memory_gap::found_at, memory_gap::since))
        .load(conn)?;
    let gap = |(peer, found, since): (String, At, Option<At>)| {
        let peer = peer.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?;
        Ok(Gap { peer, found_at: found.0, since: since.map(|at| at.0) })
    };
    rows.into_iter().map(gap).collect()
}

/// What was to be told about this gap is queued. One that was found again meanwhile stays.
pub fn gap_followed(tx: &mut Tx<'_>, gap: &Gap) -> Result<()> {
    let now = At::from(tx.now());
    let same = memory_gap::table.find(gap.peer.as_str()).filter(memory_gap::found_at.eq(At::from(gap.found_at)));
    diesel::update(same).set(memory_gap::followed_at.eq(now)).execute(tx.conn())?;
    Ok(())
}
