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

/// The newest of several files that machines on one database kept each for itself. `None` where none is given.
///
/// # Errors
/// As [`Keyring::read`], of any of them; [`Error::Setup`] where one knows something that another one of later does not: then
/// they are not of one database.
pub fn newest(vault: &Vault, files: &[PathBuf]) -> Result<Option<PathBuf>> {
    let read = |path: &PathBuf| Keyring::read(vault, path).map(|keyring| (keyring, path.clone()));
    let mut all = files.iter().map(read).collect::<Result<Vec<_>>>()?;
    let order = |mark: Mark| (mark.destroyed, mark.ended, mark.answers);
    all.sort_by_key(|(keyring, _)| (order(keyring.mark), keyring.written_at));
    for pair in all.windows(2) {
        let [(before, _), (after, path)] = pair else { continue };
        let grew = before.mark.ended <= after.mark.ended && before.mark.answers <= after.mark.answers;
        if before.entity_id != after.entity_id || !grew {
            return Err(failed(path, "it is not of the same database as the others"));
        }
    }
    Ok(all.pop().map(|(_, path)| path))
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

/// The file by which processes that write the same keyring keep each other out. It stays where it is, and is empty.
pub(super) fn lock_file(path: &Path) -> Result<File> {
    let (folder, name) = parts(path).map_err(|cause| failed(path, cause))?;
    let lock = folder.join(format!(".{name}.lock"));
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock);
    opened.map_err(|cause| failed(&lock, cause))
}

/// Whether the file could be replaced now: something of about its size is written beside it, and goes again.
pub(super) fn probe(path: &Path) -> Result<()> {
    let size = fs::metadata(path).map_or(0, |file| file.len()).max(4 << 10);
    let tried = (|| {
        let (folder, name) = parts(path)?;
        let beside = folder.join(format!(".{name}.{}", Uuid::now_v7().simple()));
        let written = write_beside(&beside, &vec![0; usize::try_from(size).unwrap_or(usize::MAX)]);
        let _ = fs::remove_file(&beside);
        written
    })();
    tried.map_err(|cause| failed(path, cause))
}

fn parts(path: &Path) -> std::io::Result<(&Path, std::borrow::Cow<'_, str>)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((folder, path.file_name().ok_or(std::io::ErrorKind::InvalidInput)?.to_string_lossy()))
}

fn write_beside(beside: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Beside the file first, then in its place: whoever reads meanwhile reads the one or the other.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let (folder, name) = parts(path)?;
    let beside: PathBuf = folder.join(format!(".{name}.{}", Uuid::now_v7().simple()));
    let written = (|| {
        write_beside(&beside, bytes)?;
        fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // What is left over is no keyring: it has no name that anybody looks for.
        let _ = fs::remove_file(&beside);
    }
    written
}
