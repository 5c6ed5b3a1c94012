//! No room on the disk, no server: a clear answer, nothing lost, and no hand that is needed afterwards.

use diesel::connection::SimpleConnection;
use staffetta_protocol::problem::Code;

use super::*;
#[cfg(feature = "postgres")]
use crate::config::DatabaseConfig;
use crate::store::{Store, each_backend, scratch};

/// SQLite's own bound stands for the disk's: it fails in the same way.
fn bound(conn: &mut Conn, pages: &str) -> Result<()> {
    each_backend!(conn, c => c.batch_execute(&format!("PRAGMA max_page_count = {pages}")))?;
    Ok(())
}

fn large(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    let now = At::from(tx.now());
    let row =
        (node_setting::key.eq(key), node_setting::value.eq("x".repeat(1 << 20)), node_setting::updated_at.eq(now));
    diesel::insert_into(node_setting::table).values(row).execute(tx.conn())?;
    Ok(())
}

async fn kept(store: &Store) -> Vec<String> {
    store
        .read(|conn| Ok(node_setting::table.select(node_setting::key).order(node_setting::key).load(conn)?))
        .await
        .unwrap()
}

#[actix_web::test]
async fn a_full_disk_is_said_and_is_over_when_there_is_room() {
    let scratch = scratch::sqlite(scratch::clock());
    let store = scratch.store();
    store.write(|tx| large(tx, "before")).await.unwrap();
    // No page more than there are.
    store.write(|tx| bound(tx.conn(), "1")).await.unwrap();
    for _ in 0..3 {
        let refused = store.write(|tx| large(tx, "refused")).await.unwrap_err();
        assert_eq!(refused.code(), Code::StorageFull, "{refused}");
        let problem = refused.problem();
        assert_eq!(problem.code.status(), 503);
        assert!(problem.retry_after.is_some());
    }
    // Acts that share the commit are undone with it, and are told why.
    let both = tokio::join!(store.write(|tx| large(tx, "one")), store.write(|tx| large(tx, "other")));
    assert_eq!((both.0.unwrap_err().code(), both.1.unwrap_err().code()), (Code::StorageFull, Code::StorageFull));
    assert_eq!(kept(store).await, ["before"], "what was there can be read");
    assert_eq!(store.damages().await.unwrap(), Vec::<String>::new());
    store.write(|tx| bound(tx.conn(), "1073741823")).await.unwrap();
    store.write(|tx| large(tx, "after")).await.unwrap();
    assert_eq!(kept(store).await, ["after", "before"]);
    store.close().await;
}

#[cfg(feature = "postgres")]
#[actix_web::test]
async fn a_server_that_went_away_is_said_and_is_used_again_when_it_is_back() {
    let scratch = scratch::postgres(scratch::clock());
    let config = DatabaseConfig { busy_seconds: 1, ..scratch.config().clone() };
    let store = Store::open(&config, scratch::clock()).unwrap();
    store.write(|tx| large(tx, "before")).await.unwrap();
    scratch.cut_off(true);
    for _ in 0..2 {
        let refused = store.write(|tx| large(tx, "refused")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Busy, "{refused}");
        assert!(refused.problem().retry_after.is_some());
    }
    assert_eq!(
        store.read(|conn| Ok(node_setting::table.count().get_result::<i64>(conn)?)).await.unwrap_err().code(),
        Code::Busy
    );
    scratch.cut_off(false);
    store.write(|tx| large(tx, "after")).await.unwrap();
    assert_eq!(kept(&store).await, ["after", "before"]);
    // The server goes while an act is under way: nothing of the act is there, and the next one is done.
    let under_way = store.write(|tx| {
        large(tx, "under-way")?;
        let ends = "SELECT pg_terminate_backend(pg_backend_pid())";
        each_backend!(tx.conn(), c => c.batch_execute(ends))?;
        Ok(())
    });
    assert_eq!(under_way.await.unwrap_err().code(), Code::Busy);
    store.write(|tx| large(tx, "later")).await.unwrap();
    assert_eq!(kept(&store).await, ["after", "before", "later"]);
    store.close().await;
}
