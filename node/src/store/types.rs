//! Three SQL types that mean the same on both databases, and the Rust types that go with them.
//!
//! | SQL type | Rust | PostgreSQL | SQLite |
//! |---|---|---|---|
//! | [`Timestamp`] | [`At`] | `timestamptz` | `INTEGER`, microseconds since the Unix epoch |
//! | [`JsonDoc`] | [`Doc`] | `jsonb` | `TEXT` |
//! | [`Uid`] | [`Id`] | `uuid` | `TEXT`, lower case with hyphens |
//!
//! Diesel's own `Timestamptz`, `Json` and `Uuid` do not exist on a connection that may be either.
//! A [`Doc`] comes back equal as a value, not as bytes: what is signed is kept as text.

use chrono::{DateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{self, HasSqlType, SqlType};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

#[cfg(feature = "postgres")]
use diesel::pg::{Pg, PgValue};

use super::conn::MultiBackend;
use crate::error::{Error, Result};

/// The names that `diesel::table!` may use: diesel's own types, with ours in place of those that differ.
pub mod sql {
    pub use super::{JsonDoc, Timestamp, Uid};
    pub use diesel::sql_types::*;
}

/// An instant, to the microsecond.
#[derive(SqlType, QueryId, Debug, Clone, Copy, Default)]
#[diesel(postgres_type(name = "timestamptz"), sqlite_type(name = "Long"))]
pub struct Timestamp;

/// Has no expressions. `diesel::table!` goes by the name of a column's type and gives each `Timestamp` a `+` and a `-`;
/// the two databases would not understand the same by them, so there is nothing that can be added.
#[derive(SqlType, QueryId, Debug, Clone, Copy)]
pub struct Nothing;

impl sql_types::ops::Add for Timestamp {
    type Rhs = Nothing;
    type Output = Timestamp;
}

impl sql_types::ops::Sub for Timestamp {
    type Rhs = Nothing;
    type Output = Timestamp;
}

/// A JSON document that no query looks into.
#[derive(SqlType, QueryId, Debug, Clone, Copy, Default)]
#[diesel(postgres_type(name = "jsonb"), sqlite_type(name = "Text"))]
pub struct JsonDoc;

/// A UUID.
#[derive(SqlType, QueryId, Debug, Clone, Copy, Default)]
#[diesel(postgres_type(name = "uuid"), sqlite_type(name = "Text"))]
pub struct Uid;

/// An instant as a column value. Databases keep microseconds: `From` cuts what is finer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamp)]
pub struct At(pub DateTime<Utc>);

impl From<DateTime<Utc>> for At {
    fn from(instant: DateTime<Utc>) -> Self {
        use chrono::SubsecRound;
        Self(instant.trunc_subsecs(6))
    }
}

impl From<At> for DateTime<Utc> {
    fn from(at: At) -> Self {
        at.0
    }
}

/// A JSON value as a column value.
#[derive(Debug, Clone, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = JsonDoc)]
pub struct Doc(pub serde_json::Value);

impl Doc {
    /// The document of a value of ours. Fails only for what JSON cannot hold, such as a map with keys that are no text.
    pub fn of<T: Serialize>(value: &T) -> Result<Self> {
        serde_json::to_value(value).map(Self).map_err(Error::internal)
    }

    /// The value that [`Doc::of`] was given. Fails when the row was written by something else.
    pub fn read<T: DeserializeOwned>(self) -> Result<T> {
        serde_json::from_value(self.0).map_err(Error::internal)
    }
}

impl From<serde_json::Value> for Doc {
    fn from(value: serde_json::Value) -> Self {
        Self(value)
    }
}

impl From<Doc> for serde_json::Value {
    fn from(doc: Doc) -> Self {
        doc.0
    }
}

/// A UUID as a column value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Uid)]
pub struct Id(pub Uuid);

impl From<Uuid> for Id {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<Id> for Uuid {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl ToSql<Timestamp, Sqlite> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Timestamp, Sqlite> for At {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<sql_types::BigInt, Sqlite>>::from_sql(value)?;
        DateTime::from_timestamp_micros(micros).map(At).ok_or_else(|| "timestamp out of range".into())
    }
}

impl ToSql<JsonDoc, Sqlite> for Doc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl FromSql<JsonDoc, Sqlite> for Doc {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<sql_types::Text, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

impl ToSql<Uid, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.hyphenated().to_string());
        Ok(IsNull::No)
    }
}

impl FromSql<Uid, Sqlite> for Id {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<sql_types::Text, Sqlite>>::from_sql(value)?;
        Ok(Self(text.parse()?))
    }
}

/// PostgreSQL has the three types itself, and diesel knows them there.
#[cfg(feature = "postgres")]
macro_rules! as_on_postgres {
    ($sql:ty, $rust:ident, $inner:ty, $native:ty) => {
        impl ToSql<$sql, Pg> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <$inner as ToSql<$native, Pg>>::to_sql(&self.0, &mut out.reborrow())
            }
        }

        impl FromSql<$sql, Pg> for $rust {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                <$inner as FromSql<$native, Pg>>::from_sql(value).map($rust)
            }
        }
    };
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;

    as_on_postgres!(Timestamp, At, DateTime<Utc>, sql_types::Timestamptz);
    as_on_postgres!(JsonDoc, Doc, serde_json::Value, sql_types::Jsonb);
    as_on_postgres!(Uid, Id, Uuid, sql_types::Uuid);
}

/// Hands a type that each database knows through the connection that may be either.
macro_rules! through_either {
    ($sql:ty, $rust:ty) => {
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql>(lookup)
            }
        }

        impl ToSql<$sql, MultiBackend> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(IsNull::No)
            }
        }

        impl FromSql<$sql, MultiBackend> for $rust {
            fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<$rust, $sql>()
            }
        }
    };
}

through_either!(Timestamp, At);
through_either!(JsonDoc, Doc);
through_either!(Uid, Id);
