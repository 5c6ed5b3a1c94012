//! The receipt of a consent for the person: signed once for each state of each answer, and kept as it was signed.

use staffetta_protocol::consent::{ConsentReceipt, RECEIPT_SCHEMA};
use staffetta_protocol::id::RecordId;
use staffetta_protocol::jose;
use uuid::Uuid;

use super::rows::{self, Kept};
use super::statement::Own;
use super::{of, reading};
use crate::access::Sight;
use crate::error::{Error, Result};
use crate::journal;
use crate::keys::{Keys, Kind};
use crate::people;
use crate::store::Tx;
use crate::vault::Vault;

/// The receipt of a record as it stands now, and its JWS. Asked for again, while nothing happens to the record, it is
/// the same.
///
/// # Errors
/// `not_found`, also for a record of somebody else and for a question without its answer.
pub fn receipt(
    tx: &mut Tx<'_>,
    vault: &Vault,
    keys: &Keys,
    own: &Own,
    sight: &Sight,
    record: RecordId,
) -> Result<(ConsentReceipt, String)> {
    let consent = of(tx.conn(), vault, people::of(sight), record)?;
    let now = tx.now();
    let state = consent.stands(now);
    let entry = sight.entry("consent.receipt-read").subject(consent.subject).object(record);
    journal::record(tx, entry.code(format_args!("{} seq:{}", state.code(), consent.seq)))?;
    if let Some(kept) = rows::kept(tx.conn(), vault, &consent, state)? {
        let receipt = jose::peek(&kept.jws).map_err(Error::internal)?;
        return Ok((receipt, kept.jws));
    }
    let receipt = ConsentReceipt {
        iss: own.entity_id.clone(),
        iat: now.timestamp(),
        receipt_id: Uuid::new_v4(),
        receipt_schema_version: RECEIPT_SCHEMA.into(),
        record: reading::stated(tx, vault, own, &consent)?,
    };
    let key = keys.signing(tx.conn(), Kind::Protocol, now)?;
    let jws = receipt.sign(&key).map_err(Error::internal)?;
    rows::keep(tx, vault, &consent, state, &Kept { id: receipt.receipt_id, jws: jws.clone() })?;
    Ok((receipt, jws))
}
