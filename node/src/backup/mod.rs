//! Backup and restore: nobody who was erased comes back, and nothing that was taken back goes out again.
//!
//! What must hold:
//! - A backup is the data without anybody's key, and the [`keyring`] beside it. The data may be of any age; the keyring is
//!   the newest that there is, and is replaced with every backup, erasure and withdrawal before that is reported done
//!   ([`Keeper`]).
//! - What outlives its purpose is in no backup: answers kept to be repeated (sealed for nobody in particular), sessions,
//!   and the blind index, which is made anew.
//! - [`restore`] refuses data without a keyring, or with one that is older than the data, of another node or another master
//!   key, and never writes over a database.
//! - A restored node serves nobody before it has destroyed and ended once more what was destroyed and ended since the data
//!   were copied. Its links begin new epochs, nobody is signed in, and its log begins anew.

pub mod keyring;

mod keeper;
mod restore;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use keeper::Keeper;
pub use keyring::{KEYRING, Keyring, Mark, newest};
pub use restore::{Choice, Means, Restored, restore};

use crate::error::{Error, Result};
use crate::store::{Conn, Copied, Store};
use crate::vault;

/// The name of the file with the data.
pub const DATA: &str = "staffetta.db";

/// The tables whose rows are in no backup.
pub const WITHOUT: &[&str] = &[
    "subject_key",
    "done_once",
    "modi_seen",
    "oidc_login",
    "person_token",
    "staff_access_token",
    "staff_attempt",
    "staff_session",
];

/// A backup that was made.
#[derive(Debug)]
pub struct Backup {
    /// The data; absent on PostgreSQL, whose data are copied with [`pg_dump`].
    pub data: Option<(PathBuf, Copied)>,
    /// The keyring.
    pub keyring: (PathBuf, Keyring),
}

/// Makes a backup in the folder `into`, which is made if it is not there. The node may be serving.
///
/// The data come first: a keyring must know at least what the data know.
///
/// # Errors
/// [`Error::Setup`] where a file cannot be written; what the database refuses.
pub async fn backup(store: &Store, keeper: &Keeper, into: &Path) -> Result<Backup> {
    make_private(into)?;
    let (half, whole) = (into.join(format!("{DATA}.half")), into.join(DATA));
    let copied = store.copy_to(half.clone(), WITHOUT).await?;
    if copied.is_some() {
        crate::store::move_file(&half, &whole)?;
    }
    let data = copied.map(|copied| (whole, copied));
    let path = into.join(KEYRING);
    let keyring = keeper.write_to(path.clone()).await?;
    keeper.refresh().await?;
    Ok(Backup { data, keyring: (path, keyring) })
}

/// What copies the data of a PostgreSQL database, as somebody types it.
pub fn pg_dump(into: &Path) -> String {
    let without: Vec<String> = WITHOUT.iter().map(|table| format!("--exclude-table-data={table}")).collect();
    format!("pg_dump --format=custom {} --file={}/staffetta.dump DATABASE", without.join(" "), into.display())
}

fn make_private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|cause| Error::Setup(format!("the folder {}: {cause}", folder.display())))
}

/// Refuses data that came without anybody's key.
///
/// # Errors
/// [`Error::Setup`] for whoever starts the node.
pub fn refuse_unrestored(conn: &mut Conn) -> Result<()> {
    if vault::keyring::has_keys(conn)? || vault::keyring::keyless(conn)? == 0 {
        return Ok(());
    }
    Err(Error::Setup("the database has people and none of their keys: `staffetta restore` gives them back".into()))
}
