//! Subjects and their wrapped keys.

use std::collections::BTreeSet;

use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, SubjectRef};
use uuid::Uuid;

use super::Subject;
use crate::error::Result;
use crate::store::schema::{destroyed_key, subject, subject_key};
use crate::store::{At, Conn, Id, Tx, each_backend};

pub(super) fn by_ref(conn: &mut Conn, peer: &EntityId, subject_ref: SubjectRef) -> Result<Option<Subject>> {
    let found = subject::table
        .filter(subject::peer.eq(peer.as_str()))
        .filter(subject::subject_ref.eq(Id(subject_ref.0)))
        .select(subject::id)
        .first::<Id>(conn)
        .optional()?;
    Ok(found.map(|id| Subject(id.0)))
}

pub(super) fn has_key(conn: &mut Conn, subject: Subject) -> Result<bool> {
    let keys = subject_key::table.filter(subject_key::subject.eq(Id(subject.0)));
    Ok(keys.select(subject_key::id).first::<Id>(conn).optional()?.is_some())
}

pub(super) fn was_destroyed(conn: &mut Conn, subject: Subject) -> Result<bool> {
    let keys = destroyed_key::table.filter(destroyed_key::subject.eq(Id(subject.0)));
    Ok(keys.select(destroyed_key::id).first::<Id>(conn).optional()?.is_some())
}

pub(super) fn insert(tx: &mut Tx<'_>, new: Subject, of: Option<(&EntityId, SubjectRef)>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(subject::table)
        .values((
            subject::id.eq(Id(new.0)),
            subject::peer.eq(of.map(|(peer, _)| peer.to_string())),
            subject::subject_ref.eq(of.map(|(_, subject_ref)| Id(subject_ref.0))),
            subject::created_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn insert_key(tx: &mut Tx<'_>, of: Subject, key: Uuid, wrapped: Vec<u8>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(subject_key::table)
        .values((
            subject_key::id.eq(Id(key)),
            subject_key::subject.eq(Id(of.0)),
            subject_key::wrapped.eq(wrapped),
            subject_key::created_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn newest(conn: &mut Conn, of: Subject) -> Result<Option<(Uuid, Vec<u8>)>> {
    let newest = subject_key::table
        .filter(subject_key::subject.eq(Id(of.0)))
        .order((subject_key::created_at.desc(), subject_key::id.desc()))
        .select((subject_key::id, subject_key::wrapped));
    let found = each_backend!(conn, conn => newest.first::<(Id, Vec<u8>)>(conn).optional())?;
    Ok(found.map(|(id, wrapped)| (id.0, wrapped)))
}

pub(super) fn wrapped(conn: &mut Conn, key: Uuid) -> Result<Option<Vec<u8>>> {
    Ok(subject_key::table.find(Id(key)).select(subject_key::wrapped).first(conn).optional()?)
}

/// Those of these keys that are still there.
pub(super) fn all_wrapped(conn: &mut Conn, keys: BTreeSet<Uuid>) -> Result<Vec<(Uuid, Vec<u8>)>> {
    let keys: Vec<Id> = keys.into_iter().map(Id).collect();
    let found = subject_key::table
        .filter(subject_key::id.eq_any(keys))
        .select((subject_key::id, subject_key::wrapped))
        .load::<(Id, Vec<u8>)>(conn)?;
    Ok(found.into_iter().map(|(id, wrapped)| (id.0, wrapped)).collect())
}

pub(super) fn destroy(tx: &mut Tx<'_>, of: Subject) -> Result<()> {
    let now = At::from(tx.now());
    let keys: Vec<Id> = diesel::delete(subject_key::table.filter(subject_key::subject.eq(Id(of.0))))
        .returning(subject_key::id)
        .get_results(tx.conn())?;
    tx.forgot_key();
    for key in keys {
        diesel::insert_into(destroyed_key::table)
            .values((destroyed_key::id.eq(key), destroyed_key::subject.eq(Id(of.0)), destroyed_key::at.eq(now)))
            .execute(tx.conn())?;
    }
    Ok(())
}
