//! What is said for every message is prepared once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::sql_types::Integer;

use super::*;
use crate::store::{Conn, Steady, scratch};

/// How many statements diesel keeps in the course of `act`, on the writer of a new database.
async fn kept_by(act: impl Fn(&mut diesel::SqliteConnection) -> Result<()> + Send + 'static) -> usize {
    let scratch = scratch::sqlite(scratch::clock());
    let store = scratch.store();
    let kept = Arc::new(AtomicUsize::new(0));
    let counted = kept.clone();
    let watched = move |tx: &mut Tx<'_>| {
        put(tx, "key", "value")?;
        match tx.conn() {
            Conn::Sqlite(conn) => {
                conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                    if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                });
                act(conn)?;
                Ok(kept.load(Ordering::Relaxed))
            }
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => unreachable!("this store is a file"),
        }
    };
    store.write(watched).await.unwrap()
}

#[actix_web::test]
async fn an_update_is_kept_where_diesel_keeps_none() {
    let change = |value: &'static str| {
        diesel::update(node_setting::table.find("key"))
            .set(node_setting::value.eq(value))
            .returning(node_setting::value)
    };
    let plain = kept_by(move |conn| {
        for value in ["a", "b", "c"] {
            assert_eq!(change(value).get_result::<String>(conn)?, value);
        }
        Ok(())
    });
    assert_eq!(plain.await, 0, "if diesel keeps it by now, nothing needs to be steady");
    let steady = kept_by(move |conn| {
        for value in ["a", "b", "c"] {
            assert_eq!(Steady(change(value)).get_result::<String>(conn)?, value);
        }
        Ok(())
    });
    assert_eq!(steady.await, 1);
}

/// Else every `LIMIT ?` is prepared anew each time.
#[actix_web::test]
async fn sqlite_keeps_its_plans() {
    let scratch = scratch::sqlite(scratch::clock());
    let used = |conn: &mut Conn| {
        let option = diesel::dsl::sql::<Integer>("sqlite_compileoption_used('ENABLE_QPSG')");
        Ok(diesel::select(option).get_result::<i32>(conn)?)
    };
    assert_eq!(scratch.store().read(used).await.unwrap(), 1, "compiled as .cargo/config.toml says");
}
