//! Keys as they leave for the keyring and come back: wrapped, so that without the master key they open nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Subject;
use crate::error::{Error, Result};
use crate::store::schema::{destroyed_key, subject, subject_key};
use crate::store::{At, Conn, Id, Tx, each_backend};

/// Rows that one statement inserts.
const AT_ONCE: usize = 200;

/// A subject's key, wrapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// Its id, which every sealed value names.
    pub id: Uuid,
    /// Whose.
    pub subject: Uuid,
    /// In base64.
    pub wrapped: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// That a key was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestroyedKey {
    /// The id that it had.
    pub id: Uuid,
    /// Whose it was.
    pub subject: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// Every key that is there, in the order of ids.
pub fn wrapped_keys(conn: &mut Conn) -> Result<Vec<WrappedKey>> {
    let rows: Vec<(Id, Id, Vec<u8>, At)> = subject_key::table
        .order(subject_key::id)
        .select((subject_key::id, subject_key::subject, subject_key::wrapped, subject_key::created_at))
        .load(conn)?;
    let key = |(id, subject, wrapped, at): (Id, Id, Vec<u8>, At)| WrappedKey {
        id: id.0,
        subject: subject.0,
        wrapped: STANDARD.encode(wrapped),
        created_at: at.0,
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Every key that was destroyed, in the order of ids.
pub fn destroyed_keys(conn: &mut Conn) -> Result<Vec<DestroyedKey>> {
    let rows: Vec<(Id, Id, At)> = destroyed_key::table
        .order(destroyed_key::id)
        .select((destroyed_key::id, destroyed_key::subject, destroyed_key::at))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, of, at)| DestroyedKey { id: id.0, subject: of.0, at: at.0 }).collect())
}

/// How many keys were ever destroyed: grows and nothing else.
pub fn destroyed_count(conn: &mut Conn) -> Result<i64> {
    Ok(destroyed_key::table.count().get_result(conn)?)
}

/// Whether any key is there.
pub fn has_keys(conn: &mut Conn) -> Result<bool> {
    Ok(subject_key::table.select(subject_key::id).first::<Id>(conn).optional()?.is_some())
}

/// Subjects without a key of which nothing says that it was destroyed: what was sealed for them was not erased, its key is
/// somewhere else.
pub fn keyless(conn: &mut Conn) -> Result<i64> {
    let key = subject_key::table.filter(subject_key::subject.eq(subject::id));
    let destroyed = destroyed_key::table.filter(destroyed_key::subject.eq(subject::id));
    Ok(subject::table.filter(not(exists(key))).filter(not(exists(destroyed))).count().get_result(conn)?)
}

/// Subjects whose keys are all destroyed.
pub fn shredded(conn: &mut Conn) -> Result<Vec<Subject>> {
    let key = subject_key::table.filter(subject_key::subject.eq(subject::id));
    let destroyed = destroyed_key::table.filter(destroyed_key::subject.eq(subject::id));
    let found: Vec<Id> =
        subject::table.filter(not(exists(key))).filter(exists(destroyed)).select(subject::id).load(conn)?;
    Ok(found.into_iter().map(|id| Subject(id.0)).collect())
}

/// Puts the keys of a keyring into data that came without theirs, and what is known of those that were destroyed.
///
/// # Errors
/// Internal for a key that is no base64; what the database refuses.
pub fn put_back(tx: &mut Tx<'_>, keys: &[WrappedKey], destroyed: &[DestroyedKey]) -> Result<()> {
    for some in keys.chunks(AT_ONCE) {
        let rows = some.iter().map(|key| {
            let wrapped = STANDARD.decode(&key.wrapped).map_err(|_| Error::internal("a kept key is no base64"))?;
            Ok((
                subject_key::id.eq(Id(key.id)),
                subject_key::subject.eq(Id(key.subject)),
                subject_key::wrapped.eq(wrapped),
                subject_key::created_at.eq(At::from(key.created_at)),
            ))
        });
        let rows: Vec<_> = rows.collect::<Result<_>>()?;
        each_backend!(tx.conn(), conn => diesel::insert_into(subject_key::table).values(rows).execute(conn))?;
    }
    diesel::delete(destroyed_key::table).execute(tx.conn())?;
    for some in destroyed.chunks(AT_ONCE) {
        let rows: Vec<_> = some
            .iter()
            .map(|key| {
                (
                    destroyed_key::id.eq(Id(key.id)),
                    destroyed_key::subject.eq(Id(key.subject)),
                    destroyed_key::at.eq(At::from(key.at)),
                )
            })
            .collect();
        each_backend!(tx.conn(), conn => diesel::insert_into(destroyed_key::table).values(rows).execute(conn))?;
    }
    Ok(())
}
