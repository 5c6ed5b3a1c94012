//! The bytes of a file: in pieces, each sealed for its place, so that no value is large and none can be moved.

use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use uuid::Uuid;

use super::model::{DocumentId, FileInfo};
use crate::error::{Error, Result};
use crate::store::schema::document_chunk;
use crate::store::{Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

/// Bytes of a piece before it is sealed.
const PIECE: usize = 256 << 10;

/// Where a piece stands: no two of one document, nor of two documents, stand in the same place.
const fn place(document: DocumentId, position: i32) -> Place {
    let row = Uuid::from_u128(document.0.as_u128().wrapping_add(position as u128 + 1));
    Place { table: "document_chunk", row, column: "sealed" }
}

/// The file's pieces, sealed. Reads the key and writes nothing: it is the long part, and holds up no other act.
pub(super) fn seal(
    conn: &mut Conn,
    vault: &Vault,
    subject: Subject,
    document: DocumentId,
    bytes: &[u8],
) -> Result<Vec<Vec<u8>>> {
    let pieces = bytes.chunks(PIECE).zip(0..);
    pieces.map(|(piece, position)| vault.seal(conn, subject, place(document, position), piece)).collect()
}

pub(super) fn insert(tx: &mut Tx<'_>, document: DocumentId, pieces: &[Vec<u8>]) -> Result<()> {
    for (sealed, position) in pieces.iter().zip(0_i32..) {
        diesel::insert_into(document_chunk::table)
            .values((
                document_chunk::document.eq(Id(document.0)),
                document_chunk::position.eq(position),
                document_chunk::sealed.eq(sealed),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// The whole file, in one piece of memory; nothing where her key is gone. What is not byte for byte what was taken is a
/// fault, and no part of it is shown.
pub(super) fn open(conn: &mut Conn, vault: &Vault, document: DocumentId, file: &FileInfo) -> Result<Option<Vec<u8>>> {
    let size = usize::try_from(file.size).map_err(Error::internal)?;
    let mut bytes = Vec::with_capacity(size);
    for position in 0.. {
        let sealed: Option<Vec<u8>> = document_chunk::table
            .find((Id(document.0), position))
            .select(document_chunk::sealed)
            .first(conn)
            .optional()?;
        let Some(sealed) = sealed else { break };
        let Some(piece) = vault.open(conn, place(document, position), &sealed)? else { return Ok(None) };
        bytes.extend_from_slice(&piece);
    }
    if bytes.len() != size || Digest::of(&bytes) != file.sha256 {
        return Err(Error::internal("a stored file is not what was taken"));
    }
    Ok(Some(bytes))
}

/// SQLite overwrites what it deletes; on PostgreSQL the sealed bytes go with the next vacuum.
pub(super) fn erase(tx: &mut Tx<'_>, document: DocumentId) -> Result<()> {
    diesel::delete(document_chunk::table.filter(document_chunk::document.eq(Id(document.0)))).execute(tx.conn())?;
    Ok(())
}
