//! The keyring that is kept up to date: replaced before an erasure or a withdrawal is reported done.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use staffetta_protocol::id::EntityId;
use tokio::time::Instant;

use super::keyring::{Keyring, Mark, lock_file, mark_of, probe};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::vault::Vault;

/// Whoever keeps the keyring. Clones are the same keeper.
#[derive(Clone)]
pub struct Keeper(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    entity_id: EntityId,
    /// None: the settings name no file.
    path: Option<PathBuf>,
    /// Acts that asked for a new one, and how many of them the last one that was written covers.
    asked: AtomicU64,
    covered: tokio::sync::Mutex<u64>,
    /// When it was last seen that the file can be replaced.
    tried: Mutex<Option<Instant>>,
}

/// For how long a try counts where nothing is known to wait for it.
const TRY_COUNTS: Duration = Duration::from_secs(300);

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keeper({})", self.0.entity_id)
    }
}

impl Keeper {
    /// A keeper of the file at `path`.
    pub fn new(store: Store, vault: Vault, entity_id: EntityId, path: Option<PathBuf>) -> Self {
        let (asked, covered, tried) = (AtomicU64::new(0), tokio::sync::Mutex::new(0), Mutex::default());
        Self(Arc::new(Inner { store, vault, entity_id, path, asked, covered, tried }))
    }

    /// From here on every act in this store that destroys a key or ends a record has the file replaced before it is answered.
    pub fn watch(&self) {
        let Inner { vault, entity_id, path, .. } = &*self.0;
        if path.is_none() {
            return;
        }
        let (vault, entity_id, path) = (vault.clone(), entity_id.clone(), path.clone());
        // The store keeps no keeper, which keeps the store; one that is gone already is made anew for the act at hand.
        let weak = Arc::downgrade(&self.0);
        self.0.store.after_forgetting(Box::new(move |store| {
            let anew = || Self::new(store, vault.clone(), entity_id.clone(), path.clone());
            let keeper = weak.upgrade().map_or_else(anew, Self);
            Box::pin(async move { keeper.refresh_or_tell().await })
        }));
    }

    /// Writes the keyring to `path`, as the database stands.
    ///
    /// # Errors
    /// [`Error::Setup`] where the file cannot be written.
    pub async fn write_to(&self, path: PathBuf) -> Result<Keyring> {
        let (entity_id, now) = (self.0.entity_id.clone(), self.0.store.clock().now());
        let keyring = self.0.store.read(move |conn| Keyring::take(conn, &entity_id, now)).await?;
        let vault = self.0.vault.clone();
        let written = tokio::task::spawn_blocking(move || keyring.write(&vault, &path).map(|()| keyring)).await;
        written.map_err(Error::internal)?
    }

    /// Replaces the file that the settings name. Acts that ask at the same time share one.
    ///
    /// # Errors
    /// As [`Self::write_to`].
    pub async fn refresh(&self) -> Result<()> {
        let Some(path) = &self.0.path else { return Ok(()) };
        let mine = self.0.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut covered = self.0.covered.lock().await;
        if *covered >= mine {
            return Ok(());
        }
        let upto = self.0.asked.load(Ordering::Acquire);
        let written = self.write_newest(path).await;
        self.0.store.note_kept_outside(written.is_ok());
        written?;
        *covered = upto;
        Ok(())
    }

    /// One process at a time: what is written was read when nobody else could write. Where the others cannot be kept out (a
    /// network file system without locks, one that is frozen) they may put an older one over a newer one: whoever comes last
    /// makes it right.
    async fn write_newest(&self, path: &Path) -> Result<()> {
        const TRIES: usize = 5;
        let _turn = turn(path).await?;
        for _ in 0..TRIES {
            self.write_to(path.to_owned()).await?;
            if self.keyring_is_current().await? {
                return Ok(());
            }
        }
        Err(Error::Setup(format!("{}: others replace it with older ones again and again", path.display())))
    }

    /// The act stands, whatever becomes of the file: who runs the node is told, and it is tried again.
    async fn refresh_or_tell(&self) {
        if let Err(cause) = self.refresh().await {
            tracing::error!(%cause, "the keyring was not replaced: until it is, no backup may be restored");
        }
    }

    /// Whether the file that the settings name knows of every key that was destroyed and every record that ended. True where
    /// they name none: then nobody relies on one.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn keyring_is_current(&self) -> Result<bool> {
        let Some(path) = self.0.path.clone() else { return Ok(true) };
        let held = tokio::task::spawn_blocking(move || mark_of(&path)).await.map_err(Error::internal)?;
        Ok(held == Some(self.0.store.read(Mark::now).await?))
    }

    /// Whether an act that destroys a key now would be in the file when it is done: what was forgotten before is in it, and
    /// it can be replaced.
    ///
    /// # Errors
    /// As [`Self::write_to`]: why not.
    pub async fn is_ready(&self) -> Result<()> {
        self.pump().await?;
        let Some(path) = self.0.path.clone() else { return Ok(()) };
        let tried = tokio::task::spawn_blocking(move || probe(&path)).await.map_err(Error::internal)?;
        *self.0.tried.lock().unwrap_or_else(PoisonError::into_inner) = tried.is_ok().then(Instant::now);
        tried
    }

    /// The same for who asks every few seconds, mostly for nothing: a try writes as much as the file holds, so one of the
    /// last five minutes counts.
    ///
    /// # Errors
    /// As [`Self::is_ready`].
    pub async fn is_ready_or_was(&self) -> Result<()> {
        let tried = *self.0.tried.lock().unwrap_or_else(PoisonError::into_inner);
        match tried {
            Some(at) if at.elapsed() < TRY_COUNTS => self.pump().await,
            _ => self.is_ready().await,
        }
    }

    /// Replaces the file where it is behind: at start, and from time to time.
    ///
    /// # Errors
    /// As [`Self::write_to`].
    pub async fn pump(&self) -> Result<()> {
        let current = self.keyring_is_current().await?;
        if current {
            self.0.store.note_kept_outside(true);
            return Ok(());
        }
        self.refresh().await
    }
}

/// How long a process waits for its turn, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// Waits until no other process writes this file. `None`: they cannot be kept out.
async fn turn(path: &Path) -> Result<Option<File>> {
    let beside = path.to_owned();
    let lock = tokio::task::spawn_blocking(move || lock_file(&beside)).await.map_err(Error::internal)??;
    let until = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => tokio::time::sleep(LOOK).await,
            Err(TryLockError::WouldBlock) => {
                tracing::warn!("another process has held the keyring for seconds: it is written all the same");
                return Ok(None);
            }
            Err(TryLockError::Error(cause)) => {
                tracing::debug!(%cause, "this file system has no locks");
                return Ok(None);
            }
        }
    }
}
