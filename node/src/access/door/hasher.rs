//! Argon2id (RFC 9106), slow on purpose and bounded on purpose: a flood of log-ins waits or is turned away, and never
//! takes more memory than was given to it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;

use super::{Password, code};
use crate::error::{Error, Result};

/// Log-ins that may wait for their turn; more are turned away with 503.
const WAITING: usize = 64;

/// What a hash costs: memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// What OWASP's cheat sheet on password storage asks for.
    pub const OWASP: Self = Self { memory: 19_456, passes: 2, lanes: 1 };

    fn argon(self) -> Result<Argon2<'static>> {
        let params =
            Params::new(self.memory, self.passes, self.lanes, None).map_err(|e| Error::internal(e.to_string()))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    /// Whether a stored hash cost less than this.
    fn is_more_than(self, hash: &PasswordHash<'_>) -> bool {
        let Ok(params) = Params::try_from(hash) else { return true };
        params.m_cost() < self.memory || params.t_cost() < self.passes || params.p_cost() < self.lanes
    }
}

/// What became of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) is_right: bool,
    /// It was hashed for less than a new one would be.
    pub(super) is_outdated: bool,
}

/// Hashes and compares. Clones share the bounds.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    cost: Cost,
    at_once: Arc<Semaphore>,
    waiting: Semaphore,
    /// Compared with where there is no hash, so that nobody learns it from the time that it takes.
    nobody: String,
    done: AtomicU64,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({:?})", self.0.cost)
    }
}

impl Hasher {
    /// One that hashes `at_once` passwords side by side at that cost.
    pub fn new(cost: Cost, at_once: u32) -> Result<Self> {
        let mut random = [0; 48];
        code::fill(&mut random)?;
        let [salt, hash] = [&random[..16], &random[16..]].map(|part| STANDARD_NO_PAD.encode(part));
        let nobody = format!("$argon2id$v=19$m={},t={},p={}${salt}${hash}", cost.memory, cost.passes, cost.lanes);
        let at_once = Arc::new(Semaphore::new(usize::try_from(at_once).unwrap_or(1).max(1)));
        let waiting = Semaphore::new(WAITING);
        Ok(Self(Arc::new(Inner { cost, at_once, waiting, nobody, done: AtomicU64::new(0) })))
    }

    /// The PHC string of a password, with a salt of its own.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let (cost, password) = (self.0.cost, password.clone());
        self.run(move || {
            let mut salt = [0; 16];
            code::fill(&mut salt)?;
            let salt = SaltString::encode_b64(&salt).map_err(|e| Error::internal(e.to_string()))?;
            let hash = cost.argon()?.hash_password(password.expose().as_bytes(), &salt);
            Ok(hash.map_err(|e| Error::internal(e.to_string()))?.to_string())
        })
        .await?
    }

    /// Compares with a stored PHC string; without one it does the same work and says no.
    pub(super) async fn compare(&self, stored: Option<String>, password: &Password) -> Result<Compared> {
        let (cost, password, is_there) = (self.0.cost, password.clone(), stored.is_some());
        let stored = stored.unwrap_or_else(|| self.0.nobody.clone());
        self.run(move || {
            let hash = PasswordHash::new(&stored).map_err(|e| Error::internal(e.to_string()))?;
            let is_right = cost.argon()?.verify_password(password.expose().as_bytes(), &hash).is_ok() && is_there;
            Ok(Compared { is_right, is_outdated: cost.is_more_than(&hash) })
        })
        .await?
    }

    /// Hashes made and compared since this began.
    pub fn done(&self) -> u64 {
        self.0.done.load(Ordering::Relaxed)
    }

    /// Takes every place in which somebody could wait.
    #[cfg(test)]
    pub(super) fn crowded(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.0.waiting.try_acquire_many(u32::try_from(WAITING).unwrap()).unwrap()
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = self.0.waiting.try_acquire().map_err(|_| Error::busy())?;
        let turn = Arc::clone(&self.0.at_once).acquire_owned().await.map_err(Error::internal)?;
        self.0.done.fetch_add(1, Ordering::Relaxed);
        let work = tokio::task::spawn_blocking(move || {
            let result = work();
            // Held by the work itself: a caller that hangs up frees no memory.
            drop(turn);
            result
        });
        work.await.map_err(Error::internal)
    }
}
