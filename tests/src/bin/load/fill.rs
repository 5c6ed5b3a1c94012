//! More of what a node wrote: its rows again and again, under fresh ids, in a database that nobody has open.
//!
//! A copy is everything that these people's matters left in the store: subjects with keys, threads, grants, referrals
//! with their events, messages in and out, what was disclosed and what is held, cards that came, receipts, and the
//! journal. In a copy every id is another one, in all tables the same, and the numbers of the link go on, so that both
//! ends fit together as before. Indexes and rows are those of a node that exchanged so much; a million by the real
//! exchange take a quarter of an hour, and this takes minutes.
//!
//! What is not as it was: what is sealed opens for nobody in a copy, since it is bound to its place; a receipt's text
//! still names the first numbers; all of it is of the same few minutes; the sender's people and their cards are not
//! multiplied. Nothing of that is looked at when the next message goes. The journal's copies have no place yet: the
//! node's sealer gives them one, so that the log verifies.

use std::fs::File;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::settings::Place;

/// A table, and in which columns a copy differs.
#[derive(Debug)]
struct Table {
    name: &'static str,
    /// Another id, where there is one.
    ids: &'static [&'static str],
    /// As many numbers later as were given before.
    numbers: &'static [&'static str],
    /// Nothing yet.
    empty: &'static [&'static str],
}

const fn table(name: &'static str, ids: &'static [&'static str], numbers: &'static [&'static str]) -> Table {
    Table { name, ids, numbers, empty: &[] }
}

/// What both sides have.
const BOTH: &[Table] = &[
    table("subject", &["id", "subject_ref"], &[]),
    table("subject_key", &["id", "subject"], &[]),
    table("pairwise", &["subject_ref", "subject"], &[]),
    table("case_file", &["id", "subject"], &[]),
    table("thread", &["id", "wire", "subject", "subject_ref"], &[]),
    table("referral", &["id", "thread", "person", "subject", "preview_message", "last_message"], &[]),
    table("referral_event", &["id", "referral", "message"], &[]),
    table("receipt", &["id"], &["through_seq"]),
    Table { name: "journal", ids: &["id", "subject", "object"], numbers: &[], empty: &["position"] },
];

const SENDER: &[Table] = &[
    table("open_grant", &["record", "subject", "held_for"], &[]),
    table("card_shown", &["subject_ref", "subject"], &[]),
    table("outbox", &["message", "thread", "subject", "record", "receipt"], &["queue_no", "seq"]),
    table("disclosure", &["message", "subject", "record"], &[]),
];

const RECEIVER: &[Table] = &[
    table("known_message", &["message", "thread", "subject"], &[]),
    table("inbox_item", &["message"], &["seq"]),
    table("holding", &["message", "subject", "thread", "record"], &[]),
    table("received_card", &["id", "thread", "subject", "message"], &[]),
];

/// Which end of the link a node is.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Sender,
    Receiver,
}

/// Multiplies what this node has of a link on which so many messages went, all of them receipted. Blocks.
pub(super) fn multiply(place: &Place, end: End, messages: i64, copies: u16) {
    let file = place.own_folder().join("node.db");
    let mut conn = quick(&file);
    let own = match end {
        End::Sender => SENDER,
        End::Receiver => RECEIVER,
    };
    let tables: Vec<(&Table, Vec<String>)> =
        BOTH.iter().chain(own).map(|table| (table, columns(&mut conn, table.name))).collect();
    let run = |conn: &mut SqliteConnection, sql: &str| {
        conn.batch_execute(sql).unwrap_or_else(|cause| panic!("{cause}: {sql}"));
    };
    for (Table { name, .. }, _) in &tables {
        // What a statement reads must not be what it writes: SQLite would keep all of it in memory first.
        run(&mut conn, &format!("CREATE TEMP TABLE first_{name} AS SELECT * FROM main.{name}"));
    }
    for copy in 1..=copies {
        run(&mut conn, "BEGIN");
        for (table, columns) in &tables {
            let values: Vec<String> = columns.iter().map(|column| value(table, column, copy, messages)).collect();
            let (name, values) = (table.name, values.join(", "));
            run(&mut conn, &format!("INSERT INTO main.{name} SELECT {values} FROM first_{name}"));
        }
        run(&mut conn, "COMMIT");
    }
    let more = messages * i64::from(copies);
    run(
        &mut conn,
        &match end {
            End::Sender => format!(
                "UPDATE link_out SET given_seq = given_seq + {more}, acked_seq = acked_seq + {more},
                 queued = queued + {more}"
            ),
            End::Receiver => format!(
                "UPDATE link_in SET through_seq = through_seq + {more},
                 unopened_bytes = unopened_bytes * ({copies} + 1)"
            ),
        },
    );
    drop(conn);
    // What still has to be written would be written while the next thing is measured.
    File::open(&file).and_then(|file| file.sync_all()).expect("a database on the disk");
}

/// A connection that is in no hurry to be safe: a run that is cut off begins anew.
fn quick(file: &Path) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(file.to_str().expect("a path in UTF-8")).expect("a closed database");
    conn.batch_execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -524288;")
        .expect("nobody else has it open");
    conn
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

fn columns(conn: &mut SqliteConnection, table: &str) -> Vec<String> {
    let asked = diesel::sql_query(format!("SELECT name FROM pragma_table_info('{table}')"));
    let found: Vec<Column> = asked.load(conn).expect("columns");
    assert!(!found.is_empty(), "there is no table {table}");
    found.into_iter().map(|column| column.name).collect()
}

/// What a copy has in this column. Of an id the version and four digits of its last group change: what stands before
/// says when it was made, where ids do, and no node makes ids of version 8 (RFC 9562), so that none is taken already.
fn value(table: &Table, column: &str, copy: u16, messages: i64) -> String {
    let is = |among: &[&str]| among.contains(&column);
    if is(table.ids) {
        let fresh = format!(
            "substr({column}, 1, 14) || '8' || substr({column}, 16, 9) || '{copy:04x}' || substr({column}, 29)"
        );
        format!("CASE WHEN length({column}) = 36 THEN {fresh} ELSE {column} END")
    } else if is(table.numbers) {
        format!("{column} + {}", messages * i64::from(copy))
    } else if is(table.empty) {
        "NULL".to_owned()
    } else {
        column.to_owned()
    }
}
