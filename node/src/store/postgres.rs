//! Connecting to PostgreSQL, and what is asked of it before it is trusted.

use diesel::connection::SimpleConnection;
use diesel::dsl::{select, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::migrate;
use crate::config::{DatabaseConfig, DatabaseUrl};
use crate::error::{Error, Result};

/// Makes the tables in a database that has none of ours yet.
pub(super) fn create(url: &DatabaseUrl, config: &DatabaseConfig) -> Result<()> {
    let mut conn = checked(url, config)?;
    if is_made(&mut conn)? {
        return Err(Error::Setup("the PostgreSQL database already holds a Staffetta node".into()));
    }
    migrate::postgres(&mut conn)
}

/// Brings the tables of a database that [`create`] filled up to date.
pub(super) fn open(url: &DatabaseUrl, config: &DatabaseConfig) -> Result<()> {
    let mut conn = checked(url, config)?;
    if !is_made(&mut conn)? {
        return Err(Error::Setup("the PostgreSQL database holds no Staffetta node: `staffetta init` makes one".into()));
    }
    migrate::postgres(&mut conn)
}

/// One session. Its limits keep a process that hangs from holding everybody's locks.
pub(super) fn connect(url: &DatabaseUrl) -> Result<PgConnection> {
    let mut conn = PgConnection::establish(url.expose()).map_err(Error::internal)?;
    conn.batch_execute(
        "SET TIME ZONE 'UTC'; SET application_name = 'staffetta'; SET client_min_messages = 'warning';
         SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s';",
    )?;
    Ok(conn)
}

fn checked(url: &DatabaseUrl, config: &DatabaseConfig) -> Result<PgConnection> {
    let mut conn = connect(url).map_err(|cause| Error::Setup(format!("PostgreSQL cannot be reached: {cause}")))?;
    if !config.allow_unsafe_durability {
        refuse_unsafe(&mut conn)?;
    }
    let language: String = sql::<Text>("SHOW lc_messages").get_result(&mut conn)?;
    if !["C", "POSIX", "en"].iter().any(|known| language.starts_with(known)) {
        tracing::warn!(
            %language,
            "PostgreSQL speaks another language than English here: a full disk and a deadlock are not told from a fault; \
             ALTER DATABASE ... SET lc_messages = 'C' helps"
        );
    }
    Ok(conn)
}

/// A receipt promises that what it names survives a power cut.
fn refuse_unsafe(conn: &mut PgConnection) -> Result<()> {
    for (setting, bad) in [("fsync", "off"), ("synchronous_commit", "off")] {
        let value: String = sql::<Text>(&format!("SHOW {setting}")).get_result(conn)?;
        if value == bad {
            return Err(Error::Setup(format!(
                "PostgreSQL runs with {setting} = {value} and may forget what it was told; \
                 for throw-away databases there is database.allow_unsafe_durability"
            )));
        }
    }
    Ok(())
}

fn is_made(conn: &mut PgConnection) -> Result<bool> {
    Ok(select(sql::<Bool>("to_regclass('node_setting') IS NOT NULL")).get_result(conn)?)
}

/// Asks for a number for the transaction: a server that may only be read, or that is going down, gives none.
pub(super) fn probe(conn: &mut PgConnection) -> Result<()> {
    select(sql::<Text>("pg_current_xact_id()::text")).get_result::<String>(conn)?;
    Ok(())
}
