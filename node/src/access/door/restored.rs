//! What lets nobody in that a copy of the data would let in again: a session that was ended since, a token that was
//! revoked.

use diesel::prelude::*;

use crate::error::Result;
use crate::store::schema::{
    modi_seen, oidc_login, staff_access_token, staff_attempt, staff_client_secret, staff_session, staff_token,
};
use crate::store::{At, Tx};

/// Ends every session and revokes every token and client secret: each is made anew by whoever may.
///
/// # Errors
/// What the database refuses.
pub fn forget_everybody(tx: &mut Tx<'_>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::delete(staff_session::table).execute(tx.conn())?;
    diesel::delete(staff_access_token::table).execute(tx.conn())?;
    diesel::delete(staff_attempt::table).execute(tx.conn())?;
    diesel::delete(oidc_login::table).execute(tx.conn())?;
    diesel::delete(modi_seen::table).execute(tx.conn())?;
    diesel::update(staff_token::table.filter(staff_token::revoked_at.is_null()))
        .set(staff_token::revoked_at.eq(now))
        .execute(tx.conn())?;
    diesel::update(staff_client_secret::table.filter(staff_client_secret::revoked_at.is_null()))
        .set(staff_client_secret::revoked_at.eq(now))
        .execute(tx.conn())?;
    Ok(())
}
