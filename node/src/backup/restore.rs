//! Data of any age with the newest keyring become a node again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use staffetta_protocol::id::{EntityId, RecordId};
use uuid::Uuid;

use super::{DATA, KEYRING, Keyring};
use crate::access::door;
use crate::clock::Clock;
use crate::config::{Config, DatabaseConfig, DatabaseUrl};
use crate::error::{Error, Result};
use crate::grants::{self, Tombstone};
use crate::journal::{self, Actor, Entry};
use crate::outbox::{self, Outbox};
use crate::store::{self, Store, Tx, once};
use crate::vault::{Vault, keyring};
use crate::{consents, people, rights, wiring};

/// What somebody who restores has decided.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The folder with the data, and with the keyring that was written with them.
    pub from: PathBuf,
    /// The keyring to take. Without it: that of the settings, which is the newest; where they name none, that of the folder.
    pub keyring: Option<PathBuf>,
    /// A database that is there is moved aside rather than refused.
    pub replace: bool,
}

/// With what it is done.
#[derive(Debug, Clone)]
pub struct Means {
    /// What opens the keys.
    pub vault: Vault,
    /// What ends a record once more tells whoever received something.
    pub outbox: Outbox,
    /// The time.
    pub clock: Clock,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// As of when the keyring is: of what was erased or withdrawn later the node knows nothing.
    pub keyring_of: DateTime<Utc>,
    /// People who had been erased since the data were copied, or before.
    pub erased: usize,
    /// Records that had ended since.
    pub ended: usize,
    /// People in the index that was made anew.
    pub indexed: usize,
    /// Where the database that was there is now.
    pub aside: Option<PathBuf>,
}

/// Makes the configured database from a backup. Nothing stands under its name before all is done.
///
/// On PostgreSQL `pg_restore` has filled the database before; this gives it its keys and does the rest.
///
/// # Errors
/// [`Error::Setup`] with a sentence for whoever restores: see [the room](super).
pub async fn restore(config: &Config, means: &Means, choice: &Choice) -> Result<Restored> {
    let keyring = Keyring::read(&means.vault, &chosen(config, choice))?;
    if keyring.entity_id != config.node.entity_id {
        return Err(Error::Setup(format!("the keyring is of {}, and not of this node", keyring.entity_id)));
    }
    match store::file_of(&config.database)? {
        Some(file) => restore_file(config, means, choice, keyring, &file).await,
        None => {
            let store = Store::open(&config.database, means.clock.clone())?;
            if store.read(keyring::has_keys).await? {
                store.close().await;
                return Err(Error::Setup(
                    "the PostgreSQL database has keys: it is a node and no restored copy, or was restored already"
                        .into(),
                ));
            }
            let restored = bring_back(&store, means, keyring).await;
            store.close().await;
            restored
        }
    }
}

fn chosen(config: &Config, choice: &Choice) -> PathBuf {
    let named = choice.keyring.clone().or_else(|| config.backup.keyring.clone());
    named.unwrap_or_else(|| choice.from.join(KEYRING))
}

