//! The log of disclosures, read page by page and recipient by recipient.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::MessageId;

use super::Destination;
use super::rows::{Disclosure, DisclosureRow, joined};
use crate::error::Result;
use crate::store::schema::disclosure;
use crate::store::{At, Conn, Id};
use crate::vault::Subject;

/// Where a page of the log ends: instant and message of its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisclosurePosition {
    /// When that message was queued.
    pub at: DateTime<Utc>,
    /// The message.
    pub message: MessageId,
}

/// What left about these subjects, newest first: at most `limit` entries after `after`, to one recipient or to all.
pub fn disclosure_page(
    conn: &mut Conn,
    subjects: &[Subject],
    to: Option<&Destination>,
    after: Option<DisclosurePosition>,
    limit: u32,
) -> Result<Vec<Disclosure>> {
    let ids = joined(conn, subjects)?;
    let mut query = disclosure::table
        .filter(disclosure::subject.eq_any(ids))
        .order((disclosure::at.desc(), disclosure::message.desc()))
        .limit(i64::from(limit))
        .select(DisclosureRow::as_select())
        .into_boxed();
    if let Some(peer) = to {
        query = query.filter(disclosure::peer.eq(peer.to_string()));
    }
    if let Some(last) = after {
        let at = At::from(last.at);
        let earlier = disclosure::at.lt(at);
        query = query.filter(earlier.or(disclosure::at.eq(at).and(disclosure::message.lt(Id(last.message.0)))));
    }
    query.load(conn)?.into_iter().map(Disclosure::try_from).collect()
}

/// What one recipient was told about somebody, all messages together.
#[derive(Debug, Clone)]
pub struct Told {
    /// The node, or the office without one.
    pub peer: Destination,
    /// The organisation that runs it, as it was called last.
    pub organisation: String,
    /// Which groups of fields it received.
    pub groups: BTreeSet<Group>,
    /// The newest version of the card that it was shown, as this node counts.
    pub card_version: Option<u32>,
    /// The first message.
    pub first: DateTime<Utc>,
    /// The last one.
    pub last: DateTime<Utc>,
    /// How many messages.
    pub messages: u32,
}

/// Every recipient of these subjects' data, the one that was told something last first.
pub fn told(conn: &mut Conn, subjects: &[Subject]) -> Result<Vec<Told>> {
    let mut all: Vec<Told> = Vec::new();
    for it in super::disclosures_about(conn, subjects)? {
        match all.iter_mut().find(|told| told.peer == it.peer) {
            Some(told) => {
                told.groups.extend(it.groups);
                told.card_version = told.card_version.max(it.card_version);
                told.first = told.first.min(it.at);
                told.messages += 1;
            }
            None => all.push(Told {
                peer: it.peer,
                organisation: it.organisation,
                groups: it.groups,
                card_version: it.card_version,
                first: it.at,
                last: it.at,
                messages: 1,
            }),
        }
    }
    Ok(all)
}

/// Every organisation to which something left, about whomever.
pub fn organisations_told(conn: &mut Conn) -> Result<BTreeSet<String>> {
    let all: Vec<String> = disclosure::table.select(disclosure::organisation).distinct().load(conn)?;
    Ok(all.into_iter().filter(|name| !name.is_empty()).collect())
}
