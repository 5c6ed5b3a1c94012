//! `staffetta backup`: the data without anybody's key, and the keyring beside it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::open;
use crate::backup::{self, Keeper};
use crate::error::Result;

/// Make a backup while the node runs. On PostgreSQL: write the keyring, and say how the data are copied.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder to write to. What an earlier backup left there is replaced.
    folder: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let node = open(file)?;
        let name = node.config.node.entity_id.clone();
        let keeper = Keeper::new(node.store.clone(), node.vault.clone(), name, node.config.backup.keyring.clone());
        let made = backup::backup(&node.store, &keeper, &self.folder).await;
        node.store.close().await;
        let made = made?;
        match &made.data {
            Some((path, copied)) => println!("{}: {} tables, {} bytes", path.display(), copied.tables, copied.bytes),
            None => {
                println!("The data of PostgreSQL are copied with its own program, before the keyring is written:");
                println!("  {}", backup::pg_dump(&self.folder));
                println!("Run it, then this verb once more.");
            }
        }
        let (path, keyring) = &made.keyring;
        let (keys, destroyed) = (keyring.keys.len(), keyring.destroyed.len());
        println!("{}: {keys} keys, {destroyed} destroyed, {} records ended", path.display(), keyring.tombstones.len());
        if node.config.backup.keyring.is_none() {
            println!(
                "[backup] keyring is not set: what is erased or withdrawn from now on comes back with this backup, unless \
                 a newer one is made and this one destroyed."
            );
        }
        Ok(())
    }
}