async fn restore_file(
    config: &Config,
    means: &Means,
    choice: &Choice,
    keyring: Keyring,
    file: &Path,
) -> Result<Restored> {
    let is_there = file.exists();
    if is_there && !choice.replace {
        return Err(Error::Setup(format!("{} is there: --replace moves it aside", file.display())));
    }
    let half = with_ending(file, "restoring");
    store::copy_file(&choice.from.join(DATA), &half)?;
    let settings =
        DatabaseConfig { url: DatabaseUrl::new(format!("sqlite:{}", half.display())), ..config.database.clone() };
    let done = restore_half(&settings, means, keyring).await;
    let mut restored = match done {
        Ok(restored) => restored,
        Err(error) => {
            store::remove_file(&half);
            return Err(error);
        }
    };
    if is_there {
        let aside = with_ending(file, &format!("aside-{}", means.clock.now().format("%Y%m%dT%H%M%SZ")));
        store::move_file(file, &aside)?;
        restored.aside = Some(aside);
    }
    store::move_file(&half, file)?;
    Ok(restored)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

async fn restore_half(settings: &DatabaseConfig, means: &Means, keyring: Keyring) -> Result<Restored> {
    // Brings tables of an older program up to date, too.
    let store = Store::open(settings, means.clock.clone())?;
    let restored = async {
        let restored = bring_back(&store, means, keyring).await?;
        let wrong = store.damages().await?;
        if wrong.is_empty() { Ok(restored) } else { Err(Error::Setup(format!("the data: {}", wrong.join("; ")))) }
    };
    let restored = restored.await;
    store.close().await;
    restored
}

/// All in one transaction: a node with half of it must not be.
pub(super) async fn bring_back(store: &Store, means: &Means, keyring: Keyring) -> Result<Restored> {
    let means = means.clone();
    store.write(move |tx| back(tx, &means, &keyring)).await
}

fn back(tx: &mut Tx<'_>, means: &Means, keyring: &Keyring) -> Result<Restored> {
    let since = refuse_older(tx, keyring)?;
    keyring::put_back(tx, &keyring.keys, &keyring.destroyed)?;
    if keyring::keyless(tx.conn())? > 0 {
        return Err(older("the data know people of whom it has neither a key nor that it was destroyed"));
    }
    // First of all: what was queued in the copy may have left since, and whoever may have it must hear what ended.
    outbox::begin_new_epochs(tx, means.outbox.entity_id(), &keyring.epochs)?;
    let erased = keyring::shredded(tx.conn())?;
    let erased = rights::erased_before(tx, &means.outbox, &erased)?;
    let partners = partners(tx, keyring)?;
    for grave in &since {
        let threads = consents::ended_before(tx, &means.outbox, wiring::ABOVE, grave, &partners)?;
        wiring::threads_ended(tx, &threads)?;
    }
    let indexed = people::reindex(tx, &means.vault)?;
    door::forget_everybody(tx)?;
    once::forget_all(tx)?;
    let entry = Entry::new(Actor::System, "node.restored");
    journal::record(tx, entry.code(format_args!("erased:{erased} ended:{}", since.len())))?;
    journal::begin_new_log(tx, keyring.checkpoint.as_deref())?;
    Ok(Restored { keyring_of: keyring.written_at, erased, ended: since.len(), indexed, aside: None })
}

/// Every node that this one exchanged with, before the copy or after it.
fn partners(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<Vec<EntityId>> {
    let known: BTreeSet<String> =
        outbox::linked(tx.conn())?.into_iter().chain(keyring.epochs.keys().cloned()).collect();
    known.iter().map(|id| id.parse().map_err(|_| Error::internal("a stored entity id does not parse"))).collect()
}

/// Refuses a keyring that knows less than the data, and says what it knows more: the ends of records.
fn refuse_older(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<Vec<Tombstone>> {
    let known: HashSet<Uuid> = keyring.destroyed.iter().map(|key| key.id).collect();
    if keyring::destroyed_keys(tx.conn())?.iter().any(|key| !known.contains(&key.id)) {
        return Err(older("the data know of an erasure that it does not"));
    }
    let mut held: HashMap<(String, RecordId), u32> = grants::tombstones(tx.conn())?
        .into_iter()
        .map(|grave| ((grave.issuer.to_string(), grave.record), grave.seq))
        .collect();
    let mut since = Vec::new();
    for grave in &keyring.tombstones {
        match held.remove(&(grave.issuer.to_string(), grave.record)) {
            Some(seq) if seq == grave.seq => {}
            Some(seq) if seq > grave.seq => return Err(older("the data know of a later withdrawal")),
            _ => since.push(grave.clone()),
        }
    }
    if held.is_empty() { Ok(since) } else { Err(older("the data know of a withdrawal that it does not")) }
}

fn older(why: &str) -> Error {
    Error::Setup(format!("the keyring is older than the data: {why}"))
}
