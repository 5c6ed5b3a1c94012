//! Rows of receipts: the bytes as they were signed, sealed with the person's key.

use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use uuid::Uuid;

use crate::consents::model::{Consent, State};
use crate::error::{Error, Result};
use crate::store::schema::consent_receipt;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Vault};

const fn place(row: Uuid) -> Place {
    Place { table: "consent_receipt", row, column: "sealed" }
}

/// A receipt that was made.
#[derive(Debug, Clone)]
pub(in crate::consents) struct Kept {
    /// Its id.
    pub(in crate::consents) id: Uuid,
    /// The JWS.
    pub(in crate::consents) jws: String,
}

/// The receipt of an answer in this state, if one was made.
pub(in crate::consents) fn kept(conn: &mut Conn, vault: &Vault, of: &Consent, state: State) -> Result<Option<Kept>> {
    let row: Option<(Id, Vec<u8>)> = consent_receipt::table
        .filter(consent_receipt::record.eq(Id(of.record.0)))
        .filter(consent_receipt::seq.eq(of.seq as i32))
        .filter(consent_receipt::state.eq(state.code()))
        .select((consent_receipt::id, consent_receipt::sealed))
        .first(conn)
        .optional()?;
    let Some((id, sealed)) = row else { return Ok(None) };
    let Some(bytes) = vault.open(conn, place(id.0), &sealed)? else { return Ok(None) };
    Ok(Some(Kept { id: id.0, jws: String::from_utf8(bytes.to_vec()).map_err(Error::internal)? }))
}

/// Keeps a receipt as it was signed.
pub(in crate::consents) fn keep(tx: &mut Tx<'_>, vault: &Vault, of: &Consent, state: State, new: &Kept) -> Result<()> {
    let sealed = vault.seal(tx.conn(), of.subject, place(new.id), new.jws.as_bytes())?;
    diesel::insert_into(consent_receipt::table)
        .values((
            consent_receipt::id.eq(Id(new.id)),
            consent_receipt::record.eq(Id(of.record.0)),
            consent_receipt::seq.eq(of.seq as i32),
            consent_receipt::state.eq(state.code()),
            consent_receipt::person.eq(Id(of.person.0)),
            consent_receipt::subject.eq(Id(of.subject.0)),
            consent_receipt::made_at.eq(At::from(tx.now())),
            consent_receipt::digest.eq(Digest::of(&new.jws).to_string()),
            consent_receipt::sealed.eq(sealed),
        ))
        .execute(tx.conn())?;
    Ok(())
}
