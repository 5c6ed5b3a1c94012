//! The log of disclosures, read page by page and recipient by recipient.
//!
//! It is written when a message is queued. Whether that left, and was taken, the outbox knows: whoever is told who received
//! something is told that, and not what was meant to leave.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::id::MessageId;

use super::Destination;
use super::rows::{Disclosure, DisclosureRow, joined};
use crate::error::Result;
use crate::store::schema::{disclosure, outbox};
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
    /// How many of them it has not confirmed to have taken: they wait, are under way or were refused. Paper is not among them.
    pub unconfirmed: u32,
    /// On which grounds: `consent` with its purpose, `reply`, or `duty:` and its legal basis.
    pub grounds: Vec<(String, Option<Purpose>)>,
}

/// How it stands with a message of which something was disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It never left, or its recipient has said under its signature that it did not come.
    NotGone,
    /// It may have come.
    Unconfirmed,
    /// A receipt says, or said once, that it was taken.
    Taken,
}

/// A message, its state, whether it may have left, its last receipt, and what a receipt said of it when it came.
type OnItsWay = (Id, String, bool, Option<Id>, Option<String>);

/// The way of every message about these subjects; what went on paper is not among them. What came once has come: a recipient
/// that was restored from a copy hears of it again as a void, and forgot what it had and may have passed on.
fn ways(conn: &mut Conn, subjects: &[Id]) -> Result<HashMap<MessageId, Way>> {
    let rows: Vec<OnItsWay> = outbox::table
        .inner_join(disclosure::table.on(disclosure::message.eq(outbox::message)))
        .filter(disclosure::subject.eq_any(subjects.to_vec()))
        .select((outbox::message, outbox::state, outbox::may_have_left, outbox::receipt, outbox::arrival))
        .load(conn)?;
    let way = |(id, state, may_have_left, receipt, arrival): OnItsWay| {
        let way = match (arrival.as_deref(), state.as_str()) {
            (Some("taken"), _) | (_, "delivered") => Way::Taken,
            (None, "struck" | "expired") if !may_have_left || receipt.is_some() => Way::NotGone,
            _ => Way::Unconfirmed,
        };
        (MessageId(id.0), way)
    };
    Ok(rows.into_iter().map(way).collect())
}

/// Every recipient of these subjects' data, the one that was told something last first. What was struck, or ran out, before it
/// reached anybody was told to nobody.
pub fn told(conn: &mut Conn, subjects: &[Subject]) -> Result<Vec<Told>> {
    let ids = joined(conn, subjects)?;
    let ways = ways(conn, &ids)?;
    let mut all: Vec<Told> = Vec::new();
    for it in super::disclosures_about(conn, subjects)? {
        let way = ways.get(&it.message).copied().unwrap_or(Way::Taken);
        if way == Way::NotGone {
            continue;
        }
        let unconfirmed = u32::from(way == Way::Unconfirmed);
        let ground = (it.ground, it.purpose);
        match all.iter_mut().find(|told| told.peer == it.peer) {
            Some(told) => {
                told.groups.extend(it.groups);
                told.card_version = told.card_version.max(it.card_version);
                told.first = told.first.min(it.at);
                told.messages += 1;
                told.unconfirmed += unconfirmed;
                if !told.grounds.contains(&ground) {
                    told.grounds.push(ground);
                }
            }
            None => all.push(Told {
                peer: it.peer,
                organisation: it.organisation,
                groups: it.groups,
                card_version: it.card_version,
                first: it.at,
                last: it.at,
                messages: 1,
                unconfirmed,
                grounds: vec![ground],
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
