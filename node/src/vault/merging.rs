//! Two records that turn out to be of one person. Her subjects become several: a merge adds, and never seals anew.

use diesel::prelude::*;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::{Subject, Vault};
use crate::error::Result;
use crate::store::schema::subject_joined;
use crate::store::{At, Conn, Id, Tx, each_backend};

/// That one record goes into another.
#[derive(Debug, Clone, Copy)]
pub struct Merging {
    /// The record that goes.
    pub from: Uuid,
    /// The record that stays.
    pub into: Uuid,
    /// Whose key sealed what was written about the one that goes.
    pub from_subject: Subject,
    /// Whose key seals what is written from now on.
    pub into_subject: Subject,
    /// Whether what the record that goes says of her counts from now on; else what the other says.
    pub keep_from: bool,
    /// Who of the staff decided it.
    pub by: Option<Uuid>,
}

/// What a room does about it, in the transaction of the merge.
pub type Merge = fn(&mut Tx<'_>, &Vault, &Merging) -> Result<()>;

/// For a room whose rows name a subject and no person: a person owns several, and [`joined`] names them.
pub fn only_subjects(_: &mut Tx<'_>, _: &Vault, _: &Merging) -> Result<()> {
    Ok(())
}

/// Every subject of the person whose subject this is: the one whose key seals what is new first. Itself, as long as
/// nothing was merged.
pub fn joined(conn: &mut Conn, subject: Subject) -> Result<Vec<Subject>> {
    let head = head(conn, subject)?;
    let others: Vec<Id> = others_of(head).order((subject_joined::joined_at, subject_joined::subject)).load(conn)?;
    Ok(std::iter::once(head).chain(others.into_iter().map(|id| Subject(id.0))).collect())
}

/// The subject of that person whose key seals what is new.
pub fn head(conn: &mut Conn, subject: Subject) -> Result<Subject> {
    let joined = subject_joined::table.find(Id(subject.0)).select(subject_joined::head);
    let head: Option<Id> = each_backend!(conn, conn => joined.first(conn).optional())?;
    Ok(head.map_or(subject, |id| Subject(id.0)))
}

/// Every other subject of the person whose subject `head` is, for a query.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn others_of(head: Subject) -> _ {
    let head: Id = Id(head.0);
    subject_joined::table.filter(subject_joined::head.eq(head)).select(subject_joined::subject)
}

/// What is kept under `subject`, a stranger's until now, is of the person whose subject `head` is: nothing is sealed anew. A
/// second time changes nothing.
///
/// # Errors
/// `conflict` where it is somebody else's.
pub fn adopt(tx: &mut Tx<'_>, subject: Subject, head: Subject) -> Result<()> {
    let (known, hers) = (joined(tx.conn(), subject)?, joined(tx.conn(), head)?);
    if known == hers {
        return Ok(());
    }
    if known[0] != subject {
        return Err(Code::Conflict.into());
    }
    attach(tx, subject, hers[0])
}

pub(super) fn join(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    attach(tx, merging.from_subject, merging.into_subject)
}

fn attach(tx: &mut Tx<'_>, from: Subject, into: Subject) -> Result<()> {
    let (from, into) = (Id(from.0), Id(into.0));
    diesel::update(subject_joined::table.filter(subject_joined::head.eq(from)))
        .set(subject_joined::head.eq(into))
        .execute(tx.conn())?;
    diesel::insert_into(subject_joined::table)
        .values((
            subject_joined::subject.eq(from),
            subject_joined::head.eq(into),
            subject_joined::joined_at.eq(At::from(tx.now())),
        ))
        .execute(tx.conn())?;
    Ok(())
}
