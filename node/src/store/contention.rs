//! For tests of what two processes do at once.

use super::Conn;

/// Waits until another session waits for what this transaction holds, ten seconds at most; whether one does. Where there is
/// one writer nobody can.
pub fn somebody_waits(conn: &mut Conn) -> bool {
    match conn {
        Conn::Sqlite(_) => true,
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => postgres(conn),
    }
}

#[cfg(feature = "postgres")]
fn postgres(conn: &mut diesel::PgConnection) -> bool {
    use diesel::connection::SimpleConnection as _;
    use diesel::prelude::*;

    let waits =
        "EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";
    (0..1000).any(|_| {
        conn.batch_execute("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()").expect("a moment");
        let waits = diesel::dsl::sql::<diesel::sql_types::Bool>(waits);
        diesel::select(waits).get_result(conn).expect("the list of sessions")
    })
}
