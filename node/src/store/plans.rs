//! For tests: how SQLite finds the rows that an act asks for, as it asks.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::{Conn, Tx};
use crate::error::Result;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The steps by which SQLite finds what `act` reads and changes, statement for statement. The values are unknown to the plan,
/// as they are to every plan that is kept. On PostgreSQL the act runs, and nothing is said: its plans follow its rows.
pub(crate) fn steps_of(tx: &mut Tx<'_>, act: impl FnOnce(&mut Tx<'_>) -> Result<()>) -> Result<Vec<String>> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let hears = said.clone();
    if let Conn::Sqlite(conn) = tx.conn() {
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let statement = query.to_string();
                let statement = statement.split(" -- binds").next().unwrap_or_default().to_owned();
                hears.lock().unwrap_or_else(PoisonError::into_inner).push(statement);
            }
        });
    }
    act(tx)?;
    let mut steps = Vec::new();
    if let Conn::Sqlite(conn) = tx.conn() {
        conn.set_instrumentation(None::<fn(InstrumentationEvent<'_>)>);
        let said = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
        for statement in said.iter().filter(|it| ["SELECT", "UPDATE", "DELETE"].iter().any(|verb| it.starts_with(verb)))
        {
            let plan: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn)?;
            steps.extend(plan.into_iter().map(|step| step.detail));
        }
    }
    Ok(steps)
}
