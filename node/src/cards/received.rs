//! What this node was shown of a card that another node holds.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use staffetta_protocol::card::{CardGroups, Identity};
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::MessageId;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::grants::Thread;
use crate::store::schema::received_card;
use crate::store::{At, Conn, Id, Tx, insert_rows};
use crate::vault::{Place, Vault};

/// What a message brings of a card.
#[derive(Debug, Clone)]
pub struct Received {
    /// The message.
    pub message: MessageId,
    /// Its number in the thread: of two parts the one with the higher number counts.
    pub thread_seq: u64,
    /// The version of the card as this node was told it.
    pub card_version: u32,
    /// The groups.
    pub groups: CardGroups,
}

/// What is held of a card, each group as it came last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReceivedCard {
    /// The newest version of which something is held; 0 where nothing is.
    pub card_version: u32,
    /// When something last came.
    pub received_at: Option<DateTime<Utc>>,
    /// The groups.
    pub groups: CardGroups,
}

const fn place(row: Uuid) -> Place {
    Place { table: "received_card", row, column: "sealed" }
}

/// The name of a group as a member of [`CardGroups`].
fn member(group: Group) -> &'static str {
    group.code().trim_start_matches("g.")
}

/// A part of a card as it is written.
#[derive(Insertable)]
#[diesel(table_name = received_card)]
struct Row {
    id: Id,
    thread: Id,
    subject: Id,
    message: Id,
    thread_seq: i64,
    card_version: i32,
    part: &'static str,
    sealed: Vec<u8>,
    received_at: At,
}

/// Keeps what a message brought, sealed for the thread's subject; in the transaction that takes the message.
pub fn store_received(tx: &mut Tx<'_>, vault: &Vault, thread: &Thread, brought: &Received) -> Result<()> {
    let now = tx.now();
    let (mut parts, mut plain) = (Vec::new(), Vec::new());
    for (group, part) in brought.groups.parts().map_err(Error::internal)? {
        let id = crate::clock::id_at(now);
        parts.push((id, group.code()));
        plain.push((place(id), part));
    }
    let sealed = vault.seal_all(tx.conn(), thread.subject, &plain)?;
    let row = |((id, part), sealed)| Row {
        id: Id(id),
        thread: Id(thread.id),
        subject: Id(thread.subject.0),
        message: Id(brought.message.0),
        thread_seq: brought.thread_seq as i64,
        card_version: brought.card_version as i32,
        part,
        sealed,
        received_at: At::from(now),
    };
    Ok(insert_rows!(tx.conn(), received_card::table, parts.into_iter().zip(sealed).map(row))?)
}

/// What is held of the card in a thread: each group as its newest message brought it.
pub fn received(conn: &mut Conn, vault: &Vault, thread: Uuid) -> Result<ReceivedCard> {
    let rows: Vec<(Id, String, i32, Vec<u8>, At)> = received_card::table
        .filter(received_card::thread.eq(Id(thread)))
        .filter(received_card::withheld_at.is_null())
        .order((received_card::thread_seq.asc(), received_card::part.asc()))
        .select((
            received_card::id,
            received_card::part,
            received_card::card_version,
            received_card::sealed,
            received_card::received_at,
        ))
        .load(conn)?;
    let mut merged = Map::new();
    let mut held = ReceivedCard::default();
    for (id, part, version, sealed, at) in rows {
        let Some(plain) = vault.open(conn, place(id.0), &sealed)? else { continue };
        merged.insert(member(group_of(&part)?).to_owned(), parsed(&plain)?);
        held.card_version = held.card_version.max(version as u32);
        held.received_at = held.received_at.max(Some(at.0));
    }
    held.groups = serde_json::from_value(Value::Object(merged)).map_err(|_| damaged())?;
    Ok(held)
}

/// Who somebody was said to be in a thread, in every version that is held, also what is withheld.
pub fn identities(conn: &mut Conn, vault: &Vault, thread: Uuid) -> Result<Vec<Identity>> {
    let rows: Vec<(Id, Vec<u8>)> = received_card::table
        .filter(received_card::thread.eq(Id(thread)))
        .filter(received_card::part.eq(Group::Identity.code()))
        .order(received_card::thread_seq)
        .select((received_card::id, received_card::sealed))
        .load(conn)?;
    let mut all = Vec::new();
    for (id, sealed) in rows {
        let plain = vault.open(conn, place(id.0), &sealed)?;
        all.extend(plain.map(|it| parsed(&it)).transpose()?);
    }
    Ok(all)
}

fn group_of(part: &str) -> Result<Group> {
    Group::from_code(part).ok_or_else(|| Error::internal("unknown group of fields in the database"))
}

fn parsed<T: DeserializeOwned>(plain: &[u8]) -> Result<T> {
    serde_json::from_slice(plain).map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::internal("a stored part of a card does not parse")
}

/// Erases these groups of the card in a thread, whatever message brought them. Says how many parts went.
pub fn erase_received(tx: &mut Tx<'_>, thread: Uuid, groups: &BTreeSet<Group>) -> Result<usize> {
    let parts: Vec<&str> = groups.iter().map(|group| group.code()).collect();
    let gone =
        received_card::table.filter(received_card::thread.eq(Id(thread))).filter(received_card::part.eq_any(parts));
    Ok(diesel::delete(gone).execute(tx.conn())?)
}

/// Erases what these messages brought; the same groups from other messages stay.
pub fn erase_brought(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<usize> {
    let ids: Vec<Id> = messages.iter().map(|message| Id(message.0)).collect();
    let gone = received_card::table.filter(received_card::message.eq_any(ids));
    Ok(diesel::delete(gone).execute(tx.conn())?)
}

/// What is held of a card in a thread, part by part, also what is withheld: the row, the message that brought it, the group.
pub fn parts_in(conn: &mut Conn, thread: Uuid) -> Result<Vec<(Uuid, MessageId, Group)>> {
    let rows: Vec<(Id, Id, String)> = received_card::table
        .filter(received_card::thread.eq(Id(thread)))
        .select((received_card::id, received_card::message, received_card::part))
        .load(conn)?;
    rows.into_iter().map(|(id, message, part)| Ok((id.0, MessageId(message.0), group_of(&part)?))).collect()
}

/// Erases these parts.
pub fn erase_parts(tx: &mut Tx<'_>, parts: &[Uuid]) -> Result<()> {
    let gone = received_card::table.filter(received_card::id.eq_any(ids(parts)));
    diesel::delete(gone).execute(tx.conn())?;
    Ok(())
}

/// Keeps these parts and shows them to nobody: they may not be used any more, and not be erased yet.
pub fn withhold_parts(tx: &mut Tx<'_>, parts: &[Uuid]) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(received_card::table.filter(received_card::id.eq_any(ids(parts))))
        .set(received_card::withheld_at.eq(now))
        .execute(tx.conn())?;
    Ok(())
}

/// Gives back what was withheld of these parts: it is decided now what of it is kept.
pub fn give_back_parts(tx: &mut Tx<'_>, parts: &[Uuid]) -> Result<()> {
    let withheld = received_card::table
        .filter(received_card::id.eq_any(ids(parts)))
        .filter(received_card::withheld_at.is_not_null());
    diesel::update(withheld).set(received_card::withheld_at.eq(None::<At>)).execute(tx.conn())?;
    Ok(())
}

fn ids(parts: &[Uuid]) -> Vec<Id> {
    parts.iter().map(|part| Id(*part)).collect()
}
