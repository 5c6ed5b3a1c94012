//! Connections that wait to be used: the readers of SQLite, all of PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool as Connections};
use tokio::sync::Semaphore;

use super::conn::{Conn, Mode, transact};
use super::place::Place;
use super::{each_backend, sqlite};
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};

/// A bounded set of connections, each used on a thread where it may block.
#[derive(Clone)]
pub(super) struct Pool {
    connections: Connections<Opener>,
    /// As many as connections: whoever waits, waits here, as a future, and not on one of tokio's threads.
    seats: Arc<Semaphore>,
    patience: Duration,
}

impl Pool {
    pub(super) fn new(place: Place, config: &DatabaseConfig) -> Result<Self> {
        let size = match place {
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => config.connections,
            Place::Sqlite(_) => config.read_connections,
        };
        let patience = Duration::from_secs(config.busy_seconds);
        let connections = Connections::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(patience)
            .build(Opener { place, busy_seconds: config.busy_seconds })
            .map_err(Error::internal)?;
        Ok(Self { connections, seats: Arc::new(Semaphore::new(size as usize)), patience })
    }

    /// Runs one act in one transaction on a thread of its own.
    ///
    /// It runs to its end even if nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`Error::Busy`] when no connection was to be had in time, else what the act returned.
    pub(super) async fn transact<T: Send + 'static>(
        &self,
        mode: Mode,
        act: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let seat = tokio::time::timeout(self.patience, Arc::clone(&self.seats).acquire_owned()).await;
        let Ok(Ok(seat)) = seat else {
            return Err(Error::busy());
        };
        let connections = self.connections.clone();
        let span = tracing::Span::current();
        let work = move || {
            let _seat = seat;
            let mut conn = connections.get().map_err(|cause| {
                tracing::error!(%cause, "no database connection");
                Error::busy()
            })?;
            transact(&mut conn, mode, act)
        };
        tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(Error::internal)?
    }
}

/// Opens connections by place, never by diesel's derived guess.
struct Opener {
    place: Place,
    busy_seconds: u64,
}

impl ManageConnection for Opener {
    type Connection = Conn;
    type Error = Error;

    fn connect(&self) -> Result<Conn> {
        Ok(match &self.place {
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => Conn::Postgres(super::postgres::connect(url)?),
            Place::Sqlite(path) => Conn::Sqlite(sqlite::connect(path, Mode::Read, self.busy_seconds)?),
        })
    }

    /// Asked before every use: PostgreSQL may have been restarted meanwhile.
    fn is_valid(&self, conn: &mut Conn) -> Result<()> {
        Ok(each_backend!(conn, c => c.batch_execute("SELECT 1"))?)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.is_broken()
    }
}
