//! The store on every database of this build.

mod acts;
mod groups;
mod hardship;
mod migrations;
mod once;
mod open;
mod schema;
mod steady;
mod types;

use diesel::prelude::*;

use super::schema::node_setting;
use super::{At, Conn, Tx};
use crate::error::Result;

/// Writes one row, at the instant of the act. A key that is there breaks the primary key.
fn put(tx: &mut Tx<'_>, key: &str, value: &str) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(node_setting::table)
        .values((node_setting::key.eq(key), node_setting::value.eq(value), node_setting::updated_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

fn keys(conn: &mut Conn) -> Result<Vec<String>> {
    Ok(node_setting::table.select(node_setting::key).order(node_setting::key).load(conn)?)
}
