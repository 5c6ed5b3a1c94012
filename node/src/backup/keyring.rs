//! The keyring: what must be newer than the data when these come back. Wrapped keys of people, what is known of keys that
//! were destroyed, tombstones of records that ended, and how far the links had come.
//!
//! One file: a line that names format, digest and proof, and under it the content as JSON. It is replaced as a whole or not
//! at all. Without the master key it opens nothing; with another master key it does not verify.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::grants::{self, Tombstone};
use crate::journal;
use crate::outbox;
use crate::store::Conn;
use crate::vault::Vault;
use crate::vault::keyring::{DestroyedKey, WrappedKey, destroyed_count, destroyed_keys, wrapped_keys};

/// The name of the file beside the data.
pub const KEYRING: &str = "keyring";

/// The form of the file.
const FORMAT: u32 = 1;

/// How much had been forgotten: each number grows and none shrinks, so two keyrings of one node can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Keys that were destroyed.
    pub destroyed: i64,
    /// Records that ended.
    pub ended: i64,
    /// Up to which answers, added up: a later end of the same record raises it.
    pub answers: i64,
}

impl Mark {
    /// As the database stands.
    pub fn now(conn: &mut Conn) -> Result<Self> {
        let (ended, answers) = grants::tombstone_count(conn)?;
        Ok(Self { destroyed: destroyed_count(conn)?, ended, answers })
    }
}

/// The first line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    staffetta_keyring: u32,
    entity_id: EntityId,
    mark: Mark,
    digest: Digest,
    /// HMAC under a key that follows from the master key.
    proof: String,
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyring {
    /// Whose.
    pub entity_id: EntityId,
    /// As of when.
    pub written_at: DateTime<Utc>,
    /// How much had been forgotten.
    pub mark: Mark,
    /// Keys that are there.
    pub keys: Vec<WrappedKey>,
    /// Keys that were destroyed.
    pub destroyed: Vec<DestroyedKey>,
    /// Records that ended: this node's, and those of others under which it held something.
    pub tombstones: Vec<Tombstone>,
    /// The epoch of each outgoing link.
    pub epochs: BTreeMap<String, i32>,
    /// What this node last signed about its journal: the log of a restored node begins with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

impl Keyring {
    /// As one snapshot of the database says it.
    pub fn take(conn: &mut Conn, entity_id: &EntityId, now: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            entity_id: entity_id.clone(),
            written_at: now,
            mark: Mark::now(conn)?,
            keys: wrapped_keys(conn)?,
            destroyed: destroyed_keys(conn)?,
            tombstones: grants::tombstones(conn)?,
            epochs: outbox::epochs(conn)?,
            checkpoint: journal::newest_checkpoint(conn)?,
        })
    }

    /// Replaces the file at `path`, readable by its owner only. When this returns it is on the disk, under its name. Blocks.
    ///
    /// # Errors
    /// [`Error::Setup`] with the name of the file.
    pub fn write(&self, vault: &Vault, path: &Path) -> Result<()> {
        let body = serde_json::to_vec(self).map_err(Error::internal)?;
        let head = Head {
            staffetta_keyring: FORMAT,
            entity_id: self.entity_id.clone(),
            mark: self.mark,
            digest: Digest::of(&body),
            proof: proof(vault, &body),
        };
        let mut bytes = serde_json::to_vec(&head).map_err(Error::internal)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&body);
        bytes.push(b'\n');
        replace(path, &bytes).map_err(|cause| failed(path, cause))
    }

    /// Reads a file and believes it only if this master key vouches for it. Blocks.
    ///
    /// # Errors
    /// [`Error::Setup`] with a sentence: it is not there, is damaged, of another form, or of another master key.
    pub fn read(vault: &Vault, path: &Path) -> Result<Self> {
        let mut file = BufReader::new(File::open(path).map_err(|cause| failed(path, cause))?);
        let head = head(&mut file, path)?;
        let mut body = Vec::new();
        file.read_to_end(&mut body).map_err(|cause| failed(path, cause))?;
        let body = body.strip_suffix(b"\n").unwrap_or(&body);
        if Digest::of(body) != head.digest {
            return Err(failed(path, "it is damaged: its digest does not fit"));
        }
        if proof(vault, body) != head.proof {
            return Err(failed(path, "this master key does not vouch for it: it is of another node, or was changed"));
        }
        serde_json::from_slice(body).map_err(|cause| failed(path, cause))
    }
}

/// What the file at `path` says of how much had been forgotten, without reading it all. `None`: there is none, or it cannot
/// be read.
pub(super) fn mark_of(path: &Path) -> Option<Mark> {
    let mut file = BufReader::new(File::open(path).ok()?);
    head(&mut file, path).ok().map(|head| head.mark)
}

fn head(file: &mut impl std::io::BufRead, path: &Path) -> Result<Head> {
    let mut line = String::new();
    file.take(64 << 10).read_line(&mut line).map_err(|cause| failed(path, cause))?;
    let head: Head = serde_json::from_str(&line).map_err(|_| failed(path, "it is no keyring"))?;
    if head.staffetta_keyring == FORMAT { Ok(head) } else { Err(failed(path, "it is of a newer program")) }
}

fn proof(vault: &Vault, body: &[u8]) -> String {
    vault.digest("keyring", body).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::Setup(format!("the keyring {}: {why}", path.display()))
}

/// Beside the file first, then in its place: whoever reads meanwhile reads the one or the other.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidInput)?.to_string_lossy();
    let beside: PathBuf = folder.join(format!(".{name}.{}", Uuid::now_v7().simple()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // What is left over is no keyring: it has no name that anybody looks for.
        let _ = fs::remove_file(&beside);
    }
    written
}
