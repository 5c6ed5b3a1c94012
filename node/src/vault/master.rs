//! The one secret that lies outside the database.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::config::VaultConfig;
use crate::error::{Error, Result};

/// 32 random bytes from which every key of the node's own is derived (HKDF-SHA-256). `Debug` prints nothing of it.
#[derive(Clone)]
pub struct MasterKey(Arc<Inner>);

struct Inner {
    bytes: Zeroizing<[u8; 32]>,
    /// What was derived stays, and goes with the bytes: a page of people needs the same few keys hundreds of times.
    wrapping: OnceLock<LessSafeKey>,
    index: Mutex<HashMap<&'static str, hmac::Key>>,
}

impl MasterKey {
    /// A new random key.
    pub fn generate() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        super::fill(bytes.as_mut())?;
        Ok(Self::of(bytes))
    }

    fn of(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(Arc::new(Inner { bytes, wrapping: OnceLock::new(), index: Mutex::default() }))
    }

    /// Reads the base64 form, as it stands in the file and in the environment.
    pub fn from_base64(text: &str) -> Result<Self> {
        let wrong = || Error::Setup("the master key must be 32 bytes in base64".into());
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| wrong())?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| wrong())?;
        Ok(Self::of(Zeroizing::new(bytes)))
    }

    /// The key that the settings name: from the environment, else from its file.
    pub fn configured(config: &VaultConfig) -> Result<Self> {
        match &config.master_key {
            Some(secret) => Self::from_base64(secret.expose()),
            None => Self::from_file(&config.master_key_file),
        }
    }

    /// Reads a key file, refusing one that others may read.
    pub fn from_file(path: &Path) -> Result<Self> {
        let describe = |what: &str| Error::Setup(format!("master key file {}: {what}", path.display()));
        let mode = fs::metadata(path).map_err(|e| describe(&e.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(describe("others may read it; its mode must be 0600"));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|e| describe(&e.to_string()))?);
        Self::from_base64(&text)
    }

    /// Writes the key to a new file of mode 0600. An existing file is never overwritten: it may be the only key to
    /// somebody's data.
    pub fn write_new(&self, path: &Path) -> Result<()> {
        let describe = |e: std::io::Error| Error::Setup(format!("master key file {}: {e}", path.display()));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(describe)?;
        let text = Zeroizing::new(STANDARD.encode(self.0.bytes.as_ref()));
        writeln!(file, "{}", text.as_str()).map_err(describe)?;
        file.sync_all().map_err(describe)
    }

    pub(super) fn wrapping_key(&self) -> Result<&LessSafeKey> {
        if let Some(key) = self.0.wrapping.get() {
            return Ok(key);
        }
        let key = super::aead_key(self.derive("staffetta/wrap/1").as_ref())?;
        Ok(self.0.wrapping.get_or_init(|| key))
    }

    pub(super) fn index_key(&self, column: &'static str) -> hmac::Key {
        let mut known = self.0.index.lock().unwrap_or_else(PoisonError::into_inner);
        let key = known.entry(column).or_insert_with(|| {
            hmac::Key::new(hmac::HMAC_SHA256, self.derive(&format!("staffetta/index/1/{column}")).as_ref())
        });
        key.clone()
    }

    fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut out = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"staffetta")
            .extract(self.0.bytes.as_slice())
            .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(out.as_mut()))
            .expect("32 bytes are within the bound of HKDF-SHA-256");
        out
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}
