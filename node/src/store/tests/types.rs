//! Our three SQL types mean the same on both databases.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::super::{At, Conn, Doc, Id, each_backend, scratch};
use crate::error::Result;

diesel::table! {
    use crate::store::types::sql::*;

    sample (id) {
        id -> Uid,
        at -> Timestamp,
        doc -> JsonDoc,
        maybe_id -> Nullable<Uid>,
        maybe_at -> Nullable<Timestamp>,
        maybe_doc -> Nullable<JsonDoc>,
        day -> Nullable<Date>,
        bytes -> Nullable<Binary>,
        flag -> Bool,
        seq -> BigInt,
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable, Debug, Clone, PartialEq)]
#[diesel(table_name = sample)]
struct Sample {
    id: Id,
    at: At,
    doc: Doc,
    maybe_id: Option<Id>,
    maybe_at: Option<At>,
    maybe_doc: Option<Doc>,
    day: Option<chrono::NaiveDate>,
    bytes: Option<Vec<u8>>,
    flag: bool,
    seq: i64,
}

/// With conversions, a row can speak the types of the domain.
#[derive(Queryable, Selectable, Insertable, Debug)]
#[diesel(table_name = sample)]
struct Narrow {
    #[diesel(serialize_as = Id, deserialize_as = Id)]
    id: Uuid,
    #[diesel(serialize_as = At, deserialize_as = At)]
    at: DateTime<Utc>,
    #[diesel(serialize_as = Doc, deserialize_as = Doc)]
    doc: serde_json::Value,
    flag: bool,
    seq: i64,
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn row(seq: i64) -> Sample {
    Sample {
        id: Id(Uuid::new_v4()),
        at: At(instant("2026-11-23T09:00:00.123456Z")),
        doc: Doc(json!({"a": [1, 2, -0.5], "b": "ü 🤝 \\ \" '", "c": {}, "d": null})),
        maybe_id: None,
        maybe_at: None,
        maybe_doc: None,
        day: None,
        bytes: None,
        flag: true,
        seq,
    }
}

fn make(conn: &mut Conn) -> Result<()> {
    Ok(conn.batch_execute(match conn {
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            "CREATE TABLE sample (id uuid NOT NULL PRIMARY KEY, at timestamptz NOT NULL, doc jsonb NOT NULL,
             maybe_id uuid, maybe_at timestamptz, maybe_doc jsonb, day date, bytes bytea, flag boolean NOT NULL,
             seq bigint NOT NULL)"
        }
        Conn::Sqlite(_) => {
            "CREATE TABLE sample (id TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL, doc TEXT NOT NULL,
             maybe_id TEXT, maybe_at INTEGER, maybe_doc TEXT, day TEXT, bytes BLOB, flag INTEGER NOT NULL,
             seq INTEGER NOT NULL) STRICT"
        }
    })?)
}

#[actix_web::test]
async fn values_come_back_as_they_were() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                let conn = tx.conn();
                make(conn)?;
                let empty = row(1);
                let full = Sample {
                    maybe_id: Some(Id(Uuid::now_v7())),
                    maybe_at: Some(At(instant("1969-12-31T23:59:59.999999Z"))),
                    maybe_doc: Some(Doc(json!([]))),
                    day: Some("2026-12-01".parse().unwrap()),
                    bytes: Some(vec![0, 255, 7]),
                    flag: false,
                    at: At(instant("9999-12-31T23:59:59.999999Z")),
                    ..row(2)
                };
                for value in [&empty, &full] {
                    let back: Sample = diesel::insert_into(sample::table).values(value).get_result(conn)?;
                    assert_eq!(&back, value);
                }
                let all: Vec<Sample> = sample::table.select(Sample::as_select()).order(sample::seq).load(conn)?;
                assert_eq!(all, [empty.clone(), full.clone()]);

                let early: Vec<Id> = sample::table
                    .filter(sample::at.lt(At(instant("2026-11-23T09:00:00.123457Z"))))
                    .order(sample::at.desc())
                    .select(sample::id)
                    .load(conn)?;
                assert_eq!(early, [empty.id]);
                let found: i64 = sample::table
                    .filter(sample::maybe_id.eq(full.maybe_id))
                    .filter(sample::maybe_at.is_not_null())
                    .count()
                    .get_result(conn)?;
                assert_eq!(found, 1);
                let several = sample::table.filter(sample::id.eq_any([empty.id, full.id])).count();
                assert_eq!(several.get_result::<i64>(conn)?, 2);
                diesel::update(sample::table.find(full.id)).set(sample::maybe_doc.eq(None::<Doc>)).execute(conn)?;
                let doc: Option<Doc> = sample::table.find(full.id).select(sample::maybe_doc).first(conn)?;
                assert_eq!(doc, None);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn rows_may_speak_the_types_of_the_domain() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                let conn = tx.conn();
                make(conn)?;
                let at = instant("2026-11-23T09:00:00.123456789Z");
                let (id, doc) = (Uuid::new_v4(), json!({"k": 1}));
                let narrow = Narrow { id, at, doc: doc.clone(), flag: true, seq: 1 };
                diesel::insert_into(sample::table).values(narrow).execute(conn)?;
                let back: Narrow = sample::table.select(Narrow::as_select()).first(conn)?;
                assert_eq!((back.id, back.at, back.doc), (id, instant("2026-11-23T09:00:00.123456Z"), doc));
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn upserts_and_batches_go_through_each_backend() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                let conn = tx.conn();
                make(conn)?;
                let rows: Vec<Sample> = (1..=3).map(row).collect();
                let inserted = each_backend!(conn, c => diesel::insert_into(sample::table).values(&rows).execute(c))?;
                assert_eq!(inserted, 3);
                let changed = Sample { seq: 9, ..rows[0].clone() };
                each_backend!(conn, c => diesel::insert_into(sample::table)
                    .values(&changed)
                    .on_conflict(sample::id)
                    .do_update()
                    .set(&changed)
                    .execute(c))?;
                let skipped = each_backend!(conn, c => diesel::insert_into(sample::table)
                    .values(&rows[1])
                    .on_conflict_do_nothing()
                    .execute(c))?;
                assert_eq!(skipped, 0);
                let seqs: Vec<i64> = sample::table.select(sample::seq).order(sample::seq).load(conn)?;
                assert_eq!(seqs, [2, 3, 9]);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[test]
fn documents_read_back_what_they_were_made_of() {
    let doc = Doc::of(&vec![("a".to_owned(), 1)]).unwrap();
    assert_eq!(doc.clone().read::<Vec<(String, u32)>>().unwrap(), [("a".to_owned(), 1)]);
    assert!(doc.read::<u32>().is_err());
}
