//! `staffetta restore`: data of any age and the newest keyring become a node again.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::backup::{self, Choice, Means};
use crate::config::Config;
use crate::error::Result;
use crate::keys::Keys;
use crate::outbox::Outbox;
use crate::vault::{MasterKey, Vault};

/// Make the node's database from a backup. The node must not be running.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The folder that `staffetta backup` wrote to. On PostgreSQL run pg_restore first.
    folder: PathBuf,
    /// The keyring to take. Without it: the one of the settings ([backup] keyring), which is the newest; where they name
    /// none, the one in the folder. May be given more than once, where several machines kept one each: the newest is taken.
    #[arg(long, value_name = "FILE")]
    keyring: Vec<PathBuf>,
    /// A database that is there is moved aside.
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub(super) async fn run(self, file: Option<&Path>) -> Result<()> {
        let config = Config::load(file)?;
        let vault = Vault::new(MasterKey::configured(&config.vault)?);
        let name = config.node.entity_id.clone();
        let keys = Keys::new(vault.clone(), name.clone());
        let outbox = Outbox::new(name, keys, vault.clone()).keeping(&config.retention);
        let keyring = backup::newest(&vault, &self.keyring)?;
        let means = Means { vault, outbox, clock: config.node.clock() };
        let choice = Choice { from: self.folder, keyring, replace: self.replace };
        let done = backup::restore(&config, &means, &choice).await?;
        println!("The keyring is of {}.", done.keyring_of.format("%Y-%m-%d %H:%M UTC"));
        println!("Of what was erased or withdrawn after that nothing is known here.");
        println!("Erased people who did not come back: {}. Records ended once more: {}.", done.erased, done.ended);
        println!("Index made anew: {} people.", done.indexed);
        if let Some(aside) = done.aside {
            println!("The database that was there: {}. Destroy it when you need it no more.", aside.display());
        }
        println!("Nobody is signed in, and every token was revoked.");
        Ok(())
    }
}
