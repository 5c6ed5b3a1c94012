//! Where the database is, by the scheme of its URL. A misspelt URL is an error, never a fresh empty database.

use std::path::PathBuf;

use crate::config::DatabaseUrl;
use crate::error::{Error, Result};

/// The database that a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `sqlite:` and a path.
    Sqlite(PathBuf),
    /// `postgres://…`, as libpq takes it.
    #[cfg(feature = "postgres")]
    Postgres(DatabaseUrl),
}

impl Place {
    /// Reads a URL without opening anything.
    pub(super) fn parse(url: &DatabaseUrl) -> Result<Self> {
        let text = url.expose();
        if let Some(path) = text.strip_prefix("sqlite:") {
            return match path {
                "" => Err(Error::Setup("the database URL sqlite: lacks the path of a file".into())),
                _ if path.contains(":memory:") || path.contains('\0') => {
                    Err(Error::Setup("the database URL sqlite: takes the path of a file and nothing else".into()))
                }
                _ => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Self::postgres(url);
        }
        Err(Error::Setup(
            "the database URL has an unknown scheme: write sqlite:PATH, or postgres://HOST/NAME \
             where the program was built with PostgreSQL"
                .into(),
        ))
    }

    #[cfg(feature = "postgres")]
    fn postgres(url: &DatabaseUrl) -> Result<Self> {
        Ok(Self::Postgres(url.clone()))
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres(_url: &DatabaseUrl) -> Result<Self> {
        Err(Error::Setup(
            "the database URL asks for PostgreSQL, and this program was built without it: \
             build with `--features postgres`"
                .into(),
        ))
    }
}
